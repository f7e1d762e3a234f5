"""Approvals that nobody has given by and by: who decides is reminded once, and once it is overdue others are told.

Paused approvals wait for somebody else, so neither happens to them; a deadline that was put off counts anew.
"""

from datetime import datetime, timedelta

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import Approval
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.audit.record import record
from infra_access.core.authority import system_actor
from infra_access.core.db import Database
from infra_access.outbox.events import publish

AHEAD = timedelta(days=3)
"""So long before the deadline at most; of a short time its last third."""

_AT_ONCE = 100
_WORKER = system_actor("worker")


def remind(database: Database, *, now: datetime) -> int:
    """Remind of what is due soon, tell of what is overdue, and return of how many approvals; each once a deadline."""
    done = 0
    while True:
        with database.writer() as session:
            found = session.scalars(_due(now)).all()
            for approval in found:
                _tell(session, approval, now)
        done += len(found)
        if len(found) < _AT_ONCE:
            return done


def _due(now: datetime) -> Select[Approval]:
    soon = and_(Approval.reminded_at.is_(None), Approval.remind_at <= now)
    late = and_(Approval.escalated_at.is_(None), Approval.due_at <= now)
    return (
        select(Approval)
        .where(Approval.state == ApprovalState.PENDING, or_(soon, late))
        .order_by(Approval.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True, key_share=True)
    )


def _tell(session: Session, approval: Approval, now: datetime) -> None:
    late = approval.due_at <= now
    approval.reminded_at = approval.reminded_at or now
    if late:
        approval.escalated_at = now
    what = "overdue" if late else "reminded"
    session.flush()
    record(
        session,
        actor=_WORKER,
        action=f"approval.{what}",
        object_kind="approval",
        object_id=approval.public_id,
        now=now,
        details={"due": approval.due_at.isoformat(), approval.subject_kind: approval.subject_public_id},
    )
    payload = {"approval": approval.public_id, approval.subject_kind: approval.subject_public_id}
    publish(session, f"access_request.approval_{what}", payload, now=now)


def remind_from(asked_at: datetime, due_at: datetime, ahead: timedelta = AHEAD) -> datetime:
    """Return when a reminder is due: in the last third of the time, and so long `ahead` of its end at the earliest.

    >>> str(remind_from(datetime(2026, 3, 1), datetime(2026, 3, 31)))
    '2026-03-28 00:00:00'
    >>> str(remind_from(datetime(2026, 3, 1), datetime(2026, 3, 4)))
    '2026-03-03 00:00:00'
    """
    return due_at - min(ahead, (due_at - asked_at) / 3)
