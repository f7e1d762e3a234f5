"""The wait list of an instrument: who waits for how long a session, and within which time."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _
from infra_access.core.named_locks import lock_names
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.applicant_facts import known_of
from infra_access.scheduling.booking_rules import BookingRules, broken
from infra_access.scheduling.calendar_queries import window_of
from infra_access.scheduling.lifecycle import BookingState, BookingTransition
from infra_access.scheduling.limits import limits_of
from infra_access.scheduling.making import permission_to_book, refuse_unbookable
from infra_access.scheduling.models import Booking
from infra_access.scheduling.picking import refuse_picking
from infra_access.scheduling.places import LockedPlace, Place, locked_place
from infra_access.scheduling.releasing import let_go
from infra_access.scheduling.terms import terms_of
from infra_access.scheduling.waiting.models import WaitListEntry
from infra_access.scheduling.waiting.states import OPEN, WaitState

MOST = 10
"""Entries that one person may have at once."""


def join(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    place: Place,
    earliest: datetime,
    latest: datetime,
    minutes: int,
    allocation: str | None = None,
) -> WaitListEntry:
    """Wait for a session of so many minutes that starts and ends between two instants.

    Only who may book can wait, or an offer would come to nothing. Raises Forbidden with the Decision; Invalid naming
    what is wrong; Conflict `wait.too_many`.
    """
    require(actor, Permission.BOOKING_CREATE)
    window = window_of(earliest, latest)
    lock_names(session, [f"waits of {actor.account_id}"])
    place = place if isinstance(place, LockedPlace) else locked_place(session, place.instrument.id)
    refuse_unbookable(place.instrument)
    granted = allocations.lock(session, allocation, actor=actor, now=now) if allocation else None
    refuse_picking(granted, given=False)
    terms = terms_of(session, place, window)
    ways = [granted.route] if granted else terms.ways
    way, ruling, applicant = permission_to_book(session, actor=actor, place=place, granted=granted, ways=ways, now=now)
    rules = terms.rules(granted.booking_rules if granted else terms.way_rules.get(way or ""))
    if rules.horizons:
        rules = rules.seen_by(known_of(applicant, place, now))
    unit = granted.access_unit if granted else terms.way_units.get(way or "")
    limits = limits_of(session, ruling, place=place, way=way, access_unit=unit, team=granted is not None, now=now)
    rules = limits.of_one_session(rules)
    _check(rules, window, minutes, now, place.facility.timezone)
    own = WaitListEntry.account_id == actor.account_id
    if (session.scalar(select(func.count()).where(own, _is_open())) or 0) >= MOST:
        raise Conflict(
            "wait.too_many", _("You wait for ${most} sessions already. Leave one list first.", mapping={"most": MOST})
        )
    entry = WaitListEntry(
        instrument_id=place.instrument.id,
        account_id=actor.account_id,
        allocation_id=granted.id if granted else None,
        way=way,
        earliest=window.start,
        latest=window.end,
        minutes=minutes,
        state=WaitState.WAITING,
        created_at=now,
    )
    session.add(entry)
    session.flush()
    _record(session, actor, entry, "wait_list.joined", now)
    return entry


def leave(session: Session, *, actor: Actor, now: datetime, entry: WaitListEntry) -> WaitListEntry:
    """Wait no longer; a time that is offered goes back."""
    entry = locked_entry(session, entry.id)
    relations = {"owner"} if entry.account_id == actor.account_id else set()
    require(actor, Permission.WAIT_LIST_LEAVE, (), relations)
    if entry.state not in OPEN:
        raise Conflict("wait.over", _("This waiting is over already."))
    if entry.state == WaitState.OFFERED and entry.booking_id is not None:
        booking = session.scalars(
            select(Booking)
            .where(Booking.id == entry.booking_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        ).one()
        if booking.state == BookingState.HELD:
            let_go(session, booking, BookingTransition.RELEASE, "", now)
    entry.state = WaitState.WITHDRAWN
    session.flush()
    _record(session, actor, entry, "wait_list.left", now)
    return entry


def locked_entry(session: Session, key: int) -> WaitListEntry:
    """Return an entry as it stands now, and keep it so until the transaction ends."""
    return session.scalars(
        select(WaitListEntry)
        .where(WaitListEntry.id == key)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def _is_open() -> ColumnElement[bool]:
    return WaitListEntry.state.in_(OPEN)


def _check(rules: BookingRules, window: TimeSpan, minutes: int, now: datetime, zone: str) -> None:
    if not rules.min_minutes <= minutes <= rules.max_minutes:
        message = _(
            "A booking here takes from ${low} to ${high} minutes.",
            mapping={"low": rules.min_minutes, "high": rules.max_minutes},
        )
        raise Invalid("wait.minutes", message, fields={"minutes": [message]})
    if minutes % rules.granularity_minutes:
        message = _(
            "Bookings here take a multiple of ${minutes} minutes.", mapping={"minutes": rules.granularity_minutes}
        )
        raise Invalid("wait.minutes", message, fields={"minutes": [message]})
    if window.end - max(window.start, now) < timedelta(minutes=minutes):
        message = _("Between these two times there is no room for a session of that length.")
        raise Invalid("wait.window", message, fields={"latest": [message]})
    first = TimeSpan(max(window.start, now), max(window.start, now) + timedelta(minutes=minutes))
    for problem in broken(rules, first, now=now, zone=zone):
        if problem.code == "horizon":  # the wait could last for years
            raise Invalid("wait.window", problem.message, fields={"earliest": [problem.message]})


def _record(session: Session, actor: Actor, entry: WaitListEntry, action: str, now: datetime) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="wait_list_entry",
        object_id=entry.public_id,
        now=now,
        details={"minutes": entry.minutes},
    )
