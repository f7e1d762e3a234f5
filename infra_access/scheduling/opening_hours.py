"""Opening hours: weekly hours in local wall time, dated exceptions, and the spans of real time they mean.

Hours are minutes of the local day, 0 to 1440 (24:00), so that "until midnight" can be said. Staying open over
night takes two rows (22:00-24:00 and, on the next day, 00:00-06:00); the spans join. On a clock change an
opening or closing time that is skipped moves to the end of the gap; of a repeated one, opening is the first
and closing the last occurrence. 24:00 is the moment at which the next local day begins.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from babel.dates import get_day_names

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line
from infra_access.core.timespan import TimeSpan, merge
from infra_access.core.zones import FIRST_YEAR, LAST_YEAR, day_start, first_instant, last_instant, named_zone

MINUTES_OF_A_DAY = 1440
MOST_WEEKLY, MOST_DATED = 100, 1000
LONGEST_LABEL = 200
_DAY = timedelta(days=1)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True, order=True)
class DayHours:
    """One stretch `[opens, closes)` of a day, in minutes since its local midnight."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True, order=True)
class WeeklyHours:
    """One stretch `[opens, closes)` of each such weekday (0 is Monday), in minutes since local midnight."""

    weekday: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True, order=True)
class DatedException:
    """What replaces the weekly hours on one date; no hours means closed. The label says why, such as "Inventory"."""

    day: date
    hours: tuple[DayHours, ...] = ()
    label: str = ""


ALWAYS_OPEN = tuple(WeeklyHours(weekday, 0, MINUTES_OF_A_DAY) for weekday in range(7))
"""Open at every instant, also through clock changes; dated exceptions still apply."""


def minute_of_day(text: str) -> int:
    """Return the minutes since midnight of "HH:MM", "24:00" included. Raises Invalid `hours.invalid`.

    >>> minute_of_day("09:30"), minute_of_day("24:00")
    (570, 1440)
    """
    if text == "24:00":
        return MINUTES_OF_A_DAY
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise Invalid(
            "hours.invalid",
            _('"${text}" is no time of day. Write it as "09:00", up to "24:00".', mapping={"text": text[:20]}),
        )
    return int(found[1]) * 60 + int(found[2])


def clock_text(minute: int) -> str:
    """Return minutes since midnight as "HH:MM".

    >>> clock_text(570), clock_text(1440)
    ('09:30', '24:00')
    """
    return f"{minute // 60:02}:{minute % 60:02}"


def weekly_hours(rows: Iterable[tuple[int, str, str]]) -> tuple[WeeklyHours, ...]:
    """Return stored rows (weekday, "HH:MM", "HH:MM") as hours; without a row it is always open.

    >>> weekly_hours([(0, "09:00", "24:00")])
    (WeeklyHours(weekday=0, opens=540, closes=1440),)
    """
    hours = tuple(WeeklyHours(day, minute_of_day(opens), minute_of_day(closes)) for day, opens, closes in rows)
    return hours or ALWAYS_OPEN


def dated_exceptions(rows: Iterable[tuple[date, str | None, str | None, str]]) -> tuple[DatedException, ...]:
    """Return stored rows (day, opens, closes, label) as one exception a day; a row without times closes that day."""
    by_day: dict[date, list[DayHours]] = {}
    labels: dict[date, str] = {}
    for day, opens, closes, label in rows:
        stretches = by_day.setdefault(day, [])
        labels[day] = label
        if opens is not None and closes is not None:
            stretches.append(DayHours(minute_of_day(opens), minute_of_day(closes)))
    return tuple(
        DatedException(day, tuple(sorted(stretches)), labels[day]) for day, stretches in sorted(by_day.items())
    )


def check_hours(hours: Sequence[WeeklyHours], exceptions: Sequence[DatedException] = ()) -> None:
    """Refuse hours that make no sense, naming each row. Raises Invalid `hours.invalid`."""
    fields: dict[str, list[Text]] = {}
    for name, rows, most in (("weekly", hours, MOST_WEEKLY), ("exceptions", exceptions, MOST_DATED)):
        if len(rows) > most:
            fields[name] = [_("Give at most ${most} of them.", mapping={"most": most})]
    for index, row in enumerate(hours):
        path = f"weekly.{index}"
        if not 0 <= row.weekday <= 6:
            fields.setdefault(f"{path}.weekday", []).append(_("A weekday goes from 0 (Monday) to 6 (Sunday)."))
        _check_stretch(row.opens, row.closes, path, fields)
    _check_overlaps([((row.weekday,), row.opens, row.closes, f"weekly.{i}") for i, row in enumerate(hours)], fields)
    seen: set[date] = set()
    for index, exception in enumerate(exceptions):
        path = f"exceptions.{index}"
        if exception.day in seen:
            fields.setdefault(f"{path}.day", []).append(
                _("${day} stands there twice. Put all its hours in one row.", mapping={"day": str(exception.day)})
            )
        seen.add(exception.day)
        if not FIRST_YEAR <= exception.day.year < LAST_YEAR:
            fields.setdefault(f"{path}.day", []).append(
                _("Give a day from ${first} to ${last}.", mapping={"first": FIRST_YEAR, "last": LAST_YEAR - 1})
            )
        try:
            clean_line(exception.label, field=f"{path}.label", max_length=LONGEST_LABEL)
        except Invalid as error:
            fields |= error.fields
        stretches = [((index,), one.opens, one.closes, f"{path}.hours.{i}") for i, one in enumerate(exception.hours)]
        for _key, opens, closes, where in stretches:
            _check_stretch(opens, closes, where, fields)
        _check_overlaps(stretches, fields)
    if fields:
        raise Invalid("hours.invalid", _("The opening hours are not right. Correct the rows named."), fields=fields)


def open_spans(
    hours: Iterable[WeeklyHours], exceptions: Iterable[DatedException], zone: str | ZoneInfo, window: TimeSpan
) -> list[TimeSpan]:
    """Return when it is open within `window`, as sorted maximal spans. Raises Invalid `zone.unknown`."""
    place = zone if isinstance(zone, ZoneInfo) else named_zone(zone)
    dated = {exception.day: exception.hours for exception in exceptions}
    if hours == ALWAYS_OPEN and not dated:
        return [window]
    weekly: dict[int, list[DayHours]] = {}
    for row in hours:
        weekly.setdefault(row.weekday, []).append(DayHours(row.opens, row.closes))
    # A day more on either side: a few zones once repeated an hour across midnight.
    day = window.start.astimezone(place).date() - _DAY
    last = window.end.astimezone(place).date() + _DAY
    found: list[TimeSpan] = []
    while day <= last:
        for stretch in dated.get(day, weekly.get(day.weekday(), ())):
            start, end = max(_start(day, stretch, place), window.start), min(_end(day, stretch, place), window.end)
            if start < end:
                found.append(TimeSpan(start, end))
        day += _DAY
    return merge(found)


def describe(hours: Sequence[WeeklyHours], locale: str = "en") -> list[Text]:
    """Return the weekly hours in lines for people; neighbouring days alike share one, closed days are left out."""
    if not hours:
        return [_("Closed")]
    by_day = [_day_text(hours, weekday) for weekday in range(7)]
    if set(by_day) == {"00:00-24:00"}:
        return [_("Open at all hours, every day")]
    names = get_day_names("abbreviated", "stand-alone", locale)
    lines: list[Text] = []
    for text, group in groupby(range(7), key=lambda weekday: by_day[weekday]):
        days = list(group)
        if text:
            name = names[days[0]] if len(days) == 1 else f"{names[days[0]]}-{names[days[-1]]}"
            lines.append(_("${days} ${hours}", mapping={"days": name, "hours": text}))
    return lines


def _day_text(hours: Sequence[WeeklyHours], weekday: int) -> str:
    stretches: list[tuple[int, int]] = []
    for row in sorted(row for row in hours if row.weekday == weekday):
        if stretches and stretches[-1][1] == row.opens:
            stretches[-1] = (stretches[-1][0], row.closes)
        else:
            stretches.append((row.opens, row.closes))
    return ", ".join(f"{clock_text(opens)}-{clock_text(closes)}" for opens, closes in stretches)


def _start(day: date, stretch: DayHours, place: ZoneInfo) -> datetime:
    return first_instant(_wall(day, stretch.opens), place)


def _end(day: date, stretch: DayHours, place: ZoneInfo) -> datetime:
    if stretch.closes == MINUTES_OF_A_DAY:
        return day_start(day + _DAY, place)
    return last_instant(_wall(day, stretch.closes), place)


def _wall(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60))


def _check_stretch(opens: int, closes: int, path: str, fields: dict[str, list[Text]]) -> None:
    if not (0 <= opens < MINUTES_OF_A_DAY and 0 < closes <= MINUTES_OF_A_DAY):
        fields.setdefault(path, []).append(_("Times of day go from 00:00 to 24:00."))
    elif opens >= closes:
        fields.setdefault(path, []).append(
            _(
                "${opens} to ${closes} does not end after it begins. For a night, use two rows: "
                "one until 24:00, and one from 00:00 on the next day.",
                mapping={"opens": clock_text(opens), "closes": clock_text(closes)},
            )
        )


def _check_overlaps(stretches: Iterable[tuple[tuple[int], int, int, str]], fields: dict[str, list[Text]]) -> None:
    furthest: dict[tuple[int], int] = {}
    for day, opens, closes, path in sorted(stretches):
        if opens < furthest.get(day, 0):
            fields.setdefault(path, []).append(_("These hours overlap others of the same day. Join them into one."))
        furthest[day] = max(furthest.get(day, 0), closes)
