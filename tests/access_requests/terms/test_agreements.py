"""Who accepts the terms for which side, and which text."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import drafting, submitting
from infra_access.access_requests.models import AgreementAcceptance
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.access_requests.terms import agreements
from infra_access.core.errors import Conflict, Forbidden, NotFound
from tests.factories.access_requests import (
    NOW,
    OPEN_TO_ALL,
    TERMS,
    make_approved,
    make_request,
    make_route,
    make_submitted,
    make_world,
)
from tests.factories.people import make_account, make_actor, make_affiliation


def test_the_text_that_was_read_is_the_text_that_is_accepted(session: Session) -> None:
    world = make_world(session)
    request = make_approved(session, world)
    with pytest.raises(Conflict) as refusal:
        agreements.accept(session, actor=world.applicant, now=NOW, access_request=request, text_hash="0" * 64)
    assert refusal.value.code == "agreement.changed"
    view = agreements.agreement_of(session, request)
    assert view.text_hash == agreements.hash_of(view.agreement.text)


def test_a_named_signatory_accepts_in_place_of_the_requester(session: Session) -> None:
    world = make_world(session)
    signatory = make_actor(session, ("signatory", ("organisation", world.startup.public_id)))
    request = make_approved(session, world)
    text_hash = agreements.agreement_of(session, request).text_hash
    with pytest.raises(Forbidden, match=f"{signatory.name} signs for your organisation") as refusal:
        agreements.accept(session, actor=world.applicant, now=NOW, access_request=request, text_hash=text_hash)
    assert refusal.value.code == "agreement.signatory"
    assert refusal.value.details == {"signatories": [signatory.name]}
    with pytest.raises(Forbidden):
        agreements.accept(session, actor=make_actor(session), now=NOW, access_request=request, text_hash=text_hash)
    assert request_by_public_id(session, request.public_id, actor=signatory).relations == {"signatory"}
    view = agreements.accept(session, actor=signatory, now=NOW, access_request=request, text_hash=text_hash)
    assert view.is_complete
    assert request.state == "active"


def test_the_facility_accepts_by_its_approval(session: Session) -> None:
    world = make_world(session)
    request = make_approved(session, world)
    rows = session.scalars(select(AgreementAcceptance)).all()
    assert [(row.side, row.account_id) for row in rows] == [("host", world.manager.account_id)]
    text_hash = agreements.agreement_of(session, request).text_hash
    with pytest.raises(Conflict, match="Your side has accepted"):
        agreements.accept(session, actor=world.manager, now=NOW, access_request=request, text_hash=text_hash)


def test_without_an_approval_of_the_facility_its_staff_accepts(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL])
    request = make_submitted(session, world)
    text_hash = agreements.agreement_of(session, request).text_hash
    view = agreements.accept(session, actor=world.applicant, now=NOW, access_request=request, text_hash=text_hash)
    assert (request.state, view.is_complete) == ("agreement_pending", False)
    assert "host" in request_by_public_id(session, request.public_id, actor=world.manager).relations
    agreements.accept(session, actor=world.manager, now=NOW, access_request=request, text_hash=text_hash)
    assert request.state == "active"


def test_nobody_of_the_applicants_organisation_accepts_for_the_facility(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL])
    request = make_submitted(session, world)
    account = make_account(session)
    make_affiliation(session, account=account, organisation=world.startup)
    role = ("facility_manager", ("facility", world.facility.public_id))
    colleague = make_actor(session, role, account=account)
    text_hash = agreements.agreement_of(session, request).text_hash
    with pytest.raises(Forbidden):
        agreements.accept(session, actor=colleague, now=NOW, access_request=request, text_hash=text_hash)
    agreements.accept(session, actor=world.manager, now=NOW, access_request=request, text_hash=text_hash)


def test_a_route_published_by_a_person_offers_its_terms(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL], terms={})
    route = make_route(
        session, facility=world.facility, instruments=[world.instrument], actor=world.manager, terms=TERMS
    )
    request = make_submitted(session, world, route=route.public_id)
    assert [one.side for one in agreements.agreement_of(session, request).accepted] == ["host"]


def test_whoever_published_the_terms_and_then_applies_accepts_for_their_own_side_only(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL])
    boss, colleague = (make_actor(session, ("facility_manager", ("facility", world.facility.public_id))) for _ in "ab")
    route = make_route(session, facility=world.facility, instruments=[world.instrument], actor=boss)
    request = make_request(session, world, actor=boss, acting_for=None, route=route.public_id)
    submitting.submit(session, actor=boss, now=NOW, access_request=request)
    text_hash = agreements.agreement_of(session, request).text_hash
    agreements.accept(session, actor=boss, now=NOW, access_request=request, text_hash=text_hash)
    assert request.state == "agreement_pending"
    agreements.accept(session, actor=colleague, now=NOW, access_request=request, text_hash=text_hash)
    assert request.state == "active"


def test_a_route_without_terms_for_the_regime_grants_at_once(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL])
    request = make_submitted(session, world, regime="proprietary")
    assert request.state == "active"
    with pytest.raises(NotFound):
        agreements.agreement_of(session, request)


def test_another_regime_needs_its_own_terms(session: Session) -> None:
    other = {"title": "Paid access", "version": "1", "text": "Nothing is published."}
    world = make_world(session, terms=TERMS | {"proprietary": other})
    request = make_approved(session, world)
    before = agreements.agreement_of(session, request).text_hash
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes={"regime": "proprietary"})
    assert request.state == "agreement_pending"
    assert agreements.agreement_of(session, request).text_hash != before
