"""The question of somebody without time to call around: what is the first slot that I may have?

Nobody is offered what the policy, the rules or the calendar would refuse: eligibility is judged once for each class of
instruments, the index of free windows says where to look, and what is shown was worked out from the truth. So a slot
can be gone when somebody takes it, but only because somebody else was quicker.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any

from sqlalchemy.orm import Session

from infra_access.core.authority import Actor
from infra_access.core.decision import Decision
from infra_access.core.errors import Invalid, NotFound
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.policy.facts import Facts
from infra_access.policy.rulebook import RuleBook
from infra_access.scheduling.find_time.candidates import Candidates, candidates_for
from infra_access.scheduling.find_time.combining import together_from
from infra_access.scheduling.find_time.fitting import Fitter, Ground
from infra_access.scheduling.find_time.granted import Grant, on_grant
from infra_access.scheduling.find_time.grounds import Subject, grounds_of, subjects_of
from infra_access.scheduling.find_time.partitions import classes_now
from infra_access.scheduling.find_time.probing import Hit, free_at, free_later, free_later_of
from infra_access.scheduling.find_time.questions import Question
from infra_access.scheduling.find_time.settling import Settling
from infra_access.scheduling.find_time.standings import Answer, Standings, Step, wanted_by
from infra_access.scheduling.limits import NO_LIMITS, Limits
from infra_access.scheduling.quotas import Holder
from infra_access.scheduling.windows.spans import range_at

_FEW = 16
"""So many instruments are worked out from the truth alone, without the index."""
_SHARE = 50
"""Below one in so many of all instruments, the windows of those asked for are looked up one by one."""
_MOST_ONE_BY_ONE = 2_000


@dataclass(frozen=True, slots=True)
class Slot:
    """A session that could be had: of what, when, and on what decision it rests."""

    subject: Subject
    span: TimeSpan
    answer: Answer
    distance: float | None = None

    @property
    def only_if_quick(self) -> bool:
        """Tell whether it is realistic only if everything that is due goes as fast as expected."""
        return self.span.start < self.answer.safe


@dataclass(frozen=True, slots=True)
class Found:
    """The slots by start, or sets of slots to take together; `step` is what one does to get them.

    `looked_until` is how far was looked, where that is less far than was asked: the index of free windows ends there.
    `refused` are the decisions on instruments that were named and are closed to the person, by their public id.
    """

    step: Step
    slots: tuple[Slot, ...] = ()
    sets: tuple[tuple[Slot, ...], ...] = ()
    refused: Mapping[str, Decision] | None = None
    looked_until: datetime | None = None


def find_time(
    session: Session,
    asked: Question,
    *,
    applicant: Callable[[RuleBook], Facts],
    now: datetime,
    actor: Actor | None = None,
) -> Found:
    """Return the earliest slots for a person, one for each instrument, or several where few instruments are named.

    `applicant` gives the facts about the person under the rules in force. Unless the question says which, the slots are
    those to be booked at once; where there are none, those to be requested. `actor` is the person, where it is known
    who that is: what quotas leave to them is known then, and they may ask for the slots of an allocation.
    """
    book, kept = classes_now(session, now)
    facts = applicant(book)
    grant = None
    if asked.allocation:
        if actor is None:
            raise NotFound("allocation.unknown", _("There is no such allocation, or it is not your team's."))
        asked, grant = on_grant(session, asked, actor=actor, book=book, now=now)
    candidates = candidates_for(session, asked, kept)
    wanted = wanted_by(facts, asked.access_type, now)
    found = None
    for step in [Step.BOOK] if grant else [asked.step] if asked.step else Step:
        standings = Standings(kept.partition, book, facts, wanted, step, now)
        holder = _holder(actor, grant) if step is Step.BOOK else None
        found = _Search(session, asked, candidates, standings, facts, now, holder, grant).found(step)
        if found.slots or found.sets:
            return found
    assert found is not None, "there is at least one step"
    return found


def _holder(actor: Actor | None, grant: Grant | None) -> Holder | None:
    if actor is None or actor.account_id is None:
        return None
    return grant.holder(actor) if grant else Holder(actor.account_id, None, min(actor.organisation_ids, default=None))


@dataclass(frozen=True, slots=True)
class _Search:
    """One question about one step."""

    session: Session
    asked: Question
    candidates: Candidates
    standings: Standings
    facts: Facts
    now: datetime
    holder: Holder | None
    grant: Grant | None

    def found(self, step: Step) -> Found:
        """Return what there is, in the way that suits how many instruments are asked for."""
        refused = self._refused() if self.asked.instruments else None
        if self.asked.together:
            return Found(step, sets=self._sets(), refused=refused)
        if len(self.candidates) <= _FEW or self.asked.instruments:
            return Found(step, self._first(self._of_few()), refused=refused)
        ends = range_at(self.now).end
        return Found(step, self._first(self._of_many()), looked_until=ends if self.asked.window.end > ends else None)

    def _first(self, slots: Iterator[Slot]) -> tuple[Slot, ...]:
        ordered = sorted(slots, key=lambda one: (one.span.start, one.distance or 0.0, one.subject.id))
        return tuple(ordered[: self.asked.count])

    def _answer(self, key: int) -> Answer | None:
        if self.grant:
            return self.grant.answers.get(key)
        position = self.candidates.partition.position(key)
        if position is None or not self.candidates.admits(position):
            return None
        return self.standings.of_class(self.candidates.partition.classes[position])

    def _by_way(self, key: int) -> Mapping[str, Any]:
        answer = self._answer(key)
        return answer.rules if answer else {}

    def _limits(self, key: int) -> Limits:
        answer = self._answer(key)
        return answer.limits if answer else NO_LIMITS

    def _slot(self, subject: Subject, span: TimeSpan, answer: Answer) -> Slot:
        return Slot(subject, span, answer, self.candidates.distance(subject.facility_id))

    def _refused(self) -> dict[str, Decision]:
        partition = self.candidates.partition
        keys = {partition.keys[one]: partition.classes[one] for one in self.candidates.positions}
        shut = {key: number for key, number in keys.items() if number >= 0 and self._answer(key) is None}
        subjects = subjects_of(self.session, {key: {} for key in shut}, self.facts, self.now) if shut else {}
        return {
            subjects[key].public_id: self.grant.decided[key]
            if self.grant
            else self.standings.decision(partition.samples[number])
            for key, number in shut.items()
            if key in subjects
        }

    # Few instruments: everything is worked out from the truth.

    def _grounds(self) -> tuple[dict[int, Answer], dict[int, Subject], dict[int, Ground]]:
        keys = [self.candidates.partition.keys[position] for position in self.candidates.positions]
        answers = {key: answer for key in keys if (answer := self._answer(key)) is not None}
        by_way = {key: answer.rules for key, answer in answers.items()}
        limits = {key: answer.limits for key, answer in answers.items()}
        subjects = subjects_of(self.session, by_way, self.facts, self.now, limits) if answers else {}
        spans = {key: span for key in subjects if (span := self._from(answers[key].likely)) is not None}
        return answers, subjects, grounds_of(self.session, subjects, spans, self.now, self.holder)

    def _from(self, since: datetime) -> TimeSpan | None:
        window = self.asked.window
        start, end = max(since, window.start), window.end
        if self.grant:
            start, end = max(start, self.grant.span.start), min(end, self.grant.span.end)
        return TimeSpan(start, end) if end - start >= self.asked.length else None

    def _of_few(self) -> Iterator[Slot]:
        answers, subjects, grounds = self._grounds()
        each = -(-self.asked.count // max(1, len(grounds))) if self.asked.instruments else 1
        for key, ground in grounds.items():
            for span in islice(_one_after_another(Fitter(ground, self.asked.length, self.now)), each):
                if self.grant and not self.grant.allows([span]):
                    break  # rounded up to the grid, it takes more than is left, and so does each later one
                yield self._slot(subjects[key], span, answers[key])

    def _sets(self) -> tuple[tuple[Slot, ...], ...]:
        assert self.asked.together is not None
        answers, subjects, grounds = self._grounds()
        order = {public_id: at for at, public_id in enumerate(self.asked.instruments)}
        keys = sorted(grounds, key=lambda key: order[subjects[key].public_id])
        if len(keys) < len(order):
            return ()
        if self.asked.together.order == "same":
            _refuse_shared([grounds[key] for key in keys])
        fitters = [Fitter(grounds[key], self.asked.length, self.now) for key in keys]
        bounds = [grounds[key].window.start for key in keys]
        sets: list[tuple[Slot, ...]] = []
        while len(sets) < self.asked.count and (spans := together_from(fitters, bounds, self.asked.together)):
            if self.grant and not self.grant.allows(spans):
                break
            sets.append(
                tuple(self._slot(subjects[key], span, answers[key]) for key, span in zip(keys, spans, strict=True))
            )
            bounds = [span.end if at == 0 else span.start for at, span in enumerate(spans)]
        return tuple(sets)

    # Many instruments: the index says where to look.

    def _of_many(self) -> Iterator[Slot]:
        settling = Settling(
            self.session,
            self.asked.window,
            self.asked.length,
            self.asked.count,
            self.now,
            self.facts,
            self._by_way,
            self._limits,
            self.holder,
        )
        for since, numbers in sorted(self._starts().items()):
            span = self._from(since)
            if span is None or settling.enough(span.start):
                break
            for hits in chain(self._open_at(span.start, numbers), self._later(span, numbers)):
                if settling.settle(hits, from_there=span.start):
                    break
        settling.finish()
        for key, found in settling.found.items():
            answer = self._answer(key)
            assert answer is not None, "only what is open to the person was looked at"
            yield self._slot(settling.subjects[key], found, answer)

    def _starts(self) -> dict[datetime, set[int]]:
        """Return the instants from which the classes that are open may have a session."""
        starts: dict[datetime, set[int]] = {}
        for number in range(len(self.candidates.partition.samples)):
            answer = self.standings.of_class(number)
            if answer is not None:
                starts.setdefault(max(answer.likely, self.asked.window.start), set()).add(number)
        return starts

    def _open_at(self, at: datetime, numbers: set[int]) -> Iterator[list[Hit]]:
        return free_at(self.session, self.candidates.of_classes(numbers), at, self.asked.length)

    def _later(self, span: TimeSpan, numbers: set[int]) -> Iterator[list[Hit]]:
        partition = self.candidates.partition
        few = min(_MOST_ONE_BY_ONE, len(partition.keys) // _SHARE)
        if len(self.candidates) <= few:
            keys = list(self.candidates.of_classes(numbers))
            yield from free_later_of(self.session, keys, span, self.asked.length)
            return
        for hits in free_later(self.session, span, self.asked.length):
            yield [hit for hit in hits if self._is_of(hit.instrument_id, numbers)]

    def _is_of(self, key: int, numbers: set[int]) -> bool:
        position = self.candidates.partition.position(key)
        if position is None or self.candidates.partition.classes[position] not in numbers:
            return False
        return self.candidates.admits(position)


def _one_after_another(fitter: Fitter) -> Iterator[TimeSpan]:
    after = fitter.ground.window.start
    while (span := fitter.next_fit(after)) is not None:
        yield span
        after = span.end


def _refuse_shared(grounds: Sequence[Ground]) -> None:
    """Refuse to look for one time of instruments that need the same person or room."""
    seen: dict[int, str] = {}
    for ground in grounds:
        for key, name in ground.companions.items():
            if key in seen:
                message = _(
                    "Two of these instruments need the same person or room, ${name}. Ask for one after the other.",
                    mapping={"name": name},
                )
                raise Invalid("together.shared", message, fields={"together.order": [message]})
        seen.update(ground.companions)
