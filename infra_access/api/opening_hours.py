"""/facilities/{id}/hours: when a facility is open, on which dates otherwise, and whose public holidays close it."""

from datetime import timedelta
from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Day, Integer, Line, ListOf, Part, Strict
from infra_access.api.schemas import Body, Out
from infra_access.core.authority import Permission
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.hours import Hours, all_hours, set_hours
from infra_access.scheduling.opening_hours import (
    LONGEST_LABEL,
    MOST_DATED,
    MOST_WEEKLY,
    DatedException,
    DayHours,
    WeeklyHours,
    clock_text,
    minute_of_day,
)
from infra_access.scheduling.public_holidays import HolidayCalendar

_AHEAD = timedelta(days=366)


class WallTime(Strict):
    """A time of day on the facility's clock, up to 24:00."""

    describes = {  # noqa: RUF012
        "type": "string",
        "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        "examples": ["09:00"],
    }

    def load(self, value: Any, name: str) -> int:
        """Return the minutes since midnight."""
        if not isinstance(value, str):
            raise Invalid("value.invalid", _("This must be text."))
        return minute_of_day(value)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else clock_text(value)


class DayHoursBody(Body):
    """One stretch of a day, from opening until closing."""

    opens = WallTime(required=True)
    closes = WallTime("Later than it opens; for a night, two rows: until 24:00 and from 00:00.", required=True)


class WeeklyHoursBody(DayHoursBody):
    """One stretch of each such weekday."""

    weekday = Integer("0 is Monday, 6 is Sunday.", low=0, high=6, required=True)


class ExceptionBody(Body):
    """What holds on one date instead of the weekly hours and of any holiday; without hours it is closed."""

    day = Day(required=True)
    hours = ListOf(Part(DayHoursBody), "None at all: closed all day.", most=24)
    label = Line("Why, such as Inventory; everybody may read it.", most=LONGEST_LABEL)


class HolidaysBody(Body):
    """Whose public holidays close the facility."""

    country = Line("Two letters (ISO 3166-1).", most=2, required=True)
    region = Line("What follows the hyphen of ISO 3166-2, such as BE of DE-BE.", most=10, allow_none=True)


class HoursBody(Body):
    """All hours of a facility: what is left out is no longer there."""

    weekly = ListOf(Part(WeeklyHoursBody), "None at all: always open.", most=MOST_WEEKLY, required=True)
    exceptions = ListOf(Part(ExceptionBody), most=MOST_DATED)
    holidays = Part(HolidaysBody, allow_none=True)


class HolidayOut(Out):
    """A public holiday on which the facility is closed."""

    day = Day()
    name = Line(most=200)


class HoursOut(Out):
    """The hours of a facility, in its own zone."""

    timezone = Line(most=64)
    weekly = ListOf(Part(WeeklyHoursBody), most=MOST_WEEKLY)
    exceptions = ListOf(Part(ExceptionBody), most=MOST_DATED)
    holidays = Part(HolidaysBody, allow_none=True)
    closed_days = ListOf(Part(HolidayOut), "The holidays of the coming year that close it.", most=400)
    version = Integer("Raised by each change.", low=0)


@resource("api.facility_hours", "GET", permission=Permission.CATALOGUE_READ, out=HoursOut, errors=(410,))
def read(call: Call) -> dict[str, Any]:
    """Show a facility's hours."""
    return _shown(call, call.row.hours)


@resource(
    "api.facility_hours",
    "PUT",
    permission=Permission.HOURS_WRITE,
    body=HoursBody,
    out=HoursOut,
    version="version",
    errors=(410,),
)
def replace(call: Call) -> dict[str, Any]:
    """Replace a facility's hours; bookings already made stay."""
    facility, given = call.row.facility, call.body
    holidays = given.get("holidays") or {}
    set_hours(
        call.db,
        facility=facility,
        weekly=[WeeklyHours(**row) for row in given["weekly"]],
        exceptions=[_exception(row) for row in given.get("exceptions", ())],
        holidays=HolidayCalendar(holidays.get("country"), holidays.get("region")),
        **call.changes,
    )
    return _shown(call, all_hours(call.db, facility))


def _exception(row: dict[str, Any]) -> DatedException:
    hours = tuple(DayHours(**part) for part in row.get("hours", ()))
    return DatedException(row["day"], hours, row.get("label", ""))


def _shown(call: Call, hours: Hours) -> dict[str, Any]:
    calendar = hours.holidays
    said = {one.day for one in hours.exceptions}
    coming = hours.dated_within(TimeSpan(call.now, call.now + _AHEAD))
    return {
        "timezone": hours.zone,
        "weekly": hours.weekly,
        "exceptions": hours.exceptions,
        "holidays": calendar if calendar.country else None,
        "closed_days": [{"day": one.day, "name": one.label} for one in coming if one.day not in said],
        "version": hours.version,
    }
