"""Every view that changes something records it once, and in the change's own transaction."""

import pytest
from sqlalchemy import func, select
from webtest import TestResponse

from infra_access.audit.models import AuditEvent
from tests.demo_world import DemoWorld
from tests.gates.asking import ask
from tests.gates.calls import CALLS, key_of
from tests.gates.subjects import subjects


def test_every_view_that_changes_something_has_a_valid_call(world: DemoWorld) -> None:
    changing = {name for name, subject in subjects(world.registry).items() if not subject.is_safe}

    assert changing == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_it_records_each_command_once_in_its_transaction(world: DemoWorld, name: str) -> None:
    call = CALLS[name]
    try:
        made = perform(world, call.after).json["id"] if call.after else ""
        before = events(world)

        if not call.commits_itself:
            perform(world, name, made, doomed=True)
            assert events(world) == before, "an event outlived the change that it is about"

        answer = perform(world, name, made)
        expected = 0 if call.silent else call.commands
        assert events(world) - before == expected, answer.text[:2_000]
        if expected:
            with world.database.reader() as session:
                last = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
            assert last.request_id == answer.headers["X-Request-Id"]
            assert last.outcome == "done"
    finally:
        world.set_back()


def perform(world: DemoWorld, name: str, made: str = "", *, doomed: bool = False) -> TestResponse:
    call, subject = CALLS[name], subjects(world.registry)[name]
    key = key_of(world, subject.kind, call, made)
    answer = ask(world, subject, key, by=call.by, body=call.sent(world), doomed=doomed)
    assert answer.status_int < 400, f"{name}: {answer.status} {answer.text[:2_000]}"
    return answer


def events(world: DemoWorld) -> int:
    with world.database.reader() as session:
        return session.scalar(select(func.count()).select_from(AuditEvent)) or 0
