"""Eligibility classes: instruments that cannot get different answers, so that one evaluation serves all of them.

Instruments under the same rules, of which these rules read the same values, form a class. For one person `Classes`
evaluates each class once, whatever the number of its instruments. `Partition` says of every instrument which class it
is in, for everybody: facts about a person, a request and a time are unknown there, so a class may stay open.
"""

from array import array
from bisect import bisect_left
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from infra_access.core.decision import Decision, Outcome
from infra_access.policy.afterwards import with_what_follows
from infra_access.policy.applicants import Applicant
from infra_access.policy.canonical import timeless
from infra_access.policy.conditions import reads
from infra_access.policy.demands import permits
from infra_access.policy.disclosure import Audience
from infra_access.policy.facts import Facts
from infra_access.policy.further import FURTHER, further_actions, rules_asked
from infra_access.policy.kept import Kept, known_at
from infra_access.policy.places import InstrumentPlace
from infra_access.policy.rulebook import RuleBook, RuleSet
from infra_access.policy.rules import Action
from infra_access.policy.ruling import decide, members, parts_of, relation_to, with_request

Values = tuple[tuple[str, object], ...]

_RELATION = "applicant.relation"
_ATTACHED = {"tag": "instrument.tags", "instrument": "instrument.id"}
"""The traits of an instrument that rules attached to a kind of scope depend on."""


class Classes:
    """The decisions made so far for one person and action, by class."""

    def __init__(self, book: RuleBook, applicant: Facts, action: str, now: datetime) -> None:
        """Keep what all of them share."""
        self.member_of = members(applicant)
        if action == Action.BOOK and isinstance(applicant, Applicant):
            applicant = applicant.alone()
        self.book, self.applicant, self.action, self.now = book, applicant, action, now
        self.decided: dict[tuple[object, ...], Decision] = {}
        self.by_route: dict[str | None, Facts] = {}
        self.booking = Classes(book, applicant, Action.BOOK, now) if action == Action.REQUEST else None
        self.followed: dict[tuple[int, int], Decision] = {}

    def decide(self, place: InstrumentPlace, route: str | None) -> Decision:
        """Return the decision of the class that an instrument belongs to by this route; of asking, with what follows.

        What booking needs afterwards is that of whoever comes without a team, as where nobody asks before.
        """
        asked = self._decide(place, route)
        if self.booking is None or asked.earliest_start is None:
            return asked
        booked = self.booking.decide(place, route)
        # What was decided stays here, so its place in memory tells which it is.
        pair = (id(asked), id(booked))
        if pair not in self.followed:
            self.followed[pair] = with_what_follows(asked, booked, self.now)
        return self.followed[pair]

    def _decide(self, place: InstrumentPlace, route: str | None, audience: Audience = Audience.APPLICANT) -> Decision:
        action = self.action
        actions = (action, *further_actions(action, self.applicant, self.now))
        sets = [self.book.rule_set(place, route=route, at=self.now, action=one) for one in actions]
        key = (action, audience, *(self._class_of(rule_set, place, route) for rule_set in sets))
        if key not in self.decided:
            # All that decides is in the key: the rules, what they read of the instrument, what is known of the person.
            whole = (self.known, key)
            kept = self.book.kept.get(whole)
            if kept is None:
                kept = self._made(place, route, audience)
                self.book.kept.put(whole, kept)
            self.decided[key] = kept.at(self.now)
        return self.decided[key]

    @cached_property
    def known(self) -> Hashable:
        """Return what is known of the person at this moment."""
        return known_at(self.applicant, self.now)

    def _made(self, place: InstrumentPlace, route: str | None, audience: Audience) -> Kept:
        action = self.action
        parts = parts_of(
            self.book,
            place,
            applicant=self._facts(route),
            member_of=self.member_of,
            action=action,
            route=route,
            now=self.now,
        )
        version = self.book.version
        return Kept(
            decide(parts, action=action, now=self.now, policy_version=version, audience=audience),
            action,
            tuple(timeless(part.canonical, self.now) for part in parts),
            tuple(part.rule_set.canonical for part in parts),
        )

    def welcomes(self, place: InstrumentPlace, route: str | None) -> bool:
        """Tell whether a class says yes, or would if not for what a session waits for after it was booked."""
        decision = self.decide(place, route)
        if decision.outcome is not Outcome.CONDITIONAL:
            return standing_of(decision) is Standing.YES
        rules = rules_asked(self.book, place, route=route, at=self.now, action=self.action, facts=self.applicant)
        return self.action == Action.BOOK and permits(self._decide(place, route, Audience.OFFICER), rules)

    def _facts(self, route: str | None) -> Facts:
        if route not in self.by_route:
            self.by_route[route] = with_request(self.applicant, route=route, extra=None, satisfied=(), now=self.now)
        return self.by_route[route]

    def _class_of(self, rule_set: RuleSet, place: InstrumentPlace, route: str | None) -> tuple[bytes, Values]:
        relation = relation_to(place, self.applicant, self.member_of, self.now)
        return rule_set.canonical, _read(rule_set, place, route, {path: fact.value for path, fact in relation.items()})


def _read(rule_set: RuleSet, place: InstrumentPlace, route: str | None, more: dict[str, object]) -> Values:
    """Return what the rules read of an instrument by a route."""
    values: dict[str, object] = {**place.values(), **more, "request.route": route}
    return tuple((path, values[path]) for path in sorted(values.keys() & rule_set.reads))


class Standing(StrEnum):
    """What a class says to a person before anything is known of a request or a time."""

    YES = "yes"
    NO = "no"
    OPEN = "open"


_WELCOME = frozenset({Outcome.PERMIT, Outcome.PERMIT_WITH_LIMITS, Outcome.NEEDS_APPROVAL})


def standing_of(decision: Decision) -> Standing:
    """Return yes where no rule that counts hangs on something unknown, open where a fact may change the answer."""
    if decision.outcome in _WELCOME:
        return Standing.YES
    if decision.outcome is not Outcome.DENY and any(one.kind == "fact" for one in decision.missing):
        return Standing.OPEN
    return Standing.NO


@dataclass(frozen=True, slots=True)
class Way:
    """One way in to an instrument: what its route offers, and whether people book by it, or ask for time.

    `terms` are further terms of the route in canonical form, which ways of one class share.
    """

    route: str
    regimes: frozenset[str]
    access_types: frozenset[str]
    direct: bool
    asks: bool
    terms: str = ""
    access_unit: str = "hour"

    @property
    def offer(self) -> Hashable:
        """Return what two ways must share, beside the rules, to be one to everybody."""
        return self.regimes, self.access_types, self.direct, self.asks, self.terms, self.access_unit


@dataclass(frozen=True, slots=True)
class Sample:
    """Any one instrument of a class, with its ways in: it is judged for all of them."""

    place: InstrumentPlace
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Partition:
    """The class of each instrument, by position: keys ascending, the facility of each, and the number of its class."""

    keys: "array[int]"
    facilities: "array[int]"
    classes: "array[int]"
    samples: tuple[Sample, ...]

    def position(self, key: int) -> int | None:
        """Return where an instrument stands, or None where it is in no class."""
        at = bisect_left(self.keys, key)
        return at if at < len(self.keys) and self.keys[at] == key else None


class PartitionMaker:
    """Numbers the classes of one policy and day as the samples come in."""

    def __init__(self, book: RuleBook, now: datetime) -> None:
        """Keep the rules in force."""
        self.book, self.now = book, now
        self.samples: list[Sample] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, sample: Sample) -> int:
        """Return the number of the class of an instrument, a new one where nobody was like it."""
        signature = self._signature(sample)
        if signature not in self._numbers:
            self._numbers[signature] = len(self.samples)
            self.samples.append(sample)
        return self._numbers[signature]

    def _signature(self, sample: Sample) -> Hashable:
        ways = frozenset((way.offer, self._judged(sample.place, way.route)) for way in sample.ways)
        return ways, self._judged(sample.place, None)

    def _judged(self, place: InstrumentPlace, route: str | None) -> Hashable:
        """Return all that a decision on an instrument by a route can depend on, whoever asks."""
        found: list[Hashable] = []
        for action in (Action.BOOK, Action.REQUEST, *FURTHER):
            rule_set = self.book.rule_set(place, route=route, at=self.now, action=action)
            # Who is internal follows from the organisation that runs the facility.
            relation: dict[str, object] = {_RELATION: place.organisation_id}
            found.append((rule_set.canonical, _read(rule_set, place, route, relation)))
        return tuple(found)


def traits_read(book: RuleBook) -> frozenset[str]:
    """Return the facts that published rules read, or are attached to, of instruments and their surroundings."""
    rules = [rule for rules in book.by_scope.values() for rule in rules]
    kinds = {kind for kind, _key in book.by_scope}
    attached = {path for kind, path in _ATTACHED.items() if kind in kinds}
    return frozenset(attached).union(*(reads(rule.when) for rule in rules))
