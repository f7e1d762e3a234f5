"""Finding a place for one session in free time: preferred days first, then the earliest. Pure."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from infra_access.core.timespan import TimeSpan, merge
from infra_access.core.zones import day_start, first_instant

_TRIES = 100
"""Starts looked at in one free span: more than a day of the finest grid that shifts use."""


def first_fit(
    free: Sequence[TimeSpan],
    length: timedelta,
    *,
    step: timedelta,
    zone: ZoneInfo,
    preferred: Sequence[TimeSpan] = (),
    allowed: Callable[[TimeSpan], bool],
) -> tuple[bool, TimeSpan] | None:
    """Return the first span of `length` on the grid within `free`, and whether it is not preferred; None without one.

    Answers compare: a preferred one comes before an earlier one that is not.
    """
    wished = [part for one in merge(preferred) for each in free if (part := each.clip(one)) is not None]
    for otherwise, spans in ((False, wished), (True, free)):
        for one in sorted(spans):
            for start in _starts(one, length, step, zone):
                span = TimeSpan(start, start + length)
                if allowed(span):
                    return otherwise, span
    return None


def _starts(free: TimeSpan, length: timedelta, step: timedelta, zone: ZoneInfo) -> Iterator[datetime]:
    start = on_grid(free.start, step, zone)
    for _try in range(_TRIES):
        if start + length > free.end:
            return
        yield start
        start = on_grid(start + step, step, zone)


def on_grid(moment: datetime, step: timedelta, zone: ZoneInfo) -> datetime:
    """Return the first instant from `moment` on at which the local clock stands on the grid, counted from midnight."""
    local = moment.astimezone(zone)
    since = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    steps = -(-since // step)
    if steps * step >= timedelta(days=1):
        return day_start(local.date() + timedelta(days=1), zone)
    found = first_instant(datetime.combine(local.date(), time()) + steps * step, zone)
    # In the hour that the clocks repeat, the first of the two instants may lie before.
    return found if found >= moment else on_grid(moment + step, step, zone)
