"""What a draft would change for all requests of the past, worked out by the worker part by part."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from infra_access.access_requests import what_if_runs
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.what_if import what_if
from infra_access.access_requests.what_if_models import WhatIfRun
from infra_access.access_requests.what_if_runs import CLAIM_FOR, MOST_ATTEMPTS, RunView, start_run, work_on_runs
from infra_access.audit.models import AuditEvent
from infra_access.core.authority import NETWORK, Actor
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, Forbidden, TooMany
from infra_access.policy.models import PolicyDocument
from infra_access.policy.publishing import create_document, revise_draft
from tests.factories.access_requests import NOW, SYSTEM, World, make_rules, make_submitted, make_world
from tests.factories.people import make_actor
from tests.factories.policy import raw_rule

SHUT = raw_rule(
    "shut", {"type": "deny"}, {"op": "eq", "fact": "request.regime", "value": "proprietary"}, applies_to=["request"]
)
TERMS = {one: {"title": "T", "version": "1", "text": "T."} for one in ("open", "proprietary")}
REGIMES = ("open", "proprietary", "open", "proprietary", "proprietary")
ASKED = NOW + timedelta(days=1)


@pytest.fixture
def world(database: Database) -> World:
    """Return a way in by which five requests came, one a day, and a sixth only after somebody asked."""
    with database.writer() as session:
        world = make_world(session, terms=TERMS)
        for day, regime in enumerate((*REGIMES, "proprietary")):
            request = make_submitted(session, world, regime=regime, title=f"Day {day}")
            request.submitted_at = NOW - timedelta(days=day) if day < len(REGIMES) else ASKED + timedelta(hours=1)
    return world


@pytest.fixture
def draft(database: Database, world: World) -> PolicyDocument:
    """Return a draft that refuses proprietary requests."""
    scope = {"scope_kind": "facility", "scope_key": world.facility.public_id}
    with database.writer() as session:
        return create_document(session, actor=SYSTEM, now=NOW, name="House rules", rules=[SHUT], **scope)


def start(database: Database, draft: PolicyDocument, now: datetime = ASKED, **given: Any) -> WhatIfRun:
    with database.writer() as session:
        document = session.get_one(PolicyDocument, draft.id)
        return start_run(session, actor=SYSTEM, now=now, document=document, scopes=(NETWORK,), **given)


def seen(database: Database, run: WhatIfRun) -> RunView:
    with database.reader() as session:
        return what_if_runs.run_by_public_id(session, run.public_id)


def finish(database: Database, now: datetime = ASKED) -> int:
    """Work until nothing is left, and return how many parts that took."""
    parts = 0
    while work_on_runs(database, now=now):
        parts += 1
    return parts


def done(database: Database, what: str) -> int:
    with database.reader() as session:
        count = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == f"policy.what_if_{what}")
        return session.scalar(count) or 0


def test_all_requests_are_decided_again_in_parts_and_counted_by_both_answers(
    database: Database, world: World, draft: PolicyDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if_runs, "AT_ONCE", 2)
    run = start(database, draft)
    assert seen(database, run).run.state == "waiting"

    assert finish(database) == 4  # who could use what, and two, two and one request

    view = seen(database, run)
    assert (view.run.state, view.run.finished_at, view.draft_changed, view.policy_changed) == (
        "finished", ASKED, False, False,
    )  # fmt: skip
    assert view.found.pairs == (("needs_approval", "deny", 3), ("needs_approval", "needs_approval", 2))
    assert (view.found.of, view.found.looked_at, view.found.changed) == (5, 5, 3)
    with database.reader() as session:
        at_once = what_if(session, session.get_one(PolicyDocument, draft.id), now=ASKED)
        latest = session.scalar(select(AccessRequest.public_id).where(AccessRequest.title == "Day 1"))
    assert (view.found.instruments, view.found.reach) == (at_once.instruments, at_once.reach)
    assert view.found.requests[0].public_id == latest
    assert set(view.found.requests) < set(at_once.requests)  # which knows the one that came later too
    assert (done(database, "asked"), done(database, "finished")) == (1, 1)
    with database.writer() as session, pytest.raises(Forbidden):
        start_run(session, actor=world.applicant, now=ASKED, document=draft, scopes=(NETWORK,))


def test_each_person_has_one_run_at_a_time_and_so_many_a_day(
    database: Database, world: World, draft: PolicyDocument
) -> None:
    with database.writer() as session:
        ada, bert = (make_actor(session, ("facility_manager", NETWORK)) for _person in "ab")
        other = create_document(
            session, actor=SYSTEM, now=NOW, name="Others", rules=[SHUT], scope_kind="network", scope_key=""
        )

    def ask(actor: Actor, document: PolicyDocument, months: int, now: datetime = ASKED) -> WhatIfRun:
        with database.writer() as session:
            return start_run(
                session, actor=actor, now=now, document=session.get_one(PolicyDocument, document.id),
                scopes=(NETWORK,), months=months, most_a_day=2,
            )  # fmt: skip

    first = ask(ada, draft, 12)
    assert ask(ada, draft, 12).id == ask(bert, draft, 12).id == first.id  # the same again is no other
    with pytest.raises(Conflict) as refused:
        ask(ada, other, 12)
    assert (refused.value.code, refused.value.details) == ("what_if.under_way", {"run": first.public_id})
    finish(database)
    second = ask(ada, other, 12)
    third = ask(bert, draft, 24)
    work_on_runs(database, now=ASKED)
    # Whoever asked for less goes first, though they asked later.
    assert (seen(database, second).run.state, seen(database, third).run.state) == ("waiting", "running")
    finish(database)
    later = ASKED + timedelta(hours=20)
    with pytest.raises(TooMany) as too_many:
        ask(ada, other, 36, later)
    assert (too_many.value.code, too_many.value.details["retry_after"]) == ("what_if.too_many", 4 * 3600)
    assert ask(bert, other, 36, later).state == "waiting"
    assert ask(ada, draft, 36, ASKED + timedelta(hours=24)).state == "waiting"


def test_who_asks_the_same_again_gets_the_same_run_until_it_is_old_or_the_rules_changed(
    database: Database, world: World, draft: PolicyDocument
) -> None:
    first = start(database, draft)
    assert start(database, draft).id == first.id
    assert start(database, draft, months=60).id != first.id
    finish(database)
    assert start(database, draft).id == first.id
    assert start(database, draft, ASKED + timedelta(hours=2)).id != first.id

    finish(database)
    with database.writer() as session:
        document = session.get_one(PolicyDocument, draft.id)
        revise_draft(session, actor=SYSTEM, now=ASKED, document=document, rules=[])
    assert seen(database, first).draft_changed
    again = start(database, draft)
    assert (again.document_version, seen(database, again).draft_changed) == (2, False)
    finish(database)
    assert (seen(database, again).found.changed, seen(database, first).found.changed) == (0, 3)


def test_a_worker_that_dies_leaves_its_part_to_the_next(
    database: Database, world: World, draft: PolicyDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if_runs, "AT_ONCE", 2)
    run = start(database, draft)
    work_on_runs(database, now=ASKED)
    work_on_runs(database, now=ASKED)
    killed(database, monkeypatch)
    assert work_on_runs(database, now=ASKED + CLAIM_FOR) == 0  # it may still be at work

    finish(database, ASKED + CLAIM_FOR + timedelta(seconds=1))

    found = seen(database, run).found
    assert (found.looked_at, found.changed, len(found.requests)) == (5, 3, 3)


def killed(database: Database, monkeypatch: pytest.MonkeyPatch, now: datetime = ASKED) -> None:
    """Begin a part, and end as a killed process does: nothing is stored."""
    with monkeypatch.context() as patch:
        patch.setattr(what_if_runs, "_next_part", _die)
        with pytest.raises(KeyboardInterrupt):
            work_on_runs(database, now=now)


def _die(*_given: Any) -> None:
    raise KeyboardInterrupt


def test_a_worker_that_was_thought_dead_stores_nothing_and_only_so_many_requests_are_listed(
    database: Database, world: World, draft: PolicyDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(database, draft)
    work = what_if_runs._next_part

    def slow(*given: Any) -> Any:
        part = work(*given)
        with monkeypatch.context() as patch:
            patch.setattr(what_if_runs, "_next_part", work)
            finish(database, ASKED + 2 * CLAIM_FOR)
        return part

    monkeypatch.setattr(what_if_runs, "_next_part", slow)
    monkeypatch.setattr(what_if_runs, "MOST_LISTED", 1)
    assert work_on_runs(database, now=ASKED) == 0
    view = seen(database, run)
    assert (view.run.state, view.found.looked_at, done(database, "finished")) == ("finished", 5, 1)
    assert (len(view.found.requests), view.found.changed) == (1, 3)


def test_it_begins_again_where_other_rules_came_into_force(
    database: Database, world: World, draft: PolicyDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if_runs, "AT_ONCE", 2)
    run = start(database, draft)
    work_on_runs(database, now=ASKED)
    work_on_runs(database, now=ASKED)
    with database.writer() as session:
        make_rules(session, [SHUT], name="Others")
    assert finish(database) == 4
    view = seen(database, run)
    assert (view.found.looked_at, view.found.changed, view.policy_changed) == (5, 0, False)
    with database.writer() as session:
        make_rules(session, [], name="Others")
    assert seen(database, run).policy_changed


def test_what_cannot_be_worked_out_fails_and_says_so_and_may_be_asked_again(
    database: Database, world: World, draft: PolicyDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(database, draft)
    with monkeypatch.context() as patch:
        patch.setattr("infra_access.access_requests.what_if.MOST_WORK", 1)
        finish(database)
    assert (seen(database, run).run.state, seen(database, run).run.error) == ("failed", "what_if.too_much")

    again = start(database, draft)
    for turn in range(MOST_ATTEMPTS):
        killed(database, monkeypatch, ASKED + turn * 2 * CLAIM_FOR)
    assert finish(database, ASKED + timedelta(days=1)) == 0
    view = seen(database, again)
    assert (view.run.state, view.run.error) == ("failed", "what_if.failed")
    assert done(database, "failed") == 2
