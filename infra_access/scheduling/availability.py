"""What is free: open time without what is occupied, and the nearest free spans to one that is taken.

Pure: this is the truth about availability, against which any stored index of free time is checked.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge as merge_sorted

from infra_access.core.timespan import TimeSpan, subtract


@dataclass(frozen=True, slots=True, order=True)
class BusySpan:
    """One span that keeps a resource busy; `kind` says why, `label` only what the reader may see."""

    span: TimeSpan
    kind: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Availability:
    """Within a window: the free spans, sorted and maximal, and what is busy, sorted. The rest is closed."""

    free: tuple[TimeSpan, ...]
    busy: tuple[BusySpan, ...]


def availability(open_spans: Iterable[TimeSpan], occupied: Iterable[BusySpan], window: TimeSpan) -> Availability:
    """Return what is free and what is busy within `window`; busy time may also lie in closed hours."""
    busy = [BusySpan(part, one.kind, one.label) for one in occupied if (part := one.span.clip(window)) is not None]
    opened = [part for one in open_spans if (part := one.clip(window)) is not None]
    return Availability(tuple(subtract(opened, [one.span for one in busy])), tuple(sorted(busy)))


def alternatives(
    free: Sequence[TimeSpan],
    length: timedelta,
    wanted: datetime,
    granularity: timedelta,
    count: int = 3,
    *,
    not_before: datetime | None = None,
    allowed: Callable[[TimeSpan], bool] | None = None,
) -> list[TimeSpan]:
    """Return up to `count` spans of `length` within `free` that start nearest to `wanted`, in order of time.

    They start a whole number of `granularity` before or after `wanted`, not before `not_before`, and pass
    `allowed` (such as the booking rules). Of two equally near ones the later comes first.
    """
    if length <= timedelta() or granularity <= timedelta():
        raise ValueError("length and granularity are positive")
    roomy = sorted(one for one in free if one.length >= length)
    # Both sides are walked outwards and lazily, so a long calendar costs only the few steps that are needed.
    later = (start for one in roomy for start in _upwards(one, length, wanted, granularity))
    earlier = (start for one in reversed(roomy) for start in _downwards(one, length, wanted, granularity))
    found: list[TimeSpan] = []
    for start in merge_sorted(later, earlier, key=lambda moment: abs(moment - wanted)):
        span = TimeSpan(start, start + length)
        if (not_before is None or start >= not_before) and (allowed is None or allowed(span)):
            found.append(span)
            if len(found) == count:
                break
    return sorted(found)


def _upwards(free: TimeSpan, length: timedelta, wanted: datetime, step: timedelta) -> Iterator[datetime]:
    start = wanted + max(0, -((wanted - free.start) // step)) * step
    while start + length <= free.end:
        yield start
        start += step


def _downwards(free: TimeSpan, length: timedelta, wanted: datetime, step: timedelta) -> Iterator[datetime]:
    latest = min(free.end - length, wanted - step)
    start = wanted + ((latest - wanted) // step) * step
    while start >= free.start:
        yield start
        start -= step
