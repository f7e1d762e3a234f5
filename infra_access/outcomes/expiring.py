"""Requests whose period is over and that nobody completed: they expire, and their report falls due."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.lifecycle import RequestState, RequestTransition
from infra_access.access_requests.models import AccessRequest, Allocation
from infra_access.access_requests.standing import advance, locked, tell
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.audit.record import record
from infra_access.core.apart import each_apart
from infra_access.core.authority import Actor, Permission, require, system_actor
from infra_access.core.db import Database
from infra_access.core.i18n import _, plain
from infra_access.orders.ending import end_orders, lock_orders
from infra_access.outcomes.owing import owe
from infra_access.outcomes.reporting import scopes_of

_WORKER = system_actor("worker")


def expire_ended(database: Database, *, now: datetime) -> int:
    """Let active requests expire whose time is over; return how many.

    Each in a transaction of its own, looked at again under its lock, so that two workers let it expire once. Raises
    ExceptionGroup of all that failed.
    """
    with database.reader() as session:
        due = session.scalars(
            select(AccessRequest.id)
            .join(Allocation, Allocation.access_request_id == AccessRequest.id)
            .where(AccessRequest.state == RequestState.ACTIVE, Allocation.valid_until <= now)
            .order_by(AccessRequest.id)
        ).all()
    return each_apart(due, lambda key: _expired(database, key, now), "requests did not expire")


def expire(session: Session, *, actor: Actor, now: datetime, access_request: AccessRequest) -> AccessRequest | None:
    """Let a request expire if its time is over; None where it is not, or where it ended otherwise meanwhile.

    Sessions lie within that time, so none is to come; one that nobody signed off yet is settled all the same.
    Samples whose work did not begin by then are not worked on: their orders are cancelled.
    """
    require(actor, Permission.REQUEST_COMPLETE, scopes_of(session, access_request))
    orders = lock_orders(session, access_request)
    access_request = locked(session, access_request)
    granted = allocations.allocation_of(session, access_request)
    if access_request.state != RequestState.ACTIVE or granted is None or granted.valid_until > now:
        return None
    advance(access_request, RequestTransition.EXPIRE, now)
    allocations.set_state(session, access_request, AllocationState.ENDED)
    said = plain(_("The time for which access was granted is over."))
    end_orders(session, actor=actor, now=now, access_request=access_request, locked=orders, reason=said)
    owed = owe(session, access_request, granted.valid_until, now)
    tell(session, access_request, "expired", now)
    record(
        session,
        actor=actor,
        action="access_request.expired",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details={"until": granted.valid_until.isoformat(), "report_due": owed.due_at.isoformat() if owed else None},
    )
    return access_request


def _expired(database: Database, key: int, now: datetime) -> bool:
    with database.writer() as session:
        access_request = session.get_one(AccessRequest, key)
        return expire(session, actor=_WORKER, now=now, access_request=access_request) is not None
