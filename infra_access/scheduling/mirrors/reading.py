"""What a calendar file of another system says is busy: spans alone, since nothing else of it is ours to keep.

Events are expanded within a window only. What is cancelled or marked as free time (TRANSPARENT) is not busy; a whole
day is one of the facility's zone, and so is a time without a zone. An event that cannot be read, or whose rule is not
admitted, is counted and left out: the copy says how many, so that nobody takes it for complete.
Source: RFC 5545; the rules that are admitted are those of `recurrence`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component

from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan, merge
from infra_access.scheduling.recurrence import check_rule, wall_times

MOST_BYTES = 700_000
MOST_EVENTS = 5_000
MOST_SPANS = 20_000
_MOST_STEPS = 10_000
"""Occurrences walked through of one event, most of them before the window: a daily one of 27 years."""

_FREE = {"TRANSPARENT"}
_OFF = {"CANCELLED"}
_DAY = timedelta(days=1)
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Reading:
    """The busy spans within the window, sorted and joined; how many events were read, and how many left out."""

    busy: tuple[TimeSpan, ...]
    events: int
    left_out: int


@dataclass(frozen=True, slots=True)
class _Start:
    """The start of an event in wall time, with the zone that its clock shows; a whole day has none of its own."""

    wall: datetime
    zone: tzinfo
    length: timedelta


def read_busy(content: str, zone: ZoneInfo, window: TimeSpan) -> Reading:
    """Return what a calendar file says is busy within the window.

    Raises Invalid `mirror.too_large`, `mirror.unreadable`, `mirror.too_many` for a file that is refused whole.
    """
    if len(content.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise _refused("too_large", _("This file is larger than 700 kB. Export fewer days."))
    events = _events(content)
    if len(events) > MOST_EVENTS:
        raise _refused("too_many", _("This file has more than 5,000 events. Export fewer days."))
    found: list[TimeSpan] = []
    left_out = 0
    moved = _moved(events)
    for event in events:
        try:
            spans = list(_spans(event, zone, window, moved))
        except (Invalid, ValueError, TypeError, OverflowError, AttributeError, KeyError, IndexError):
            # A parser of strangers' files meets everything; one odd event must not hide all others.
            left_out += 1
            continue
        found += spans
        if len(found) > MOST_SPANS:
            raise _refused("too_many", _("These events repeat too often to be copied. Export fewer days."))
    return Reading(tuple(merge(found)), len(events), left_out)


def _events(content: str) -> list[Component]:
    try:
        calendars = Calendar.from_ical(content, multiple=True)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise _refused("unreadable", _("This is no calendar file that we can read (iCalendar, .ics).")) from error
    found = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    if not found and not any(one.name == "VCALENDAR" for one in calendars):
        raise _refused("unreadable", _("This is no calendar file that we can read (iCalendar, .ics)."))
    return found


def _spans(event: Component, zone: ZoneInfo, window: TimeSpan, moved: dict[str, set[datetime]]) -> Iterator[TimeSpan]:
    """Yield the spans of an event that lie within the window, clipped to it."""
    if str(event.get("TRANSP", "")).upper() in _FREE or str(event.get("STATUS", "")).upper() in _OFF:
        return
    start = _start(event, zone)
    elsewhere = {_instant(one.dt, zone) for one in _dates(event.get("EXDATE"))}
    if "RECURRENCE-ID" not in event:
        elsewhere |= moved.get(str(event.get("UID", "")), set())
    for wall in _walls(event, start, zone, window):
        begins = _utc(wall, start.zone)
        # The end keeps its wall time, as the event's own clock shows it.
        ends = _utc(wall + start.length, start.zone)
        if begins not in elsewhere and begins < ends and (part := TimeSpan(begins, ends).clip(window)):
            yield part


def _start(event: Component, zone: ZoneInfo) -> _Start:
    first = event.decoded("DTSTART")
    if "DTEND" in event:
        last = event.decoded("DTEND")
    elif "DURATION" in event:
        last = first + event.decoded("DURATION")
    else:
        last = first if isinstance(first, datetime) else first + _DAY
    length = _wall(last) - _wall(first)
    if not timedelta() <= length <= _LONGEST:
        raise ValueError("an event ends after it begins, and within a year")
    own = first.tzinfo if isinstance(first, datetime) and first.tzinfo is not None else zone
    return _Start(_wall(first), own, length)


def _walls(event: Component, start: _Start, zone: ZoneInfo, window: TimeSpan) -> Iterator[datetime]:
    """Yield the wall times at which an event begins, up to the end of the window."""
    more = sorted(_wall(one.dt) for one in _dates(event.get("RDATE")))
    yield from {start.wall, *more}
    rules = event.get("RRULE")
    if rules is None:
        return
    if isinstance(rules, list):
        raise ValueError("two rules in one event, which RFC 5545 advises against")
    for wall in _by_rule(rules.to_ical().decode(), start, zone, window):
        if wall != start.wall:
            yield wall


def _by_rule(text: str, start: _Start, zone: ZoneInfo, window: TimeSpan) -> Iterator[datetime]:
    parts = dict(part.split("=", 1) for part in text.upper().split(";"))
    count, until = parts.pop("COUNT", None), parts.pop("UNTIL", None)
    if parts.get("FREQ") == "HOURLY":
        raise ValueError("an hourly rule from long ago takes too long to follow")
    # What remains is endless, and is read up to the window's end alone.
    pattern = check_rule(";".join(f"{name}={value}" for name, value in parts.items()) + ";COUNT=1").pattern
    last = _until(until, start, zone) if until else None
    for number, wall in enumerate(wall_times(pattern, start.wall)):
        if number >= _MOST_STEPS:
            raise ValueError("too many occurrences before the window")
        begins = _utc(wall, start.zone)
        if begins >= window.end or (count and number >= int(count)) or (last and begins > last):
            return
        if begins + start.length + _DAY > window.start:
            yield wall


def _until(text: str, start: _Start, zone: ZoneInfo) -> datetime:
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if "T" in text:
        return _utc(datetime.strptime(text, "%Y%m%dT%H%M%S"), start.zone)  # noqa: DTZ007 - wall time of the event
    day = datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - a date: the whole day counts
    return _utc(day + _DAY - timedelta(seconds=1), start.zone or zone)


def _moved(events: Iterable[Component]) -> dict[str, set[datetime]]:
    """Return which occurrences of a series stand in the file as events of their own, by UID."""
    found: dict[str, set[datetime]] = {}
    for event in events:
        given = event.get("RECURRENCE-ID")
        if isinstance(getattr(given, "dt", None), datetime) and given.dt.tzinfo is not None:
            found.setdefault(str(event.get("UID", "")), set()).add(given.dt.astimezone(UTC))
    return found


def _dates(value: Any) -> Sequence[Any]:
    """Return the dates of EXDATE or RDATE, which may stand there once, several times, or not at all."""
    listed = value if isinstance(value, list) else [value] if value is not None else []
    return [one for part in listed for one in part.dts]


def _wall(moment: date | datetime) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None)
    return datetime.combine(moment, time())


def _instant(moment: date | datetime, zone: ZoneInfo) -> datetime:
    own = moment.tzinfo if isinstance(moment, datetime) and moment.tzinfo is not None else zone
    return _utc(_wall(moment), own)


def _utc(wall: datetime, zone: tzinfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _refused(code: str, message: Any) -> Invalid:
    return Invalid(f"mirror.{code}", message, fields={"content": [message]})
