"""Changing a series: move or cancel one occurrence, those from one on, or all; book again what was left out.

Only what is yet to begin is changed. An occurrence that was moved by itself keeps its own time, and is reported so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from infra_access.access_requests import allocations
from infra_access.access_requests.allocations import Granted
from infra_access.access_requests.models import Allocation
from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, DomainError, Invalid, NotFound, PreconditionFailed
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text
from infra_access.core.zones import named_zone
from infra_access.outbox.events import publish
from infra_access.people.actors import load_actor
from infra_access.scheduling.changes import MOVABLE, free, refuse_late
from infra_access.scheduling.making import ready, remake
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import LockedPlace, locked_place
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.recurrence import Fold, Occurrence, placed
from infra_access.scheduling.series.booking import (
    PASSING,
    Made,
    counted,
    line_of,
    one_of,
    refuse_overlapping,
    refuse_unwanted,
    tried_one,
)
from infra_access.scheduling.series.models import BookingSeries, SeriesOccurrence
from infra_access.scheduling.series.queries import occurrence_rows, place_of_row, put_row, relations_to_series
from infra_access.scheduling.series.report import WALL, OccurrenceState, OnConflict, Reported, Scope


@dataclass(frozen=True, slots=True)
class _Chosen:
    """One occurrence that a change is about, with its booking where that still takes time, and its present place."""

    row: SeriesOccurrence
    booking: Booking | None
    now_at: Occurrence


@dataclass(frozen=True, slots=True)
class _Locked:
    series: BookingSeries
    place: LockedPlace
    rows: Sequence[tuple[SeriesOccurrence, Booking | None]]
    granted: Granted | None
    owner: Actor


def move_series(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    series: BookingSeries,
    scope: str,
    occurrence: str,
    start: datetime,
    end: datetime,
    on_conflict: str = OnConflict.FAIL,
    expected_version: int | None = None,
) -> Made:
    """Move `occurrence` to the given instants and, by the same shift of the wall clock, what `scope` adds to it.

    With `fail`, all move or none; with `skip`, those that cannot stay where they were. Left-out ones shift too, so
    that booking them again follows the series.
    """
    policy, reach = one_of(OnConflict, on_conflict, "on_conflict"), one_of(Scope, scope, "scope")
    locked = _locked(session, actor, series, expected_version, now)
    chosen = _chosen(locked, reach, occurrence, now)
    zone = named_zone(series.timezone)
    anchor = next(one.now_at for one in chosen if one.row.recurrence == occurrence)
    aims = [_aim(one, start, end, anchor, zone) for one in chosen]
    _refuse_reversed(aims)
    refuse_overlapping(session, locked.place, locked.granted, sorted(aims, key=lambda one: one.wall_start))
    pairs = list(zip(chosen, aims, strict=True))
    if start.astimezone(zone).replace(tzinfo=None) > anchor.wall_start:
        pairs.reverse()  # the last first, so that none stands in the next one's way
    with session.begin_nested():
        tried = [_moved(session, actor, locked, one, aim, now) for one, aim in pairs]
        report = sorted((line for line, _fault in tried), key=lambda line: line.recurrence)
        faults = [fault for _line, fault in tried if fault]
        refuse_unwanted(policy, report, faults)
        _touch(session, series, now)
    _tell(session, actor, series, "series.moved", now, {"scope": str(reach), **counted(report)})
    return Made(series, tuple(report))


def cancel_series(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    series: BookingSeries,
    scope: str,
    occurrence: str | None = None,
    reason: str = "",
    expected_version: int | None = None,
) -> Made:
    """Cancel what `scope` chooses. What the owner can no longer cancel stays, and the report says so."""
    reach = one_of(Scope, scope, "scope")
    reason = clean_text(reason, field="reason", max_length=2_000)
    locked = _locked(session, actor, series, expected_version, now)
    report, faults = [], []
    for one in _chosen(locked, reach, occurrence, now):
        if one.booking is None:
            continue
        fault: DomainError | None = None
        try:
            refuse_late(session, actor, locked.place, one.booking, now)
            free(session, one.booking, reason, now)
        except Conflict as error:
            fault = error
            faults.append(error)
        state = OccurrenceState.KEPT if fault else OccurrenceState.CANCELLED
        report.append(line_of(one.row, one.now_at, one.booking, fault, state))
    refuse_unwanted(OnConflict.SKIP, report, faults)
    _touch(session, series, now)
    _tell(session, actor, series, "series.cancelled", now, {"scope": str(reach), "reason": reason, **counted(report)})
    return Made(series, tuple(report))


def re_add(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    series: BookingSeries,
    occurrence: str,
    expected_version: int | None = None,
) -> Made:
    """Book an occurrence that was left out, or cancelled since, at the time where the series puts it now.

    Raises Conflict or Invalid with what is still in the way.
    """
    locked = _locked(session, actor, series, expected_version, now)
    row, booking = _named(locked, occurrence)
    if booking is not None and booking.state in MOVABLE:
        raise Conflict("series.booked", _("This occurrence is booked already."))
    if series.allocation_id is not None:
        public_id = session.scalars(select(Allocation.public_id).where(Allocation.id == series.allocation_id)).one()
        allocations.lock(session, public_id, actor=locked.owner, now=now)
    one = place_of_row(series, row)
    line, fault = tried_one(session, locked.owner, locked.place, locked.granted, series, row, one, now)
    if fault is not None:
        session.expire(row)
        raise fault
    _touch(session, series, now)
    _tell(session, actor, series, "series.booked_again", now, {"occurrence": row.recurrence})
    return Made(series, (line,))


def _locked(
    session: Session, actor: Actor, series: BookingSeries, expected_version: int | None, now: datetime
) -> _Locked:
    """Lock a series, its bookings by ascending key, then what they rest on; check the right and the version seen."""
    again = select(BookingSeries).where(BookingSeries.id == series.id).with_for_update(key_share=True)
    series = session.scalars(again.execution_options(populate_existing=True)).one()
    ours = select(Booking).where(Booking.series_id == series.id).order_by(Booking.id).with_for_update(key_share=True)
    session.scalars(ours.execution_options(populate_existing=True)).all()
    place = locked_place(session, series.instrument_id)
    require(actor, Permission.BOOKING_UPDATE, place.scopes, relations_to_series(series, actor))
    if expected_version is not None and expected_version != series.version:
        raise PreconditionFailed("version.stale", _("This series has changed since you looked. Load it again."))
    granted = allocations.lock_by_key(session, series.allocation_id, now=now) if series.allocation_id else None
    own = series.account_id == actor.account_id
    owner = actor if own else load_actor(session, series.account_id, now=now)
    return _Locked(series, place, occurrence_rows(session, series), granted, owner)


def _named(locked: _Locked, occurrence: str) -> tuple[SeriesOccurrence, Booking | None]:
    found = next((pair for pair in locked.rows if pair[0].recurrence == occurrence), None)
    if found is None:
        raise NotFound("series.occurrence", _("There is no such occurrence in this series."))
    return found


def _chosen(locked: _Locked, scope: Scope, occurrence: str | None, now: datetime) -> list[_Chosen]:
    """Return what a change is about: what is yet to begin, with or without a booking. Raises where that is nothing."""
    if scope is not Scope.ALL and occurrence is None:
        message = _("Name the occurrence that it is about, or from which on.")
        raise Invalid("series.occurrence", message, fields={"occurrence": [message]})
    named = _named(locked, occurrence)[0].recurrence if occurrence is not None else ""
    found = []
    for row, booking in locked.rows:
        within = {Scope.ALL: True, Scope.FOLLOWING: row.recurrence >= named, Scope.ONE: row.recurrence == named}[scope]
        at = place_of_row(locked.series, row)
        standing = booking if booking is not None and booking.state in MOVABLE else None
        begins = standing.starts if standing else at.span.start if at.span else None
        if within and (begins is None or begins > now) and (standing or booking is None):
            found.append(_Chosen(row, standing, at))
    named_too = occurrence is None or any(one.row.recurrence == named for one in found)
    if not named_too or not any(one.booking for one in found):
        raise Conflict("series.past", _("Nothing of this can be changed any more: it has begun, or was cancelled."))
    return found


def _aim(one: _Chosen, start: datetime, end: datetime, anchor: Occurrence, zone: ZoneInfo) -> Occurrence:
    """Return where an occurrence goes when `anchor` goes to two instants: the clock moves by the same for all.

    In a repeated hour the instants given choose, and what was chosen before stays chosen where the clock does.
    """
    first, last = start.astimezone(zone), end.astimezone(zone)
    by_start, by_end = first.replace(tzinfo=None) - anchor.wall_start, last.replace(tzinfo=None) - anchor.wall_end
    folds: tuple[Fold | None, Fold | None] = (
        1 if first.fold or (one.row.start_fold and not by_start and one.now_at is not anchor) else None,
        1 if last.fold or (one.row.end_fold and not by_end and one.now_at is not anchor) else None,
    )
    return placed(one.now_at.wall_start + by_start, one.now_at.wall_end + by_end, zone, folds)


def _refuse_reversed(aims: Sequence[Occurrence]) -> None:
    # In a repeated hour the clock may show less at the end than at the start.
    if any(one.span is None and one.wall_end <= one.wall_start for one in aims):
        message = _("The end must lie after the start.")
        raise Invalid("time.order", message, fields={"end": [message]})


def _moved(
    session: Session, actor: Actor, locked: _Locked, one: _Chosen, aim: Occurrence, now: datetime
) -> tuple[Reported, DomainError | None]:
    """Move one occurrence, or keep it where it is and say why; a left-out one only changes its place."""
    row, booking = one.row, one.booking
    zone = named_zone(locked.series.timezone)
    if booking is not None and booking.starts.astimezone(zone).strftime(WALL) != row.wall_start:
        start, end = (moment.astimezone(zone) for moment in (booking.starts, booking.ends))
        walls = start.replace(tzinfo=None, fold=0), end.replace(tzinfo=None, fold=0)
        kept = placed(*walls, zone, (1 if start.fold else None, 1 if end.fold else None))
        return line_of(row, kept, booking, None, OccurrenceState.KEPT), None
    fault: DomainError | None = None
    if booking is not None:
        fault = aim.problem
        try:
            if aim.span is not None:
                refuse_late(session, actor, locked.place, booking, now)
                with session.begin_nested():
                    made = ready(
                        session,
                        owner=locked.owner,
                        place=locked.place,
                        wishes=[Wish(aim.span, locked.series.resource)],
                        granted=locked.granted,
                        now=now,
                        booking=booking,
                    )
                    remake(session, made, booking, now=now)
        except PASSING as error:
            fault = error
    if fault is not None:
        return line_of(row, one.now_at, booking, fault, OccurrenceState.KEPT), fault
    put_row(locked.series, row, aim)
    return line_of(row, aim, booking, None), None


def _touch(session: Session, series: BookingSeries, now: datetime) -> None:
    series.changed_at = now
    flag_modified(series, "changed_at")  # the version rises with each change, however soon after the last
    session.flush()


def _tell(
    session: Session, actor: Actor, series: BookingSeries, action: str, now: datetime, details: dict[str, object]
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="series",
        object_id=series.public_id,
        now=now,
        details=details,
    )
    publish(session, "booking.series_changed", {"series": series.public_id}, now=now)
