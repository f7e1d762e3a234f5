"""What rules demand before a session, and of whom: each person of it for themselves, each sample for itself.

A rule is asked as if nobody had met it yet, so that what was met already is seen too. Where its condition reads the
trainings of the participants, it says itself whose count; else they are those who operate or are on site. A document
that depends on samples belongs to them: it is a paper, which stops the session and no approval.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from infra_access.core.decision import Decision, Outcome
from infra_access.policy.conditions import Condition, reads
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.logic import View, judge
from infra_access.policy.rules import Require, RequirementKind, Rule
from infra_access.policy.vocabulary import GRANTED

GRANT = f"gate:{GRANTED}"
"""Met by what was granted alone, so nobody can meet it once a time is booked without."""

_TRAININGS, _SAMPLES = "participants[].trainings", "samples"
_CHECKS = (RequirementKind.GATE, RequirementKind.ESCORT)
_OPEN = (Outcome.PERMIT, Outcome.PERMIT_WITH_LIMITS, Outcome.NEEDS_APPROVAL)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one rule demands; `person` or `sample` is the place of whom it is about, None where it is the session."""

    rule: Rule
    effect: Require
    person: int | None = None
    sample: int | None = None


def demands(rules: Iterable[Rule], facts: Facts, *, as_of: datetime) -> list[Demand]:
    """Return what the rules demand by these facts, met or not; whatever may apply counts as if it did."""
    found: list[Demand] = []
    for rule in sorted(rules, key=lambda one: (one.id, one.scope, one.version)):
        effect = rule.effect
        if not isinstance(effect, Require):
            continue
        before = _without(facts, effect)
        if _may_apply(rule.when, before, as_of) or _may_apply(rule.when, facts, as_of):
            found.extend(_of_each(rule, effect, before, as_of))
    return found


def is_paper(rule: Rule) -> bool:
    """Tell whether a rule requires a document of samples."""
    effect = rule.effect
    return isinstance(effect, Require) and effect.kind is RequirementKind.DOCUMENT and _SAMPLES in reads(rule.when)


def met_later(rules: Iterable[Rule]) -> frozenset[str]:
    """Return what may still be open when a time is booked: the session waits for it, and the booking does not.

    The facility checks it, or it is a paper of samples. What another rule wants at once is not among it.
    """
    return _only(rules, lambda rule, effect: is_paper(rule) or (effect.kind in _CHECKS and effect.key != GRANT))


def papers(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the documents that only samples need: they are asked for, and the approvals go on meanwhile."""
    return _only(rules, lambda rule, _effect: is_paper(rule))


def lacks_only(officer: Decision, keys: frozenset[str]) -> bool:
    """Tell whether nothing is missing but some of these, by an officer's reading, to whom nothing is hidden."""
    missing = {f"{one.kind}:{one.code}" for one in officer.missing}
    return officer.outcome is Outcome.CONDITIONAL and missing <= keys


def permits(officer: Decision, rules: Iterable[Rule]) -> bool:
    """Tell whether a time may be booked, perhaps once somebody approves; its gates may still be open."""
    return officer.outcome in _OPEN or lacks_only(officer, met_later(rules))


def _only(rules: Iterable[Rule], chosen: Callable[[Rule, Require], bool]) -> frozenset[str]:
    """Return what is required by chosen rules alone."""
    keys: dict[bool, set[str]] = {True: set(), False: set()}
    for rule in rules:
        if isinstance(rule.effect, Require):
            keys[chosen(rule, rule.effect)].add(rule.effect.key)
    return frozenset(keys[True] - keys[False])


def _of_each(rule: Rule, effect: Require, before: Facts, as_of: datetime) -> Iterator[Demand]:
    if effect.kind is RequirementKind.TRAINING:
        yield from (Demand(rule, effect, person=place) for place in _whose(rule, before, as_of))
    elif is_paper(rule) and before.members(_SAMPLES):
        yield from (Demand(rule, effect, sample=place) for place in _alone(rule, before, _SAMPLES, as_of))
    else:
        yield Demand(rule, effect)


def _whose(rule: Rule, before: Facts, as_of: datetime) -> list[int | None]:
    """Return who needs a training, by their place; None alone where nobody is known."""
    people = before.members("participants")
    if people is None:
        return [None]
    if _TRAININGS in reads(rule.when):
        return list(_alone(rule, before, "participants", as_of))
    return [place for place, one in enumerate(people) if _takes_part(one, as_of)]


def _takes_part(person: Facts, as_of: datetime) -> bool:
    """Tell whether a person operates or is on site; of whom that is unknown, they may."""
    role, presence = person.value("role", as_of), person.value("presence", as_of)
    return not (isinstance(role, str) and isinstance(presence, str)) or role == "operator" or presence == "on-site"


def _alone(rule: Rule, facts: Facts, collection: str, as_of: datetime) -> Iterator[int]:
    """Yield the places of the members whom the rule would reach alone; of all, where it would reach none so."""
    members = facts.members(collection) or ()
    reached = [
        place
        for place, one in enumerate(members)
        if _may_apply(rule.when, Facts(facts.values, {**facts.collections, collection: (one,)}), as_of)
    ]
    yield from reached or range(len(members))


def _may_apply(condition: Condition, facts: Facts, as_of: datetime) -> bool:
    return judge(condition, View(facts, as_of)).truth is not False


def _without(facts: Facts, effect: Require) -> Facts:
    """Return the facts as they would be if nobody had met the requirement."""
    values = _dropped(facts.values, "satisfied", effect.met_by)
    collections = dict(facts.collections)
    if effect.kind is RequirementKind.TRAINING and "participants" in collections:
        collections["participants"] = tuple(
            Facts(_dropped(one.values, "trainings", frozenset({effect.code}))) for one in collections["participants"]
        )
    return Facts(values, collections)


def _dropped(values: Mapping[str, Fact], path: str, some: frozenset[str]) -> Mapping[str, Fact]:
    fact = values.get(path)
    if fact is None or not isinstance(fact.value, frozenset) or fact.value.isdisjoint(some):
        return values
    return {**values, path: Fact(fact.value - some, fact.source, fact.asserted_by, fact.asserted_at, fact.expires_at)}
