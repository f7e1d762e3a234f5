"""The form of a facility's hours: one line of text a weekday and a date, such as "09:00-12:00, 13:00-17:00"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.scheduling.hours import Hours
from infra_access.scheduling.opening_hours import (
    ALWAYS_OPEN,
    DatedException,
    DayHours,
    WeeklyHours,
    clock_text,
    minute_of_day,
)
from infra_access.scheduling.public_holidays import HolidayCalendar

SPARE = 3
"""So many empty rows for further dates."""
_ROW = re.compile(r"exceptions\.([0-9]{1,4})\.")
_PARTS = ("day", "hours", "label")


@dataclass(frozen=True, slots=True)
class Entered:
    """Hours as they were typed."""

    weekly: tuple[WeeklyHours, ...]
    exceptions: tuple[DatedException, ...]
    holidays: HolidayCalendar


def filled_in(hours: Hours) -> dict[str, str]:
    """Return the fields that say these hours."""
    fields = {
        "always": "yes" if hours.weekly == ALWAYS_OPEN else "",
        "holidays.country": hours.holidays.country or "",
        "holidays.region": hours.holidays.region or "",
    }
    for day in range(7):
        own = [DayHours(one.opens, one.closes) for one in hours.weekly if one.weekday == day]
        fields[f"weekly.{day}"] = "" if fields["always"] else _text(own)
    for index, one in enumerate(hours.exceptions):
        fields[f"exceptions.{index}.day"] = one.day.isoformat()
        fields[f"exceptions.{index}.hours"] = _text(one.hours)
        fields[f"exceptions.{index}.label"] = one.label
    return fields


def closed_up(values: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed without empty rows of dates, so that the others are numbered as they are judged."""
    kept = {key: value for key, value in values.items() if not _ROW.match(key)}
    rows = sorted({int(found[1]) for key in values if (found := _ROW.match(key))})
    filled = [row for row in rows if any(values.get(f"exceptions.{row}.{part}", "").strip() for part in _PARTS)]
    for index, row in enumerate(filled):
        for part in _PARTS:
            kept[f"exceptions.{index}.{part}"] = values.get(f"exceptions.{row}.{part}", "").strip()
    return kept


def rows_in(values: Mapping[str, str]) -> int:
    """Return how many rows of dates are filled in, those of `closed_up` values."""
    return sum(key.startswith("exceptions.") and key.endswith(".day") for key in values)


def entered(values: Mapping[str, str]) -> Entered:
    """Return the hours that `closed_up` values say. Raises Invalid naming each field that is not right."""
    faults: dict[str, list[Text]] = {}
    weekly = [
        WeeklyHours(day, one.opens, one.closes)
        for day in range(7)
        for one in _stretches(values.get(f"weekly.{day}", ""), f"weekly.{day}", faults)
    ]
    always = bool(values.get("always"))
    if not always and not weekly and not faults:
        faults["always"] = [_("Give the hours of one weekday at least, or say that it is always open.")]
    exceptions = []
    for index in range(rows_in(values)):
        path = f"exceptions.{index}"
        hours = _stretches(values[f"{path}.hours"], f"{path}.hours", faults)
        day = _day(values[f"{path}.day"], f"{path}.day", faults)
        if day is not None:
            exceptions.append(DatedException(day, hours, values[f"{path}.label"]))
    if faults:
        raise Invalid("hours.invalid", _("The opening hours are not right. Correct the rows named."), fields=faults)
    country, region = (values.get(f"holidays.{one}", "").strip().upper() or None for one in ("country", "region"))
    return Entered(() if always else tuple(weekly), tuple(exceptions), HolidayCalendar(country, region))


def at_their_fields(given: Entered | None, errors: Mapping[str, str]) -> dict[str, str]:
    """Return faults that the command found at the fields of this form: a row of weekly hours is one of a weekday's."""
    found: dict[str, str] = {}
    for path, text in errors.items():
        head, _dot, rest = path.partition(".")
        index, _dot, below = rest.partition(".")
        if head == "weekly" and given is not None and index.isdecimal():
            path = f"weekly.{given.weekly[int(index)].weekday}"
        elif head == "exceptions" and below.startswith("hours"):
            path = f"exceptions.{index}.hours"
        found[path] = text
    return found


def _text(hours: tuple[DayHours, ...] | list[DayHours]) -> str:
    return ", ".join(f"{clock_text(one.opens)}-{clock_text(one.closes)}" for one in hours)


def _stretches(text: str, field: str, faults: dict[str, list[Text]]) -> tuple[DayHours, ...]:
    found = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        opens, dash, closes = part.replace("–", "-").partition("-")
        try:
            if not dash:
                raise Invalid("hours.invalid", _("Write times as 09:00-17:00, several with commas between them."))
            found.append(DayHours(minute_of_day(opens.strip()), minute_of_day(closes.strip())))
        except Invalid as error:
            faults.setdefault(field, []).append(error.message)
    return tuple(found)


def _day(text: str, field: str, faults: dict[str, list[Text]]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults[field] = [_("Give a day such as 2026-05-01.")]
        return None
