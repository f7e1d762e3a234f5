"""Booking a series: every occurrence under every rule of a single booking, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.allocations import Granted
from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, DomainError, Invalid
from infra_access.core.i18n import _, plain
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line
from infra_access.core.zones import named_zone
from infra_access.outbox.events import publish
from infra_access.scheduling import plan
from infra_access.scheduling.making import create, ready, refuse_unbookable
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import LockedPlace, Place, locked_place
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.recurrence import Fold, Occurrence, RecurrenceRule, check_rule, occurrences
from infra_access.scheduling.series.models import BookingSeries, SeriesOccurrence
from infra_access.scheduling.series.queries import put_row
from infra_access.scheduling.series.report import WALL, OccurrenceState, OnConflict, Reported, refuse

PASSING = (Conflict, Invalid)
"""What stands in the way of one occurrence; anything else refuses the series."""
_LASTING = frozenset({"booking.resource", "instrument.no_resource", "resource.withdrawn"})


@dataclass(frozen=True, slots=True)
class Made:
    """A series with the report of what became of each occurrence."""

    series: BookingSeries
    report: tuple[Reported, ...]


def book_series(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    place: Place,
    wish: Wish,
    rrule: str,
    on_conflict: str = OnConflict.SKIP,
    allocation: str | None = None,
    title: str = "",
) -> Made:
    """Book `wish` and each repetition of it by the rule, at the same wall time of the facility.

    Each occurrence is a booking of its own, judged like one. Where one cannot be made, `skip` leaves it out and says
    why; `fail` refuses everything with the same report. Raises Invalid for a rule out of bounds, or one whose
    occurrences overlap each other; Conflict where nothing could be booked; Forbidden with the Decision.
    """
    policy = one_of(OnConflict, on_conflict, "on_conflict")
    with session.begin_nested():
        tried = _tried(session, actor, now, place, wish, rrule, policy, allocation, title)
        refuse_unwanted(policy, tried.report, tried.faults)
    series = tried.series
    record(
        session,
        actor=actor,
        action="series.created",
        object_kind="series",
        object_id=series.public_id,
        now=now,
        details={"instrument": place.instrument.public_id, "rrule": series.rrule, **counted(tried.report)},
    )
    publish(session, "booking.series_made", {"series": series.public_id}, now=now)
    return Made(series, tried.report)


def preview_series(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    place: Place,
    wish: Wish,
    rrule: str,
    allocation: str | None = None,
    title: str = "",
) -> tuple[Reported, ...]:
    """Return the report that `book_series` would give. It is made and taken back, so that nothing can differ.

    Raises what `book_series` raises, but for no conflict: that is what a preview shows.
    """
    rehearsal = session.begin_nested()
    try:
        report = _tried(session, actor, now, place, wish, rrule, OnConflict.SKIP, allocation, title).report
        return tuple(replace(line, booking=None) for line in report)
    finally:
        rehearsal.rollback()


@dataclass(frozen=True, slots=True)
class _Tried:
    series: BookingSeries
    report: tuple[Reported, ...]
    faults: tuple[DomainError, ...]


def _tried(
    session: Session,
    actor: Actor,
    now: datetime,
    place: Place,
    wish: Wish,
    rrule: str,
    policy: OnConflict,
    allocation: str | None,
    title: str,
) -> _Tried:
    require(actor, Permission.BOOKING_CREATE)
    title = clean_line(title, field="title", max_length=300)
    rule = check_rule(rrule)
    place = place if isinstance(place, LockedPlace) else locked_place(session, place.instrument.id)
    refuse_unbookable(place.instrument)
    granted = allocations.lock(session, allocation, actor=actor, now=now) if allocation else None
    found = expanded(rule, wish, place)
    refuse_overlapping(session, place, granted, found)
    series = BookingSeries(
        public_id=new_public_id(),
        instrument_id=place.instrument.id,
        account_id=actor.account_id,
        allocation_id=granted.id if granted else None,
        resource=wish.resource,
        title=title,
        rrule=rule.text,
        timezone=place.facility.timezone,
        on_conflict=policy,
        created_at=now,
        changed_at=now,
    )
    session.add(series)
    session.flush()  # the occurrences and their bookings need its key
    report, faults = [], []
    for one in found:
        row = SeriesOccurrence(series_id=series.id, recurrence=one.wall_start.strftime(WALL))
        put_row(series, row, one)
        line, fault = tried_one(session, actor, place, granted, series, row, one, now)
        session.add(row)
        report.append(line)
        faults += [fault] if fault else []
    session.flush()
    return _Tried(series, tuple(report), tuple(faults))


def tried_one(
    session: Session,
    owner: Actor,
    place: LockedPlace,
    granted: Granted | None,
    series: BookingSeries,
    row: SeriesOccurrence,
    one: Occurrence,
    now: datetime,
) -> tuple[Reported, DomainError | None]:
    """Book one occurrence and note in its row what became of it; of one that is refused, nothing else stays."""
    booking: Booking | None = None
    fault: DomainError | None = one.problem
    if one.span is not None:
        try:
            with session.begin_nested():
                wishes = [Wish(one.span, series.resource)]
                made = ready(session, owner=owner, place=place, wishes=wishes, granted=granted, now=now)
                booking = create(
                    session, made, now=now, title=series.title, series_id=series.id, recurrence_id=one.span.start
                )
        except PASSING as error:
            if error.code in _LASTING:
                raise
            fault = error
    row.state = OccurrenceState.BOOKED if booking else OccurrenceState.SKIPPED
    row.code, row.reason = (fault.code, plain(fault.message)) if fault else (None, None)
    row.booking_id = booking.id if booking else None
    return line_of(row, one, booking, fault), fault


def line_of(
    row: SeriesOccurrence,
    one: Occurrence,
    booking: Booking | None,
    fault: DomainError | None,
    state: OccurrenceState | None = None,
) -> Reported:
    """Return the line of the report on one occurrence."""
    return Reported(
        recurrence=row.recurrence,
        wall_start=one.wall_start,
        wall_end=one.wall_end,
        span=one.span,
        state=state or OccurrenceState(row.state),
        code=fault.code if fault else None,
        message=fault.message if fault else None,
        booking=booking.public_id if booking else None,
        repeated=one.repeated,
    )


def refuse_unwanted(policy: OnConflict, report: Sequence[Reported], faults: Sequence[DomainError]) -> None:
    """Raise where all was to succeed and something did not, or where nothing did."""
    if faults and policy is OnConflict.FAIL:
        values = {"problems": len(faults), "all": len(report)}
        message = _("${problems} of ${all} times cannot be booked, so none was. Each is named.", mapping=values)
        raise refuse("series.conflicts", message, report, faults)
    if len(faults) == len(report):
        message = _("None of these times can be booked. Each is named with what is in the way.")
        raise refuse("series.nothing", message, report, faults)


_E = TypeVar("_E", bound=StrEnum)


def one_of(vocabulary: type[_E], value: str, field: str) -> _E:
    """Return a value of a vocabulary. Raises Invalid naming the field."""
    try:
        return vocabulary(value)
    except ValueError:
        names = ", ".join(vocabulary)
        message = _("Give one of: ${names}.", mapping={"names": names})
        raise Invalid("value.invalid", message, fields={field: [message]}) from None


def expanded(rule: RecurrenceRule, wish: Wish, place: Place) -> list[Occurrence]:
    """Return the occurrences of a wish in the wall time of its facility; the instants given choose in a repeated hour.

    Raises Invalid.
    """
    zone = named_zone(place.facility.timezone)
    start, end = wish.span.start.astimezone(zone), wish.span.end.astimezone(zone)
    if any(moment.second or moment.microsecond for moment in (start, end)):
        message = _("A series starts and ends at whole minutes.")
        raise Invalid("rrule.minutes", message, fields={"start": [message]})
    if wish.span.length > plan.LONGEST:
        message = _("A booking cannot be longer than a year, from its first line to its last.")
        raise Invalid("booking.too_long", message, fields={"end": [message]})
    folds: tuple[Fold | None, Fold | None] = (1 if start.fold else None, 1 if end.fold else None)
    walls = start.replace(tzinfo=None, fold=0), end.replace(tzinfo=None, fold=0)
    return occurrences(rule, *walls, zone, folds=folds)


def refuse_overlapping(session: Session, place: Place, granted: Granted | None, found: Sequence[Occurrence]) -> None:
    """Raise Invalid `series.overlaps_itself` where two occurrences, with the change-over between, share time."""
    rules = plan.rules_of(session, place.instrument, granted.booking_rules if granted else None)
    gap = timedelta(minutes=rules.buffer_before_minutes + rules.buffer_after_minutes)
    placed = [(one, one.span) for one in found if one.span]
    for (before, earlier), (after, later) in pairwise(placed):
        if earlier.end + gap > later.start:
            message = _(
                "The series overlaps itself: ${first} is not over, with the change-over, when ${second} begins. Repeat "
                "it less often, or make it shorter.",
                mapping={"first": _words(before), "second": _words(after)},
            )
            raise Invalid("series.overlaps_itself", message, fields={"recurrence": [message]})


def counted(report: Sequence[Reported]) -> dict[str, int]:
    """Return how many occurrences came to what."""
    states = [str(one.state) for one in report]
    return {state: states.count(state) for state in sorted(set(states))}


def _words(one: Occurrence) -> str:
    return f"{one.wall_start:%Y-%m-%d %H:%M}"
