"""Rows that are written at once, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from infra_access.audit.models import AuditEvent
from infra_access.audit.record import altered, record
from infra_access.core.authority import system_actor
from infra_access.core.columns import table_of
from infra_access.core.together import write, written_together
from infra_access.outbox.events import publish
from infra_access.outbox.models import OutboxEvent
from tests.statements import count_statements

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def note(session: Any, number: int = 1) -> None:
    """Record and publish something."""
    details = {"number": number, "umlaut": "ü"}
    record(
        session,
        actor=system_actor("tests"),
        action="thing.done",
        object_kind="thing",
        object_id=str(number),
        now=NOW,
        details=details,
    )
    publish(session, "thing.done", details, now=NOW)


def rows(session: Any) -> tuple[list[Any], list[Any]]:
    """Return what is stored, without what differs by chance."""
    events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    queue = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)).all()
    return (
        [(one.object_id, one.details, one.outcome, one.at) for one in events],
        [(one.payload, one.attempts, one.due_at, one.delivered_at, one.claimed_until) for one in queue],
    )


def test_they_are_the_same_rows_as_one_by_one(session):
    note(session)
    apart = rows(session)
    session.rollback()
    with written_together(session):
        note(session)
        assert rows(session) == ([], [])
    assert rows(session) == apart
    assert list(altered(session)) == []


def test_they_are_one_statement_where_the_way_is_long(session, database):
    with count_statements(database) as statements, written_together(session):
        note(session)
        note(session, 2)
    assert statements.count == (4 if database.is_sqlite else 1)
    assert [one[0] for one in rows(session)[0]] == ["1", "2"]


def test_very_many_are_written_too(session):
    with written_together(session):
        for number in range(20):
            note(session, number)
    assert [len(found) for found in rows(session)] == [20, 20]


def test_a_block_that_raises_writes_nothing_and_the_next_is_itself_again(session):
    def fail() -> None:
        with written_together(session):
            note(session)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    note(session, 2)
    assert [one[0] for one in rows(session)[0]] == ["2"]


def test_a_row_that_cannot_be_is_refused_at_the_end(session):
    queue = table_of(OutboxEvent)
    with pytest.raises(IntegrityError), written_together(session):
        write(session, queue, [{"kind": None, "payload": {}, "created_at": NOW, "due_at": NOW}])
    session.rollback()
    assert session.scalar(select(func.count()).select_from(queue)) == 0


def test_an_empty_block_sends_nothing(session, database):
    with count_statements(database) as statements, written_together(session):
        pass
    assert statements.count == 0
