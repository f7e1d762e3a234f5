"""The state machine: any command at any time, on the model and on the database, and the two compared after each."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from infra_access.core.db import Database
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.lapsing import release_lapsed
from infra_access.scheduling.series.report import OnConflict
from infra_access.scheduling.upkeep.vocabularies import Displace
from infra_access.scheduling.windows.keeping import keep_up
from infra_access.scheduling.windows.rebuilding import check
from infra_access.worker.sessions import attend
from tests.factories.scheduling import MONDAY
from tests.sequences.commands import Commands, Tally
from tests.sequences.model import (
    CANCELLABLE,
    COPIES,
    DAY,
    HOUR,
    HOURS,
    KEPT_FOR,
    MOST_HELD,
    NEEDS_PLANT,
    OPEN_FOR_USE,
    PLANT,
    Model,
    S,
    Session,
)
from tests.sequences.site import PEOPLE, Found, Site, found

MINUTE = timedelta(minutes=1)
LAST = MONDAY + timedelta(days=8)
"""Beyond this the clock only creeps, so that no session meets the clock change at the end of the month."""

LOOKED_AT = timedelta(days=16)
"""How far ahead windows are compared with the model's: further than anything is booked."""

instruments = st.sampled_from(sorted(COPIES))
people = st.integers(0, PEOPLE - 1)
starts = st.one_of(st.integers(1, 5), st.integers(-1, 14))
lengths = st.integers(1, 4)
picks = st.integers(0, 20)


class Calendar(RuleBasedStateMachine):
    """One facility; `open_site` of a subclass gives an empty one. `tally` counts what was done and refused, in all."""

    tally: ClassVar[Tally] = Counter()
    open_site: ClassVar[Callable[[], tuple[Database, Site]]]

    def __init__(self) -> None:
        super().__init__()
        self.database, self.site = self.open_site()
        self.model = Model()
        self.commands = Commands(self.database, self.site, self.tally)

    @property
    def now(self) -> datetime:
        """Return the instant of the model."""
        return self.model.now

    def span(self, start: int, length: int) -> TimeSpan:
        """Return hours after the last full one."""
        first = self.now.replace(minute=0) + start * HOUR
        return TimeSpan(first, first + length * HOUR)

    def some(self, pick: int, *states: S) -> Session | None:
        """Choose a session, mostly one in these states; now and then any other, of which a command must be refused."""
        fitting = [one for one in self.model.sessions if one.state in states]
        chosen = fitting if fitting and pick else self.model.sessions
        return chosen[pick % len(chosen)] if chosen else None

    @rule(instrument=instruments, person=people, start=starts, length=lengths)
    def book(self, instrument: str, person: int, start: int, length: int) -> None:
        """Book a time."""
        span = self.span(start, length)
        entries = self.model.plan(instrument, span)
        key = self.commands.book(self.now, instrument, person, span)
        assert (key is None) == (entries is None)
        if key is not None and entries is not None:
            self.model.sessions.append(Session(key, instrument, person, S.CONFIRMED, span, entries))

    @rule(instrument=instruments, person=people, start=starts, length=lengths)
    def hold(self, instrument: str, person: int, start: int, length: int) -> None:
        """Keep a time for a while."""
        span = self.span(start, length)
        entries = self.model.plan(instrument, span) if self.model.held_by(person) < MOST_HELD else None
        key = self.commands.book(self.now, instrument, person, span, hold=True)
        assert (key is None) == (entries is None)
        if key is not None and entries is not None:
            answer_by = min(self.now + KEPT_FOR, span.start)
            self.model.sessions.append(Session(key, instrument, person, S.HELD, span, entries, answer_by))

    @rule(
        instrument=instruments,
        person=people,
        start=starts,
        length=lengths,
        rule=st.sampled_from([("FREQ=WEEKLY;COUNT=2", 7), ("FREQ=DAILY;COUNT=3", 1)]),
        policy=st.sampled_from(OnConflict),
    )
    def series(
        self, instrument: str, person: int, start: int, length: int, rule: tuple[str, int], policy: OnConflict
    ) -> None:
        """Book a series: what is in the way of one time leaves it out, or refuses all."""
        rrule, days = rule
        first, before = self.span(start, length), len(self.model.sessions)
        planned = []
        for number in range(int(rrule[-1])):
            span = TimeSpan(first.start + number * days * DAY, first.end + number * days * DAY)
            entries = self.model.plan(instrument, span)
            planned.append(entries)
            if entries is not None:
                self.model.sessions.append(Session(0, instrument, person, S.CONFIRMED, span, entries))
        refused = not any(planned) or (policy is OnConflict.FAIL and not all(planned))
        keys = self.commands.series(self.now, instrument, person, first, rrule, policy)
        assert (keys is None) == refused
        if keys is None:
            del self.model.sessions[before:]
        else:
            assert [key is None for key in keys] == [entries is None for entries in planned]
            made = [key for key in keys if key is not None]
            for one, key in zip(self.model.sessions[before:], made, strict=True):
                one.key = key

    @precondition(lambda self: any(one.state == S.HELD for one in self.model.sessions))
    @rule(pick=picks)
    def confirm(self, pick: int) -> None:
        """Book what was kept."""
        if one := self.some(pick, S.HELD):
            planned = self._again(one, S.HELD)
            assert self.commands.confirm(self.now, one.key, one.person) == (planned is not None)
            self._becomes(one, S.CONFIRMED, planned)

    @rule(instrument=instruments, person=people, start=starts, length=lengths)
    def ask(self, instrument: str, person: int, start: int, length: int) -> None:
        """Ask the office for a time."""
        span = self.span(start, length)
        key = self.commands.ask(self.now, instrument, person, span)
        assert (key is not None) == (span.start >= self.now)
        if key is not None:
            self.model.sessions.append(Session(key, instrument, person, S.REQUESTED, span, wanted=span))

    @precondition(lambda self: any(one.state == S.REQUESTED for one in self.model.sessions))
    @rule(pick=picks, start=starts, length=lengths, minutes=st.sampled_from([30, 30, 120, -15]))
    def propose(self, pick: int, start: int, length: int, minutes: int) -> None:
        """Let the office propose a time."""
        if one := self.some(pick, S.REQUESTED):
            span, answer_by = self.span(start, length), self.now + minutes * MINUTE
            planned = None
            if one.state == S.REQUESTED and self.now < answer_by <= span.start:
                planned = self.model.plan(one.instrument, span)
            assert self.commands.propose(self.now, one.key, span, answer_by) == (planned is not None)
            self._becomes(one, S.PROPOSED, planned, span, answer_by)

    @precondition(lambda self: any(one.state == S.PROPOSED for one in self.model.sessions))
    @rule(pick=picks)
    def accept(self, pick: int) -> None:
        """Accept a proposed time."""
        if one := self.some(pick, S.PROPOSED):
            planned = self._again(one, S.PROPOSED)
            assert self.commands.accept(self.now, one.key, one.person) == (planned is not None)
            self._becomes(one, S.CONFIRMED, planned)

    @precondition(lambda self: any(one.state == S.PROPOSED for one in self.model.sessions))
    @rule(pick=picks)
    def decline(self, pick: int) -> None:
        """Decline a proposed time, which is then asked for still."""
        if one := self.some(pick, S.PROPOSED):
            possible = one.state == S.PROPOSED and not self.model.has_lapsed(one)
            assert self.commands.decline(self.now, one.key, one.person) == possible
            if possible:
                one.state, one.entries, one.answer_by = S.REQUESTED, [], None
                one.span = one.wanted or one.span

    @precondition(lambda self: self.model.sessions)
    @rule(pick=picks, start=starts, length=lengths)
    def move(self, pick: int, start: int, length: int) -> None:
        """Move a booking to another time, on any copy."""
        if one := self.some(pick, S.CONFIRMED):
            self._move(one, self.span(start, length), None)

    @precondition(lambda self: any(one.state in (S.CONFIRMED, S.CHECKED_IN) for one in self.model.sessions))
    @rule(pick=picks, hours=st.integers(1, 3))
    def extend(self, pick: int, hours: int) -> None:
        """Let a session end later, on its copy, also while it runs."""
        there = [one for one in self.model.sessions if one.state in (S.CONFIRMED, S.CHECKED_IN)]
        one = there[pick % len(there)]
        self._move(one, TimeSpan(one.span.start, one.span.end + hours * HOUR), one.copy)

    @precondition(lambda self: self.model.sessions)
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        """Cancel a booking, or what was kept, proposed or asked for."""
        if one := self.some(pick, *CANCELLABLE):
            possible = one.state in CANCELLABLE and (one.state != S.CONFIRMED or self.model.can_change(one))
            assert self.commands.cancel(self.now, one.key, one.person) == possible
            if possible:
                one.state, one.entries = S.CANCELLED, []

    @precondition(lambda self: any(one.span.start <= self.now for one in self.model.sessions))
    @rule(pick=picks)
    def check_in(self, pick: int) -> None:
        """Begin a session."""
        began = [one for one in self.model.sessions if one.span.start <= self.now]
        under_way = [one for one in began if one.state == S.CONFIRMED and self.now < one.span.end]
        chosen = under_way if under_way and pick else began
        one = chosen[pick % len(chosen)]
        possible = one in under_way
        assert self.commands.check_in(self.now, one.key, one.person) == possible
        if possible:
            one.state = S.CHECKED_IN

    @precondition(lambda self: any(one.state == S.CHECKED_IN for one in self.model.sessions))
    @rule(pick=picks)
    def complete(self, pick: int) -> None:
        """End a session; the rest of its time is free."""
        if one := self.some(pick, S.CHECKED_IN):
            possible = one.state == S.CHECKED_IN
            assert self.commands.complete(self.now, one.key, one.person) == possible
            if possible:
                self.model.complete(one)

    @rule(
        resource=st.sampled_from([*sorted(NEEDS_PLANT), "person", PLANT, PLANT]),
        start=starts,
        length=st.integers(1, 12),
        displace=st.sampled_from(Displace),
    )
    def close(self, resource: str, start: int, length: int, displace: Displace) -> None:
        """Close a resource over what is booked."""
        span = self.span(start, length)
        possible = self.model.can_close(resource, span, displace=displace is not Displace.REFUSE)
        done = self.commands.close(self.now, resource, span, displace)
        assert (done is not None) == possible
        if done is not None:
            self.model.close(done[0], resource, span, displace is Displace.MOVE, done[1])

    @precondition(lambda self: self.model.closures)
    @rule(pick=picks)
    def withdraw(self, pick: int) -> None:
        """Open again what was closed."""
        one = self.model.closures[pick % len(self.model.closures)]
        assert self.commands.withdraw(self.now, one.key) == (not one.withdrawn)
        if not one.withdrawn:
            self.model.withdraw(one)

    @rule(hours=st.sampled_from(sorted(HOURS)))
    def change_hours(self, hours: str) -> None:
        """Change the opening hours; what is booked stays."""
        self.commands.set_hours(self.now, hours)
        self.model.hours = hours

    @rule(minutes=st.sampled_from([15, 15, 45, 60, 180]))
    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.model.now += (minutes if self.now < LAST else 15) * MINUTE

    @precondition(lambda self: self.now < LAST and any(one.span.start > self.now for one in self.model.sessions))
    @rule(pick=picks, minutes=st.sampled_from([0, 15, 30, 45]))
    def wait_for_a_session(self, pick: int, minutes: int) -> None:
        """Let time pass until a session begins, or a little longer, but for a day at most."""
        ahead = [one for one in self.model.sessions if one.span.start > self.now]
        until = ahead[pick % len(ahead)].span.start + minutes * MINUTE
        self.model.now = min(until, self.now + DAY)

    @rule(task=st.sampled_from(["lapsed", "attendance", "windows"]))
    def work(self, task: str) -> None:
        """Let the worker release what nobody answered, mark who did not come, or make windows anew."""
        if task == "lapsed":
            release_lapsed(self.database, now=self.now)
            self.model.release_lapsed()
        elif task == "attendance":
            self.tally["no-show or left", True] += attend(self.database, now=self.now)
            self.model.attend()
        else:
            keep_up(self.database, now=self.now)

    @invariant()
    def agrees(self) -> None:
        """The database holds what the model does, nothing overlaps, and what is free is open and not taken."""
        there = self._found()
        if not all(there.windows[name].current for name in OPEN_FOR_USE):
            keep_up(self.database, now=self.now)
            there = self._found()
        expected = [(("booking", one.key), entry) for one in self.model.sessions for entry in one.entries]
        lapsed = {("booking", one.key) for one in self.model.sessions if self.model.has_lapsed(one)}
        live = [row for row in expected if row[0] not in lapsed]
        live += [(("closure", one.key), entry) for one in self.model.closures for entry in one.entries]
        assert sorted(there.entries) == sorted(live)
        assert {row[0] for row in there.lapsed} <= lapsed
        assert there.states == {one.key: one.state for one in self.model.sessions}
        _refuse_overlaps(there)
        within = TimeSpan(self.now.replace(hour=0, minute=0), self.now + LOOKED_AT)
        for name in OPEN_FOR_USE:
            windows = [part for one in there.windows[name].windows if (part := one.clip(within))]
            assert windows == self.model.free(name, within, [entry for _owner, entry in there.lapsed]), name

    def teardown(self) -> None:
        """Compare all windows of all days with what they should be, by the program's own check, too."""
        try:
            assert check(self.database).differences == []
        finally:
            self.database.dispose()

    def _found(self) -> Found:
        with self.database.reader() as session:
            return found(session, self.site, self.now)

    def _again(self, one: Session, state: S) -> list[Any] | None:
        """Return what a tentative session takes when it is judged again, or None where it cannot be answered."""
        if one.state != state or self.model.has_lapsed(one):
            return None
        return self.model.plan(one.instrument, one.span, copy=one.copy, without=one)

    def _becomes(
        self,
        one: Session,
        state: S,
        planned: list[Any] | None,
        span: TimeSpan | None = None,
        answer_by: datetime | None = None,
    ) -> None:
        if planned is not None:
            one.state, one.entries, one.answer_by = state, planned, answer_by
            one.span = span or one.span

    def _move(self, one: Session, span: TimeSpan, copy: str | None) -> None:
        planned = None
        if self.model.can_extend(one, span):
            begun = one.span.start <= self.now
            planned = self.model.plan(one.instrument, span, copy=one.copy if begun else copy, without=one, begun=True)
        elif one.state == S.CONFIRMED and self.model.can_change(one):
            planned = self.model.plan(one.instrument, span, copy=copy, without=one)
        assert self.commands.move(self.now, one.key, one.person, span, copy) == (planned is not None)
        if planned is not None:
            one.span, one.entries, one.displaced = span, planned, False


def _refuse_overlaps(there: Found) -> None:
    taken = sorted((entry for _owner, entry in (*there.entries, *there.lapsed)), key=attrgetter("resource", "span"))
    for before, after in pairwise(taken):
        assert before.resource != after.resource or before.span.end <= after.span.start, (before, after)
