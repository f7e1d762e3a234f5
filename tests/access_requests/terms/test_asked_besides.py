"""Agreements that rules ask for by a code of their own: offered, accepted by each side, and what they meet then."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import drafting
from infra_access.access_requests.allocations import allocation_of
from infra_access.access_requests.gates.judging import Gate
from infra_access.access_requests.gates.of_requests import gates_of_request
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.needed import needed
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.access_requests.routes import update_route
from infra_access.access_requests.terms import agreements, frameworks
from infra_access.access_requests.terms.agreed import agreed_for
from infra_access.access_requests.terms.agreement_queries import AgreementView, agreements_of
from infra_access.access_requests.terms.asked_besides import offer_agreement
from infra_access.access_requests.terms.next_steps import with_next_steps
from infra_access.access_requests.terms.waiting import terms_waiting_for
from infra_access.audit.models import AuditEvent
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict, DomainError, Forbidden, Invalid
from infra_access.core.i18n import plain
from infra_access.core.timespan import TimeSpan
from infra_access.outbox.models import OutboxEvent
from infra_access.people.actors import load_actor
from infra_access.scheduling.attendance import check_in
from infra_access.scheduling.booking_queries import booking_by_public_id
from infra_access.scheduling.bookings import book
from infra_access.scheduling.gates.reading import gates_of
from infra_access.scheduling.gates.seen import seen_gates
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish
from tests.factories.access_requests import (
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    SYSTEM,
    TERMS,
    World,
    decide,
    make_request,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.catalogue import make_organisation
from tests.factories.frameworks import Sides, make_draft, make_in_force, make_sides
from tests.factories.people import make_account, make_actor, make_affiliation

CODE, KEY = "data-transfer", "agreement:data-transfer"
TRANSFER = {
    "id": "transfer",
    "applies_to": ["book"],
    "effect": {"type": "require", "kind": "agreement", "code": CODE},
    "grounds": "privacy",
    "message": {"en": "Data of people leave under an agreement alone."},
    "expected_days": 3,
    "latest_days": 10,
}
TEXT = {"title": "Data transfer", "version": "1", "text": "${host} and ${applicant} protect the data."}
LATER = NOW + timedelta(days=1)


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, TRANSFER], terms={KEY: TEXT})


@pytest.fixture
def sides(session: Session, world: World) -> Sides:
    return make_sides(session, world)


def granted(session: Session, world: World, **overrides: Any) -> AccessRequest:
    request = make_submitted(session, world, **overrides)
    decide(session, world.manager, pending(session, request)["facility_manager"])
    return request


def gate_of(session: Session, request: AccessRequest, world: World, now: datetime = LATER) -> Gate:
    found = with_next_steps(session, request, gates_of_request(session, request, world.route, now=now), now=now)
    (gate,) = (one for one in found if one.key == KEY)
    return gate


def text_of(session: Session, request: AccessRequest) -> AgreementView:
    (view,) = (one for one in agreements_of(session, request) if one.agreement.kind == CODE)
    return view


def accept(session: Session, actor: Actor, request: AccessRequest, text_hash: str = "") -> AgreementView:
    text_hash = text_hash or text_of(session, request).text_hash
    return agreements.accept(session, actor=actor, now=LATER, access_request=request, text_hash=text_hash)


def offer(session: Session, actor: Actor, request: AccessRequest, code: str = CODE) -> AgreementView:
    return offer_agreement(session, actor=actor, now=LATER, access_request=request, code=code)


def code_of(refused: pytest.ExceptionInfo[DomainError]) -> str:
    return refused.value.code


def booked(session: Session, world: World, request: AccessRequest) -> Booking:
    allocation = allocation_of(session, request)
    assert allocation is not None
    starts = NOW + timedelta(days=45)
    return book(
        session,
        actor=world.applicant,
        now=LATER,
        place=place_of(session, world.instrument.id),
        wishes=[Wish(TimeSpan(starts, starts + timedelta(hours=2)))],
        allocation=allocation.public_id,
    )


def test_it_is_offered_with_the_last_approval_and_accepted_by_each_side(session: Session, world: World) -> None:
    request = make_submitted(session, world)
    assert "with the last approval" in plain(gate_of(session, request, world).said)
    decide(session, world.manager, pending(session, request)["facility_manager"])
    # Nothing of its own is to be agreed, so it is active; its sessions wait.
    assert (request.state, text_of(session, request).accepted) == ("active", ())
    kinds = select(OutboxEvent.kind).where(OutboxEvent.kind == "access_request.agreement_offered")
    assert len(session.scalars(kinds).all()) == 1
    gate = gate_of(session, request, world)
    assert (str(gate.state), str(gate.owner)) == ("open", "team")
    assert gate.due == request.period_start - timedelta(days=10)
    assert world.applicant.name in plain(gate.said)
    with pytest.raises(Forbidden):
        booked(session, world, request)
    for actor in (world.applicant, world.manager):
        assert [one.access_request for one in terms_waiting_for(session, actor=actor)] == [request.public_id]
        with pytest.raises(Conflict) as refused:
            accept(session, actor, request, "0" * 64)
        assert code_of(refused) == "agreement.changed"
        accept(session, actor, request)
    assert text_of(session, request).is_complete
    assert terms_waiting_for(session, actor=world.manager) == []
    assert KEY in agreed_for(session, request, at=LATER)
    assert str(gate_of(session, request, world).state) == "met"
    booking = booked(session, world, request)
    assert [str(one.state) for one in gates_of(session, booking, now=LATER)] == ["met"]
    check_in(session, actor=world.applicant, now=booking.starts, booking=booking)
    assert booking.state == "checked_in"


def test_a_professor_is_told_who_signs(session: Session, world: World, sides: Sides) -> None:
    request = granted(session, world)
    with pytest.raises(Forbidden, match=f"{sides.for_partner.name} signs for your organisation") as refused:
        accept(session, world.applicant, request)
    assert code_of(refused) == "agreement.signatory"
    assert sides.for_partner.name in plain(gate_of(session, request, world).said)
    # A signatory of the host reads the page as long as its side has something to accept.
    assert request_by_public_id(session, request.public_id, actor=sides.for_host).relations == {"host"}
    accept(session, sides.for_host, request)
    with pytest.raises(Conflict) as twice:
        accept(session, world.manager, request)
    assert code_of(twice) == "agreement.accepted"
    with pytest.raises(Forbidden):
        accept(session, make_actor(session), request)
    accept(session, sides.for_partner, request)
    assert text_of(session, request).is_complete


def test_it_keeps_no_request_from_its_own_terms(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, TRANSFER], terms=TERMS | {KEY: TEXT})
    request = granted(session, world)
    assert request.state == "agreement_pending"
    terms, besides = agreements_of(session, request)
    assert (terms.agreement.kind, besides.agreement.kind) == ("terms", CODE)
    # The host has accepted its terms by its approval, and nothing else.
    assert ([one.side for one in terms.accepted], besides.accepted) == (["host"], ())
    accept(session, world.applicant, request, besides.text_hash)
    assert request.state == "agreement_pending"
    accept(session, world.applicant, request, terms.text_hash)
    assert request.state == "active"
    assert agreed_for(session, request, at=LATER) == {"agreement:terms", "agreement:access-terms"}
    with pytest.raises(Conflict) as refused:
        accept(session, world.applicant, request, terms.text_hash)
    assert code_of(refused) == "access_request.state"
    accept(session, world.manager, request)
    assert KEY in agreed_for(session, request, at=LATER)


def test_the_host_offers_what_a_later_rule_asks_for(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, TRANSFER], terms={})
    request = granted(session, world)
    gate = gate_of(session, request, world)
    assert (str(gate.owner), plain(gate.said)[:26]) == ("role", "There is no text for it ye")
    with pytest.raises(Invalid) as refused:
        offer(session, world.manager, request)
    assert (code_of(refused), list(refused.value.fields)) == ("agreement.no_text", ["code"])
    update_route(session, actor=SYSTEM, now=NOW, route=world.route, changes={"terms": {KEY: TEXT}})
    assert "yet to offer" in plain(gate_of(session, request, world).said)
    with pytest.raises(Invalid) as refused:
        offer(session, world.manager, request, "terms")
    assert code_of(refused) == "agreement.not_asked"
    for actor in (world.applicant, world.administrator, make_actor(session)):
        with pytest.raises(Forbidden):
            offer(session, actor, request)
    first = offer(session, world.manager, request)
    read = first.text_hash
    assert first.accepted == ()
    accept(session, world.applicant, request)
    # Another version takes its place as long as not both have accepted; who read the former reads again.
    newer = TEXT | {"version": "2", "text": "More of it."}
    update_route(session, actor=SYSTEM, now=NOW, route=world.route, changes={"terms": {KEY: newer}})
    assert offer(session, world.manager, request).accepted == ()
    with pytest.raises(Conflict) as stale:
        accept(session, world.applicant, request, read)
    assert code_of(stale) == "agreement.changed"
    accept(session, world.manager, request)
    accept(session, world.applicant, request)
    with pytest.raises(Conflict) as done:
        offer(session, world.manager, request)
    assert code_of(done) == "agreement.accepted"
    actions = session.scalars(select(AuditEvent.action).where(AuditEvent.action.like("agreement.%")))
    assert sorted(actions) == ["agreement.accepted"] * 3 + ["agreement.offered"] * 2


def test_who_is_near_offers_nothing_and_a_draft_is_offered_nothing(session: Session, world: World) -> None:
    request = make_submitted(session, world)
    with pytest.raises(Conflict) as refused:
        offer(session, world.manager, request)
    assert code_of(refused) == "access_request.state"
    account = make_account(session)
    make_affiliation(session, account=account, organisation=world.startup)
    near = make_actor(session, ("user_officer", ("facility", world.facility.public_id)), account=account)
    with pytest.raises(Forbidden) as too_near:
        offer(session, near, request)
    assert code_of(too_near) == "agreement.own"


def test_one_of_both_organisations_meets_it_while_it_is_in_force(session: Session, world: World, sides: Sides) -> None:
    framework = make_in_force(session, sides, kind=CODE, valid_until=NOW + timedelta(days=60))
    request = granted(session, world)
    assert (request.state, agreements_of(session, request)) == ("active", [])
    with pytest.raises(Invalid) as refused:
        offer(session, world.manager, request)
    assert code_of(refused) == "agreement.not_asked"
    booking = booked(session, world, request)
    assert [str(one.state) for one in gates_of(session, booking, now=LATER)] == ["met"]
    over = framework.valid_until
    assert over is not None
    assert KEY in agreed_for(session, request, at=over - timedelta(seconds=1))
    assert KEY not in agreed_for(session, request, at=over)
    frameworks.end_framework(session, actor=sides.for_partner, now=LATER, framework=framework)
    (gate,) = gates_of(session, booking, now=LATER)
    assert str(gate.state) == "open"
    with pytest.raises(Conflict) as waits:
        check_in(session, actor=world.applicant, now=booking.starts, booking=booking)
    assert code_of(waits) == "booking.gates_open"
    view = booking_by_public_id(session, booking.public_id, actor=world.applicant)
    (seen,) = seen_gates(session, view, actor=world.applicant, scopes=(), relations={"owner"}, now=LATER)
    assert seen.link == f"/access-requests/{request.public_id}"
    assert "yet to offer" in plain(seen.gate.said)
    # Now the request gets one of its own.
    offer(session, world.manager, request)
    accept(session, sides.for_partner, request)
    accept(session, sides.for_host, request)
    check_in(session, actor=world.applicant, now=booking.starts, booking=booking)


def test_one_of_another_regime_or_only_offered_meets_nothing(session: Session, world: World, sides: Sides) -> None:
    make_in_force(session, sides, kind=CODE, regimes=["proprietary"])
    draft = make_draft(session, sides, kind=CODE, title="Draft")
    frameworks.offer_framework(session, actor=sides.for_host, now=NOW, framework=draft)
    make_in_force(session, sides, kind="nda", points={})
    request = granted(session, world)
    assert agreed_for(session, request, at=LATER) == {"agreement:nda", "agreement:confidentiality"}


def test_a_kind_that_no_rule_names_is_refused(session: Session, world: World, sides: Sides) -> None:
    for kind in ("data-tranfser", "terms", ""):
        with pytest.raises(Invalid) as refused:
            make_draft(session, sides, kind=kind)
        assert list(refused.value.fields) == ["kind"]
    assert frameworks.further_kinds(session) == {CODE}


def test_another_organisation_agrees_anew(session: Session, world: World) -> None:
    request = granted(session, world)
    accept(session, world.manager, request)
    accept(session, world.applicant, request)
    other = make_organisation(session, trust="self-declared", country="KE", facts={"sector": "company"})
    make_affiliation(session, account=world.applicant_account, organisation=other)
    applicant = load_actor(session, world.applicant_account.id, now=LATER)
    changes = {"acting_for": other.public_id}
    drafting.amend(session, actor=applicant, now=LATER, access_request=request, changes=changes)
    for approval in pending(session, request).values():
        decide(session, world.manager, approval)
    assert request.state == "active"
    assert text_of(session, request).accepted == ()
    assert KEY not in agreed_for(session, request, at=LATER)


def test_a_rule_on_asking_is_met_by_an_agreement_of_both(session: Session) -> None:
    rule = TRANSFER | {"applies_to": ["request"]}
    world = make_world(session, rules=[OPEN_TO_ALL, rule], terms={})
    with pytest.raises(Conflict) as refused:
        make_submitted(session, world)
    assert code_of(refused) == "access_request.incomplete"
    make_in_force(session, make_sides(session, world), kind=CODE)
    assert make_submitted(session, world).state == "active"


def test_what_a_way_in_may_not_say_of_them(session: Session, world: World) -> None:
    for key, said in ((KEY, "none"), ("agreement:terms", TEXT), ("agreement:mta", TEXT)):
        with pytest.raises(Invalid) as refused:
            update_route(session, actor=SYSTEM, now=NOW, route=world.route, changes={"terms": {key: said}})
        assert list(refused.value.fields) == [f"terms.{key}"]
    changed = {KEY: TEXT | {"text": "Else."}}
    with pytest.raises(Invalid) as refused:
        update_route(session, actor=SYSTEM, now=NOW, route=world.route, changes={"terms": changed})
    assert list(refused.value.fields) == [f"terms.{KEY}.version"]


def test_one_text_for_the_terms_and_for_what_a_rule_asks_is_accepted_for_each(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, TRANSFER], terms={"open": TEXT, KEY: TEXT})
    request = granted(session, world)
    assert len({one.text_hash for one in agreements_of(session, request)}) == 1
    assert accept(session, world.applicant, request).agreement.kind == "terms"
    assert request.state == "active"
    for actor in (world.applicant, world.manager):
        assert accept(session, actor, request).agreement.kind == CODE
    assert all(one.is_complete for one in agreements_of(session, request))


def test_the_steps_of_a_draft_miss_nothing_that_both_organisations_agreed(
    session: Session, world: World, sides: Sides
) -> None:
    request = make_request(session, world)

    def missed() -> list[bool]:
        found = needed(
            session, actor=world.applicant, route=world.route, instrument_ids=(), now=LATER, access_request=request
        )
        return [CODE in {one.code for one in some} for some in (found.missing, found.decision.afterwards)]

    assert missed() == [True, True]
    make_in_force(session, sides, kind=CODE)
    assert missed() == [False, False]
