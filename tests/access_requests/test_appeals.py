"""Appeals are looked at by somebody who did not decide; what they reopen goes to review again."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from infra_access.access_requests import appeals, corrections, revoking, submitting
from infra_access.access_requests.appealed import appealed_in
from infra_access.access_requests.approvals.verdicts import approvals_of, inbox
from infra_access.access_requests.drafting import amend
from infra_access.access_requests.models import AccessRequest, Allocation
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.core.errors import Conflict, Forbidden, Invalid
from tests.factories.access_requests import (
    FEASIBILITY,
    HOST_COUNTRY,
    NOW,
    OPEN_TO_ALL,
    World,
    decide,
    make_active,
    make_network_administrator,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.overrides import administrators, ask, confirm, make_refused, withdraw
from tests.factories.people import make_account, make_actor, make_affiliation, make_assurance
from tests.factories.policy import make_policy, raw_rule

LATER = NOW + timedelta(days=3)


def refused(session: Session, world: World) -> AccessRequest:
    """Return a request that the administrator of the country refused, after the facility said yes."""
    request = make_submitted(session, world)
    waiting = pending(session, request)
    decide(session, world.manager, waiting["facility_manager"])
    decide(session, world.administrator, waiting["access_administrator"], "refuse", reason="Not now.")
    assert request.state == "refused"
    return request


def appeal(session: Session, world: World, request: AccessRequest, **more: object) -> AccessRequest:
    """Appeal as the applicant."""
    values = {"actor": world.applicant, "now": LATER, "reason": "The facts were others."} | more
    return appeals.appeal(session, access_request=request, **values)


def test_whoever_decided_does_not_look_at_the_appeal(session: Session) -> None:
    world = make_world(session)
    request = refused(session, world)
    with pytest.raises(Conflict) as nobody:
        appeal(session, world, request)
    assert nobody.value.code == "approval.nobody"
    network = make_network_administrator(session)
    appeal(session, world, request)
    assert (request.state, request.state_reason) == ("appealed", "The facts were others.")
    assert inbox(session, actor=world.administrator, now=LATER).items == ()
    (asked,) = inbox(session, actor=network, now=LATER).items
    (waits,) = request_by_public_id(session, request.public_id, actor=world.applicant).waiting
    assert (waits.role, waits.scope, waits.due) == ("access_administrator", "network", asked.approval.due_at)
    assert (asked.approval.subject_kind, asked.title) == ("appeal", request.title)
    with pytest.raises(Forbidden) as own:
        decide(session, world.administrator, asked.approval, now=LATER)
    assert own.value.code == "approval.own"
    with pytest.raises(Forbidden):
        decide(session, world.applicant, asked.approval, now=LATER)
    decide(session, network, asked.approval, "refuse", reason="It stands.", now=LATER)
    assert (request.state, request.state_reason) == ("upheld", "It stands.")
    (decided,) = (
        one.decided_at for one in approvals_of(session, "access_request", request.id) if one.reason == "Not now."
    )
    for reader in (world.applicant, world.manager, network):
        (seen,) = request_by_public_id(session, request.public_id, actor=reader).appeals
        assert (seen.decision, seen.reason, seen.role) == ("refused", "Not now.", "access_administrator")
        assert (seen.decided_at, seen.grounds, seen.state) == (decided, "The facts were others.", "refused")
    with pytest.raises(Conflict):
        appeal(session, world, request)


def test_a_granted_appeal_asks_again_exactly_who_said_no(session: Session) -> None:
    world = make_world(session)
    request = refused(session, world)
    network = make_network_administrator(session)
    appeal(session, world, request)
    (asked,) = inbox(session, actor=network, now=LATER).items
    with pytest.raises(Invalid):
        decide(session, network, asked.approval, "pause", now=LATER)
    decide(session, network, asked.approval, now=LATER)
    assert request.state == "under_review"
    assert list(pending(session, request)) == ["access_administrator"]
    decide(session, world.administrator, pending(session, request)["access_administrator"], now=LATER)
    assert request.state == "agreement_pending"


def test_what_the_rules_refuse_meanwhile_waits_for_its_team(session: Session) -> None:
    world = make_world(session)
    request = refused(session, world)
    network = make_network_administrator(session)
    appeal(session, world, request)
    facility = ("facility", world.facility.public_id)
    rule = raw_rule("statement", {"type": "require", "kind": "assurance", "code": "benefit"}, applies_to=["request"])
    make_policy(session, rule, scope=facility, name="Benefit")
    (asked,) = inbox(session, actor=network, now=LATER).items
    decide(session, network, asked.approval, now=LATER)
    assert request.state == "reopened"
    make_assurance(session, world.applicant_account, code="benefit")
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)
    assert request.state == "under_review"


def test_an_appeal_is_the_applicants_in_time_and_says_why(session: Session) -> None:
    world = make_world(session)
    request = refused(session, world)
    make_network_administrator(session)
    with pytest.raises(Invalid):
        appeal(session, world, request, reason=" ")
    with pytest.raises(Forbidden):
        appeal(session, world, request, actor=world.manager)
    with pytest.raises(Conflict) as late:
        appeal(session, world, request, now=NOW + timedelta(days=90))
    assert late.value.code == "appeal.late"
    with pytest.raises(Conflict):
        appeal(session, world, make_submitted(session, world))


def test_what_was_revoked_can_be_appealed_but_not_before_whoever_revoked(session: Session) -> None:
    world = make_world(session)
    request = make_active(session, world)
    with pytest.raises(Forbidden):
        revoking.revoke(session, actor=world.applicant, now=LATER, access_request=request, reason="Mine.")
    with pytest.raises(Invalid):
        revoking.revoke(session, actor=world.administrator, now=LATER, access_request=request, reason="")
    other = make_actor(session, ("access_administrator", ("country", "DE")))
    revoking.revoke(session, actor=other, now=LATER, access_request=request, reason="An embargo.")
    assert (request.state, request.state_reason) == ("revoked", "An embargo.")
    assert session.query(Allocation).one().state == "ended"
    third = make_actor(session, ("access_administrator", ("country", "DE")))
    appeal(session, world, request)
    assert inbox(session, actor=other, now=LATER).items == ()
    (asked,) = inbox(session, actor=third, now=LATER).items
    against = appealed_in(asked.approval)
    assert (against.decision, against.reason, against.role) == ("revoked", "An embargo.", "access_administrator")
    decide(session, third, asked.approval, now=LATER)
    # Both had approved it, and nothing changed that they rest on: it is granted again, as agreed.
    assert request.state == "active"
    assert session.query(Allocation).one().state == "active"


def test_an_appeal_grants_no_more_than_the_rules_let_by_now(session: Session) -> None:
    world = make_world(session)
    request = make_active(session, world)
    third = make_actor(session, ("access_administrator", ("country", "DE")))
    revoker = make_network_administrator(session)
    revoking.revoke(session, actor=revoker, now=LATER, access_request=request, reason="An embargo.")
    appeal(session, world, request)
    facility = ("facility", world.facility.public_id)
    make_policy(session, raw_rule("few", {"type": "limit", "amount": "1"}, applies_to=["request"]), scope=facility)
    (asked,) = inbox(session, actor=third, now=LATER).items
    decide(session, third, asked.approval, now=LATER)
    assert request.state == "reopened"
    assert session.query(Allocation).one().state == "ended"


def test_lead_time_binds_who_asked_and_not_who_looks_at_the_appeal(session: Session) -> None:
    soon = raw_rule("soon", {"type": "deny"}, applies_to=["request"])
    soon["when"] = {"not": {"op": "gte", "fact": "time.lead_days", "value": 40}}
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, HOST_COUNTRY, soon])
    request = refused(session, world)
    network = make_network_administrator(session)
    appeal(session, world, request)
    (asked,) = inbox(session, actor=network, now=LATER).items
    decide(session, network, asked.approval, now=NOW + timedelta(days=9))
    assert request.state == "under_review"


def test_a_correction_counts_as_the_applicants_once_accepted(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world, quantity="4")
    scientist = make_actor(session, ("instrument_scientist", ("facility", world.facility.public_id)))

    def propose(**more: object) -> object:
        period = (request.period_start, request.period_end - timedelta(days=9))
        changes = {"quantity": "3", "period": period}
        values = {"actor": scientist, "changes": changes, "reason": "Three are enough."} | more
        return corrections.propose(session, now=LATER, access_request=request, **values)

    with pytest.raises(Forbidden):
        propose(actor=world.applicant)
    with pytest.raises(Invalid):
        propose(changes={"quantity": "many"})
    with pytest.raises(Invalid):
        propose(changes={})
    asked = pending(session, request)["facility_manager"]
    declined, accepted = propose(), propose()
    assert request.quantity == 4
    answer = {"now": LATER, "access_request": request}
    with pytest.raises(Forbidden):
        corrections.answer(session, actor=scientist, correction=declined, accept=True, **answer)
    corrections.answer(session, actor=world.applicant, correction=declined, accept=False, **answer)
    assert request.quantity == 4
    corrections.answer(session, actor=world.applicant, correction=accepted, accept=True, **answer)
    assert (request.quantity, request.period_end) == (3, NOW + timedelta(days=91))
    with pytest.raises(Conflict):
        corrections.answer(session, actor=world.applicant, correction=accepted, accept=True, **answer)
    # It changed what the facility's yes rests on, so that is asked anew.
    assert asked.state == "void"
    assert [one.correction.state for one in corrections.corrections_of(session, request)] == ["declined", "accepted"]


def test_whoever_took_part_in_an_exception_does_not_look_at_the_appeal_either(session: Session) -> None:
    world, request = make_refused(session)
    first, second, third, other = administrators(session, 4)
    view = confirm(session, second, ask(session, first, request))
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)
    withdraw(session, third, view)
    assert request.state == "refused"
    appeal(session, world, request)

    (asked,) = inbox(session, actor=other, now=LATER).items
    for near in (first, second, third):
        assert inbox(session, actor=near, now=LATER).items == ()
        with pytest.raises(Forbidden) as own:
            decide(session, near, asked.approval, "refuse", now=LATER)
        assert own.value.code == "approval.own"
    assert decide(session, other, asked.approval, "refuse", now=LATER).state == "refused"


def test_who_is_near_neither_proposes_corrections_nor_revokes_and_who_wrote_one_does(session: Session) -> None:
    world = make_world(session)
    request = make_active(session, world)
    facility = ("facility", world.facility.public_id)
    account = make_account(session)
    make_affiliation(session, account=account, organisation=world.startup)
    colleague = make_actor(session, ("facility_manager", facility), account=account)
    make_actor(session, ("facility_manager", facility))  # whom to ask once the manager wrote a part of it
    values = {"now": LATER, "access_request": request, "reason": "The laser is unsafe."}
    for refuses in (
        lambda: corrections.propose(session, actor=colleague, changes={"title": "Theirs"}, **values),
        lambda: revoking.revoke(session, actor=colleague, **values),
    ):
        with pytest.raises(Forbidden) as refusal:
            refuses()
        assert refusal.value.code == "approval.own"
    for title in ("One", "Another"):
        asked = corrections.propose(session, actor=world.manager, changes={"title": title}, **values)
        corrections.answer(
            session, actor=world.applicant, now=LATER, access_request=request, correction=asked, accept=True
        )
    assert revoking.revoke(session, actor=world.manager, **values).state == "revoked"


def test_a_proposal_for_a_request_that_changed_since_is_not_accepted(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    proposed = corrections.propose(
        session, actor=world.manager, now=LATER, access_request=request, changes={"title": "Rust"}, reason="Shorter."
    )
    team = [{"email": "li@lab.example", "name": "Li", "role": "member", "country_of_work": "CN"}]
    amend(session, actor=world.applicant, now=LATER, access_request=request, changes={"participants": team})
    answer = {"actor": world.applicant, "now": LATER, "access_request": request, "correction": proposed}
    with pytest.raises(Conflict) as outdated:
        corrections.answer(session, accept=True, **answer)
    assert outdated.value.code == "correction.outdated"
    corrections.answer(session, accept=False, **answer)
    assert proposed.state == "declined"
