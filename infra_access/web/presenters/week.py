"""An instrument's calendar as the table of a week: hours down, days across, in the facility's wall time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from infra_access.core.errors import Invalid
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_start, first_instant, named_zone
from infra_access.http.localisation import cldr
from infra_access.scheduling.calendar_queries import Calendar
from infra_access.web.rendering import place

_DAY = timedelta(days=1)
_OFFICE = (8, 18)
"""The hours shown of a week in which the facility is never open."""


@dataclass(frozen=True, slots=True)
class Day:
    """A column's head."""

    date: date
    weekday: str
    number: str
    today: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: `hours` rows long; a free one leads to `href`, or chooses `value` in a form.

    A free one says its `start` and `end`, the reader's own the address `move` where it can be moved.
    """

    kind: str
    when: str
    hours: int = 1
    href: str = ""
    value: str = ""
    note: str = ""
    chosen: bool = False
    start: str = ""
    end: str = ""
    move: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the facility's clock, `mine` as the reader's clock shows it on the first day."""

    label: str
    mine: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """What the macro `ui.week` draws, and the Mondays before and after."""

    monday: date
    days: tuple[Day, ...]
    rows: tuple[Row, ...]
    zone: str
    free: bool

    @property
    def previous(self) -> date:
        """Return the Monday before."""
        return self.monday - 7 * _DAY

    @property
    def following(self) -> date:
        """Return the Monday after."""
        return self.monday + 7 * _DAY


def monday_of(text: str | None, zone: str, now: datetime) -> date:
    """Return the Monday of a week named by any of its days, else of this week; nonsense is this week too."""
    chosen = day_named(text, zone, now)
    return chosen - chosen.weekday() * _DAY


def day_named(text: str | None, zone: str, now: datetime) -> date:
    """Return the day that an address names, else today; nonsense, and days years away, are today too."""
    today = now.astimezone(named_zone(zone)).date()
    try:
        chosen = date.fromisoformat(text) if text else today
    except ValueError:
        chosen = today
    # Years away there is nothing to show, and nothing that the database should be asked for.
    return today if abs(chosen - today) > 731 * _DAY else chosen


def week_window(monday: date, zone: str) -> TimeSpan:
    """Return the instants of a local week."""
    return TimeSpan(day_start(monday, zone), day_start(monday + 7 * _DAY, zone))


def week_of(
    calendar: Calendar,
    monday: date,
    *,
    now: datetime,
    locale: str,
    link: Callable[[TimeSpan], str] | None = None,
    mine: Mapping[TimeSpan, str] | None = None,
    moves: Mapping[str, str] | None = None,
    my_zone: str | None = None,
    earliest: datetime | None = None,
    step: int = 1,
    free_as: str = "free",
) -> Week:
    """Return the week; `link` gives a free span's address, `mine` the addresses of the reader's own bookings,
    `moves` where each of these is moved, if it can be.

    What is free before `earliest` cannot be booked any more; `free_as` is what free time is called where it cannot be
    taken here. Rows are `step` hours high, so that where bookings
    start on a grid of eight hours each free cell is one that can be taken.
    """
    place_ = named_zone(calendar.timezone)
    days = [monday + n * _DAY for n in range(7)]
    first, last = _hours(calendar.opened, place_)
    hours = range(first - first % step, last, step)
    columns = [
        _joined(
            [
                _cell(
                    calendar,
                    _hours_from(day, hour, step, place_),
                    now,
                    locale,
                    link,
                    mine or {},
                    moves or {},
                    earliest or now,
                    free_as,
                )
                for hour in hours
            ]
        )
        for day in days
    ]
    today = now.astimezone(place_).date()
    return Week(
        monday=monday,
        days=tuple(_day(day, today, locale) for day in days),
        rows=tuple(
            Row(f"{hour:02}:00", _mine(monday, hour, place_, my_zone), tuple(column[n] for column in columns))
            for n, hour in enumerate(hours)
        ),
        zone=place(calendar.timezone),
        free=any(cell is not None and cell.kind == "free" for column in columns for cell in column),
    )


def _hours(opened: Sequence[TimeSpan], zone: ZoneInfo) -> tuple[int, int]:
    if not opened:
        return _OFFICE
    first, last = 24, 0
    for span in opened:
        start, end = span.start.astimezone(zone), span.end.astimezone(zone)
        if end.date() > start.date() and (end.hour, end.minute) != (0, 0):
            return 0, 24
        first = min(first, start.hour)
        last = max(last, 24 if end.date() > start.date() else end.hour + (end.minute > 0))
        if end.date() - start.date() > _DAY:
            return 0, 24
    return first, max(last, first + 1)


def _hours_from(day: date, hour: int, step: int, zone: ZoneInfo) -> TimeSpan | None:
    """Return some hours of the wall clock; None for an hour that the clocks skip."""
    start = first_instant(datetime.combine(day, time(hour)), zone)
    until = hour + step
    end = first_instant(datetime.combine(day, time(until)), zone) if until < 24 else day_start(day + _DAY, zone)
    return TimeSpan(start, end) if start < end else None


def _cell(
    calendar: Calendar,
    hour: TimeSpan | None,
    now: datetime,
    locale: str,
    link: Callable[[TimeSpan], str] | None,
    mine: Mapping[TimeSpan, str],
    moves: Mapping[str, str],
    earliest: datetime,
    free_as: str,
) -> Cell:
    if hour is None:
        return Cell("closed", "")
    zone = named_zone(calendar.timezone)
    when = _when(hour, zone, locale)
    own = next((href for span, href in mine.items() if span.overlaps(hour)), None)
    if own is not None:
        return Cell("mine", when, href=own, move=moves.get(own, ""))
    if hour.start < now:
        return Cell("past", when)
    parts = (part for span in calendar.free if (part := span.clip(hour)))
    # Of a row of several hours a part cannot be booked: the grid has only whole ones.
    free = next((part for part in parts if part == hour or hour.length <= timedelta(hours=1)), None)
    if free is not None and free.start < earliest:
        return Cell("soon", when)
    if free is not None:
        note = "" if free == hour else _clock(free, zone)
        start, end = (moment.isoformat().replace("+00:00", "Z") for moment in (free.start, free.end))
        href = link(free) if link else ""
        if not href:
            return Cell(free_as, _when(free, zone, locale), note=note)
        return Cell("free", _when(free, zone, locale), href=href, note=note, start=start, end=end)
    busy = next((one for one in calendar.busy if one.span.overlaps(hour)), None)
    if busy is None or not any(span.overlaps(hour) for span in calendar.opened):
        return Cell("closed", when)
    return Cell("maintenance" if busy.kind == "maintenance" else "busy", when, note=busy.label)


def _joined(cells: Sequence[Cell]) -> list[Cell | None]:
    """Return the column with neighbours alike in one cell, but for free ones, each of which is a choice."""
    joined: list[Cell | None] = []
    head = 0
    for n, cell in enumerate(cells):
        above = joined[head] if joined else None
        alike = above is not None and cell.kind != "free" and _look(above) == _look(cell)
        if above is not None and alike:
            joined[head] = replace(above, hours=above.hours + 1, when=_until(above.when, cell.when))
            joined.append(None)
        else:
            head = n
            joined.append(cell)
    return joined


def _look(cell: Cell) -> tuple[str, str, str]:
    return cell.kind, cell.note, cell.href


def _until(first: str, last: str) -> str:
    return first.rpartition("–")[0] + "–" + last.rpartition("–")[2] if first and last else first or last


def _when(span: TimeSpan, zone: ZoneInfo, locale: str) -> str:
    day = format_date(span.start.astimezone(zone).date(), "EEE d MMM", locale=cldr(locale))
    return f"{day}, {_clock(span, zone)}"


def _clock(span: TimeSpan, zone: ZoneInfo) -> str:
    return f"{span.start.astimezone(zone):%H:%M}–{span.end.astimezone(zone):%H:%M}"


def _day(day: date, today: date, locale: str) -> Day:
    form = cldr(locale)
    return Day(day, format_date(day, "EEE", locale=form), format_date(day, "d", locale=form), day == today)


def _mine(monday: date, hour: int, zone: ZoneInfo, my_zone: str | None) -> str:
    if not my_zone or my_zone == zone.key:
        return ""
    try:
        theirs = named_zone(my_zone)
    except Invalid:
        return ""
    return f"{first_instant(datetime.combine(monday, time(hour)), zone).astimezone(UTC).astimezone(theirs):%H:%M}"
