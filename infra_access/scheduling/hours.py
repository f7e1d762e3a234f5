"""Opening hours in the database: reading them as open spans, and setting them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, insert, select
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


@dataclass(frozen=True, slots=True)
class Hours:
    """A facility's hours: weekly ones and dated exceptions, in its own zone."""

    weekly: tuple[WeeklyHours, ...]
    exceptions: tuple[DatedException, ...]
    zone: str

    def open_within(self, window: TimeSpan) -> list[TimeSpan]:
        """Return the open spans that touch the window, clipped to it."""
        return open_spans(self.weekly, self.exceptions, self.zone, window)


def hours_of(session: Session, facilities: Mapping[int, str], window: TimeSpan) -> dict[int, Hours]:
    """Return the hours of several facilities (key -> zone), with the exceptions that matter to the window.

    Two statements, however many facilities.
    """
    keys = list(facilities)
    weekly: dict[int, list[tuple[int, str, str]]] = {key: [] for key in keys}
    rows = select(OpeningHours.facility_id, OpeningHours.weekday, OpeningHours.opens, OpeningHours.closes)
    for key, weekday, opens, closes in session.execute(rows.where(OpeningHours.facility_id.in_(keys))):
        weekly[key].append((weekday, opens, closes))
    dated: dict[int, list[tuple[date, str | None, str | None]]] = {key: [] for key in keys}
    exceptions = select(
        OpeningException.facility_id, OpeningException.day, OpeningException.opens, OpeningException.closes
    ).where(
        OpeningException.facility_id.in_(keys),
        # The local date of an instant lies at most a day from its UTC date.
        OpeningException.day >= date.fromordinal(window.start.date().toordinal() - 1),
        OpeningException.day <= date.fromordinal(window.end.date().toordinal() + 1),
    )
    for key, day, day_opens, day_closes in session.execute(exceptions):
        dated[key].append((day, day_opens, day_closes))
    return {key: Hours(weekly_hours(weekly[key]), dated_exceptions(dated[key]), facilities[key]) for key in keys}


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
