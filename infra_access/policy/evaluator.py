"""Rules and facts to an explained decision.

The strongest effect that applies decides: deny, then require, approve, limit, permit. Nothing is open without
a permit that certainly matches. A deny, require, approve, limit or mask that hangs on an unknown fact asks for
it and keeps the door closed meanwhile (the outcome is at best `conditional`); a permit or a preference that
hangs on one does not match.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar, cast

from infra_access.core.decision import ApprovalDue, Decision, Missing, Outcome, Reason
from infra_access.core.i18n import Text, _
from infra_access.policy import disclosure, explanations
from infra_access.policy.disclosure import Audience
from infra_access.policy.earliest import Due, earliest_start
from infra_access.policy.facts import Facts
from infra_access.policy.logic import Verdict, View, judge, just_enough, shortfalls
from infra_access.policy.rules import (
    Action,
    Approve,
    Deny,
    Effect,
    Grounds,
    Limit,
    Mask,
    Permit,
    Prefer,
    Require,
    RequirementKind,
    Rule,
)

EVALUATOR_VERSION = "3"
"""Changes with every change of what a decision may come to, and is stored with each."""

NEAREST = 3
"""At most so many permits are named where none matches."""

E = TypeVar("E", bound=Effect)
_STRENGTH: tuple[type[Effect], ...] = (Deny, Require, Approve, Limit, Mask, Permit, Prefer)
_KINDS = ("fact", *(kind.value for kind in RequirementKind))


@dataclass(frozen=True, slots=True)
class _Judged:
    rule: Rule
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Case:
    """What one decision is made of: the rules in order, each judged, for one reader."""

    view: View
    satisfied: frozenset[str]
    audience: Audience
    number: str
    judged: tuple[_Judged, ...]
    unmet: dict[tuple[object, bool | None], list[Rule]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Sort the rules by effect and truth once, since each is asked for several times."""
        for one in self.judged:
            if not self.is_met(one.rule.effect):
                self.unmet.setdefault((type(one.rule.effect), one.verdict.truth), []).append(one.rule)

    def rules(self, kind: type[E], truth: bool | None = True) -> list[tuple[Rule, E]]:
        """Return the rules of one effect whose condition came to `truth`; a requirement that is met is none."""
        return [(rule, cast("E", rule.effect)) for rule in self.unmet.get((kind, truth), ())]

    def is_met(self, effect: Effect) -> bool:
        """Tell whether an effect is a requirement that is satisfied already, whatever its condition."""
        return isinstance(effect, Require) and not effect.met_by.isdisjoint(self.satisfied)

    def unknown(self, *, permits: bool) -> frozenset[str]:
        """Return the facts that would decide what is undecided; preferences ask for nothing."""
        return frozenset().union(
            *(
                j.verdict.unknown
                for j in self.judged
                if not isinstance(j.rule.effect, Prefer)
                and isinstance(j.rule.effect, Permit) is permits
                and not self.is_met(j.rule.effect)
            )
        )


def evaluate(
    rules: Iterable[Rule],
    facts: Facts,
    *,
    action: Action | str,
    as_of: datetime,
    policy_version: str,
    case: str,
    audience: Audience | str = Audience.APPLICANT,
) -> Decision:
    """Return the decision on one action, for one reader; `rules` are those of every scope that applies.

    The order of the rules never matters, and the same inputs give the same decision.
    """
    view = View(facts, as_of)
    day = as_of.astimezone(UTC).date()
    known = facts.value("satisfied", as_of)
    wanted = Action(action)
    judged = tuple(
        _Judged(rule, judge(rule.when, view))
        for rule in sorted(rules, key=_order)
        if wanted in rule.applies_to and rule.holds_on(day)
    )
    satisfied = known if isinstance(known, frozenset) else frozenset()
    this = _Case(view, satisfied, Audience(audience), case, judged)
    parts = _decide(this)
    return Decision(as_of=as_of.astimezone(UTC), policy_version=policy_version, case=case, **parts)


def _order(rule: Rule) -> tuple[int, str, str, int]:
    return (_STRENGTH.index(type(rule.effect)), rule.id, rule.scope, rule.version)


def _decide(this: _Case) -> dict[str, Any]:
    denials = this.rules(Deny)
    if denials:
        return {"outcome": Outcome.DENY, "reasons": _reasons(this, [(rule, rule.message) for rule, _effect in denials])}
    if not this.rules(Permit):
        return _not_eligible(this)
    unknown = this.unknown(permits=False)
    limits = _limits(this)
    if unknown or this.rules(Require):
        outcome = Outcome.CONDITIONAL
    elif this.rules(Approve):
        outcome = Outcome.NEEDS_APPROVAL
    elif limits.keys() - {"preference"}:
        outcome = Outcome.PERMIT_WITH_LIMITS
    else:
        outcome = Outcome.PERMIT
    return {
        "outcome": outcome,
        "earliest_start": earliest_start(_dues(this), this.view.as_of),
        "reasons": _reasons(this, _applied(this)),
        "missing": _missing(this, unknown),
        "approvals": _approvals(this),
        "limits": limits,
    }


def _not_eligible(this: _Case) -> dict[str, Any]:
    """Say which permits are nearest: those that a missing fact may open, else those that miss the least."""
    hopeful = this.rules(Permit, None)
    if hopeful:
        told = [(rule, explanations.may_be_met(rule)) for rule, _effect in hopeful]
        unknown = this.unknown(permits=True) | this.unknown(permits=False)
        missing = _missing(this, unknown)
        return {"outcome": Outcome.NOT_ELIGIBLE, "reasons": _reasons(this, told), "missing": missing}
    lacks = [(rule, shortfalls(rule.when, this.view)) for rule, _effect in this.rules(Permit, False)]
    if not lacks:
        nobody = Reason("none", _("No rule opens this yet. Ask the facility."), Grounds.NONE.value)
        return {"outcome": Outcome.NOT_ELIGIBLE, "reasons": (nobody,)}
    fewest = min(len(lack) for _rule, lack in lacks)
    told = []
    for rule, lack in [each for each in lacks if len(each[1]) == fewest][:NEAREST]:
        told.append((rule, explanations.not_met(rule)))
        told.extend((rule, explanations.shortfall_sentence(one)) for one in lack)
    return {"outcome": Outcome.NOT_ELIGIBLE, "reasons": _reasons(this, told)}


def _applied(this: _Case) -> list[tuple[Rule, Text]]:
    """Return what decided, strongest first; an officer also reads what could not be decided."""
    told: list[tuple[Rule, Text]] = []
    for judged in this.judged:
        if this.is_met(judged.rule.effect):
            continue
        if judged.verdict.truth is True:
            told.append((judged.rule, judged.rule.message))
            if isinstance(judged.rule.effect, Permit):
                tight = just_enough(judged.rule.when, this.view)
                told.extend((judged.rule, explanations.just_enough(*one)) for one in tight)
        elif judged.verdict.truth is None and this.audience is Audience.OFFICER:
            told.append((judged.rule, explanations.undecided(judged.rule)))
    return told


def _reasons(this: _Case, told: list[tuple[Rule, Text]]) -> tuple[Reason, ...]:
    found = (disclosure.reason(rule, message, this.audience, this.number) for rule, message in told)
    distinct: list[Reason] = []
    of_rule: dict[str, list[Reason]] = {}
    for one in found:
        # Only those of one rule can be equal: comparing each with all costs more than judging the rules.
        if one is not None and one not in (same := of_rule.setdefault(one.rule, [])):
            same.append(one)
            distinct.append(one)
    return tuple(distinct)


def _missing(this: _Case, unknown: frozenset[str]) -> tuple[Missing, ...]:
    # A question tells only that something reads the fact, so it is asked for hidden rules too.
    entries = {("fact", path): explanations.missing_fact(path) for path in unknown}
    for rule, effect in this.rules(Require):
        entry = explanations.missing_requirement(rule, effect)
        shown = disclosure.missing(rule, entry, this.audience, this.number)
        if shown is not None:
            entries.setdefault((entry.kind, entry.code), shown)
    return tuple(sorted(entries.values(), key=lambda entry: (_KINDS.index(entry.kind), entry.code)))


def _approvals(this: _Case) -> tuple[ApprovalDue, ...]:
    shown = (
        disclosure.approval(rule, _approval(rule, effect), this.audience, this.number)
        for rule, effect in sorted(this.rules(Approve), key=lambda due: (due[1].stage, due[0].id))
    )
    return tuple(due for due in shown if due is not None)


def _approval(rule: Rule, effect: Approve) -> ApprovalDue:
    return ApprovalDue(
        effect.role,
        effect.scope.value,
        rule.id,
        rule.message,
        rule.expected_days,
        rule.latest_days,
        rule.fields,
        tuple(one.value for one in effect.asks or ()),
        effect.stage,
        bool(effect.review),
    )


def _dues(this: _Case) -> list[Due]:
    dues = []
    for certain, truth in ((True, True), (False, None)):
        found: list[tuple[Rule, Approve | Require]] = [*this.rules(Approve, truth), *this.rules(Require, truth)]
        for rule, effect in found:
            readable = disclosure.may_read(rule, this.audience)
            because = partial(explanations.why_so_late, rule, certain=certain, readable=readable)
            dues.append(Due(because, effect.stage, rule.expected_days, rule.latest_days, certain))
    return dues


def _limits(this: _Case) -> dict[str, Any]:
    """Join limits (the least holds) and masks (all hold), also undecided ones; preferences only add if certain."""
    limits: dict[str, Any] = {}
    caps = [effect for truth in (True, None) for _rule, effect in this.rules(Limit, truth)]
    for name in ("amount", "horizon", "spans"):
        stated: list[int | Decimal] = [v for cap in caps if (v := getattr(cap, name)) is not None]
        if stated:
            limits[name] = min(stated)
    masks = [effect for truth in (True, None) for _rule, effect in this.rules(Mask, truth)]
    if masks:
        limits["masked"] = sorted({field for mask in masks for field in mask.fields})
    weights = [effect.weight for rule, effect in this.rules(Prefer) if disclosure.may_read(rule, this.audience)]
    if weights:
        limits["preference"] = sum(weights)
    return limits
