"""Giving back all that a tentative booking took, when its time is declined or nobody answered."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.approvals import verdicts
from infra_access.scheduling import paying
from infra_access.scheduling.lifecycle import BookingState, BookingTransition, move
from infra_access.scheduling.making import touch
from infra_access.scheduling.models import Booking
from infra_access.scheduling.occupancies import give_back


def let_go(session: Session, booking: Booking, transition: BookingTransition, reason: str, now: datetime) -> None:
    """Move a locked booking on to a state that occupies nothing: its time, units and money go back, once."""
    # What it drew on is locked before its rows are deleted, in the order in which every booking locks.
    granted = allocations.lock_by_key(session, booking.allocation_id, now=now) if booking.allocation_id else None
    booking.state = move(BookingState(booking.state), transition)
    booking.state_reason = reason or None
    booking.answer_by = None
    verdicts.void(session, subject_kind="booking", subject_id=booking.id)
    if granted is not None:
        allocations.give_back(session, granted, booking.units)
    booking.units = Decimal(0)
    paying.release(session, booking)
    give_back(session, booking.id)  # it locks the resources
    touch(booking, now)
