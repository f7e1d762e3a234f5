"""Changing a booking: move and cancel."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.approvals import verdicts
from infra_access.core.authority import Actor, Permission, may, require
from infra_access.core.errors import Conflict, PreconditionFailed
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text
from infra_access.core.timespan import TimeSpan
from infra_access.outbox.events import publish
from infra_access.people.actors import load_actor
from infra_access.scheduling import paying
from infra_access.scheduling.booking_audit import record_act
from infra_access.scheduling.booking_queries import relations_of
from infra_access.scheduling.booking_rules import cancel_by
from infra_access.scheduling.booking_terms import rules_of_booking
from infra_access.scheduling.lifecycle import BookingState, BookingTransition
from infra_access.scheduling.lifecycle import move as transition
from infra_access.scheduling.lines import Line, lines_of, parted
from infra_access.scheduling.making import described, ready, remake, span_of, touch
from infra_access.scheduling.models import Booking
from infra_access.scheduling.occupancies import give_back
from infra_access.scheduling.places import LockedPlace, Place, locked_place
from infra_access.scheduling.plan import Wish

PROMISED = (BookingState.CONFIRMED, BookingState.READY)
EXTENSIBLE = (*PROMISED, BookingState.CHECKED_IN)
MOVABLE = (BookingState.PENDING_APPROVAL, BookingState.CONFIRMED, BookingState.READY)


def move(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    booking: Booking,
    wishes: Sequence[Wish],
    expected_version: int | None = None,
) -> Booking:
    """Move a booking to other lines under every rule of a new one; its own time is not in its way.

    Calendars see the same UID with the next SEQUENCE. A booking that waits for approval is asked for anew. One that
    only ends later is extended, also within its notice and while it runs, on the copy that it runs on. Where one time
    is given, what was named for other times than the session's, such as a laboratory before it, goes along.
    """
    place, booking = locked(session, actor, booking, expected_version)
    owner = owner_of(session, booking, actor, now)
    own, named = parted(booking.instrument_id, lines_of(session, [booking.id]).get(booking.id, []))
    longer = _extends(booking, own, wishes, now)
    if booking.state not in MOVABLE and not (longer and booking.state in EXTENSIBLE):
        # A time that is kept, asked for or proposed becomes a booking only by the answer that it waits for.
        message = _("Only a booking that waits for approval or is confirmed can be moved. Load the page again.")
        raise Conflict("booking.state", message, details={"state": str(booking.state)})
    granted = allocations.lock_by_key(session, booking.allocation_id, now=now) if booking.allocation_id else None
    if not longer:
        refuse_late(session, actor, place, booking, now)
    if longer and booking.starts <= now:
        wishes = _where_it_runs(own, wishes)
    wishes = [*wishes, *_going_along(own, named, wishes)]
    made = ready(
        session,
        owner=owner,
        place=place,
        wishes=wishes,
        granted=granted,
        now=now,
        booking=booking,
        given=may(actor, Permission.SCHEDULE_WRITE, place.scopes),
        asked_at=booking.created_at if longer else None,
    )
    runs = BookingState.CHECKED_IN if booking.state == BookingState.CHECKED_IN else None
    if runs and made.state == BookingState.PENDING_APPROVAL:
        raise Conflict("booking.runs", _("A longer session would need an approval. Book the further time by itself."))
    before = {"start": booking.starts.isoformat(), "end": booking.ends.isoformat()}
    if actor.account_id == booking.account_id:
        booking.displaced_by_id = None  # the time is one of their choice again
    remake(session, made, booking, now=now, state=runs)
    record_act(
        session, actor, booking, "booking.moved", now, {**described(booking, place, made.planned), "before": before}
    )
    publish(session, "booking.moved", {"booking": booking.public_id}, now=now)
    return booking


def cancel(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    booking: Booking,
    reason: str = "",
    expected_version: int | None = None,
) -> Booking:
    """Cancel a booking and free its time and its units. Staff may do so late; the owner until the notice ends."""
    place, booking = locked(session, actor, booking, expected_version)
    if booking.state in PROMISED:  # what was only asked for, kept or proposed is given back at any time
        refuse_late(session, actor, place, booking, now)
    free(session, booking, clean_text(reason, field="reason", max_length=2_000), now)
    record_act(session, actor, booking, "booking.cancelled", now, {"reason": booking.state_reason})
    publish(session, "booking.cancelled", {"booking": booking.public_id}, now=now)
    return booking


def _extends(booking: Booking, own: Sequence[Line], wishes: Sequence[Wish], now: datetime) -> bool:
    """Tell whether a session that is not over is only to end later."""
    (wish,) = wishes if len(wishes) == 1 else (None,)
    if wish is None or now >= booking.ends:
        return False
    session = span_of(span for _row, span in own) if own else TimeSpan(booking.starts, booking.ends)
    return wish.span.start == session.start and wish.span.end > session.end


def _where_it_runs(own: Sequence[Line], wishes: Sequence[Wish]) -> list[Wish]:
    """Return the wishes on the copy that a session runs on, where none was named."""
    copy = own[0][0].public_id if own else None
    return [Wish(wish.span, wish.resource or copy) for wish in wishes]


def _going_along(own: Sequence[Line], named: Sequence[Line], wishes: Sequence[Wish]) -> list[Wish]:
    """Return what was named for other times, moved as far as the session; whoever gives several lines names all."""
    if len(wishes) != 1 or not own:
        return []
    by = wishes[0].span.start - min(span.start for _row, span in own)
    return [Wish(TimeSpan(span.start + by, span.end + by), row.public_id) for row, span in named]


def locked(
    session: Session,
    actor: Actor,
    booking: Booking,
    expected_version: int | None,
    permission: Permission = Permission.BOOKING_UPDATE,
) -> tuple[LockedPlace, Booking]:
    """Lock a booking, check the right to change it, or another one, and the version that the caller saw."""
    booking = session.scalars(
        select(Booking)
        .where(Booking.id == booking.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    place = locked_place(session, booking.instrument_id)
    require(actor, permission, place.scopes, relations_of(session, booking, actor))
    if expected_version is not None and expected_version != booking.version:
        raise PreconditionFailed("version.stale", _("This booking has changed since you looked. Load it again."))
    return place, booking


def owner_of(session: Session, booking: Booking, actor: Actor, now: datetime) -> Actor:
    """Return the person whose booking it is: staff who move it do not lend it their own rights."""
    if booking.account_id == actor.account_id:
        return actor
    return load_actor(session, booking.account_id, now=now)


def refuse_late(session: Session, actor: Actor, place: Place, booking: Booking, now: datetime) -> None:
    """Raise Conflict `booking.notice` for an owner who comes too late to change a booking; staff may do so late."""
    if booking.account_id != actor.account_id:
        return
    if booking.displaced_by_id is not None and now <= booking.starts:
        return  # whom maintenance moved may be unable to come then; whoever came cannot undo it
    rules = rules_of_booking(session, place.instrument, booking)
    last = cancel_by(rules, TimeSpan(booking.starts, booking.ends))
    if now > last:
        raise Conflict(
            "booking.notice",
            _(
                "This booking could be changed until ${minutes} minutes before its start. Please ask the facility.",
                mapping={"minutes": rules.cancel_notice_minutes},
            ),
        )


def free(session: Session, booking: Booking, reason: str, now: datetime) -> None:
    """Cancel a locked booking: its time, its units, its money and its open approvals go back."""
    booking.state = transition(BookingState(booking.state), BookingTransition.CANCEL)
    booking.state_reason = reason or None
    verdicts.void(session, subject_kind="booking", subject_id=booking.id)
    if booking.allocation_id:
        granted = allocations.lock_by_key(session, booking.allocation_id, now=now)
        allocations.give_back(session, granted, booking.units)
    paying.release(session, booking)
    give_back(session, booking.id)  # it locks the resources, which come after all that a booking draws on
    touch(booking, now)
