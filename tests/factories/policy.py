"""Facts and rules for tests, each with the least that makes it whole."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from infra_access.core.authority import NETWORK, Scope, system_actor
from infra_access.policy.evaluator import evaluate
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.models import CountryGroup, PolicyDocument
from infra_access.policy.publishing import create_document, publish_document, set_country_group
from infra_access.policy.rules import Action, Deny, Grounds, Permit, Prefer, Rule
from infra_access.policy.wording import Wording

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
_number = count(1)


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


def make_document(session: Session, **overrides: Any) -> PolicyDocument:
    """Make a draft that permits booking to everybody in the network."""
    values: dict[str, Any] = {
        "actor": system_actor("tests"),
        "now": NOW,
        "scope_kind": "network",
        "scope_key": "",
        "name": f"Rules {next(_number)}",
        "rules": [raw_rule("open", {"type": "permit"})],
    }
    return create_document(session, **values | overrides)


def make_policy(session: Session, *rules: dict[str, Any], scope: Scope = NETWORK, **overrides: Any) -> PolicyDocument:
    """Publish rules, each as `raw_rule` gives it, for one scope."""
    given = {"rules": list(rules)} if rules else {}
    document = make_document(session, scope_kind=scope[0], scope_key=scope[1], **given | overrides)
    return publish_document(session, actor=system_actor("tests"), now=NOW, document=document)


def make_country_group(session: Session, code: str, *countries: str, **overrides: Any) -> CountryGroup:
    """Enter a group of countries."""
    values: dict[str, Any] = {"name": code, "as_of": date(2024, 1, 1), "source": "a list of the tests"}
    return set_country_group(
        session, actor=system_actor("tests"), now=NOW, code=code, countries=countries, **values | overrides
    )


def raw_rule(id: str, effect: dict[str, Any], when: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a rule as documents state it, with the least that makes it whole."""
    due = {"expected_days": 2, "latest_days": 9} if effect["type"] in ("approve", "require") else {}
    grounds = {} if effect["type"] in ("permit", "prefer") else {"grounds": "safety"}
    values = {"id": id, "applies_to": ["book", "request"], "effect": effect, "message": {"en": f"Rule {id}."}}
    return {**values, **due, **grounds, **({} if when is None else {"when": when}), **more}
