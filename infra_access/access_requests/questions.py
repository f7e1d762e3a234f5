"""What a request is asked: of all groups of questions, those on whose answers a rule in force may turn.

Who asks, for what, when, and with whom is asked of everybody. Beyond that a rule asks for a group where its condition,
judged with these answers known and all others not, comes out neither true nor false (`policy.logic`): a condition
that what is known decides already asks for nothing, and a permit nothing once another certainly holds. Of what moves
between countries, samples and money may still be to come, one of each. The countries in a declaration of end use move
data too, but only a rule that requires the declaration asks for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from infra_access.policy.facts import Fact, Facts
from infra_access.policy.logic import View, judge
from infra_access.policy.rules import Permit, Prefer, Require, RequirementKind, Rule
from infra_access.policy.vocabulary import END_USE_DECLARATION


class Group(StrEnum):
    """Questions that are asked together, in the order in which they are asked."""

    SAMPLES = "samples"
    PROJECT = "project"
    ETHICS = "ethics"
    END_USE = "end-use"
    FUNDING = "funding"
    STATEMENTS = "statements"


GROUP_OF: Mapping[str, Group] = {
    "samples": Group.SAMPLES,
    "request.purpose": Group.PROJECT,
    "project.field": Group.PROJECT,
    "project.sdgs": Group.PROJECT,
    "project.dual_use": Group.ETHICS,
    "project.ethics_approved": Group.ETHICS,
    "project.funding": Group.FUNDING,
    "project.funder_country": Group.FUNDING,
}
"""The group in which a fact or a collection is stated."""

_MOVES: Mapping[str, str] = {"sample": "samples", "funder": "project.funder_country"}
"""The fact by which a request states that something moves between countries, by its kind of leg."""

_STATED: Mapping[str, Group] = {
    RequirementKind.ASSURANCE: Group.STATEMENTS,
    RequirementKind.DOCUMENT: Group.STATEMENTS,
    RequirementKind.FUNDING: Group.FUNDING,
}
_NOBODY = "nobody yet"


@dataclass(frozen=True, slots=True)
class Question:
    """A fact that a group states, and the rules that may turn on it."""

    fact: str
    rules: tuple[Rule, ...]

    @property
    def group(self) -> Group:
        """Return where it is asked."""
        return GROUP_OF[self.fact]


def questions(rules: Iterable[Rule], facts: Facts, *, as_of: datetime) -> tuple[Question, ...]:
    """Return what the rules ask for, by the name of the fact; what the groups have answered already changes nothing."""
    view = View(_unanswered(facts, as_of), as_of)
    judged = [
        (rule, judge(rule.when, view))
        for rule in sorted(rules, key=lambda one: (one.id, one.scope, one.version))
        if not isinstance(rule.effect, Prefer) and not _is_met(rule, facts, as_of)
    ]
    is_open = any(isinstance(rule.effect, Permit) and verdict.truth is True for rule, verdict in judged)
    asking: dict[str, list[Rule]] = {}
    for rule, verdict in judged:
        if not (is_open and isinstance(rule.effect, Permit)):
            for fact in {_stating(path, view) for path in verdict.unknown} & GROUP_OF.keys():
                asking.setdefault(fact, []).append(rule)
    return tuple(Question(fact, tuple(found)) for fact, found in sorted(asking.items()))


def joined(asked: Iterable[Question]) -> tuple[Question, ...]:
    """Return the questions of several instruments or actions, each once, with every rule that asks."""
    found: dict[str, tuple[Rule, ...]] = {}
    for one in asked:
        before = found.get(one.fact, ())
        found[one.fact] = (*before, *(rule for rule in one.rules if rule not in before))
    return tuple(Question(fact, rules) for fact, rules in sorted(found.items()))


def requiring(rules: Iterable[Rule], facts: Facts, *, as_of: datetime) -> tuple[Rule, ...]:
    """Return the rules that may require, by these facts, what a request can state itself, met or not."""
    return tuple(
        rule
        for rule in rules
        if isinstance(rule.effect, Require)
        and rule.effect.kind in _STATED
        and judge(rule.when, View(facts, as_of)).truth is not False
    )


def stated_in(kind: str, code: str) -> Group | None:
    """Return the group in which a request meets a requirement itself; None where it cannot.

    >>> stated_in("document", "ethics-vote"), stated_in("training", "laser-safety")
    (<Group.STATEMENTS: 'statements'>, None)
    """
    if (kind, code) == (RequirementKind.DOCUMENT, END_USE_DECLARATION):
        return Group.END_USE
    return _STATED.get(kind)


def _unanswered(facts: Facts, as_of: datetime) -> Facts:
    """Return the facts as they would be if no group had been answered; what may still move comes last of the legs."""
    values = {path: fact for path, fact in facts.values.items() if path not in GROUP_OF}
    collections = {name: members for name, members in facts.collections.items() if name not in GROUP_OF}
    legs = facts.members("legs")
    known = (Facts(),) if legs is None else tuple(leg for leg in legs if leg.value("kind", as_of) not in _MOVES)
    to_come = tuple(Facts({"kind": Fact(kind, _NOBODY, _NOBODY, as_of)}) for kind in _MOVES)
    return Facts(values, {**collections, "legs": known + to_come})


def _stating(path: str, view: View) -> str:
    """Return the name of the fact that decides what is unknown: of a leg to come that which states it."""
    if not path.startswith("legs["):
        return path.partition("[")[0]
    kind = (view.facts.members("legs") or ())[int(path[5:].partition("]")[0])].value("kind", view.as_of)
    return _MOVES.get(str(kind), path)


def _is_met(rule: Rule, facts: Facts, as_of: datetime) -> bool:
    """Tell whether a rule requires what is met already, other than by what the request states."""
    effect = rule.effect
    if not isinstance(effect, Require) or effect.kind in _STATED:
        return False
    satisfied = facts.value("satisfied", as_of)
    return isinstance(satisfied, frozenset) and not effect.met_by.isdisjoint(satisfied)
