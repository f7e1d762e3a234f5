"""VTIMEZONE components bounded to the years that a calendar needs.

Each observance lists its onsets for those years instead of a rule for ever, so that a reader that knows no
zone database finds the same instants. An onset is given in the local time in force before it, as RFC 5545
section 3.6.5 demands (the offset from, not the one to).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Observance:
    offset_from: timedelta
    offset_to: timedelta
    name: str
    daylight: bool


def bounded_timezone(zone: ZoneInfo, first_year: int, last_year: int) -> Timezone:
    """Return the VTIMEZONE of `zone` that is right from the start of `first_year` to the end of `last_year`."""
    # Two days of margin on both sides cover every offset.
    start = datetime(first_year, 1, 1, tzinfo=UTC) - 2 * _DAY
    end = datetime(last_year + 1, 1, 1, tzinfo=UTC) + 2 * _DAY
    opening = start.astimezone(zone)
    offset = opening.utcoffset() or timedelta()
    onsets = {_observance(opening, offset): [(start + offset).replace(tzinfo=None)]}
    for instant in _changes(zone, start, end):
        local = instant.astimezone(zone)
        onsets.setdefault(_observance(local, offset), []).append((instant + offset).replace(tzinfo=None))
        offset = local.utcoffset() or timedelta()
    component = Timezone()
    component.add("TZID", zone.key)
    for observance, moments in onsets.items():
        part = TimezoneDaylight() if observance.daylight else TimezoneStandard()
        part.add("DTSTART", moments[0])
        # The first onset stands in RDATE too: some readers accept no observance without a recurrence.
        part.add("RDATE", moments)
        part.add("TZNAME", observance.name)
        part.add("TZOFFSETFROM", observance.offset_from)
        part.add("TZOFFSETTO", observance.offset_to)
        component.add_component(part)
    return component


def _observance(local: datetime, offset_from: timedelta) -> _Observance:
    return _Observance(offset_from, local.utcoffset() or timedelta(), local.tzname() or "", bool(local.dst()))


def _changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the instants at which the offset changes; no zone ever changed twice within a day."""
    while start < end:
        following = start + _DAY
        if start.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            yield _bisect(zone, start, following)
        start = following


def _bisect(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
