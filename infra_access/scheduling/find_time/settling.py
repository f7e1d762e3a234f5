"""From what the index says may be free to true slots, a few instruments at a time, until enough were found."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from sqlalchemy.orm import Session

from infra_access.core.timespan import TimeSpan
from infra_access.policy.facts import Facts
from infra_access.scheduling.find_time.fitting import Fitter, session_length
from infra_access.scheduling.find_time.grounds import Subject, grounds_of, subjects_of
from infra_access.scheduling.find_time.probing import Hit
from infra_access.scheduling.limits import Limits
from infra_access.scheduling.quotas import Holder

_REACH = timedelta(hours=12)
_FURTHER = 4
"""How many times further an instrument is looked at after each look in vain."""
_CLOSE = timedelta(hours=1)
_MOST_LOOKS = 16
_MOST_AT_ONCE = 32
_SPARE = 2
"""Instruments looked at beyond those wanted, since the index may be wrong about some."""


@dataclass(slots=True)
class Settling:
    """The slots found so far, one for each instrument: the earliest within the window that is truly free.

    Of many instruments that are free from the same instant on, not all are looked at once there are enough slots that
    begin within the hour; apart from that, no instrument that is left out is free earlier than those found.
    """

    session: Session
    window: TimeSpan
    length: timedelta
    count: int
    now: datetime
    applicant: Facts
    by_way: Callable[[int], Mapping[str, Any]]
    limits: Callable[[int], Limits]
    holder: Holder | None = None
    found: dict[int, TimeSpan] = field(default_factory=dict)
    subjects: dict[int, Subject] = field(default_factory=dict)
    _tried: dict[int, datetime] = field(default_factory=dict)
    _again: list[tuple[datetime, int, timedelta]] = field(default_factory=list)
    _looks: int = 0

    def enough(self, since: datetime) -> bool:
        """Tell whether nothing that begins at `since` or later can be among the first any more."""
        return self._looks >= _MOST_LOOKS or self._by(since)

    def settle(self, hits: Iterable[Hit], *, from_there: datetime) -> bool:
        """Look at what may be free, in order; tells whether there is enough. Nothing begins before `from_there`."""
        batch: dict[int, tuple[datetime, timedelta]] = {}
        settled: datetime | None = None
        since = from_there
        for hit in hits:
            since = max(hit.since, from_there)
            self._look_again(since, batch)
            if len(batch) >= self.count + _SPARE:
                settled = max(one for one, _reach in batch.values())
                self._look(batch)
                batch = {}
            if self.enough(since):
                return True
            if since == settled and self._by(since + _CLOSE):
                continue
            if hit.instrument_id not in self.found and self._tried.get(hit.instrument_id, since) <= since:
                batch.setdefault(hit.instrument_id, (since, _REACH))
        self._look(batch)
        return self.enough(since)

    def finish(self) -> None:
        """Look further at the instruments that the index calls free and that were not, as long as it may help."""
        while self._again and not self.enough(self._again[0][0]):
            batch: dict[int, tuple[datetime, timedelta]] = {}
            self._look_again(self.window.end, batch)
            self._look(batch)

    def _by(self, moment: datetime) -> bool:
        return sum(span.start <= moment for span in self.found.values()) >= self.count

    def _look_again(self, until: datetime, batch: dict[int, tuple[datetime, timedelta]]) -> None:
        while self._again and self._again[0][0] <= until and len(batch) < _MOST_AT_ONCE:
            since, key, reach = heappop(self._again)
            batch.setdefault(key, (since, reach))

    def _look(self, batch: Mapping[int, tuple[datetime, timedelta]]) -> None:
        if not batch:
            return
        self._looks += 1
        self._read([key for key in batch if key not in self.subjects])
        spans: dict[int, TimeSpan] = {}
        for key, one in batch.items():
            # Unless it is put down for another look, nothing of it is left to look at.
            self._tried[key] = self.window.end
            if key in self.subjects and (span := self._span(key, *one)) is not None:
                spans[key] = span
        grounds = grounds_of(self.session, self.subjects, spans, self.now, self.holder)
        for key, ground in grounds.items():
            fitter = Fitter(ground, self.length, self.now)
            fit = fitter.next_fit(ground.window.start)
            if fit is not None:
                self.found[key] = fit
            elif ground.window.end < self.window.end and fitter.length is not None:
                self._tried[key] = since = ground.window.end - fitter.length
                heappush(self._again, (since, key, batch[key][1] * _FURTHER))

    def _read(self, keys: Sequence[int]) -> None:
        if keys:
            by_way = {key: self.by_way(key) for key in keys}
            limits = {key: self.limits(key) for key in keys}
            self.subjects.update(subjects_of(self.session, by_way, self.applicant, self.now, limits))

    def _span(self, key: int, since: datetime, reach: timedelta) -> TimeSpan | None:
        """Return where to look: from when rules let people book, and as far as the look goes beyond one session."""
        rules = self.subjects[key].rules
        length = session_length(rules, self.length)
        start = max(since, self.now + timedelta(minutes=rules.lead_minutes))
        if length is None or self.window.end - start < length:
            return None
        return TimeSpan(start, min(self.window.end, start + length + reach))
