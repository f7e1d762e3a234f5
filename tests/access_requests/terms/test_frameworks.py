"""Framework agreements: who drafts, offers, accepts and ends them, and which requests they cover."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import drafting
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.terms import agreements, frameworks
from infra_access.access_requests.terms.framework_models import FrameworkAcceptance, FrameworkAgreement
from infra_access.access_requests.terms.framework_queries import framework_by_public_id, frameworks_of, state_at
from infra_access.access_requests.terms.waiting import terms_waiting_for
from infra_access.audit.models import AuditEvent
from infra_access.core.authority import NETWORK, Actor
from infra_access.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, PreconditionFailed
from infra_access.outbox.models import OutboxEvent
from infra_access.people.actors import load_actor
from infra_access.people.delegations import hand_over
from infra_access.people.roles import grants_of
from tests.factories.access_requests import (
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    TERMS,
    World,
    decide,
    make_approved,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.catalogue import make_organisation
from tests.factories.frameworks import Sides, make_draft, make_in_force, make_sides
from tests.factories.people import make_account, make_actor, make_affiliation, make_grant

POINTS = {
    "ip": "host",
    "cost_shares": [{"party": "applicant", "percent": "100"}],
    "confidentiality": {"kind": "mutual", "years": 3},
}
MTA = {"title": "Samples", "version": "1", "text": "The samples of ${applicant} stay theirs."}
BONE = {"purpose": "research", "samples": [{"kind": "bone", "country": "KE", "hazards": []}]}


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session, rules=[OPEN_TO_ALL], terms={"open": TERMS["open"] | {"points": POINTS}})


@pytest.fixture
def sides(session: Session, world: World) -> Sides:
    return make_sides(session, world)


def accept(session: Session, actor: Actor, framework: FrameworkAgreement, **overrides: Any) -> FrameworkAgreement:
    values = {"actor": actor, "now": NOW, "framework": framework, "text_hash": framework.text_hash}
    return frameworks.accept_framework(session, **values | overrides)


def offered(session: Session, sides: Sides, **overrides: Any) -> FrameworkAgreement:
    draft = make_draft(session, sides, **overrides)
    return frameworks.offer_framework(session, actor=sides.for_host, now=NOW, framework=draft)


def code_of(refused: pytest.ExceptionInfo[DomainError]) -> str:
    return refused.value.code


def test_it_goes_from_draft_to_in_force_by_a_signatory_of_each_side(session: Session, sides: Sides) -> None:
    framework = make_draft(session, sides, points={"ip": "joint"})
    assert framework.text_hash == agreements.hash_of(framework.text)
    assert "| Results belong to | both sides jointly |" in framework.text
    with pytest.raises(Conflict):
        accept(session, sides.for_host, framework)  # not offered yet
    frameworks.offer_framework(session, actor=sides.for_host, now=NOW, framework=framework)
    accept(session, sides.for_host, framework)
    assert framework.state == "offered"
    accept(session, sides.for_partner, framework)
    assert (framework.state, framework.in_force_at) == ("in_force", NOW)
    rows = session.scalars(select(FrameworkAcceptance).order_by(FrameworkAcceptance.id)).all()
    assert [(row.side, row.account_id, row.accepted_at, row.text_hash) for row in rows] == [
        ("host", sides.for_host.account_id, NOW, framework.text_hash),
        ("partner", sides.for_partner.account_id, NOW, framework.text_hash),
    ]
    frameworks.end_framework(session, actor=sides.for_partner, now=NOW, framework=framework, reason="We moved.")
    assert (framework.state, framework.end_reason) == ("ended", "We moved.")
    of_it = AuditEvent.object_id == framework.public_id
    actions = session.scalars(select(AuditEvent.action).where(of_it).order_by(AuditEvent.id))
    assert [one.removeprefix("framework_agreement.") for one in actions] == [
        *("created", "offered", "accepted", "accepted", "ended"),
    ]
    told = session.scalars(select(OutboxEvent.kind).where(OutboxEvent.kind.like("framework%")).order_by(OutboxEvent.id))
    assert [one.removeprefix("framework_agreement.") for one in told] == ["offered", "in_force", "ended"]


def test_a_side_accepts_once_and_nobody_for_both(session: Session, sides: Sides) -> None:
    both = make_account(session)
    for organisation in (sides.host, sides.partner):
        make_grant(session, account=both, role="signatory", scope_kind="organisation", scope_key=organisation.public_id)
    for_both = make_actor(session, account=both)
    framework = offered(session, sides)
    accept(session, sides.for_host, framework)
    with pytest.raises(Conflict) as refused:
        accept(session, sides.for_host, framework)
    assert code_of(refused) == "framework.accepted"
    other = offered(session, sides, title="Other")
    accept(session, for_both, other)
    with pytest.raises(Conflict) as refused:
        accept(session, for_both, other)
    assert code_of(refused) == "framework.both_sides"
    accept(session, sides.for_partner, other)
    assert other.state == "in_force"


def test_a_stand_in_does_not_accept_for_the_other_side(session: Session, sides: Sides) -> None:
    scopes = [("organisation", one.public_id) for one in (sides.host, sides.partner)]
    both = make_actor(session, *(("signatory", scope) for scope in scopes))
    framework = offered(session, sides)
    accept(session, both, framework)
    (of_partner,) = [one for one in grants_of(session, both.account_id or 0, now=NOW) if one.scope_key == scopes[1][1]]
    account = make_account(session)
    hand_over(session, actor=both, now=NOW, grant=of_partner, to=account, until=NOW + timedelta(days=2))
    with pytest.raises(Conflict) as refused:
        accept(session, load_actor(session, account.id, now=NOW), framework)
    assert code_of(refused) == "framework.both_sides"
    accept(session, sides.for_partner, framework)


def test_another_text_is_not_accepted(session: Session, sides: Sides) -> None:
    framework = offered(session, sides)
    with pytest.raises(Conflict) as refused:
        accept(session, sides.for_host, framework, text_hash="0" * 64)
    assert code_of(refused) == "framework.changed"
    with pytest.raises(PreconditionFailed):
        accept(session, sides.for_host, framework, expected_version=framework.version - 1)


def test_only_signatories_of_the_organisation_itself_accept(session: Session, sides: Sides) -> None:
    framework = offered(session, sides)
    scope = ("organisation", sides.host.public_id)
    for actor in (
        make_actor(session, ("organisation_admin", scope)),
        make_actor(session, ("signatory", ("country", "DE"))),
        make_actor(session, ("signatory", NETWORK)),
        make_actor(session, ("platform_admin", NETWORK)),
    ):
        with pytest.raises(Forbidden):
            accept(session, actor, framework)
    administrator = make_actor(session, ("organisation_admin", scope))
    frameworks.end_framework(session, actor=administrator, now=NOW, framework=framework)


def test_a_draft_belongs_to_the_side_that_wrote_it(session: Session, sides: Sides) -> None:
    framework = make_draft(session, sides, actor=sides.for_partner)
    assert framework.drafted_by == "partner"
    for act in (frameworks.offer_framework, frameworks.end_framework):
        with pytest.raises(Forbidden):
            act(session, actor=sides.for_host, now=NOW, framework=framework)
    with pytest.raises(NotFound):
        framework_by_public_id(session, framework.public_id, actor=sides.for_host)
    assert frameworks_of(session, actor=sides.for_host).items == ()
    (seen,) = frameworks_of(session, actor=sides.for_partner).items
    assert seen.framework is framework
    frameworks.offer_framework(session, actor=sides.for_partner, now=NOW, framework=framework)
    for reader in (
        sides.for_host,
        make_actor(session, ("auditor", NETWORK)),
        make_actor(session, ("access_administrator", ("country", "KE"))),
    ):
        assert framework_by_public_id(session, framework.public_id, actor=reader).framework is framework
        assert [one.framework for one in frameworks_of(session, actor=reader).items] == [framework]
    for stranger in (make_actor(session), make_actor(session, ("access_administrator", ("country", "JP")))):
        assert frameworks_of(session, actor=stranger).items == ()
        with pytest.raises(NotFound):
            framework_by_public_id(session, framework.public_id, actor=stranger)


def test_only_verified_organisations_sign(session: Session, sides: Sides) -> None:
    draft, open_offer = make_draft(session, sides), offered(session, sides)
    sides.partner.trust = "self-declared"
    session.flush()
    for act in (
        lambda: make_draft(session, sides, title="New"),
        lambda: frameworks.offer_framework(session, actor=sides.for_host, now=NOW, framework=draft),
        lambda: accept(session, sides.for_host, open_offer),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert code_of(refused) == "organisation.not_verified"


FAULTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"kind": "treaty"}, "kind"),
    ({"title": " "}, "title"),
    ({"regimes": []}, "regimes"),
    ({"regimes": ["secret"]}, "regimes.0"),
    ({"valid_until": NOW - timedelta(days=20)}, "valid_until"),
    ({"valid_from": datetime(2026, 1, 1)}, "valid_from"),  # noqa: DTZ001
    ({"points": {"risk_shares": [{"party": "host", "percent": "100.01"}]}}, "points.risk_shares.0.percent"),
    ({"points": {"publication": {"open": {"duty": "none"}}}}, "points.publication.open.duty"),
    ({"points": {"publication": {"proprietary": {"duty": "none"}}}}, "points.publication.proprietary"),
    ({"kind": "nda", "points": {"ip": "host"}}, "points.ip"),
)


def test_each_fault_is_named_by_its_place(session: Session, sides: Sides) -> None:
    for wrong, place in FAULTS:
        with pytest.raises(Invalid) as refused:
            make_draft(session, sides, **wrong)
        assert place in refused.value.fields, wrong


def test_both_sides_are_two_and_a_stranger_drafts_for_neither(session: Session, sides: Sides) -> None:
    with pytest.raises(Invalid):
        make_draft(session, sides, partner=sides.host)
    with pytest.raises(Forbidden):
        make_draft(session, sides, actor=make_actor(session, ("organisation_admin", ("country", "DE"))))


def test_an_offered_version_never_says_anything_else(session: Session, sides: Sides) -> None:
    offered(session, sides)
    with pytest.raises(Conflict) as refused:
        offered(session, sides, text="Something else.")
    assert code_of(refused) == "framework.version"
    assert offered(session, sides, text="Something else.", text_version="2").state == "offered"


def test_what_it_covers_goes_straight_to_active_and_names_it(session: Session, world: World, sides: Sides) -> None:
    said = {
        "ip": "joint",
        "publication": {"open": {"duty": "required"}, "embargoed": {"duty": "embargoed", "months": 6}},
        "confidentiality": {"kind": "mutual", "years": 3},
    }
    framework = make_in_force(session, sides, points=said)
    request = make_submitted(session, world)
    view = agreements.agreement_of(session, request)
    assert (request.state, view.is_complete, view.accepted) == ("active", True, ())
    assert view.framework is not None
    assert view.framework.framework is framework
    assert [one.side for one in view.framework.accepted] == ["host", "partner"]
    assert view.agreement.points == {
        "ip": "joint",
        "publication": {"duty": "required"},
        "cost_shares": POINTS["cost_shares"],
        "confidentiality": POINTS["confidentiality"],
    }
    assert view.agreement.sources["ip"] == {"holds": "framework", "over": {"terms": "host"}}
    assert view.agreement.sources["cost_shares"] == {"holds": "terms", "over": {}}
    assert view.agreement.sources["confidentiality"] == {"holds": "framework", "over": {}}
    assert framework.text_hash in view.agreement.text
    assert "both sides jointly, as the framework agreement says; the terms of this way in say: the host." in (
        view.agreement.text
    )
    with pytest.raises(Conflict):
        agreements.accept(session, actor=sides.for_partner, now=NOW, access_request=request, text_hash=view.text_hash)


def waits_for_terms(session: Session, request: AccessRequest) -> bool:
    view = agreements.agreement_of(session, request)
    return request.state == "agreement_pending" and view.framework is None


def test_one_of_another_regime_time_or_kind_does_not_cover_it(session: Session, world: World, sides: Sides) -> None:
    for changed in (
        {"regimes": ["embargoed"]},
        {"valid_from": NOW + timedelta(days=1)},
        {"valid_until": NOW},
        {"kind": "nda"},
        {"kind": "mta"},
    ):
        make_in_force(session, sides, **{"title": str(changed)[:200], **changed})
    assert waits_for_terms(session, make_submitted(session, world))


def test_neither_does_one_that_ended_or_is_only_offered_or_of_others(
    session: Session, world: World, sides: Sides
) -> None:
    offered(session, sides, title="Offer")
    ended = make_in_force(session, sides)
    frameworks.end_framework(session, actor=sides.for_host, now=NOW, framework=ended)
    other = make_organisation(session, country="KE", name="Other of Kenya")
    signs = make_actor(session, ("signatory", ("organisation", other.public_id)))
    make_in_force(session, Sides(sides.host, other, sides.for_host, signs))
    make_in_force(session, Sides(sides.partner, sides.host, sides.for_partner, sides.for_host))
    assert waits_for_terms(session, make_submitted(session, world))
    own = make_submitted(session, world, acting_for=None)
    assert waits_for_terms(session, own)


def test_the_latest_of_two_covers(session: Session, world: World, sides: Sides) -> None:
    make_in_force(session, sides)
    second = make_in_force(session, sides, text_version="2", text="Better.")
    view = agreements.agreement_of(session, make_submitted(session, world))
    assert view.framework is not None
    assert view.framework.framework is second


def test_its_end_leaves_what_rests_on_it_and_covers_nothing_new(session: Session, world: World, sides: Sides) -> None:
    until = NOW + timedelta(days=1)
    framework = make_in_force(session, sides, valid_until=until)
    request = make_submitted(session, world)
    assert state_at(framework, NOW) == "in_force"
    assert state_at(framework, until) == "ended"
    frameworks.end_framework(session, actor=sides.for_host, now=NOW, framework=framework)
    assert request.state == "active"
    samples = {"changes": {"project": BONE}}
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, **samples)
    assert request.state == "active"
    assert not waits_for_terms(session, request)
    # As somebody else it is another agreement, which nothing covers any more.
    other = make_organisation(session, country="KE", name="Other of Kenya", trust="self-declared")
    make_affiliation(session, account=world.applicant_account, organisation=other)
    changes = {"acting_for": other.public_id}
    applicant = make_actor(session, account=world.applicant_account)
    drafting.amend(session, actor=applicant, now=NOW, access_request=request, changes=changes)
    assert waits_for_terms(session, request)


@pytest.mark.parametrize("covered", [True, False])
def test_what_was_agreed_stays_when_the_request_is_reviewed_again(session: Session, covered: bool) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY])
    sides = make_sides(session, world)
    before = make_in_force(session, sides) if covered else None
    request = make_submitted(session, world)
    decide(session, world.manager, pending(session, request)["facility_manager"])
    text_hash = agreements.agreement_of(session, request).text_hash
    if before is None:
        agreements.accept(session, actor=sides.for_partner, now=NOW, access_request=request, text_hash=text_hash)
        make_in_force(session, sides)
    else:
        frameworks.end_framework(session, actor=sides.for_host, now=NOW, framework=before)
    changes = {"quantity": "3"}
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes=changes)
    assert request.state == "under_review"
    decide(session, world.manager, pending(session, request)["facility_manager"])
    view = agreements.agreement_of(session, request)
    assert (request.state, view.text_hash, view.is_complete) == ("active", text_hash, True)
    assert (view.framework is not None) is covered


def test_a_non_disclosure_agreement_adds_to_the_terms(session: Session, sides: Sides, world: World) -> None:
    secret = {"confidentiality": {"kind": "mutual", "years": 9}}
    make_in_force(session, sides, kind="nda", points=secret)
    first = agreements.agreement_of(session, make_submitted(session, world)).agreement
    assert first.points["confidentiality"] == POINTS["confidentiality"]
    assert first.sources["confidentiality"] == {"holds": "terms", "over": {"nda": secret["confidentiality"]}}
    assert "non-disclosure agreement says: mutual, for 9 years" in first.text
    silent = {"open": {"title": "Open access", "version": "2", "text": "Results are published."}}
    world.route.terms = silent
    session.flush()
    second = agreements.agreement_of(session, make_submitted(session, world)).agreement
    assert (second.points, second.framework_id) == (secret, None)


def test_an_mta_is_asked_for_with_samples_alone(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL], terms=TERMS | {"mta": MTA})
    sides = make_sides(session, world)
    assert len(agreements.agreements_of(session, make_submitted(session, world))) == 1
    request = make_submitted(session, world, project=BONE)
    terms, mta = agreements.agreements_of(session, request)
    assert (terms.agreement.kind, mta.agreement.kind) == ("terms", "mta")
    assert f"The samples of {world.startup.name} stay theirs." in mta.agreement.text
    for number, (actor, read) in enumerate(
        (actor, read) for read in (terms, mta) for actor in (sides.for_partner, world.manager)
    ):
        assert (request.state, number) == ("agreement_pending", number)
        assert [one.title for one in terms_waiting_for(session, actor=actor)][-1:] == [request.title]
        agreements.accept(session, actor=actor, now=NOW, access_request=request, text_hash=read.text_hash)
    assert request.state == "active"


def test_a_covered_request_still_needs_its_mta_unless_one_is_in_force(session: Session) -> None:
    world = make_world(session, terms=TERMS | {"mta": MTA})
    sides = make_sides(session, world)
    make_in_force(session, sides)
    request = make_approved(session, world, project=BONE)
    terms, mta = agreements.agreements_of(session, request)
    assert (request.state, terms.is_complete, mta.is_complete) == ("agreement_pending", True, False)
    agreements.accept(session, actor=sides.for_partner, now=NOW, access_request=request, text_hash=mta.text_hash)
    assert request.state == "active"
    transfer = make_in_force(session, sides, kind="mta", title="For all samples")
    second = make_approved(session, world, project=BONE)
    assert second.state == "active"
    assert [one.framework and one.framework.framework.kind for one in agreements.agreements_of(session, second)] == [
        "framework",
        transfer.kind,
    ]


def test_samples_that_come_later_bring_their_mta_and_take_it_with_them(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL], terms=TERMS | {"mta": MTA})
    make_in_force(session, make_sides(session, world))
    request = make_submitted(session, world)
    assert request.state == "active"
    for project, state, texts in ((BONE, "agreement_pending", 2), ({"purpose": "research"}, "active", 1)):
        changes = {"project": project}
        drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes=changes)
        assert (request.state, len(agreements.agreements_of(session, request))) == (state, texts)


def test_nobody_accepts_the_terms_of_a_request_for_both_sides(session: Session, world: World, sides: Sides) -> None:
    request = make_submitted(session, world)
    text_hash = agreements.agreement_of(session, request).text_hash
    account = make_account(session)
    for organisation in (sides.host, sides.partner):
        scope = {"scope_kind": "organisation", "scope_key": organisation.public_id}
        make_grant(session, account=account, role="signatory", **scope)
    for_both = make_actor(session, account=account)
    agreements.accept(session, actor=for_both, now=NOW, access_request=request, text_hash=text_hash)
    with pytest.raises(Conflict) as refused:
        agreements.accept(session, actor=for_both, now=NOW, access_request=request, text_hash=text_hash)
    assert code_of(refused) == "agreement.both_sides"
