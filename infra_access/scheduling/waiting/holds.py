"""Booking a time that was kept."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.audit.record import record
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict, Forbidden
from infra_access.core.i18n import _
from infra_access.outbox.events import publish
from infra_access.scheduling.changes import locked
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.making import described, ready, remake
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import LockedPlace
from infra_access.scheduling.proposals import wishes_of


def confirm(
    session: Session, *, actor: Actor, now: datetime, booking: Booking, expected_version: int | None = None
) -> Booking:
    """Book a time that was kept for the actor. It is judged again: confirmed, or waiting for the approvals it needs.

    Raises Conflict `booking.lapsed` where it was kept no longer, and what making a booking raises.
    """
    place, booking = _held(session, actor, booking, expected_version)
    if booking.answer_by is None or booking.answer_by <= now:
        raise Conflict("booking.lapsed", _("This time was kept for you for a while only, and went back. Book it anew."))
    granted = allocations.lock_by_key(session, booking.allocation_id, now=now) if booking.allocation_id else None
    wishes = wishes_of(session, booking)
    made = ready(session, owner=actor, place=place, wishes=wishes, granted=granted, now=now, booking=booking)
    remake(session, made, booking, now=now)
    record(
        session,
        actor=actor,
        action="booking.confirmed",
        object_kind="booking",
        object_id=booking.public_id,
        now=now,
        details=described(booking, place, made.planned),
    )
    pending = booking.state == BookingState.PENDING_APPROVAL
    publish(session, "booking.pending" if pending else "booking.confirmed", {"booking": booking.public_id}, now=now)
    return booking


def _held(
    session: Session, actor: Actor, booking: Booking, expected_version: int | None
) -> tuple[LockedPlace, Booking]:
    place, booking = locked(session, actor, booking, expected_version)
    if booking.account_id != actor.account_id:
        raise Forbidden("hold.not_yours", _("This time is kept for somebody else."))
    if booking.state != BookingState.HELD:
        raise Conflict("booking.state", _("Only a time that is kept can be booked like this. Load the page again."))
    return place, booking
