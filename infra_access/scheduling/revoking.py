"""Emergency revocation, and whatever else ends a grant before its time: what was booked on it is given back.

A session to come is cancelled, and one that runs is ended. `outcomes.ending` does so together with what was ordered.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.core.authority import Actor
from infra_access.outbox.events import publish
from infra_access.scheduling.attendance import end_now
from infra_access.scheduling.booking_audit import record_act
from infra_access.scheduling.changes import free
from infra_access.scheduling.lifecycle import FINAL, BookingState
from infra_access.scheduling.models import Booking


def with_bookings(
    session: Session,
    command: Callable[[], None],
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
) -> list[Booking]:
    """Run a command that may end what a request was granted, and give back what is booked on it: return these bookings.

    Why the request ended is why they did.

    What was booked is locked before the grant, as whoever changes a booking does, and once more after it, since until
    then more could be booked. A session whose time is over stays, and is settled as any other.
    """
    allocation = allocations.allocation_of(session, access_request)
    before = [] if allocation is None else _locked(session, allocation.id, now)
    command()
    allocation = allocations.allocation_of(session, access_request)  # it may have been granted until then
    if allocation is None or allocation.state != AllocationState.ENDED:
        return []
    found = [*before, *_locked(session, allocation.id, now, known=[booking.id for booking in before])]
    for booking in found:
        _end(session, actor, booking, access_request.state_reason or "", now)
    return found


def _locked(session: Session, allocation_id: int, now: datetime, known: Collection[int] = ()) -> list[Booking]:
    query = select(Booking).where(
        Booking.allocation_id == allocation_id,
        Booking.state.not_in(sorted(FINAL)),
        Booking.ends > now,
        Booking.id.not_in(sorted(known)),
    )
    return list(
        session.scalars(
            query.order_by(Booking.id).with_for_update(key_share=True).execution_options(populate_existing=True)
        )
    )


def _end(session: Session, actor: Actor, booking: Booking, reason: str, now: datetime) -> None:
    if booking.state == BookingState.CHECKED_IN:
        end_now(session, actor=actor, now=now, booking=booking)
        return
    free(session, booking, reason, now)
    record_act(session, actor, booking, "booking.cancelled", now, {"reason": booking.state_reason, "revoked": True})
    publish(session, "booking.cancelled", {"booking": booking.public_id}, now=now)
