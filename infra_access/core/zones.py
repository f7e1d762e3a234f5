"""Local wall time and instants: the only place that turns one into the other.

A wall time may name no instant (the hour skipped in spring) or two (the hour repeated in autumn). Both are
met here, so that nobody else meets them: a skipped time is refused with its valid neighbours, of a repeated
one the first is taken unless asked otherwise (PEP 495). Dates outside 1970 to 2199 are refused before any
arithmetic, so that no conversion overflows.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan

FIRST_YEAR = 1970
LAST_YEAR = 2199

_RFC3339 = re.compile(
    r"([0-9]{4})-[0-9]{2}-[0-9]{2}"
    r"[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def named_zone(name: str) -> ZoneInfo:
    """Return the IANA zone of that name. Raises Invalid `zone.unknown`."""
    # ZoneInfo reads files by name: only listed names reach it, never a path or a folder.
    if name not in _known_zones():
        raise Invalid(
            "zone.unknown",
            _(
                'There is no time zone "${zone}". Give a name of the IANA list such as "Europe/Berlin".',
                mapping={"zone": name[:80]},
            ),
            details={"zone": name[:80]},
        )
    return ZoneInfo(name)


def parse_instant(text: str) -> datetime:
    """Return the UTC instant that an RFC 3339 text with its offset names.

    Raises Invalid `time.format`, `time.naive` (no offset) or `time.range` (a year outside 1970 to 2199).

    >>> parse_instant("2026-03-29T03:30:00+02:00").isoformat()
    '2026-03-29T01:30:00+00:00'
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise _not_rfc3339(text)
    if found[2] is None:
        raise Invalid(
            "time.naive",
            _(
                'The time "${text}" has no offset, so it names no instant. Add one: "${text}Z" or "${text}+01:00".',
                mapping={"text": text},
            ),
        )
    # One year of margin either side: the offset may move a valid instant over New Year.
    if not FIRST_YEAR - 1 <= int(found[1]) <= LAST_YEAR + 1:
        raise _out_of_range(text)
    try:
        instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except ValueError as error:
        raise _not_rfc3339(text) from error
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise _out_of_range(text)
    return instant


def local_to_instant(wall: datetime, zone: str | ZoneInfo, *, fold: Literal[0, 1] | None = None) -> datetime:
    """Return the UTC instant at which clocks in `zone` show the naive `wall`.

    A repeated wall time gives its first instant, or the second with `fold=1`; `is_repeated` tells.
    Raises Invalid `time.gap` where clocks skip it, `time.range`, `zone.unknown`; ValueError for an aware `wall`.
    """
    place = _place(wall, zone)
    if _is_skipped(wall, place):
        after = _jump(wall, place)
        before = (after - _SECOND).astimezone(place).replace(second=0)
        raise Invalid(
            "time.gap",
            _(
                "There is no ${time} on ${date} in ${zone}: the clocks go forward then. "
                "Choose ${before} or earlier, or ${after} or later.",
                mapping={
                    "time": f"{wall:%H:%M}",
                    "date": f"{wall:%Y-%m-%d}",
                    "zone": place.key,
                    "before": _near(before, wall),
                    "after": _near(after.astimezone(place), wall),
                },
            ),
            details={
                "zone": place.key,
                "before": before.isoformat(),
                "after": after.astimezone(place).isoformat(),
            },
        )
    return wall.replace(tzinfo=place, fold=fold or 0).astimezone(UTC)


def is_repeated(wall: datetime, zone: str | ZoneInfo) -> bool:
    """Tell whether clocks in `zone` show the naive `wall` twice."""
    place = _place(wall, zone)
    return not _is_skipped(wall, place) and _offset(wall, place, 0) != _offset(wall, place, 1)


def first_instant(wall: datetime, zone: str | ZoneInfo) -> datetime:
    """Return the first UTC instant at which clocks in `zone` show `wall`; for a skipped one, the gap's end."""
    return _instant(wall, _place(wall, zone), 0)


def last_instant(wall: datetime, zone: str | ZoneInfo) -> datetime:
    """Return the last UTC instant at which clocks in `zone` show `wall`; for a skipped one, the gap's end."""
    return _instant(wall, _place(wall, zone), 1)


def day_start(day: date, zone: str | ZoneInfo) -> datetime:
    """Return the UTC instant at which the local `day` begins; not at midnight where the clocks skip that."""
    return first_instant(datetime.combine(day, time()), zone)


def day_span(day: date, zone: str | ZoneInfo) -> TimeSpan:
    """Return the local `day` as a span of 24 hours, or of 23, 25 or so on the day of a clock change.

    Raises Invalid `time.gap` for a day that the zone never had (Pacific/Apia left out 2011-12-30).
    """
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _out_of_range(day.isoformat())
    place = _place(datetime.combine(day, time()), zone)
    start, end = day_start(day, place), day_start(day + timedelta(days=1), place)
    if start >= end:
        raise Invalid(
            "time.gap",
            _(
                "There was no ${date} in ${zone}: the calendar left that day out. Choose another day.",
                mapping={"date": day, "zone": place.key},
            ),
            details={"zone": place.key},
        )
    return TimeSpan(start, end)


def _place(wall: datetime, zone: str | ZoneInfo) -> ZoneInfo:
    if wall.tzinfo is not None:
        raise ValueError("a wall time has no offset of its own")
    # One more year on either side: the neighbours of the first and the last day are asked for too.
    if not FIRST_YEAR - 1 <= wall.year <= LAST_YEAR + 1:
        raise _out_of_range(wall.isoformat())
    return zone if isinstance(zone, ZoneInfo) else named_zone(zone)


def _offset(wall: datetime, place: ZoneInfo, fold: Literal[0, 1]) -> timedelta:
    offset = wall.replace(tzinfo=place, fold=fold).utcoffset()
    assert offset is not None, "every IANA zone knows its offset"
    return offset


def _instant(wall: datetime, place: ZoneInfo, fold: Literal[0, 1]) -> datetime:
    # Only around a jump do the two readings of a wall time differ; elsewhere one conversion does.
    first, last = _offset(wall, place, 0), _offset(wall, place, 1)
    if first != last and _is_skipped(wall, place):
        return _jump(wall, place)
    return wall.replace(tzinfo=UTC, fold=0) - (last if fold else first)


def _is_skipped(wall: datetime, place: ZoneInfo) -> bool:
    there_and_back = wall.replace(tzinfo=place, fold=0).astimezone(UTC).astimezone(place)
    return there_and_back.replace(tzinfo=None, fold=0) != wall.replace(fold=0)


def _jump(wall: datetime, place: ZoneInfo) -> datetime:
    """Return the instant at which the clocks jump over the skipped `wall`, by bisection to the second."""
    naive = wall.replace(fold=0, microsecond=0)
    # PEP 495: in a gap fold=0 gives the offset before the jump, fold=1 the one after it.
    before = (naive - _offset(wall, place, 1)).replace(tzinfo=UTC)
    after = (naive - _offset(wall, place, 0)).replace(tzinfo=UTC)
    old = before.astimezone(place).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(place).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def _near(moment: datetime, wall: datetime) -> str:
    return f"{moment:%H:%M}" if moment.date() == wall.date() else f"{moment:%Y-%m-%d %H:%M}"


def _not_rfc3339(text: str) -> Invalid:
    return Invalid(
        "time.format",
        _(
            '"${text}" is not a time that we can read. Write it as in RFC 3339: "2026-03-29T09:00:00+02:00".',
            mapping={"text": text[:80]},
        ),
    )


def _out_of_range(text: str) -> Invalid:
    return Invalid(
        "time.range",
        _(
            '"${text}" lies outside the years ${first} to ${last}. Choose a time within them.',
            mapping={"text": text[:80], "first": FIRST_YEAR, "last": LAST_YEAR},
        ),
    )
