"""Stages run one after the other: each is asked once all before it was given, and nobody decides before their turn."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import appeals, drafting, submitting
from infra_access.access_requests.approvals import authorisations, stepping_back
from infra_access.access_requests.approvals.verdicts import approvals_of, inbox
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.core.authority import NETWORK, Actor
from infra_access.core.errors import Conflict
from infra_access.notifications.kinds import Kind
from infra_access.notifications.subjects import subject_of
from infra_access.outbox.models import OutboxEvent
from infra_access.people.actors import load_actor
from infra_access.policy.canonical import canonical, restore_decision
from infra_access.policy.decisions import decisions_about, replay
from infra_access.policy.models import PolicyDocument
from infra_access.policy.publishing import withdraw_document
from tests.factories.access_requests import (
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    SYSTEM,
    World,
    decide,
    make_rules,
    make_submitted,
    make_world,
)
from tests.factories.opinions import make_answer, make_opinion
from tests.factories.people import make_account, make_actor

LATER = NOW + timedelta(days=6)


def rule(id: str, role: str, scope: str, stage: int, **more: Any) -> dict[str, Any]:
    return {**FEASIBILITY, "id": id, "effect": {"type": "approve", "role": role, "scope": scope, "stage": stage}} | more


HOME = rule("home", "organisation_admin", "home_organisation", 1, rests_on=["acting_for"])
SITE = rule("site", "facility_manager", "facility", 3)
SAFE = rule("safe", "safety_officer", "facility", 3, rests_on=["participants"])
EXPORT = rule("export", "access_administrator", "country", 5, rests_on=["quantity"])


def staged(session: Session, *rules: dict[str, Any]) -> tuple[World, dict[str, Actor]]:
    """Make a world of three stages, with whoever decides on each rule."""
    world = make_world(session, rules=[OPEN_TO_ALL, *(rules or (HOME, SITE, SAFE, EXPORT))])
    facility = ("facility", world.facility.public_id)
    return world, {
        "home": make_actor(session, ("organisation_admin", ("organisation", world.startup.public_id))),
        "site": world.manager,
        "safe": make_actor(session, ("safety_officer", facility)),
        "export": world.administrator,
    }


def live(session: Session, request: AccessRequest) -> dict[str, Approval]:
    return {one.rule: one for one in approvals_of(session, "access_request", request.id) if one.state != "void"}


def states(session: Session, request: AccessRequest) -> dict[str, str]:
    return {name: one.state for name, one in live(session, request).items()}


def yes(session: Session, people: dict[str, Actor], request: AccessRequest, *rules: str, **more: Any) -> None:
    for name in rules:
        decide(session, people[name], live(session, request)[name], **{"now": LATER} | more)


def told(session: Session) -> list[str]:
    """Return the rules whose approval was asked, in order."""
    events = session.scalars(
        select(OutboxEvent).where(OutboxEvent.kind == "access_request.approval_asked").order_by(OutboxEvent.id)
    )
    rules = {one.public_id: one.rule for one in session.scalars(select(Approval))}
    return [rules[event.payload["approval"]] for event in events]


def test_each_stage_is_asked_when_the_one_before_is_complete(session: Session) -> None:
    world, people = staged(session)
    request = make_submitted(session, world)
    assert states(session, request) == {"home": "pending", "site": "waiting", "safe": "waiting", "export": "waiting"}
    assert told(session) == ["home"]
    yes(session, people, request, "home")
    assert states(session, request) == {"home": "approved", "site": "pending", "safe": "pending", "export": "waiting"}
    site = live(session, request)["site"]
    assert (site.asked_at, site.due_at, site.reminded_at) == (LATER, LATER + timedelta(days=10), None)
    yes(session, people, request, "site")
    assert live(session, request)["export"].state == "waiting"
    yes(session, people, request, "safe")
    assert live(session, request)["export"].state == "pending"
    assert sorted(told(session)[:3]) == ["home", "safe", "site"]
    assert told(session)[3:] == ["export"]
    yes(session, people, request, "export")
    assert request.state == "agreement_pending"


def test_nobody_decides_before_their_turn_and_the_inbox_says_so(session: Session) -> None:
    world, people = staged(session)
    request = make_submitted(session, world)
    for verdict in ("approve", "refuse", "pause"):
        with pytest.raises(Conflict, match="once stage 1 is complete") as refusal:
            decide(session, people["site"], live(session, request)["site"], verdict)
        assert refusal.value.code == "approval.too_early"
        assert refusal.value.details == {"state": "waiting", "stage": 3, "waits_for": 1}
    with pytest.raises(Conflict, match="once stage 3 is complete"):
        decide(session, people["export"], live(session, request)["export"])
    assert inbox(session, actor=people["site"], now=NOW).items == ()
    (later,) = inbox(session, actor=people["site"], now=NOW, state="waiting").items
    assert (later.approval.rule, later.is_open) == ("site", False)


def test_whoever_asks_sees_what_comes_when(session: Session) -> None:
    world, _people = staged(session)
    view = request_by_public_id(session, make_submitted(session, world).public_id, actor=world.applicant)
    assert [(one.stage, one.waits_for, one.due is None) for one in view.waiting] == [
        (1, None, False),
        (3, 1, True),
        (3, 1, True),
        (5, 3, True),
    ]


def test_without_a_stage_all_is_asked_at_once_as_it_was(session: Session) -> None:
    bare = [{**one, "effect": {k: v for k, v in one["effect"].items() if k != "stage"}} for one in (HOME, SITE, SAFE)]
    world, _people = staged(session, *bare)
    request = make_submitted(session, world)
    assert set(states(session, request).values()) == {"pending"}


def test_the_decision_is_kept_in_the_same_bytes_as_before(session: Session) -> None:
    world, _people = staged(session)
    request = make_submitted(session, world)
    (kept,) = decisions_about(session, subject_kind="access_request", subject_id=request.public_id)
    assert replay(kept) == kept.decision.encode() == canonical(restore_decision(kept.decision))
    assert all("stage" not in one for one in json.loads(kept.decision)["approvals"])


def test_a_no_calls_the_later_stages_off(session: Session) -> None:
    world, people = staged(session)
    request = make_submitted(session, world)
    decide(session, people["home"], live(session, request)["home"], "refuse")
    assert (request.state, states(session, request)) == ("refused", {"home": "refused"})


def test_a_pause_and_changes_hold_the_later_stages_back(session: Session) -> None:
    world, people = staged(session)
    request = make_submitted(session, world)
    decide(session, people["home"], live(session, request)["home"], "pause", now=NOW)
    assert (request.state, live(session, request)["site"].state) == ("paused", "waiting")
    yes(session, people, request, "home")
    assert (request.state, live(session, request)["site"].state) == ("under_review", "pending")
    decide(session, people["site"], live(session, request)["site"], "request_changes", now=LATER)
    yes(session, people, request, "safe")
    assert live(session, request)["export"].state == "waiting"
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)
    assert (live(session, request)["site"].state, live(session, request)["export"].state) == ("pending", "waiting")


@pytest.mark.parametrize(("hold", "state"), [("reserve", "reserve"), ("pause", "paused")])
def test_a_stage_on_hold_goes_on_with_its_yes(session: Session, hold: str, state: str) -> None:
    world, people = staged(session)
    request = make_submitted(session, world)
    yes(session, people, request, "home")
    decide(session, people["site"], live(session, request)["site"], hold, now=LATER)
    yes(session, people, request, "safe")
    assert (request.state, live(session, request)["export"].state) == (state, "waiting")
    yes(session, people, request, "site")
    assert (request.state, live(session, request)["export"].state) == ("under_review", "pending")


def test_what_a_change_asks_again_goes_back_to_its_own_stage(session: Session) -> None:
    world, people = staged(session)
    request = make_submitted(session, world)
    yes(session, people, request, "home", "safe")
    guest = {"email": "guest@x.example", "name": "A guest", "role": "member", "country_of_work": "KE"}
    changes = {"participants": [{**guest, "presence": "on-site"}]}
    yes(session, people, request, "site")
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes=changes)
    # The yes of its own stage and of the one before stand; what was only asked later waits again.
    assert states(session, request) == {"home": "approved", "site": "approved", "safe": "pending", "export": "waiting"}
    yes(session, people, request, "safe", "export")
    assert request.state == "agreement_pending"
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes={"participants": []})
    # That of a later stage stands too, and all are needed.
    assert states(session, request) == {"home": "approved", "site": "approved", "export": "approved", "safe": "pending"}
    yes(session, people, request, "safe")
    assert request.state == "agreement_pending"


def test_what_the_tightened_rules_ask_goes_first_where_it_stands_first(session: Session) -> None:
    world, people = staged(session, SITE, EXPORT)
    request = make_submitted(session, world)
    yes(session, people, request, "site")
    make_rules(session, [HOME, {**EXPORT, "id": "second"}], name="More")
    yes(session, people, request, "export")
    assert states(session, request) == {
        "site": "approved",
        "export": "approved",
        "home": "pending",
        "second": "waiting",
    }
    yes(session, people | {"second": people["export"]}, request, "home", "second")
    assert request.state == "agreement_pending"


def test_a_yes_given_ahead_answers_when_its_stage_opens(session: Session) -> None:
    world, people = staged(session, HOME, SITE, EXPORT)
    authorisations.authorise(
        session,
        actor=world.manager,
        now=NOW,
        role="facility_manager",
        scope=("facility", world.facility.public_id),
        organisation=world.startup.public_id,
        reason="Known and careful users.",
        until=NOW + timedelta(days=365),
        most_units=Decimal(5),
    )
    request = make_submitted(session, world)
    assert live(session, request)["site"].state == "waiting"
    yes(session, people, request, "home")
    assert states(session, request) == {"home": "approved", "site": "approved", "export": "pending"}
    assert (live(session, request)["site"].decided_at, told(session)) == (LATER, ["home", "export"])


def test_stepping_back_from_a_yes_takes_the_later_stages_back(session: Session) -> None:
    world, people = staged(session)
    both = make_actor(
        session, *(("facility_manager", ("facility", world.facility.public_id)), ("access_administrator", NETWORK))
    )
    make_actor(session, ("access_administrator", ("country", "DE")))
    request = make_submitted(session, world)
    yes(session, people | {"site": both}, request, "home", "site", "safe")
    stepping_back.step_back(session, actor=both, now=LATER, approval=live(session, request)["export"], reason="Kin.")
    assert states(session, request) == {"home": "approved", "site": "pending", "safe": "approved", "export": "waiting"}


def test_who_decides_later_is_told_of_an_opinion_that_comes_meanwhile(session: Session) -> None:
    world, people = staged(session, SITE, EXPORT)
    both = make_actor(
        session, *(("facility_manager", ("facility", world.facility.public_id)), ("access_administrator", NETWORK))
    )
    request = make_submitted(session, world)
    yes(session, people | {"site": both}, request, "site")
    opinion = make_opinion(session, people["export"], live(session, request)["export"], now=LATER)
    stepping_back.step_back(session, actor=both, now=LATER, approval=live(session, request)["export"], reason="Kin.")
    make_answer(session, opinion, now=LATER)
    payload = {"opinion": opinion.public_id}
    subject = subject_of(session, Kind.OPINION_ANSWERED, payload, now=LATER, base_url="http://x")
    assert subject is not None
    assert people["export"].account_id in subject.account_ids


@pytest.mark.parametrize("hold", ["reserve", "pause"])
def test_stepping_back_ends_a_hold_in_a_later_stage(session: Session, hold: str) -> None:
    world, people = staged(session, SITE, EXPORT)
    both = make_actor(
        session, *(("facility_manager", ("facility", world.facility.public_id)), ("access_administrator", NETWORK))
    )
    request = make_submitted(session, world)
    yes(session, people | {"site": both}, request, "site")
    decide(session, people["export"], live(session, request)["export"], hold, now=LATER)
    due = live(session, request)["site"].due_at
    later = LATER + timedelta(days=3)
    stepping_back.step_back(session, actor=both, now=later, approval=live(session, request)["export"], reason="Kin.")
    assert (request.state, states(session, request)) == ("under_review", {"site": "pending", "export": "waiting"})
    assert live(session, request)["site"].due_at > due
    yes(session, people, request, "site", "export")
    assert request.state == "agreement_pending"


def test_stepping_back_leaves_a_hold_that_still_stands(session: Session) -> None:
    world, people = staged(session, SITE, EXPORT)
    make_actor(session, ("access_administrator", NETWORK))
    request = make_submitted(session, world)
    decide(session, people["site"], live(session, request)["site"], "pause", now=LATER)
    approval = live(session, request)["export"]
    stepping_back.step_back(session, actor=people["export"], now=LATER, approval=approval, reason="Kin.")
    assert (request.state, states(session, request)) == ("paused", {"site": "paused", "export": "waiting"})


def test_stepping_back_opens_nothing_while_an_earlier_stage_asked_for_changes(session: Session) -> None:
    world, people = staged(session, SITE, EXPORT)
    make_actor(session, ("access_administrator", NETWORK))
    request = make_submitted(session, world)
    decide(session, people["site"], live(session, request)["site"], "request_changes", now=LATER)
    approval = live(session, request)["export"]
    stepping_back.step_back(session, actor=people["export"], now=LATER, approval=approval, reason="Kin.")
    assert states(session, request) == {"site": "changes_requested", "export": "waiting"}


@pytest.mark.parametrize("hold", ["reserve", "pause"])
def test_what_was_on_hold_waits_again_too_where_an_earlier_stage_is_asked(session: Session, hold: str) -> None:
    world, people = staged(session, HOME, SAFE, EXPORT)
    request = make_submitted(session, world)
    yes(session, people, request, "home", "safe")
    decide(session, people["export"], live(session, request)["export"], hold, now=LATER)
    guest = {"email": "guest@x.example", "name": "A guest", "role": "member", "country_of_work": "KE"}
    changes = {"participants": [{**guest, "presence": "on-site"}]}
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes=changes)
    assert (request.state, states(session, request)) == (
        "under_review",
        {"home": "approved", "safe": "pending", "export": "waiting"},
    )
    with pytest.raises(Conflict, match="once stage 3 is complete"):
        decide(session, people["export"], live(session, request)["export"], now=LATER)
    yes(session, people, request, "safe", "export")
    assert request.state == "agreement_pending"


def test_what_stands_in_a_later_stage_by_now_waits_for_the_earlier(session: Session) -> None:
    world, people = staged(session, SITE, SAFE)
    request = make_submitted(session, world)
    assert set(states(session, request).values()) == {"pending"}
    document = session.scalars(select(PolicyDocument)).one()
    make_rules(session, [OPEN_TO_ALL, SITE, rule("safe", "safety_officer", "facility", 4)], name="Later")
    withdraw_document(session, actor=SYSTEM, now=NOW, document=document)
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes={"summary": "Clearer."})
    assert states(session, request) == {"site": "pending", "safe": "waiting"}
    yes(session, people, request, "site", "safe")
    assert request.state == "agreement_pending"


def test_who_waits_for_an_earlier_stage_asks_nobody_and_is_still_told_what_was_asked(session: Session) -> None:
    world, people = staged(session, HOME, SAFE, EXPORT)
    request = make_submitted(session, world)
    with pytest.raises(Conflict, match="once stage 3 is complete"):
        make_opinion(session, people["export"], live(session, request)["export"])
    yes(session, people, request, "home", "safe")
    opinion = make_opinion(session, people["export"], live(session, request)["export"])
    guest = {"email": "guest@x.example", "name": "A guest", "role": "member", "country_of_work": "KE"}
    changes = {"participants": [{**guest, "presence": "on-site"}]}
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes=changes)
    assert live(session, request)["export"].state == "waiting"
    assert make_answer(session, opinion).recommendation == "in_favour"


def test_an_appeal_begins_the_stages_anew(session: Session) -> None:
    world, people = staged(session)
    judge = make_account(session)
    actor = make_actor(session, ("access_administrator", NETWORK), account=judge)
    request = make_submitted(session, world)
    decide(session, people["home"], live(session, request)["home"], "refuse", now=NOW)
    appeals.appeal(session, actor=world.applicant, now=LATER, access_request=request, reason="It is needed.")
    (appeal,) = approvals_of(session, "appeal", request.id)
    actor = load_actor(session, judge.id, now=LATER)
    decide(session, actor, appeal, now=LATER)
    assert states(session, request) | {"home": "pending"} == {
        "home": "pending",
        "site": "waiting",
        "safe": "waiting",
        "export": "waiting",
    }
