"""Rules as JSON: the form in which documents are stored, and from which a decision can be made again."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from infra_access.policy.condition_json import dump_condition, dump_scalar
from infra_access.policy.conditions import ALWAYS
from infra_access.policy.rules import Disclosure, Effect, Grounds, Rule


def dump_policy(name: str, rules: Iterable[Rule]) -> dict[str, Any]:
    """Return a document that loads to the same rules."""
    return {"name": name, "rules": [dump_rule(rule) for rule in rules]}


def dump_rule(rule: Rule) -> dict[str, Any]:
    """Return one rule; what it does not state is left out."""
    optional = {
        "when": None if rule.when == ALWAYS else dump_condition(rule.when),
        "grounds": None if rule.grounds is Grounds.NONE else rule.grounds.value,
        "legal_ref": rule.legal_ref,
        "disclosure": None if rule.disclosure is Disclosure.FULL else rule.disclosure.value,
        "overridable_by": rule.overridable_by,
        "expected_days": rule.expected_days or (0 if rule.latest_days or is_due(rule.effect) else None),
        "latest_days": rule.latest_days or (0 if is_due(rule.effect) else None),
        "valid_from": dump_scalar(rule.valid_from),
        "valid_to": dump_scalar(rule.valid_to),
        "rests_on": None if rule.rests_on is None else list(rule.rests_on),
    }
    return {
        "id": rule.id,
        "version": rule.version,
        "scope": rule.scope,
        "applies_to": [action.value for action in rule.applies_to],
        "effect": dump_effect(rule.effect),
        "message": dict(rule.message.by_locale),
        **{key: value for key, value in optional.items() if value is not None},
    }


def effect_type(effect: Effect) -> str:
    """Return the word for an effect in documents: permit, deny, approve, require, limit, mask or prefer."""
    return type(effect).__name__.lower()


def is_due(effect: Effect) -> bool:
    """Tell whether somebody has to do something first, which takes days that the rule must state."""
    return effect_type(effect) in ("approve", "require")


def dump_effect(effect: Effect) -> dict[str, Any]:
    """Return an effect with its arguments."""
    arguments = {key: list(v) if isinstance(v, tuple) else dump_scalar(v) for key, v in asdict(effect).items()}
    return {"type": effect_type(effect), **{key: value for key, value in arguments.items() if value is not None}}
