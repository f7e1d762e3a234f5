"""What becomes of a session on its day: it is checked in, it ends, or nobody comes."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import refuse_standstill
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import Actor, Permission
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.ledger.vocabularies import UsageKind
from infra_access.outbox.events import publish
from infra_access.scheduling.booking_audit import record_act
from infra_access.scheduling.booking_queries import relations_of
from infra_access.scheduling.booking_terms import rules_of_booking
from infra_access.scheduling.changes import locked
from infra_access.scheduling.gates.seen import refuse_open
from infra_access.scheduling.lifecycle import BookingState, BookingTransition
from infra_access.scheduling.lifecycle import move as transition
from infra_access.scheduling.making import touch
from infra_access.scheduling.models import Booking, BookingLine
from infra_access.scheduling.occupancies import lock_resources
from infra_access.scheduling.settling import settle_booking
from infra_access.scheduling.upkeep.lost_time import lost_spans
from infra_access.scheduling.upkeep.remaining import give_back_rest

EXPECTED = (BookingState.CONFIRMED, BookingState.READY)
"""States of a session that was not checked in yet."""

SIGNED_OFF_AFTER = timedelta(hours=1)
"""A session that nobody ended is complete so long after its end: its hour of grace."""


def check_in(
    session: Session, *, actor: Actor, now: datetime, booking: Booking, expected_version: int | None = None
) -> Booking:
    """Note that the session began.

    Raises Conflict before its start or after its end, while a gate is open, `allocation.inactive` where the access that
    it rests on has ended or a change of that waits, and `allocation.outside` where that is for others by now.
    """
    _place, booking = locked(session, actor, booking, expected_version, Permission.BOOKING_ATTEND)
    if not booking.starts <= now < booking.ends:
        raise Conflict("booking.not_now", _("A session can be checked in from its start until its end."))
    state = BookingState(booking.state)
    if state is BookingState.CONFIRMED:
        state = transition(state, BookingTransition.MAKE_READY)
    state = transition(state, BookingTransition.CHECK_IN)
    if booking.allocation_id is not None:
        refuse_standstill(session, booking.allocation_id, booking.instrument_id)
    refuse_open(session, booking, now=now, relations=relations_of(session, booking, actor))
    booking.state = state
    booking.checked_in_at = now
    touch(booking, now)
    record_act(session, actor, booking, "booking.checked_in", now, {})
    return booking


def complete(
    session: Session, *, actor: Actor, now: datetime, booking: Booking, expected_version: int | None = None
) -> Booking:
    """Note that the session ended. What is left of its time is free for others from this moment, and its units too.

    Its owner is told where somebody else ended it before its time.
    """
    _place, booking = locked(session, actor, booking, expected_version, Permission.BOOKING_ATTEND)
    booking.state = transition(BookingState(booking.state), BookingTransition.COMPLETE)
    _end(session, actor, booking, now, now)
    record_act(session, actor, booking, "booking.completed", now, {"ended": _told(booking)})
    if booking.ended_at is not None and actor.account_id != booking.account_id:
        publish(session, "booking.ended_early", {"booking": booking.public_id}, now=now)
    return booking


def end_now(session: Session, *, actor: Actor, now: datetime, booking: Booking) -> None:
    """End a locked session that runs, since its access was taken back."""
    booking.state = transition(BookingState(booking.state), BookingTransition.COMPLETE)
    _end(session, actor, booking, now, now)
    record_act(session, actor, booking, "booking.completed", now, {"ended": _told(booking), "revoked": True})
    publish(session, "booking.ended_early", {"booking": booking.public_id}, now=now)


def complete_unattended(session: Session, *, actor: Actor, now: datetime, booking: Booking) -> Booking | None:
    """Complete a session whose end is past and that nobody ended, or return None where somebody did meanwhile.

    Where nobody is ever a no-show, for the rules give no time of grace, nobody need check in either: such a session
    counts as used once its time is over.
    """
    place, booking = locked(session, actor, booking, None)
    if not _is_left(booking, _grace(session, place.instrument, booking), now):
        return None
    state = BookingState(booking.state)
    if state is BookingState.CONFIRMED:
        state = transition(state, BookingTransition.MAKE_READY)
    if state is BookingState.READY:
        state = transition(state, BookingTransition.CHECK_IN)
    booking.state = transition(state, BookingTransition.COMPLETE)
    _end(session, actor, booking, booking.ends, now)
    record_act(session, actor, booking, "booking.completed", now, {"ended": _told(booking), "unattended": True})
    return booking


def mark_no_show(session: Session, *, actor: Actor, now: datetime, booking: Booking) -> Booking | None:
    """Mark a session to which nobody came, and free the rest of its time; its units are spent.

    Returns None where it was checked in, moved or marked meanwhile, or where its time of grace is not over.
    """
    place, booking = locked(session, actor, booking, None)
    grace = _grace(session, place.instrument, booking)
    if not _is_missed(booking, grace, now):
        return None
    booking.state = transition(BookingState(booking.state), BookingTransition.MARK_NO_SHOW)
    lost = lost_spans(session, booking.id)
    settle_booking(session, now=now, actor=actor, booking=booking, lost=lost, kind=UsageKind.NO_SHOW)
    _lock_lines(session, booking)
    give_back_rest(session, now, booking_id=booking.id)
    touch(booking, now)
    record_act(session, actor, booking, "booking.no_show", now, {"grace_minutes": grace // timedelta(minutes=1)})
    publish(session, "booking.no_show", {"booking": booking.public_id}, now=now)
    return booking


def due(session: Session, *, now: datetime, limit: int = 200, after: int = 0) -> tuple[list[int], int | None]:
    """Return the keys of no-shows and of sessions that nobody ended, of the next `limit` that began, by key.

    Then the key to go on after; None where those were all. Nothing is locked, so each must be looked at again.
    """
    began = Booking.state.in_(EXPECTED) & (Booking.starts <= now)
    over = (Booking.state == BookingState.CHECKED_IN) & (Booking.ends <= now - SIGNED_OFF_AFTER)
    rows = session.execute(
        select(Booking, Instrument)
        .join(Instrument, Instrument.id == Booking.instrument_id)
        .where(or_(began, over), Booking.id > after)
        .order_by(Booking.id)
        .limit(limit)
    ).all()
    found = []
    for booking, instrument in rows:
        grace = _grace(session, instrument, booking) if booking.state in EXPECTED else timedelta()
        if _is_missed(booking, grace, now) or _is_left(booking, grace, now):
            found.append(booking.id)
    return found, rows[-1][0].id if len(rows) == limit else None


def _is_missed(booking: Booking, grace: timedelta, now: datetime) -> bool:
    return booking.state in EXPECTED and bool(grace) and now >= booking.starts + grace


def _is_left(booking: Booking, grace: timedelta, now: datetime) -> bool:
    used = booking.state == BookingState.CHECKED_IN or (booking.state in EXPECTED and not grace)
    return used and booking.ends + SIGNED_OFF_AFTER <= now


def _end(session: Session, actor: Actor, booking: Booking, at: datetime, now: datetime) -> None:
    """Let the session end at an instant: later than booked it never does."""
    if at < booking.ends:
        booking.ended_at = at
    # What it drew is locked before the resources, as everywhere.
    settle_booking(session, now=now, actor=actor, booking=booking, lost=lost_spans(session, booking.id))
    if at < booking.ends:
        _lock_lines(session, booking)
        give_back_rest(session, at, booking_id=booking.id, used=True)
    touch(booking, now)


def _lock_lines(session: Session, booking: Booking) -> None:
    keys = session.scalars(select(BookingLine.resource_id).where(BookingLine.booking_id == booking.id))
    lock_resources(session, keys)


def _grace(session: Session, instrument: Instrument, booking: Booking) -> timedelta:
    """Return how late one may come; nothing where nobody is a no-show."""
    return timedelta(minutes=rules_of_booking(session, instrument, booking).no_show_grace_minutes)


def _told(booking: Booking) -> str:
    return (booking.ended_at or booking.ends).isoformat()
