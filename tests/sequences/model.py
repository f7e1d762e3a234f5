"""What scheduling should do, as plain values: who takes which resource when, and what free time that leaves. Pure.

Three instruments of one facility: two that share a person whom every session takes, and one of two copies; all need
one plant. The facility lies in Berlin, in days without a clock change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from infra_access.core.timespan import TimeSpan, subtract
from infra_access.scheduling.lifecycle import BookingState
from tests.factories.scheduling import MONDAY

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONE = HOUR
"""How far the clocks of Berlin are ahead of UTC in winter."""

COPIES = {"laser": ("laser",), "probe": ("probe",), "twin": ("first", "second")}
COMPANION = "person"
ACCOMPANIED = frozenset({"laser", "probe"})
PLANT = "ring"
NEEDS_PLANT = frozenset({"laser", "probe", "first", "second"})
OPEN_FOR_USE = (*sorted(NEEDS_PLANT), COMPANION)
"""Resources that have free windows."""

CHANGE_OVER = {"laser": HOUR}
SHORTEST, LONGEST = HOUR, 6 * HOUR
GRACE = timedelta(minutes=30)
KEPT_FOR = timedelta(minutes=45)
MOST_HELD = 3
NOTICE = 2 * HOUR
"""How long before its start a booking can last be changed by its owner."""

HOURS: Mapping[str, tuple[range, int, int]] = {
    "always": (range(7), 0, 24),
    "days": (range(7), 6, 22),
    "weekdays": (range(5), 8, 18),
}
"""By name: the weekdays on which the facility is open, from which hour until which."""

S = BookingState
TENTATIVE = (S.HELD, S.PROPOSED)
CANCELLABLE = (S.HELD, S.REQUESTED, S.PROPOSED, S.CONFIRMED)


@dataclass(frozen=True, order=True)
class Entry:
    """A span of a resource that is taken; kind is booking, change_over or maintenance."""

    resource: str
    span: TimeSpan
    kind: str


@dataclass
class Session:
    """A booking, whatever came of it."""

    key: int
    instrument: str
    person: int
    state: BookingState
    span: TimeSpan
    entries: list[Entry] = field(default_factory=list)
    answer_by: datetime | None = None
    displaced: bool = False
    wanted: TimeSpan | None = None

    @property
    def copy(self) -> str:
        """Return the copy of the instrument that it takes."""
        return next(one.resource for one in self.entries if one.resource in COPIES[self.instrument])


@dataclass
class Closed:
    """A closure."""

    key: int
    resource: str
    entries: list[Entry]
    withdrawn: bool = False


@dataclass
class Model:
    """The calendar of the facility at an instant."""

    now: datetime = MONDAY
    hours: str = "always"
    sessions: list[Session] = field(default_factory=list)
    closures: list[Closed] = field(default_factory=list)

    def has_lapsed(self, one: Session) -> bool:
        """Tell whether it waits for an answer that comes too late."""
        return one.state in TENTATIVE and one.answer_by is not None and one.answer_by <= self.now

    def taken(self, without: Session | None = None) -> list[Entry]:
        """Return all that is taken, but for what has lapsed and what `without` takes."""
        there = (one for one in self.sessions if one is not without and not self.has_lapsed(one))
        return [entry for one in (*there, *self.closures) for entry in one.entries]

    def opened(self, within: TimeSpan) -> list[TimeSpan]:
        """Return when the facility is open."""
        weekdays, opens, closes = HOURS[self.hours]
        midnight = within.start.replace(hour=0, minute=0) - ZONE - DAY
        found = []
        while midnight < within.end:
            day = TimeSpan(midnight + opens * HOUR, midnight + closes * HOUR)
            if (midnight + ZONE).weekday() in weekdays and (part := day.clip(within)):
                found.append(part)
            midnight += DAY
        return subtract(found, [])

    def free(self, resource: str, within: TimeSpan, lapsed: Iterable[Entry]) -> list[TimeSpan]:
        """Return the free windows of a resource; `lapsed` is what takes time until somebody notices."""
        busy = [one.span for one in (*self.taken(), *lapsed) if one.resource in takers(resource)]
        return subtract(self.opened(within), busy)

    def can_extend(self, one: Session, span: TimeSpan) -> bool:
        """Tell whether a session only ends later than it did, and is not over."""
        longer = span.start == one.span.start and span.end > one.span.end
        return longer and one.state in (S.CONFIRMED, S.CHECKED_IN) and self.now < one.span.end

    def plan(
        self,
        instrument: str,
        span: TimeSpan,
        *,
        copy: str | None = None,
        without: Session | None = None,
        begun: bool = False,
    ) -> list[Entry] | None:
        """Return what a session takes, or None where a rule or something else is in its way; it may have `begun`."""
        around = TimeSpan(span.start - DAY, span.end + DAY)
        if (span.start < self.now and not begun) or not SHORTEST <= span.length <= LONGEST:
            return None
        if not any(one.contains(span) for one in self.opened(around)):
            return None
        taken = self.taken(without)
        choices = (copy,) if copy else COPIES[instrument]
        found = next((one for one in (_takings(instrument, name, span) for name in choices) if _fit(one, taken)), None)
        if found is None:
            return None
        beside = [Entry(COMPANION, span, "booking")] if instrument in ACCOMPANIED else []
        return [*found, *beside] if _fit(beside, taken) else None

    def held_by(self, person: int) -> int:
        """Return how many times somebody keeps."""
        return sum(one.person == person and one.state == S.HELD and not self.has_lapsed(one) for one in self.sessions)

    def can_change(self, one: Session) -> bool:
        """Tell whether the owner comes early enough to move or cancel it."""
        # Whom a closure moved may be unable to come then, and may say so until the session begins.
        return self.now <= (one.span.start if one.displaced else one.span.start - NOTICE)

    def release_lapsed(self) -> None:
        """Let go of what nobody answered."""
        for one in self.sessions:
            if self.has_lapsed(one) or (one.state == S.REQUESTED and one.span.end <= self.now):
                one.state, one.entries = S.RELEASED, []

    def attend(self) -> None:
        """Mark those who did not come, and complete what nobody ended."""
        for one in self.sessions:
            if one.state == S.CONFIRMED and self.now >= one.span.start + GRACE:
                one.state, one.entries = S.NO_SHOW, self._past(one.entries)
            elif one.state == S.CHECKED_IN and self.now >= one.span.end + HOUR:
                one.state = S.COMPLETED

    def complete(self, one: Session) -> None:
        """End a session now; its change-over follows at once."""
        one.state = S.COMPLETED
        if self.now < one.span.end:
            follows = [
                Entry(each.resource, TimeSpan(self.now, self.now + each.span.length), each.kind)
                for each in one.entries
                if each.kind == "change_over" and one.span.start < self.now
            ]
            one.entries = [*self._past(one.entries), *follows]

    def in_the_way(self, resource: str, span: TimeSpan) -> list[Session]:
        """Return the sessions that a closure of the resource would meet, in the order in which they are displaced."""
        reached = {resource, *NEEDS_PLANT} if resource == PLANT else {resource}
        met = [
            one
            for one in self.sessions
            if not self.has_lapsed(one)
            and any(each.resource in reached and each.span.overlaps(span) for each in one.entries)
        ]
        return sorted(met, key=lambda one: (one.span.start, one.key))

    def can_close(self, resource: str, span: TimeSpan, *, displace: bool) -> bool:
        """Tell whether a resource can be closed."""
        closed = any(
            entry.resource == resource and entry.span.overlaps(span) for one in self.closures for entry in one.entries
        )
        met = self.in_the_way(resource, span)
        began = any(one.span.start <= self.now for one in met)
        return span.end > self.now and not closed and not began and (displace or not met)

    def close(self, key: int, resource: str, span: TimeSpan, moves: bool, after: Mapping[int, TimeSpan | None]) -> None:
        """Close a resource. `after` says of each session in the way where it went; it must be able to be there."""
        met = self.in_the_way(resource, span)
        assert {one.key for one in met} == after.keys()
        held = {one.key: one.entries for one in met}
        for one in met:
            one.entries = []
        self.closures.append(Closed(key, resource, [Entry(resource, span, "maintenance")]))
        for one in met:
            went = after[one.key] if moves and one.state == S.CONFIRMED else None
            assert after[one.key] == went, "what was only kept, or is not to move, is cancelled"
            if went is None:
                stays = self.plan(one.instrument, one.span) if moves and one.state == S.CONFIRMED else None
                assert stays is None, "it could have stayed, on another copy"
                one.state = S.CANCELLED
                continue
            entries = self.plan(one.instrument, went)
            assert entries is not None, f"it was moved to where it cannot be, from {held[one.key]}"
            one.span, one.entries, one.displaced = went, entries, True

    def withdraw(self, one: Closed) -> None:
        """Open a resource again from now on."""
        one.withdrawn, one.entries = True, self._past(one.entries)

    def _past(self, entries: Iterable[Entry]) -> list[Entry]:
        return [
            Entry(one.resource, TimeSpan(one.span.start, min(one.span.end, self.now)), one.kind)
            for one in entries
            if one.span.start < self.now
        ]


def takers(resource: str) -> tuple[str, ...]:
    """Return the resources whose time leaves a resource none: itself, and its plant."""
    return (resource, PLANT) if resource in NEEDS_PLANT else (resource,)


def _takings(instrument: str, copy: str, span: TimeSpan) -> list[Entry]:
    after = CHANGE_OVER.get(instrument)
    around = [Entry(copy, TimeSpan(span.end, span.end + after), "change_over")] if after else []
    return [Entry(copy, span, "booking"), *around]


def _fit(entries: Sequence[Entry], taken: Iterable[Entry]) -> bool:
    return not any(
        one.resource in takers(entry.resource) and one.span.overlaps(entry.span) for one in taken for entry in entries
    )
