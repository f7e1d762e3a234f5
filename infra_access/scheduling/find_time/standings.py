"""What one person may do with the instruments of each class: book them, ask for a session, or neither."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any

from infra_access.core.decision import Decision, Outcome
from infra_access.policy.classes import Classes, Partition, Sample, Way
from infra_access.policy.eligibility import badness
from infra_access.policy.facts import Facts, Gap
from infra_access.policy.rulebook import RuleBook
from infra_access.policy.rules import Action
from infra_access.scheduling.limits import NO_LIMITS, Limits, stated_by


class Step(StrEnum):
    """What one does to get a slot."""

    BOOK = "book"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision on a class by its best way in, what that changes of the booking rules, and from when it holds.

    `limits` are those of the decision, in the access unit of the way in.
    """

    step: Step
    decision: Decision
    rules: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = NO_LIMITS

    @property
    def likely(self) -> datetime:
        """Return the instant before which nothing may be promised."""
        return self._midnight(safe=False)

    @property
    def safe(self) -> datetime:
        """Return the instant from which a session is realistic even if everything takes its longest."""
        return self._midnight(safe=True)

    def _midnight(self, *, safe: bool) -> datetime:
        start = self.decision.earliest_start
        assert start is not None, "what is not closed has an earliest start"
        return datetime.combine(start.safe if safe else start.likely, time(), UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants of a way in; None is anything."""

    regime: str | None = None
    access_type: str | None = None

    def offered_by(self, way: Way) -> bool:
        """Tell whether a way in offers it."""
        regime = self.regime is None or self.regime in way.regimes
        return regime and (self.access_type is None or self.access_type in way.access_types)


def wanted_by(applicant: Facts, access_type: str | None, now: datetime) -> Wanted:
    """Return what the question asks for, else what the applicant said."""
    regime, said = (applicant.value(path, now) for path in ("request.regime", "request.access_type"))
    return Wanted(
        None if isinstance(regime, Gap) else str(regime), access_type or (None if isinstance(said, Gap) else str(said))
    )


class Standings:
    """The answers to one person by class, each made when it is first asked for."""

    def __init__(
        self, partition: Partition, book: RuleBook, applicant: Facts, wanted: Wanted, step: Step, now: datetime
    ) -> None:
        """Keep what all of them share."""
        self._samples, self._wanted, self._step = partition.samples, wanted, step
        self._booking = Classes(book, applicant, Action.BOOK, now)
        self._asking = Classes(book, applicant, Action.REQUEST, now)
        self._known: dict[int, Answer | None] = {}

    def of_class(self, number: int) -> Answer | None:
        """Return the answer, or None where the class is closed to the person."""
        if number not in self._known:
            self._known[number] = self._answer(self._samples[number]) if number >= 0 else None
        return self._known[number]

    def decision(self, sample: Sample) -> Decision:
        """Return the decision by the best way in, whatever it is."""
        return self._best(sample)[0]

    def _best(self, sample: Sample) -> tuple[Decision, Way | None]:
        classes = self._booking if self._step is Step.BOOK else self._asking
        ways: list[Way | None] = [*self._ways(sample)]
        decided = ((classes.decide(sample.place, way.route if way else None), way) for way in ways or [None])
        return min(decided, key=lambda one: badness(one[0]))

    def _ways(self, sample: Sample) -> list[Way]:
        offered = [way for way in sample.ways if self._wanted.offered_by(way)]
        if self._step is Step.BOOK:
            return [way for way in offered if way.direct]
        return [way for way in offered if way.asks and not self._shut(sample, way)]

    def _shut(self, sample: Sample, way: Way) -> bool:
        """Tell whether nobody like this could ever take the session that the request would grant."""
        booked = self._booking.decide(sample.place, way.route)
        hopeless = booked.outcome is Outcome.NOT_ELIGIBLE and not booked.missing
        return booked.outcome is Outcome.DENY or hopeless

    def _answer(self, sample: Sample) -> Answer | None:
        if not self._ways(sample) and (self._step is Step.REQUEST or any(way.direct for way in sample.ways)):
            # Without a way in there is nothing to ask for; with one that does not offer what is wanted, neither.
            return None
        decision, way = self._best(sample)
        classes = self._booking if self._step is Step.BOOK else self._asking
        welcome = classes.welcomes(sample.place, way.route if way else None)
        if not welcome and (self._step is Step.BOOK or decision.earliest_start is None):
            return None
        limits = stated_by(decision, way.access_unit if way else None)
        return Answer(self._step, decision, json.loads(way.terms) if way else {}, limits)
