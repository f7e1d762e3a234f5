"""Opening hours in the database: reading them as open spans, and setting them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Date,
    Row,
    String,
    bindparam,
    cast,
    delete,
    insert,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue.models import Facility
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import PreconditionFailed
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_line
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import FIRST_YEAR, LAST_YEAR, named_zone
from infra_access.scheduling.models import FacilityCalendar, OpeningException, OpeningHours
from infra_access.scheduling.opening_hours import (
    LONGEST_LABEL,
    DatedException,
    WeeklyHours,
    check_hours,
    clock_text,
    dated_exceptions,
    open_spans,
    weekly_hours,
)
from infra_access.scheduling.public_holidays import NO_HOLIDAYS, HolidayCalendar

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """A facility's hours: weekly ones, dated exceptions and public holidays, in its own zone, and their version."""

    weekly: tuple[WeeklyHours, ...]
    exceptions: tuple[DatedException, ...]
    zone: str
    holidays: HolidayCalendar = NO_HOLIDAYS
    version: int = 0

    def open_within(self, window: TimeSpan) -> list[TimeSpan]:
        """Return the open spans that touch the window, clipped to it."""
        return open_spans(self.weekly, self.dated_within(window), self.zone, window)

    def dated_within(self, window: TimeSpan) -> list[DatedException]:
        """Return the exceptions, and the holidays about which none of them says otherwise, by day."""
        said = {one.day for one in self.exceptions}
        closed = [
            DatedException(day, (), name)
            for day, name in self.holidays.between(window.start.date() - _DAY, window.end.date() + _DAY)
            if day not in said
        ]
        return sorted([*self.exceptions, *closed])


@dataclass(frozen=True, slots=True)
class FacilityHours:
    """A facility with all its hours."""

    facility: Facility
    hours: Hours

    @property
    def version(self) -> int:
        """Return the version of the hours."""
        return self.hours.version


# Built once: making a statement anew costs as much as running it.
WEEKLY = select(
    literal_column("'weekly'", String).label("kind"),
    OpeningHours.facility_id.label("facility_id"),
    OpeningHours.weekday.label("number"),
    cast(null(), Date).label("day"),
    OpeningHours.opens.label("opens"),
    OpeningHours.closes.label("closes"),
    cast(null(), String).label("label"),
).where(OpeningHours.facility_id.in_(bindparam("facilities", expanding=True)))
DATED = select(
    literal_column("'dated'", String),
    OpeningException.facility_id,
    null(),
    OpeningException.day,
    OpeningException.opens,
    OpeningException.closes,
    OpeningException.label,
).where(
    OpeningException.facility_id.in_(bindparam("facilities", expanding=True)),
    OpeningException.day.between(bindparam("first"), bindparam("last")),
)
CALENDAR = select(
    literal_column("'calendar'", String),
    FacilityCalendar.facility_id,
    FacilityCalendar.version,
    null(),
    FacilityCalendar.holiday_country,
    FacilityCalendar.holiday_region,
    null(),
).where(FacilityCalendar.facility_id.in_(bindparam("facilities", expanding=True)))
_HOURS: CompoundSelect[*tuple[Any, ...]] = union_all(WEEKLY, DATED, CALENDAR)
_EVER = TimeSpan(datetime(FIRST_YEAR, 1, 2, tzinfo=UTC), datetime(LAST_YEAR, 12, 30, tzinfo=UTC))


def hours_of(session: Session, facilities: Mapping[int, str], window: TimeSpan) -> dict[int, Hours]:
    """Return the hours of several facilities (key -> zone), with the exceptions that matter to the window.

    One statement, however many facilities.
    """
    return hours_from(session.execute(_HOURS, hours_wanted(facilities, window)).all(), facilities)


def all_hours(session: Session, facility: Facility) -> Hours:
    """Return a facility's hours with all exceptions there are, as for changing them. One statement."""
    return hours_of(session, {facility.id: facility.timezone}, _EVER)[facility.id]


def hours_wanted(facilities: Iterable[int], window: TimeSpan) -> dict[str, Any]:
    """Return the parameters of WEEKLY, DATED and CALENDAR."""
    # The local date of an instant lies at most a day from its UTC date.
    return {
        "facilities": list(facilities),
        "first": window.start.date() - _DAY,
        "last": window.end.date() + _DAY,
    }


def hours_from(rows: Iterable[Row[*tuple[Any, ...]]], facilities: Mapping[int, str]) -> dict[int, Hours]:
    """Return the hours of facilities (key -> zone) from rows of WEEKLY, DATED and CALENDAR."""
    weekly: dict[int, list[tuple[int, str, str]]] = {key: [] for key in facilities}
    dated: dict[int, list[tuple[date, str | None, str | None, str]]] = {key: [] for key in facilities}
    calendars: dict[int, tuple[HolidayCalendar, int]] = {}
    for kind, key, number, day, opens, closes, label, *_more in rows:
        if kind == "weekly":
            weekly[key].append((number, opens, closes))
        elif kind == "dated":
            dated[key].append((day, opens, closes, label))
        elif kind == "calendar":
            calendars[key] = (HolidayCalendar(opens, closes), number)
    none = (NO_HOLIDAYS, 0)
    return {
        key: Hours(weekly_hours(weekly[key]), dated_exceptions(dated[key]), zone, *calendars.get(key, none))
        for key, zone in facilities.items()
    }


def set_hours(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    weekly: Sequence[WeeklyHours],
    exceptions: Sequence[DatedException] = (),
    holidays: HolidayCalendar | None = None,
    expected_version: int | None = None,
) -> FacilityCalendar:
    """Replace a facility's hours; no weekly ones at all means always open. Bookings already made stay.

    `holidays` None leaves as it is which public holidays close the facility. Raises Invalid naming each line that is
    not right, PreconditionFailed where the hours are no longer those of `expected_version`.
    """
    require(actor, Permission.HOURS_WRITE, facility_scopes(session, facility))
    named_zone(facility.timezone)
    check_hours(weekly, exceptions)
    if holidays is not None:
        holidays.check()
    calendar = _next_version(session, facility, expected_version)  # first: whoever sets them too waits here
    if holidays is not None:
        calendar.holiday_country, calendar.holiday_region = holidays.country, holidays.region
    session.execute(delete(OpeningHours).where(OpeningHours.facility_id == facility.id))
    session.execute(delete(OpeningException).where(OpeningException.facility_id == facility.id))
    if rows := _weekly_rows(facility, weekly):
        session.execute(insert(OpeningHours), rows)
    if dated := _dated_rows(facility, exceptions):
        session.execute(insert(OpeningException), dated)
    record(
        session,
        actor=actor,
        action="hours.set",
        object_kind="facility",
        object_id=facility.public_id,
        now=now,
        details={
            "weekly": len(rows),
            "exceptions": len(dated),
            "holidays": [calendar.holiday_country, calendar.holiday_region],
            "version": calendar.version,
        },
    )
    return calendar


def _next_version(session: Session, facility: Facility, expected: int | None) -> FacilityCalendar:
    """Raise the version of the calendar, by which others see that what they computed from the hours is stale."""
    calendar = session.get(FacilityCalendar, facility.id, with_for_update={"key_share": True}, populate_existing=True)
    if expected is not None and expected != (calendar.version if calendar else 0):
        raise PreconditionFailed("version.stale", _("These hours have changed since you looked. Load them again."))
    if calendar is None:
        calendar = FacilityCalendar(facility_id=facility.id, version=0)
        session.add(calendar)
    calendar.version += 1
    session.flush()
    return calendar


def _weekly_rows(facility: Facility, weekly: Iterable[WeeklyHours]) -> list[dict[str, Any]]:
    return [
        {
            "facility_id": facility.id,
            "weekday": one.weekday,
            "opens": clock_text(one.opens),
            "closes": clock_text(one.closes),
        }
        for one in weekly
    ]


def _dated_rows(facility: Facility, exceptions: Iterable[DatedException]) -> list[dict[str, Any]]:
    return [
        {
            "facility_id": facility.id,
            "day": one.day,
            "opens": clock_text(part.opens) if part else None,
            "closes": clock_text(part.closes) if part else None,
            "label": clean_line(one.label, field="label", max_length=LONGEST_LABEL),
        }
        for one in exceptions
        for part in one.hours or (None,)
    ]
