"""What free windows are: open time without what is taken, as maximal spans within a range of days. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from infra_access.core.timespan import TimeSpan, subtract

AHEAD = timedelta(days=90)
"""How far ahead windows are kept, at least; what is booked beyond needs none."""

_DAY = timedelta(days=1)


def windows_of(opened: Iterable[TimeSpan], taken: Iterable[TimeSpan], within: TimeSpan) -> list[TimeSpan]:
    """Return the free windows within a span, sorted: whatever keeps the index must come to the same.

    >>> def at(hour): return datetime(2026, 1, 1, hour, tzinfo=UTC)
    >>> found = windows_of([TimeSpan(at(8), at(18))], [TimeSpan(at(12), at(13))], TimeSpan(at(9), at(20)))
    >>> [(one.start.hour, one.end.hour) for one in found]
    [(9, 12), (13, 18)]
    """
    return subtract((part for one in opened if (part := one.clip(within)) is not None), taken)


def range_at(now: datetime) -> TimeSpan:
    """Return the days of which windows are kept: today's, in UTC, until a day after AHEAD.

    Whole days, so that a resource is extended once a day and not at every look.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return TimeSpan(today, today + AHEAD + _DAY)
