"""Where a session fits: the earliest start on the grid at which a copy, its change-over and every companion are free.

Pure. It decides on the truth (open time without what is occupied) by the booking rules themselves, so that what it
returns is what booking would take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from infra_access.core.timespan import TimeSpan, subtract
from infra_access.core.zones import first_instant, last_instant, named_zone
from infra_access.scheduling.booking_rules import BookingRules, broken
from infra_access.scheduling.quotas import Tally

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_MOST_TRIES = 400
"""Starts tried in one free span: rules that none of them meets are not met by the next four hundred."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of an instrument, and the spans at which it or its plant is taken."""

    public_id: str
    taken: tuple[TimeSpan, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """All that decides when an instrument can be used within a window: its open time, its rules, what is taken.

    `shared` are the spans at which a companion is taken; `companions` their keys. `tally` is what quotas leave to
    whoever asks, where there are any and it is known who that is.
    """

    window: TimeSpan
    rules: BookingRules
    zone: str
    opened: tuple[TimeSpan, ...]
    copies: tuple[Copy, ...]
    shared: tuple[TimeSpan, ...]
    companions: Mapping[int, str]
    tally: Tally | None = None

    def free(self) -> list[tuple[TimeSpan, ...]]:
        """Return for each copy the spans in which a session may lie: around what is taken there is change-over."""
        before = self.rules.buffer_before_minutes * _MINUTE
        after = self.rules.buffer_after_minutes * _MINUTE
        return [
            tuple(
                subtract(
                    self.opened, [*(TimeSpan(one.start - after, one.end + before) for one in copy.taken), *self.shared]
                )
            )
            for copy in self.copies
        ]


def session_length(rules: BookingRules, length: timedelta) -> timedelta | None:
    """Return the length rounded up to the grid and to the shortest booking, or None where it is too long.

    >>> session_length(BookingRules(granularity_minutes=480), timedelta(hours=1)) / timedelta(hours=1)
    8.0
    """
    minutes = max(-(-length // _MINUTE), rules.min_minutes)
    minutes = -(-minutes // rules.granularity_minutes) * rules.granularity_minutes
    # A limit of the clock may be kept on the day of a clock change by an hour more: the rules judge each span.
    return minutes * _MINUTE if minutes <= rules.max_minutes else None


class Fitter:
    """Finds starts on one ground; what is free of it is worked out once."""

    def __init__(self, ground: Ground, length: timedelta, now: datetime) -> None:
        """Take the ground and how long a session is asked for."""
        self.ground, self.now = ground, now
        self.length = session_length(ground.rules, length)
        self._zone = named_zone(ground.zone)
        self._first = now + ground.rules.lead_minutes * _MINUTE
        self._free = ground.free() if self.length else []

    def next_fit(self, after: datetime) -> TimeSpan | None:
        """Return the earliest session that starts at `after` or later and ends within the window."""
        found = [span for free in self._free if (span := self._in_copy(free, max(after, self._first)))]
        return min(found, default=None)

    def _in_copy(self, free: Sequence[TimeSpan], after: datetime) -> TimeSpan | None:
        for part in free:
            if self.length and part.end - max(part.start, after) >= self.length:
                found = self._in_span(part, max(part.start, after))
                if found is not None:
                    return found
        return None

    def _in_span(self, part: TimeSpan, after: datetime) -> TimeSpan | None:
        assert self.length is not None, "what is too long is not looked for"
        rules = self.ground.rules
        for _tried in range(_MOST_TRIES):
            start = _on_grid(after, rules.granularity, self._zone)
            if start + self.length > part.end:
                return None
            span = TimeSpan(start, start + self.length)
            faults = broken(rules, span, now=self.now, zone=self._zone, open_spans=self.ground.opened)
            if any(one.code == "horizon" for one in faults):
                return None
            after = start + _MINUTE
            if not faults:
                within = self.ground.tally.start_with_room(span) if self.ground.tally else start
                if within is None or within == start:
                    return span if within else None
                after = max(after, within)
        return None


def _on_grid(moment: datetime, step: timedelta, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    wait = -_past(local) % step
    # The grid shifts with the clocks: the next line of it is that of the wall, or the one reached in real time.
    elapsed = moment + wait
    if elapsed.astimezone(zone).utcoffset() == local.utcoffset():
        return elapsed
    wall = local.replace(tzinfo=None, fold=0) + wait
    by_wall = [one for one in (first_instant(wall, zone), last_instant(wall, zone)) if one >= moment]
    in_time = [elapsed] if not _past(elapsed.astimezone(zone)) % step else []
    return min([*by_wall, *in_time], default=elapsed)


def _past(local: datetime) -> timedelta:
    """Return the time since midnight on the clock."""
    return timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
