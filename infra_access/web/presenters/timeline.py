"""A facility's time as a table: instruments down, the hours of a day or the days of a week across."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date

from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import named_zone
from infra_access.http.localisation import cldr
from infra_access.scheduling.segments import Segment
from infra_access.scheduling.timeline_queries import Lane

_DAY = timedelta(days=1)
_THIN, _SHORT = 0.06, 0.16


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head, `wide` columns of the table across."""

    words: str
    wide: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One cell: `wide` columns across, with the times in words; one that is `thin` or `short` has no room for all."""

    kind: str
    wide: int
    size: str
    clock: str
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class LaneRow:
    """An instrument with its bars."""

    lane: Lane
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """The window cut into columns of one length; bars reach outwards to whole columns."""

    window: TimeSpan
    step: timedelta
    by_week: bool
    zone: str

    @property
    def columns(self) -> int:
        """Return how many there are."""
        return -(-self.window.length // self.step)

    def heads(self, locale: str) -> list[Head]:
        """Return the hours of the day, or the days of the week, by the facility's clock."""
        found: list[list[str | int]] = []
        for n in range(self.columns):
            local = (self.window.start + n * self.step).astimezone(named_zone(self.zone))
            words = format_date(local.date(), "EEE d MMM", locale=cldr(locale)) if self.by_week else f"{local:%H}"
            if found and found[-1][0] == words:
                found[-1][1] = int(found[-1][1]) + 1
            else:
                found.append([words, 1])
        return [Head(str(words), int(wide)) for words, wide in found]

    def row(self, lane: Lane, *, locale: str, address: Callable[[str], str]) -> LaneRow:
        """Return the bars of an instrument; what lies between two cells belongs to the later one that is not free."""
        kinds: list[Segment] = [lane.segments[-1]] * self.columns
        order = sorted(lane.segments, key=lambda one: _LEAST.index(one.kind))
        for one in order:
            first = (one.span.start - self.window.start) // self.step
            last = -(-(one.span.end - self.window.start) // self.step)
            kinds[first:last] = [one] * (last - first)
        bars: list[Bar] = []
        count = 0
        for n, one in enumerate(kinds):
            count += 1
            if n + 1 == len(kinds) or kinds[n + 1] is not one:
                bars.append(self._bar(one, count, locale, address))
                count = 0
        return LaneRow(lane, tuple(bars))

    def _bar(self, one: Segment, wide: int, locale: str, address: Callable[[str], str]) -> Bar:
        href = address(one.booking) if one.booking else ""
        share = wide / self.columns
        size = "thin" if share < _THIN else "short" if share < _SHORT else ""
        return Bar(one.kind, wide, size, _clock(one.span, self.zone, locale, by_week=self.by_week), one.label, href)


_LEAST: Sequence[str] = ("closed", "past", "soon", "ask", "free", "busy", "maintenance", "mine")
"""What is shown where two kinds share a column: the later one here."""


def _clock(span: TimeSpan, zone: str, locale: str, *, by_week: bool) -> str:
    place = named_zone(zone)
    start, end = span.start.astimezone(place), span.end.astimezone(place)
    midnight = (end.hour, end.minute) == (0, 0)
    if start.date() == end.date() or (midnight and start.date() == end.date() - _DAY):
        times = f"{start:%H:%M}–{'24:00' if midnight else f'{end:%H:%M}'}"
        return f"{_day(start.date(), locale)} {times}" if by_week else times
    return f"{_day(start.date(), locale)} {start:%H:%M}–{_day(end.date(), locale)} {end:%H:%M}"


def _day(day: date, locale: str) -> str:
    return format_date(day, "EEE d", locale=cldr(locale))
