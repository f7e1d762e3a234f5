"""Decisions on classes, kept in each process for minutes: what a decision says of the moment is made anew each time.

They belong to one rule book, so a publication forgets them all. Facts are kept as far as rules read them, and nothing
says whose they are: people of whom the same is known share an answer, and nobody else does.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock
from typing import Generic, TypeVar

from infra_access.core.decision import Decision
from infra_access.policy.canonical import canonical, case_of, dated, timeless
from infra_access.policy.disclosure import numbered
from infra_access.policy.facts import Facts

MOST_DECISIONS = 2_000
"""Each takes 2 kB, and 7 kB where it tells of thirty rules."""
SECONDS = 300.0
"""So soon what was known of a person is forgotten, with the first question after that."""

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """The latest values, at most so many and none for longer than so many seconds, shared by threads."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep at most so many for so long."""
        self._most, self._seconds, self._clock = most, seconds, clock
        self._values: OrderedDict[Hashable, tuple[float, Value]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Value | None:
        """Return a value that is here."""
        with self._lock:
            self._forget()
            found = self._values.get(key)
            return None if found is None else found[1]

    def put(self, key: Hashable, value: Value) -> None:
        """Keep a value, unless another thread has put it here meanwhile."""
        with self._lock:
            self._forget()
            self._values.setdefault(key, (self._clock(), value))
            if len(self._values) > self._most:
                self._values.popitem(last=False)

    def _forget(self) -> None:
        # Nothing is put twice, so the oldest stand first.
        oldest = self._clock() - self._seconds
        while self._values and next(iter(self._values.values()))[0] <= oldest:
            self._values.popitem(last=False)

    def __len__(self) -> int:
        """Return how many are here."""
        return len(self._values)


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision, and what its case number stands for: `facts` without the moment, and the rules, by part."""

    decision: Decision
    action: str
    facts: tuple[bytes, ...]
    rules: tuple[bytes, ...]

    def at(self, now: datetime) -> Decision:
        """Return what the same facts and rules decide at another moment of the same day."""
        facts = [dated(part, now) for part in self.facts]
        case = case_of(self.action, now, self.decision.policy_version, facts, self.rules)
        return numbered(self.decision, case, now.astimezone(UTC))


def known_at(facts: Facts, now: datetime) -> Hashable:
    """Return what facts come to at a moment: what they state, how many have expired, and the day (UTC).

    The same facts expire in the same order, so their number tells which. Days are counted from the day.
    """
    everything = [facts, *(member for members in facts.collections.values() for member in members)]
    until = [fact.expires_at for some in everything for fact in some.values.values()]
    expired = sum(1 for instant in until if instant is not None and instant <= now)
    return sha256(timeless(canonical(facts), now)).digest(), expired, now.astimezone(UTC).date()
