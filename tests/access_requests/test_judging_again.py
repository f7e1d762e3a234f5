"""A yes counts by the rules in force: what was withdrawn since a request was sent is not granted after all."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import drafting, submitting
from infra_access.access_requests.approvals.authorisations import authorise
from infra_access.access_requests.approvals.verdicts import approvals_of
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.terms import agreements
from infra_access.core.errors import Conflict
from infra_access.outbox.models import OutboxEvent
from infra_access.outcomes.verdicts import decide_alike
from infra_access.people.accounts import disable_account
from infra_access.people.models import Account, Training
from infra_access.policy.decisions import decisions_about, replay
from infra_access.policy.models import PolicyDocument
from infra_access.policy.publishing import withdraw_document
from tests.factories.access_requests import (
    FEASIBILITY,
    HOST_COUNTRY,
    NOW,
    OPEN_TO_ALL,
    SYSTEM,
    World,
    decide,
    make_approved,
    make_rules,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.nationality import ASKING
from tests.factories.overrides import grant, make_refused
from tests.factories.people import make_actor, make_training
from tests.factories.policy import make_policy

LATER = NOW + timedelta(days=2)
SHUT = {
    "id": "shut",
    "applies_to": ["request", "book"],
    "effect": {"type": "deny"},
    "grounds": "safety",
    "message": {"en": "It is closed to everybody."},
}
TRAINED = {
    "id": "trained",
    "applies_to": ["request"],
    "effect": {"type": "require", "kind": "training", "code": "radiation-safety"},
    "grounds": "safety",
    "message": {"en": "Everybody takes the course."},
    "expected_days": 1,
    "latest_days": 5,
}
SAFETY = {**FEASIBILITY, "id": "safe", "effect": {"type": "approve", "role": "safety_officer", "scope": "facility"}}


def tighten(session: Session, _world: World) -> None:
    make_rules(session, [SHUT], name="Shut")


def ask_more(session: Session, _world: World) -> None:
    paper = {"type": "require", "kind": "document", "code": "insurance"}
    make_rules(session, [{**TRAINED, "effect": paper, "message": {"en": "Say who insures you."}}], name="Insured")


def limit(session: Session, _world: World) -> None:
    few = {"id": "few", "effect": {"type": "limit", "amount": 1}, "message": {"en": "One shift at most."}}
    make_rules(session, [{**SHUT, **few}], name="Few")


def expire(session: Session, world: World) -> None:
    training = session.scalars(select(Training).where(Training.account_id == world.applicant.account_id)).one()
    training.expires_on = date(2026, 3, 2)


def shut_account(session: Session, world: World) -> None:
    account = session.get_one(Account, world.applicant.account_id)
    disable_account(session, actor=SYSTEM, now=NOW, account=account)


def trained_world(session: Session, *rules: dict[str, Any]) -> World:
    world = make_world(session, rules=[OPEN_TO_ALL, TRAINED, *(rules or (FEASIBILITY,))])
    make_training(session, account=world.applicant_account, now=NOW, completed_on=date(2026, 1, 5), expires_on=None)
    return world


def states(session: Session, request: AccessRequest) -> dict[str, str]:
    return {one.rule: one.state for one in approvals_of(session, "access_request", request.id)}


@pytest.mark.parametrize(
    ("withdraw", "code", "said"),
    [
        (tighten, "refused_now", "It is closed to everybody"),
        (expire, "lacks_now", "takes the course"),
        (ask_more, "lacks_now", "Say who insures"),
        (
            limit,
            "lacks_now",
            r"At most 1 access units \(Shift of 8 hours\) can be asked for here, and this asks for 2\.",
        ),
        (shut_account, "no_applicant", "is shut"),
    ],
)
def test_no_yes_counts_by_rules_that_were_in_force_once(
    session: Session, withdraw: Callable[[Session, World], None], code: str, said: str
) -> None:
    world = trained_world(session)
    request = make_submitted(session, world)
    withdraw(session, world)
    session.flush()
    with pytest.raises(Conflict, match=said) as refusal:
        decide(session, world.manager, pending(session, request)["facility_manager"], now=LATER)
    assert refusal.value.code == f"access_request.{code}"
    assert "refuse" in refusal.value.details["possible"]
    assert (request.state, states(session, request)) == ("under_review", {"feasibility": "pending"})
    decide(session, world.manager, pending(session, request)["facility_manager"], "refuse", now=LATER)
    assert request.state == "refused"


def test_the_refusal_carries_the_decision_as_the_applicant_may_read_it(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    make_rules(session, [{**SHUT, "disclosure": "generic"}], name="Shut")
    with pytest.raises(Conflict) as refusal:
        decide(session, world.manager, pending(session, request)["facility_manager"])
    shown = refusal.value.details["decision"]
    assert (shown["outcome"], [one["rule"] for one in shown["reasons"]]) == ("deny", ["withheld"])
    assert shown["case"] in str(refusal.value)


def test_none_of_several_is_given_where_one_would_be_refused(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY])
    asked = [pending(session, make_submitted(session, world, title=title)) for title in ("One", "Two")]
    few = {"op": "eq", "fact": "request.quantity", "value": 2}
    make_rules(session, [{**SHUT, "when": few}], name="Shut")
    keys = [one["facility_manager"].public_id for one in asked]
    with pytest.raises(Conflict, match="It is closed"):
        decide_alike(session, actor=world.manager, now=LATER, approvals=keys, verdict="approve", reason="Both.")


def test_what_is_asked_besides_is_asked_before_it_is_granted(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY])
    request = make_submitted(session, world)
    officer = make_actor(session, ("safety_officer", ("facility", world.facility.public_id)))
    make_rules(session, [SAFETY], name="Safety")
    decide(session, world.manager, pending(session, request)["facility_manager"], now=LATER)
    assert (request.state, states(session, request)) == ("under_review", {"feasibility": "approved", "safe": "pending"})
    assert [one["rule"] for one in request.decision["approvals"]] == ["feasibility", "safe"]
    decide(session, officer, pending(session, request)["safety_officer"], now=LATER)
    assert request.state == "agreement_pending"
    kept = decisions_about(session, subject_kind="access_request", subject_id=request.public_id)
    assert [replay(one) for one in kept] == [one.decision.encode() for one in kept]
    assert len(kept) == 3  # as it was sent, as more was asked, as it was granted


def test_a_rule_that_ended_takes_no_yes_away(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    waiting = pending(session, request)
    document = session.scalars(select(PolicyDocument).where(PolicyDocument.name == "Rules")).one()
    make_rules(session, [OPEN_TO_ALL, FEASIBILITY], name="Less")
    withdraw_document(session, actor=SYSTEM, now=NOW, document=document)
    decide(session, world.administrator, waiting["access_administrator"])
    assert (request.state, states(session, request)["host-country"]) == ("under_review", "approved")
    decide(session, world.manager, waiting["facility_manager"])
    assert request.state == "agreement_pending"


def test_an_exception_in_force_counts_still(session: Session) -> None:
    world, request = make_refused(session)
    grant(session, request)
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)
    for role, actor in (("facility_manager", world.manager), ("access_administrator", world.administrator)):
        decide(session, actor, pending(session, request)[role], now=LATER + timedelta(days=1))
    assert request.state == "agreement_pending"


def test_lead_time_counts_from_when_it_was_sent(session: Session) -> None:
    soon = {**SHUT, "when": {"not": {"op": "gte", "fact": "time.lead_days", "value": 40}}}
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, soon])
    request = make_submitted(session, world)
    decide(session, world.manager, pending(session, request)["facility_manager"], now=NOW + timedelta(days=9))
    assert request.state == "agreement_pending"


@pytest.mark.parametrize("withdraw", [tighten, expire])
def test_terms_accepted_after_a_withdrawal_open_nothing(
    session: Session, withdraw: Callable[[Session, World], None]
) -> None:
    world = trained_world(session, FEASIBILITY, HOST_COUNTRY)
    request = make_approved(session, world)
    withdraw(session, world)
    text_hash = agreements.agreement_of(session, request).text_hash
    with pytest.raises(Conflict, match=r"closed to everybody|takes the course"):
        accept(session, world, request, text_hash)
    assert (request.state, agreements.agreement_of(session, request).accepted[1:]) == ("agreement_pending", ())


def test_terms_accepted_wait_for_what_is_asked_besides(session: Session) -> None:
    world = make_world(session)
    officer = make_actor(session, ("safety_officer", ("facility", world.facility.public_id)))
    request = make_approved(session, world)
    make_rules(session, [SAFETY], name="Safety")
    accept(session, world, request, agreements.agreement_of(session, request).text_hash)
    assert request.state == "under_review"
    decide(session, officer, pending(session, request)["safety_officer"], now=LATER)
    assert request.state == "active"


def accept(session: Session, world: World, request: AccessRequest, text_hash: str) -> None:
    agreements.accept(session, actor=world.applicant, now=LATER, access_request=request, text_hash=text_hash)


def test_while_the_team_makes_changes_nothing_is_asked_besides(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    waiting = pending(session, request)
    decide(session, world.manager, waiting["facility_manager"], "request_changes")
    make_actor(session, ("safety_officer", ("facility", world.facility.public_id)))
    make_rules(session, [SAFETY], name="Safety")
    decide(session, world.administrator, waiting["access_administrator"])
    assert states(session, request) == {"feasibility": "changes_requested", "host-country": "approved"}
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes={"summary": "Clearer."})
    assert request.state == "changes_requested"


def test_a_yes_without_what_its_rule_asks_by_now_is_asked_again(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY])
    facility = ("facility", world.facility.public_id)
    effect = {key: value for key, value in ASKING["effect"].items() if key != "asks"}
    document = make_policy(session, {**ASKING, "effect": effect}, scope=facility)
    officer = make_actor(session, ("safety_officer", facility))
    request = make_submitted(session, world)
    waiting = pending(session, request)
    decide(session, officer, waiting["safety_officer"])
    withdraw_document(session, actor=SYSTEM, now=NOW, document=document)
    make_policy(session, ASKING, scope=facility)
    decide(session, world.manager, waiting["facility_manager"], now=LATER)
    assert (request.state, states(session, request)) == (
        "under_review",
        {"feasibility": "approved", "visitors": "pending"},
    )
    again = pending(session, request)["safety_officer"]
    assert (again.asks, "participants" in again.rests_on) == (["nationality"], True)
    told = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "nationality.asked")).one()
    assert told.payload["approval"] == again.public_id
    with pytest.raises(Conflict) as missing, session.begin_nested():
        decide(session, officer, again, now=LATER)
    assert missing.value.code == "nationality.missing"


def test_a_yes_given_ahead_counts_no_more_under_export_control(session: Session) -> None:
    world = make_world(session)
    authorise(
        session,
        actor=world.manager,
        now=NOW,
        role="facility_manager",
        scope=("facility", world.facility.public_id),
        organisation=world.startup.public_id,
        reason="Known and careful users.",
        until=NOW + timedelta(days=365),
    )
    request = make_submitted(session, world)
    assert states(session, request) == {"feasibility": "approved", "host-country": "pending"}
    world.instrument.control_codes = ["6A005"]
    decide(session, world.administrator, pending(session, request)["access_administrator"], now=LATER)
    assert states(session, request) == {"feasibility": "pending", "host-country": "approved"}
    decide(session, world.manager, pending(session, request)["facility_manager"], now=LATER)
    assert request.state == "agreement_pending"
