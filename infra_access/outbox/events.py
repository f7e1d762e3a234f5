"""Storing an event, claiming those that are due, and settling each.

Delivery is at least once: a worker that dies after the delivery and before the mark delivers again, so whoever
receives must tolerate a repeat (mails carry a stable Message-ID made of the event's id).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from infra_access.core.columns import table_of
from infra_access.core.together import write
from infra_access.outbox.models import OutboxEvent

CLAIM_FOR = timedelta(minutes=5)
MAX_ATTEMPTS = 10
_TABLE = table_of(OutboxEvent)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event that this worker alone may deliver until its claim ends."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    attempts: int


def publish(session: Session, kind: str, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Store an event in this transaction. `payload` is plain JSON and names rows by public id."""
    write(session, _TABLE, [{"kind": kind, "payload": dict(payload), "created_at": now, "due_at": now}])


def claim(session: Session, *, now: datetime, limit: int = 20) -> Sequence[Claimed]:
    """Claim due events, oldest first; other workers skip them. Commit before delivering."""
    due = (
        select(OutboxEvent)
        .where(
            OutboxEvent.delivered_at.is_(None),
            OutboxEvent.failed_at.is_(None),
            OutboxEvent.due_at <= now,
            or_(OutboxEvent.claimed_until.is_(None), OutboxEvent.claimed_until < now),
        )
        .order_by(OutboxEvent.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    events = session.scalars(due).all()
    for event in events:
        event.claimed_until = now + CLAIM_FOR
        event.attempts += 1
    return [Claimed(event.id, event.kind, event.payload, event.attempts) for event in events]


def settle(session: Session, event_id: int, *, now: datetime) -> None:
    """Mark an event delivered."""
    session.execute(
        update(OutboxEvent)
        .where(OutboxEvent.id == event_id)
        .values(delivered_at=now, claimed_until=None, last_error=None)
    )


def postpone(session: Session, event: Claimed, *, now: datetime, error: str) -> None:
    """Keep an event for a later try, each time twice as far; after MAX_ATTEMPTS it is marked failed for a human."""
    values: dict[str, Any] = {"claimed_until": None, "last_error": error[:2_000]}
    if event.attempts >= MAX_ATTEMPTS:
        values["failed_at"] = now
    else:
        values["due_at"] = now + timedelta(seconds=10 * 2**event.attempts)
    session.execute(update(OutboxEvent).where(OutboxEvent.id == event.id).values(**values))
