"""Half-open spans of time between two instants: `[start, end)`.

Everything here compares in UTC. In local time the repeated hour of autumn equals itself (PEP 495), so a
span holds aware UTC instants only, whatever zone its ends were given in.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True, order=True, init=False)
class TimeSpan:
    """A non-empty span `[start, end)` of aware instants, held in UTC.

    >>> TimeSpan(datetime(2026, 1, 1, 10, tzinfo=UTC), datetime(2026, 1, 1, 9, tzinfo=UTC))
    Traceback (most recent call last):
    ValueError: a span ends after it starts
    """

    start: datetime
    end: datetime

    def __init__(self, start: datetime, end: datetime) -> None:
        """Refuse naive ends and empty or reversed spans. Raises ValueError."""
        if start.tzinfo is None or end.tzinfo is None:
            raise ValueError("a span needs aware instants")
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end <= start:
            raise ValueError("a span ends after it starts")
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "end", end)

    @property
    def length(self) -> timedelta:
        """Return the real time elapsed, also across a clock change."""
        return self.end - self.start

    def overlaps(self, other: "TimeSpan") -> bool:
        """Tell whether the two share any instant; touching spans do not."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: "TimeSpan") -> bool:
        """Tell whether `other` lies wholly within this span."""
        return self.start <= other.start and other.end <= self.end

    def clip(self, bounds: "TimeSpan") -> "TimeSpan | None":
        """Return the part within `bounds`, or None."""
        start, end = max(self.start, bounds.start), min(self.end, bounds.end)
        return TimeSpan(start, end) if start < end else None


def merge(spans: Iterable[TimeSpan]) -> list[TimeSpan]:
    """Return the same instants as sorted maximal spans: overlapping and touching ones become one."""
    merged: list[TimeSpan] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            if span.end > merged[-1].end:
                merged[-1] = TimeSpan(merged[-1].start, span.end)
        else:
            merged.append(span)
    return merged


def subtract(spans: Iterable[TimeSpan], taken: Iterable[TimeSpan]) -> list[TimeSpan]:
    """Return `spans` without every instant of `taken`, as sorted maximal spans.

    >>> def at(hour): return datetime(2026, 1, 1, hour, tzinfo=UTC)
    >>> [(s.start.hour, s.end.hour) for s in subtract([TimeSpan(at(8), at(18))], [TimeSpan(at(10), at(12))])]
    [(8, 10), (12, 18)]
    """
    return list(_subtract(merge(spans), merge(taken)))


def _subtract(spans: list[TimeSpan], taken: list[TimeSpan]) -> Iterator[TimeSpan]:
    first = 0
    for span in spans:
        cursor = span.start
        while first < len(taken) and taken[first].end <= span.start:
            first += 1
        for busy in taken[first:]:
            if busy.start >= span.end:
                break
            if busy.start > cursor:
                yield TimeSpan(cursor, busy.start)
            cursor = max(cursor, busy.end)
        if cursor < span.end:
            yield TimeSpan(cursor, span.end)
