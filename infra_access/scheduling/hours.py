"""Opening hours in the database: reading them as open spans, and setting them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import named_zone
from infra_access.scheduling.models import OpeningException, OpeningHours
from infra_access.scheduling.opening_hours import (
    DatedException,
    WeeklyHours,
    check_hours,
    clock_text,
    dated_exceptions,
    open_spans,
    weekly_hours,
)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """A facility's hours: weekly ones and dated exceptions, in its own zone."""

    weekly: tuple[WeeklyHours, ...]
    exceptions: tuple[DatedException, ...]
    zone: str

    def open_within(self, window: TimeSpan) -> list[TimeSpan]:
        """Return the open spans that touch the window, clipped to it."""
        return open_spans(self.weekly, self.exceptions, self.zone, window)


# Built once: making a statement anew costs as much as running it.
WEEKLY = select(
    literal_column("'weekly'", String).label("kind"),
    OpeningHours.facility_id.label("facility_id"),
    OpeningHours.weekday.label("number"),
    cast(null(), Date).label("day"),
    OpeningHours.opens.label("opens"),
    OpeningHours.closes.label("closes"),
).where(OpeningHours.facility_id.in_(bindparam("facilities", expanding=True)))
DATED = select(
    literal_column("'dated'", String),
    OpeningException.facility_id,
    null(),
    OpeningException.day,
    OpeningException.opens,
    OpeningException.closes,
).where(
    OpeningException.facility_id.in_(bindparam("facilities", expanding=True)),
    OpeningException.day.between(bindparam("first"), bindparam("last")),
)
_HOURS: CompoundSelect[*tuple[Any, ...]] = union_all(WEEKLY, DATED)


def hours_of(session: Session, facilities: Mapping[int, str], window: TimeSpan) -> dict[int, Hours]:
    """Return the hours of several facilities (key -> zone), with the exceptions that matter to the window.

    One statement, however many facilities.
    """
    return hours_from(session.execute(_HOURS, hours_wanted(facilities, window)).all(), facilities)


def hours_wanted(facilities: Iterable[int], window: TimeSpan) -> dict[str, Any]:
    """Return the parameters of WEEKLY and DATED."""
    # The local date of an instant lies at most a day from its UTC date.
    return {
        "facilities": list(facilities),
        "first": window.start.date() - _DAY,
        "last": window.end.date() + _DAY,
    }


def hours_from(rows: Iterable[Row[*tuple[Any, ...]]], facilities: Mapping[int, str]) -> dict[int, Hours]:
    """Return the hours of facilities (key -> zone) from rows of WEEKLY and DATED."""
    weekly: dict[int, list[tuple[int, str, str]]] = {key: [] for key in facilities}
    dated: dict[int, list[tuple[date, str | None, str | None]]] = {key: [] for key in facilities}
    for kind, key, number, day, opens, closes, *_more in rows:
        if kind == "weekly":
            weekly[key].append((number, opens, closes))
        elif kind == "dated":
            dated[key].append((day, opens, closes))
    return {
        key: Hours(weekly_hours(weekly[key]), dated_exceptions(dated[key]), zone) for key, zone in facilities.items()
    }


def set_hours(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    weekly: Sequence[WeeklyHours],
    exceptions: Sequence[DatedException] = (),
) -> None:
    """Replace a facility's hours; none at all means always open. Bookings already made stay.

    Raises Invalid naming each line that is not right.
    """
    require(actor, Permission.HOURS_WRITE, facility_scopes(session, facility))
    named_zone(facility.timezone)
    check_hours(weekly, exceptions)
    session.execute(delete(OpeningHours).where(OpeningHours.facility_id == facility.id))
    session.execute(delete(OpeningException).where(OpeningException.facility_id == facility.id))
    rows = [
        {
            "facility_id": facility.id,
            "weekday": one.weekday,
            "opens": clock_text(one.opens),
            "closes": clock_text(one.closes),
        }
        for one in weekly
    ]
    if rows:
        session.execute(insert(OpeningHours), rows)
    dated = [
        {"facility_id": facility.id, "day": one.day, "opens": opens, "closes": closes, "label": ""}
        for one in exceptions
        for opens, closes in _stored(one)
    ]
    if dated:
        session.execute(insert(OpeningException), dated)
    record(
        session,
        actor=actor,
        action="hours.set",
        object_kind="facility",
        object_id=facility.public_id,
        now=now,
        details={"weekly": len(rows), "exceptions": len(dated)},
    )


def _stored(exception: DatedException) -> list[tuple[str | None, str | None]]:
    if not exception.hours:
        return [(None, None)]
    return [(clock_text(part.opens), clock_text(part.closes)) for part in exception.hours]
