"""A request that lacks only what an exception would give: sent with a reason, it waits for whoever may grant it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import drafting, submitting
from infra_access.access_requests.lifecycle import AWAITS_EXCEPTION
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict
from infra_access.outbox.models import OutboxEvent
from infra_access.people.models import Account
from tests.factories.access_requests import (
    FEASIBILITY,
    HOST_COUNTRY,
    NOW,
    OPEN_TO_ALL,
    World,
    decide,
    make_request,
    make_rules,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.overrides import LATER, SAFETY_COURSE, administrators, ask, confirm, grant, withdraw
from tests.factories.people import make_actor

PLAN = {
    **{key: value for key, value in SAFETY_COURSE.items() if key != "overridable_by"},
    "id": "data-plan",
    "effect": {"type": "require", "kind": "document", "code": "data-plan"},
    "message": {"en": "Hand in a plan for the data."},
}
MOST = {
    "id": "most",
    "applies_to": ["request"],
    "effect": {"type": "limit", "amount": "3"},
    "grounds": "capacity",
    "message": {"en": "Three shifts at most."},
}
FEW = {
    **MOST,
    "id": "few",
    "effect": {"type": "limit", "amount": "1"},
    "message": {"en": "One shift at most."},
    "overridable_by": "access_administrator",
}
WHY = "She teaches that course herself."


def _draft(session: Session, *rules: dict[str, Any]) -> tuple[World, AccessRequest]:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, *rules])
    return world, make_request(session, world)


def _send(session: Session, world: World, request: AccessRequest, why: str = WHY) -> AccessRequest:
    return submitting.submit(session, actor=world.applicant, now=NOW, access_request=request, exception=why)


def test_it_waits_for_the_exception_and_then_for_its_approvals(session: Session) -> None:
    world, request = _draft(session, SAFETY_COURSE, FEW)
    first, _second = administrators(session)
    with pytest.raises(Conflict) as refused:
        _send(session, world, request, why="")
    assert refused.value.code == "access_request.incomplete"
    assert request.state == "draft"

    _send(session, world, request)

    assert (request.state, request.state_reason, pending(session, request)) == ("under_review", WHY, {})
    assert [one["code"] for one in request.decision["missing"]] == ["site-safety"]
    assert request_by_public_id(session, request.public_id, actor=world.applicant).next_step == AWAITS_EXCEPTION
    told = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "override.wanted")).one()
    accounts = set(session.scalars(select(Account.id).where(Account.public_id.in_(told.payload["accounts"]))))
    assert first.account_id in accounts
    assert world.applicant.account_id not in accounts
    sent = session.scalars(select(AuditEvent).where(AuditEvent.action == "access_request.submitted")).one()
    assert sorted(sent.details["waits_for_exceptions_from"]) == ["few", "safety-course"]

    grant(session, request, rule="safety-course")
    assert (request.state, pending(session, request)) == ("under_review", {})
    grant(session, request, rule="few")
    assert (request.state, list(pending(session, request))) == ("under_review", ["facility_manager"])


def test_only_what_an_exception_gives_may_be_lacking(session: Session) -> None:
    world, request = _draft(session, SAFETY_COURSE, PLAN)
    with pytest.raises(Conflict) as refused:
        _send(session, world, request)
    assert refused.value.code == "access_request.incomplete"
    assert (request.state, session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "override.wanted")).all()) == (
        "draft",
        [],
    )


def test_nobody_waits_for_a_role_that_nobody_holds(session: Session) -> None:
    world, request = _draft(session, {**SAFETY_COURSE, "overridable_by": "safety_officer"})
    with pytest.raises(Conflict) as refused, session.begin_nested():
        _send(session, world, request)
    assert refused.value.code == "override.nobody"
    make_actor(session, ("safety_officer", ("facility", world.facility.public_id)))
    # The rule is one of the network, where the officer of a facility grants nothing.
    with pytest.raises(Conflict), session.begin_nested():
        _send(session, world, request)


def test_it_may_be_changed_while_it_waits_and_goes_back_where_it_is_not_granted(session: Session) -> None:
    world, request = _draft(session, SAFETY_COURSE, MOST)
    administrator, _other = administrators(session)
    _send(session, world, request)
    change = {"actor": world.applicant, "now": LATER, "access_request": request}
    drafting.amend(session, **change, changes={"quantity": "3"})
    assert (request.state, request.quantity, pending(session, request)) == ("under_review", 3, {})
    with pytest.raises(Conflict), session.begin_nested():
        drafting.amend(session, **change, changes={"quantity": "4"})
    session.expire_all()

    withdraw(session, administrator, ask(session, administrator, request, rule="safety-course"))

    assert request.state == "changes_requested"
    # Sent again, it waits again, and what is confirmed then lets it through.
    _send(session, world, request)
    assert (request.state, pending(session, request)) == ("under_review", {})
    first, second = administrators(session)
    confirm(session, second, ask(session, first, request, rule="safety-course"))
    assert list(pending(session, request)) == ["facility_manager"]


def test_a_yes_is_asked_again_where_what_it_rests_on_changes_while_it_waits(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, HOST_COUNTRY])
    request = make_submitted(session, world)
    waiting = pending(session, request)
    decide(session, world.manager, waiting["facility_manager"])
    decide(session, world.administrator, waiting["access_administrator"], "request_changes", reason="Who pays?")
    make_rules(session, [SAFETY_COURSE], name="Course")
    administrators(session)
    _send(session, world, request)
    assert (request.state, pending(session, request)) == ("under_review", {})
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes={"quantity": "3"})
    grant(session, request, rule="safety-course")
    assert sorted(pending(session, request)) == ["access_administrator", "facility_manager"]


def test_lead_time_counts_from_when_it_was_sent_also_where_it_waited(session: Session) -> None:
    soon = {**MOST, "id": "soon", "effect": {"type": "deny"}}
    soon["when"] = {"not": {"op": "gte", "fact": "time.lead_days", "value": 40}}
    world, request = _draft(session, SAFETY_COURSE, soon)
    administrators(session)
    _send(session, world, request)
    grant(session, request, rule="safety-course", now=NOW + timedelta(days=9))
    assert list(pending(session, request)) == ["facility_manager"]
