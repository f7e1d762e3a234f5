"""Facts and rules for tests, each with the least that makes it whole."""

from datetime import UTC, datetime

from infra_access.policy.evaluator import evaluate
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.rules import Action, Deny, Grounds, Permit, Prefer, Rule
from infra_access.policy.wording import Wording

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def fact(value, expires_at=None):
    return Fact(value, "profile", "ada", NOW, expires_at)


def facts(values=None, /, **collections):
    return Facts.of(
        {path: fact(value) for path, value in (values or {}).items()},
        {name: [{p: fact(v) for p, v in item.items()} for item in items] for name, items in collections.items()},
    )


def rule(id, effect, when=None, **more):
    grounds = Grounds.NONE if isinstance(effect, Permit | Prefer) else Grounds.SAFETY
    values = {"grounds": grounds, "applies_to": (Action.BOOK,), "message": Wording({"en": f"Rule {id}."}), **more}
    if when is not None:
        values["when"] = when
    return Rule(id, effect, **values)


def permit(id="permit", when=None, **more):
    return rule(id, Permit(), when, **more)


def deny(id="deny", when=None, **more):
    return rule(id, Deny(), when, **more)


def decide(rules, known=None, **more):
    values = {"action": "book", "as_of": NOW, "policy_version": "7", "case": "AB12-CD34", **more}
    return evaluate(rules, facts() if known is None else known, **values)
