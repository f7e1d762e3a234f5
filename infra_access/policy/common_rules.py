"""The rules that most facilities need, by what a form asks: who, from where, for what, and what then.

A form gives a rule as documents state it, which is checked like any other. What it cannot say is written as a document.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra_access.catalogue.vocabularies import AccessType, Regime, Sector, SizeBand
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.policy.documents import load_rules
from infra_access.policy.rules import Action, ApprovalScope, Grounds, RequirementKind

Raw = dict[str, Any]


class Then(StrEnum):
    """What the rule does to those who match it."""

    OPEN = "open"
    CLOSED = "closed"
    APPROVAL = "approval"
    TRAINING = "training"
    AGREEMENT = "agreement"
    DOCUMENT = "document"
    FUNDING = "funding"


class From(StrEnum):
    """Where those work who match."""

    ANYWHERE = "anywhere"
    ABROAD = "abroad"
    HERE = "here"
    GROUP = "group"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form said: single values by name, and those of which several can be chosen."""

    values: Mapping[str, str]
    many: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str:
        """Return what was said, trimmed; nothing where nothing was."""
        return self.values.get(name, "").strip()


MANY: Mapping[str, type[StrEnum]] = {
    "applies_to": Action,
    "sectors": Sector,
    "sizes": SizeBand,
    "regimes": Regime,
    "access_types": AccessType,
}
"""The fields of which several values can be chosen; none chosen means any."""

_FACTS = {
    "sectors": "applicant.sector",
    "sizes": "applicant.size",
    "regimes": "request.regime",
    "access_types": "request.access_type",
}
_ABROAD: Raw = {
    "any": [
        {"op": "ne", "fact": "applicant.country", "other": "facility.country"},
        {
            "some": {
                "over": "participants",
                "when": {"op": "ne", "fact": "participants[].country_of_work", "other": "facility.country"},
            }
        },
    ]
}


def rule_asked_for(asked: Asked, *, taken: Collection[str]) -> Raw:
    """Return the rule, with an id that none of `taken` is. Raises Invalid by the names of the form's fields."""
    faults: dict[str, list[Text]] = {}
    for name, kind in MANY.items():
        if not set(asked.many.get(name, ())) <= set(kind):
            faults[name] = [_("Choose among what is offered.")]
    for name, choices in (("then", Then), ("from", From), ("grounds", Grounds)):
        if asked.one(name) not in set(choices):
            faults[name] = [_("Choose one of these.")]
    if not asked.many.get("applies_to"):
        faults["applies_to"] = [_("Choose at least one.")]
    if faults:
        raise _invalid(faults)
    then = Then(asked.one("then"))
    raw: Raw = {
        "id": _new_id(then, taken),
        "applies_to": sorted(set(asked.many["applies_to"])),
        "effect": _effect(then, asked),
        "message": {"en": asked.one("message")},
        **_when(asked),
        **_days(then, asked),
    }
    if then is not Then.OPEN:
        raw["grounds"] = asked.one("grounds")
        if asked.one("legal_ref"):
            raw["legal_ref"] = asked.one("legal_ref")
    _check(raw)
    return raw


def _new_id(then: Then, taken: Collection[str]) -> str:
    number = 1
    while f"{then}-{number}" in taken:
        number += 1
    return f"{then}-{number}"


def _effect(then: Then, asked: Asked) -> Raw:
    match then:
        case Then.OPEN:
            return {"type": "permit"}
        case Then.CLOSED:
            return {"type": "deny"}
        case Then.APPROVAL:
            return {"type": "approve", "role": asked.one("role"), "scope": asked.one("scope") or ApprovalScope.FACILITY}
        case _:
            return {"type": "require", "kind": RequirementKind(then.value).value, "code": asked.one("code")}


def _when(asked: Asked) -> Raw:
    parts: list[Raw] = [
        {"op": "in", "fact": fact, "value": sorted(set(asked.many[name]))}
        for name, fact in _FACTS.items()
        if asked.many.get(name)
    ]
    if asked.one("startup"):
        parts.append({"op": "eq", "fact": "applicant.startup", "value": True})
    where = From(asked.one("from"))
    if where is From.ABROAD:
        parts.append(_ABROAD)
    elif where is From.HERE:
        parts.append({"op": "eq", "fact": "applicant.country", "other": "facility.country"})
    elif where in (From.GROUP, From.OUTSIDE):
        within = {"op": "member_of", "fact": "applicant.country_groups", "value": asked.one("group")}
        parts.append(within if where is From.GROUP else {"not": within})
    if not parts:
        return {}
    return {"when": parts[0] if len(parts) == 1 else {"all": parts}}


def _days(then: Then, asked: Asked) -> Raw:
    if then in (Then.OPEN, Then.CLOSED):
        return {}
    return {name: _number(asked.one(name)) for name in ("expected_days", "latest_days")}


def _number(text: str) -> int | str:
    # What is none is passed on as it is, for the schema to refuse.
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else text


_FIELDS = {
    "message.en": "message",
    "effect.role": "role",
    "effect.scope": "scope",
    "effect.code": "code",
}


def _check(raw: Raw) -> None:
    try:
        load_rules([raw])
    except Invalid as invalid:
        faults: dict[str, list[Text]] = {}
        for place, texts in invalid.fields.items():
            below = place.removeprefix("rules.0.")
            name = "group" if below.startswith("when") else _FIELDS.get(below, below)
            faults.setdefault(name, []).extend(texts)
        raise _invalid(faults) from None


def _invalid(faults: Mapping[str, list[Text]]) -> Invalid:
    return Invalid("rule.invalid", _("This rule cannot be taken yet. Correct what is marked."), fields=dict(faults))
