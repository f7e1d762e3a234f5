"""A rule read back into the fields of the form of common rules, where that form can say all of it.

What it cannot say is found by making the rule again: whatever then differs would be lost, so such a rule is left to
the document.
"""

from collections.abc import Collection, Mapping
from typing import Any

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.policy.common_rules import ABROAD, FACTS, Asked, From, Raw, Then, rule_asked_for
from infra_access.policy.documents import load_rules
from infra_access.policy.rule_json import dump_rule
from infra_access.policy.rules import ApprovalScope, Disclosure, RequestField

_TYPED = ("legal_ref", "overridable_by", "expected_days", "latest_days", "valid_from", "valid_to")
_EFFECTS = {"permit": Then.OPEN, "deny": Then.CLOSED, "approve": Then.APPROVAL}
_WHY: Mapping[str, Text] = {
    "effect": _("What this rule does is none of what the form offers."),
    "when": _("The form cannot say when this rule applies."),
    "message": _("The sentence of this rule is written in a language that the form does not offer."),
    "rests_on": _("The form cannot say which changes of a request undo what this rule asks for."),
}
"""Why the form cannot say a rule, by what would be lost of it; whichever is named first is told."""


def read_back(rule: Raw, *, scope: str = "network", locales: Collection[str] = ("en",)) -> Asked | Text:
    """Return what the form has to say to give this rule, or why it cannot.

    `locales` are the languages in which the form takes a sentence.
    """
    stored = _stored(rule, scope)
    then, doing, asks = _doing(stored["effect"])
    if then is None:
        return _WHY["effect"]
    where, many = _matching(stored.get("when"))
    said = stored["message"]
    values = {
        **{name: str(stored[name]) for name in _TYPED if name in stored},
        **{"message" if one == "en" else f"message_{one}": said[one] for one in locales if one in said},
        "grounds": stored.get("grounds", ""),
        "disclosure": stored.get("disclosure", Disclosure.FULL.value),
        "then": then,
        **doing,
        **where,
    }
    rests_on = stored.get("rests_on", []) if then is Then.APPROVAL else list(RequestField)
    asked = Asked(values, {**many, "asks": asks, "applies_to": stored["applies_to"], "rests_on": rests_on})
    lost = _lost(asked, stored, scope)
    if not lost:
        return asked
    more = _("This rule states something that the form cannot: ${keys}.", mapping={"keys": ", ".join(sorted(lost))})
    return next((text for key, text in _WHY.items() if key in lost), more)


def _lost(asked: Asked, stored: Raw, scope: str) -> set[str]:
    """Return what of a rule would be otherwise if the form gave it."""
    try:
        again = _stored(rule_asked_for(asked, scope=scope, instead_of=stored), scope)
    except Invalid as invalid:
        return {"when" if name in FACTS or name == "group" else name for name in invalid.fields}
    return {key for key in stored.keys() | again.keys() if stored.get(key) != again.get(key)}


def _stored(rule: Raw, scope: str) -> Raw:
    """Return a rule as drafts keep it, but for the order of what it rests on, so that the same rule is the same."""
    kept = dump_rule(load_rules([rule], scope=scope)[0])
    return {**kept, "rests_on": sorted(kept["rests_on"])} if "rests_on" in kept else kept


def _doing(effect: Raw) -> tuple[Then | None, dict[str, str], list[str]]:
    """Return what a rule does, the fields that say more of it, and what it asks people for."""
    if effect["type"] == "require":
        then = Then(effect["kind"]) if effect["kind"] in set(Then) else None
    else:
        then = _EFFECTS.get(effect["type"])
    if effect.get("role", "member") not in ROLES:
        return None, {}, []
    fields: dict[str, str] = {name: str(effect[name]) for name in ("role", "code") if name in effect}
    fields["scope"] = effect.get("scope", ApprovalScope.FACILITY.value)
    if effect.get("stage", 1) != 1:
        fields["stage"] = str(effect["stage"])
    if "issuers" in effect:
        fields["issuers"] = "\n".join(effect["issuers"])
    return then, fields, effect.get("asks", [])


def _matching(when: Raw | None) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the fields that say who matches; a condition that is none of theirs is passed over."""
    fields_of = {fact: name for name, fact in FACTS.items()}
    values: dict[str, str] = {"from": From.ANYWHERE}
    many: dict[str, Any] = {}
    for part in _parts(when):
        match part:
            case {"op": "in", "fact": str(fact), "value": value} if fact in fields_of:
                many[fields_of[fact]] = value
            case {"op": "eq", "fact": "applicant.startup"}:
                values["startup"] = "yes"
            case {"op": "eq", "fact": "applicant.country"}:
                values["from"] = From.HERE
            case {"op": "member_of", "value": str(group)}:
                values |= {"from": From.GROUP, "group": group}
            case {"not": {"op": "member_of", "value": str(group)}}:
                values |= {"from": From.OUTSIDE, "group": group}
            case _ if part == ABROAD:
                values["from"] = From.ABROAD
    return values, many


def _parts(when: Raw | None) -> list[Raw]:
    if when is None:
        return []
    return list(when["all"]) if "all" in when else [when]
