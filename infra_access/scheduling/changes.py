"""Changing a booking: move, cancel, check in, complete."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations, approvals
from infra_access.access_requests.allocations import Granted
from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.decision import Outcome
from infra_access.core.errors import Conflict, PreconditionFailed
from infra_access.core.i18n import _, plain
from infra_access.core.input_text import clean_text
from infra_access.core.timespan import TimeSpan
from infra_access.outbox.events import publish
from infra_access.people.actors import load_actor
from infra_access.policy.decisions import record_decision
from infra_access.policy.disclosure import decision_to_json
from infra_access.scheduling import plan
from infra_access.scheduling.booking_rules import cancel_by
from infra_access.scheduling.bookings import (
    ask_approvals,
    described,
    permission_to_book,
    refuse_unbookable,
    span_of,
    units_of,
    write_lines,
)
from infra_access.scheduling.lifecycle import BookingState, BookingTransition
from infra_access.scheduling.lifecycle import move as transition
from infra_access.scheduling.models import Booking, BookingLine
from infra_access.scheduling.occupancies import give_back
from infra_access.scheduling.places import LockedPlace, Place, locked_place
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.terms import terms_of

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

    Calendars see the same UID with the next SEQUENCE. A booking that waits for approval is asked for anew.
    """
    place, booking = locked(session, actor, booking, expected_version)
    owner = owner_of(session, booking, actor, now)
    if booking.state not in MOVABLE:
        transition(BookingState(booking.state), BookingTransition.ASK_APPROVAL)
    granted = allocations.lock_by_key(session, booking.allocation_id, now=now) if booking.allocation_id else None
    _refuse_late(session, actor, place, booking, granted, now)
    refuse_unbookable(place.instrument)
    terms = terms_of(session, place, plan.reach_of(wishes, now))
    ways = [granted.route] if granted else terms.ways
    ruling = permission_to_book(session, actor=owner, place=place, granted=granted, ways=ways, now=now)
    planned = plan.make(
        session,
        instrument=place.instrument,
        facility=place.facility,
        wishes=wishes,
        rules=terms.rules(granted.booking_rules if granted else None),
        now=now,
        booking_id=booking.id,
        hours=terms.hours,
    )
    before = {"start": booking.starts.isoformat(), "end": booking.ends.isoformat()}
    whole = span_of(line.span for line in planned.lines)
    give_back(session, booking.id)
    session.execute(delete(BookingLine).where(BookingLine.booking_id == booking.id))
    if granted:
        units = units_of([wish.span for wish in wishes], granted.access_unit)
        allocations.give_back(session, granted, booking.units)
        allocations.draw(session, granted, instrument_id=place.instrument.id, span=whole, units=units)
        booking.units = units
    pending = ruling.decision.outcome == Outcome.NEEDS_APPROVAL
    booking.starts, booking.ends = whole.start, whole.end
    booking.state = BookingState.PENDING_APPROVAL if pending else BookingState.CONFIRMED
    booking.case, booking.decision = ruling.decision.case, decision_to_json(ruling.decision, plain)
    touch(booking, now)
    session.flush()  # the version moves before anything that names it
    write_lines(session, booking, planned)
    approvals.void(session, subject_kind="booking", subject_id=booking.id)
    if pending:
        ask_approvals(session, booking, ruling, now)
    record_decision(
        session, subject_kind="booking", subject_id=booking.public_id, action="book", ruling=ruling, now=now
    )
    _record(session, actor, booking, "booking.moved", now, {**described(booking, place, planned), "before": before})
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
    granted = allocations.lock_by_key(session, booking.allocation_id, now=now) if booking.allocation_id else None
    _refuse_late(session, actor, place, booking, granted, now)
    free(session, booking, clean_text(reason, field="reason", max_length=2_000), now)
    _record(session, actor, booking, "booking.cancelled", now, {"reason": booking.state_reason})
    publish(session, "booking.cancelled", {"booking": booking.public_id}, now=now)
    return booking


def check_in(
    session: Session, *, actor: Actor, now: datetime, booking: Booking, expected_version: int | None = None
) -> Booking:
    """Note that the session began. Raises Conflict before its start or after its end."""
    _place, booking = locked(session, actor, booking, expected_version)
    if not booking.starts <= now < booking.ends:
        raise Conflict("booking.not_now", _("A session can be checked in from its start until its end."))
    state = BookingState(booking.state)
    if state is BookingState.CONFIRMED:
        state = transition(state, BookingTransition.MAKE_READY)
    booking.state = transition(state, BookingTransition.CHECK_IN)
    touch(booking, now)
    _record(session, actor, booking, "booking.checked_in", now, {})
    return booking


def complete(
    session: Session, *, actor: Actor, now: datetime, booking: Booking, expected_version: int | None = None
) -> Booking:
    """Note that the session ended."""
    _place, booking = locked(session, actor, booking, expected_version)
    booking.state = transition(BookingState(booking.state), BookingTransition.COMPLETE)
    touch(booking, now)
    _record(session, actor, booking, "booking.completed", now, {})
    return booking


def locked(
    session: Session, actor: Actor, booking: Booking, expected_version: int | None
) -> tuple[LockedPlace, Booking]:
    """Lock a booking, check the right to change it and the version that the caller saw."""
    booking = session.scalars(
        select(Booking).where(Booking.id == booking.id).with_for_update().execution_options(populate_existing=True)
    ).one()
    place = locked_place(session, booking.instrument_id)
    relations = {"owner"} if booking.account_id == actor.account_id else set()
    require(actor, Permission.BOOKING_UPDATE, place.scopes, relations)
    if expected_version is not None and expected_version != booking.version:
        raise PreconditionFailed("version.stale", _("This booking has changed since you looked. Load it again."))
    return place, booking


def owner_of(session: Session, booking: Booking, actor: Actor, now: datetime) -> Actor:
    """Return the person whose booking it is: staff who move it do not lend it their own rights."""
    if booking.account_id == actor.account_id:
        return actor
    return load_actor(session, booking.account_id, now=now)


def _refuse_late(
    session: Session, actor: Actor, place: Place, booking: Booking, granted: Granted | None, now: datetime
) -> None:
    if booking.account_id != actor.account_id:
        return
    rules = plan.rules_of(session, place.instrument, granted.booking_rules if granted else None)
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
    """Cancel a locked booking: its time, its units and its open approvals go back."""
    booking.state = transition(BookingState(booking.state), BookingTransition.CANCEL)
    booking.state_reason = reason or None
    give_back(session, booking.id)
    approvals.void(session, subject_kind="booking", subject_id=booking.id)
    if booking.allocation_id:
        granted = allocations.lock_by_key(session, booking.allocation_id, now=now)
        allocations.give_back(session, granted, booking.units)
    touch(booking, now)


def touch(booking: Booking, now: datetime) -> None:
    """Raise the SEQUENCE by which calendars know that this is newer."""
    booking.sequence += 1
    booking.changed_at = now


def _record(
    session: Session, actor: Actor, booking: Booking, action: str, now: datetime, details: dict[str, Any]
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="booking",
        object_id=booking.public_id,
        now=now,
        details=details,
    )
