"""An instrument's calendar by days: a month as a table of weeks, and days one after another for a narrow screen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_start, named_zone
from infra_access.http.localisation import cldr
from infra_access.scheduling.calendar_queries import Calendar
from infra_access.scheduling.segments import Segment, segments

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)

Take = Callable[[TimeSpan], str]
"""The address of the form that takes a free stretch; empty where none of it can be booked."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a day: `clock` by the facility's clock, `mine` by the reader's; free and own ones lead to `href`.

    `move` is the address at which an own one is moved, where it can be.
    """

    kind: str
    clock: str
    mine: str = ""
    label: str = ""
    href: str = ""
    move: str = ""


@dataclass(frozen=True, slots=True)
class DayOfCalendar:
    """A day with its stretches; `free_hours` as text. `outside` of the month.

    `href` takes its first free time, which goes from `start` to `end`.
    """

    date: date
    name: str
    today: bool
    outside: bool
    past: bool
    kind: str
    parts: tuple[Part, ...]
    free_hours: str
    href: str
    start: str
    end: str

    @property
    def own(self) -> tuple[Part, ...]:
        """Return the reader's own sessions."""
        return tuple(one for one in self.parts if one.kind == "mine")


def month_window(first: date, zone: str) -> TimeSpan:
    """Return the instants of the whole weeks that a month touches."""
    start = first - first.weekday() * _DAY
    last = following(first) - _DAY
    return TimeSpan(day_start(start, zone), day_start(last + (7 - last.weekday()) * _DAY, zone))


def following(first: date) -> date:
    """Return the first day of the next month."""
    return (first + 31 * _DAY).replace(day=1)


def days_of(
    calendar: Calendar,
    window: TimeSpan,
    *,
    now: datetime,
    locale: str,
    take: Take,
    earliest: datetime | None = None,
    own: Sequence[Segment] = (),
    address: Callable[[str], str] = str,
    moves: Mapping[str, str] | None = None,
    my_zone: str | None = None,
    month: int | None = None,
    free_as: str = "free",
) -> list[DayOfCalendar]:
    """Return the days of a window; `address` leads to a booking, `own` are those of the reader, `moves` move them.

    `free_as` is what free time is called where it cannot be taken here.
    """
    zone = named_zone(calendar.timezone)
    theirs = named_zone(my_zone) if my_zone and my_zone != calendar.timezone else None
    day, last = window.start.astimezone(zone).date(), window.end.astimezone(zone).date()
    found = []
    while day < last:
        span = TimeSpan(day_start(day, zone.key), day_start(day + _DAY, zone.key))
        stretches = segments(
            span, opened=calendar.opened, free=calendar.free, busy=calendar.busy, known=own, now=now, earliest=earliest
        )
        stretches = [replace(one, kind=free_as) if one.kind == "free" else one for one in stretches]
        found.append(_day(day, span, stretches, zone, theirs, now, locale, take, address, moves or {}, month))
        day += _DAY
    return found


def _day(
    day: date,
    span: TimeSpan,
    stretches: Sequence[Segment],
    zone: ZoneInfo,
    theirs: ZoneInfo | None,
    now: datetime,
    locale: str,
    take: Take,
    address: Callable[[str], str],
    moves: Mapping[str, str],
    month: int | None,
) -> DayOfCalendar:
    parts, links, free = [], [], timedelta()
    first: TimeSpan | None = None
    for one in stretches:
        href = take(one.span) if one.kind == "free" else address(one.booking) if one.booking else ""
        if one.kind == "free" and href:
            links.append(href)
            free += one.span.length
            first = first or one.span
        parts.append(
            Part(
                one.kind,
                _clock(one.span, zone),
                _clock(one.span, theirs) if theirs else "",
                one.label,
                href,
                moves.get(href, ""),
            )
        )
    kinds = [one.kind for one in parts]
    order = ["mine", *(["free"] if links else []), "ask", "busy", "maintenance", "soon", "past", "closed"]
    past = span.end <= now
    return DayOfCalendar(
        date=day,
        name=format_date(day, "EEE d MMM", locale=cldr(locale)),
        today=day == now.astimezone(zone).date(),
        outside=month is not None and day.month != month,
        past=past,
        kind="past" if past else next((kind for kind in order if kind in kinds), "closed"),
        parts=tuple(parts),
        free_hours=f"{free / _HOUR:.1f}".removesuffix(".0"),
        href=links[0] if links else "",
        start=_text(first.start) if first else "",
        end=_text(first.end) if first else "",
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _clock(span: TimeSpan, zone: ZoneInfo) -> str:
    """Return the hours of a stretch of a day; the midnight at its end is 24:00."""
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    until = "24:00" if end.date() > start.date() and (end.hour, end.minute) == (0, 0) else f"{end:%H:%M}"
    return f"{start:%H:%M}–{until}"
