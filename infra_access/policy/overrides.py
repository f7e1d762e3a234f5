"""Exceptions from a rule: which rules allow one, when one still counts, and what a decision says of it.

An exception is for one request and one rule as both stood: the rule is known by its scope, its id and a hash of all
that it says, so that the exception ends with any change of it, as it does where the request changes in what the rule
reads. A decision leaves the rule out and names it.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from infra_access.core.decision import Decision
from infra_access.policy.canonical import canonical
from infra_access.policy.conditions import rests_on
from infra_access.policy.disclosure import Audience, exception
from infra_access.policy.documents import load_rules
from infra_access.policy.rule_json import dump_rule
from infra_access.policy.rules import Approve, Deny, Limit, Require, RequirementKind, Rule

_IN_THE_WAY = (Deny, Require, Approve, Limit)


@dataclass(frozen=True, slots=True)
class Override:
    """An exception that was granted: from which rule, as it stood, and on which day (UTC)."""

    scope: str
    rule: str
    rule_hash: str
    granted_on: date


@dataclass(frozen=True, slots=True)
class Overridden:
    """A rule that a decision leaves out, and the day on which the exception from it was granted."""

    rule: Rule
    granted_on: date


def is_overridable(rule: Rule) -> bool:
    """Tell whether somebody may grant exceptions: the rule says who, and it is one that stands in the way."""
    return rule.overridable_by is not None and isinstance(rule.effect, _IN_THE_WAY)


def rule_hash(rule: Rule) -> str:
    """Return the SHA-256 of all that a rule says."""
    return hashlib.sha256(canonical([rule])).hexdigest()


def resting_on(rule: Rule) -> tuple[str, ...]:
    """Return the fields of a request whose change ends an exception from the rule: what it reads or bounds."""
    effect = rule.effect
    fields = {*rule.fields, *rests_on(rule.when)}
    if isinstance(effect, Limit) and effect.amount is not None:
        fields.add("quantity")
    if isinstance(effect, Require) and effect.kind is RequirementKind.TRAINING:
        fields.add("participants")
    return tuple(sorted(fields))


def overridden(rules: Iterable[Rule], overrides: Collection[Override]) -> tuple[Overridden, ...]:
    """Return the rules from which one of the exceptions counts; none where a rule has changed since."""
    if not overrides:
        return ()
    days = {(one.scope, one.rule, one.rule_hash): one.granted_on for one in overrides}
    found = []
    for rule in rules:
        day = days.get((rule.scope, rule.id, rule_hash(rule))) if is_overridable(rule) else None
        if day is not None:
            found.append(Overridden(rule, day))
    return tuple(found)


def standing(rules: Collection[Rule], overrides: Collection[Override]) -> list[Rule]:
    """Return the rules from which none of the exceptions counts."""
    left_out = [one.rule for one in overridden(rules, overrides)]
    return [rule for rule in rules if rule not in left_out]


def telling(decision: Decision, left_out: Sequence[Overridden], audience: Audience | str) -> Decision:
    """Return a decision that also names the rules left out, each once, as far as its reader may see them."""
    told = list(decision.reasons)
    for one in sorted(left_out, key=_entry):
        reason = exception(one.rule, one.granted_on, Audience(audience), decision.case)
        if reason is not None and reason not in told:
            told.append(reason)
    return replace(decision, reasons=tuple(told))


def dump_overridden(left_out: Iterable[Overridden]) -> bytes:
    """Return the rules left out as canonical JSON: the same ones give the same bytes."""
    entries = {_entry(one) for one in left_out}
    return f"[{','.join(sorted(entries))}]".encode()


def load_overridden(data: str | bytes) -> list[Overridden]:
    """Return what `dump_overridden` wrote."""
    return [
        Overridden(load_rules([entry["rule"]])[0], date.fromisoformat(entry["granted_on"]))
        for entry in json.loads(data)
    ]


def _entry(one: Overridden) -> str:
    plain = {"granted_on": one.granted_on.isoformat(), "rule": dump_rule(one.rule)}
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
