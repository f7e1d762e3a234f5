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
from infra_access.core.roles import ROLES
from infra_access.policy.documents import load_rules
from infra_access.policy.rules import Action, ApprovalScope, Asking, Grounds, RequestField, RequirementKind

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
    "asks": Asking,
    "rests_on": RequestField,
}
"""The fields of which several values can be chosen; none chosen means any."""

FACTS: Mapping[str, str] = {
    "sectors": "applicant.sector",
    "sizes": "applicant.size",
    "regimes": "request.regime",
    "access_types": "request.access_type",
}
"""The facts that must be among what was chosen, by the names of their fields."""

_AS_TYPED = ("disclosure", "overridable_by", "valid_from", "valid_to")
ABROAD: Raw = {
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


def rule_asked_for(
    asked: Asked, *, taken: Collection[str] = (), scope: str = "network", instead_of: Raw | None = None
) -> Raw:
    """Return the rule, with an id that none of `taken` is, or else that of the rule `instead_of` which it stands.

    Raises Invalid by the names of the form's fields.
    """
    then = _checked(asked)
    raw: Raw = {
        "id": instead_of["id"] if instead_of else _new_id(then, taken),
        "applies_to": sorted(set(asked.many["applies_to"])),
        "effect": _effect(then, asked),
        "message": _message(asked),
        **_when(asked),
        **_days(then, asked),
        **_rests_on(then, asked),
        **{name: asked.one(name) for name in _AS_TYPED if asked.one(name)},
    }
    if then is not Then.OPEN:
        raw["grounds"] = asked.one("grounds")
        if asked.one("legal_ref"):
            raw["legal_ref"] = asked.one("legal_ref")
    if instead_of and "version" in instead_of:
        raw["version"] = instead_of["version"]
    _check(raw, scope)
    return raw


def _checked(asked: Asked) -> Then:
    """Return what the rule does, once all that can be chosen was chosen among what is offered."""
    faults: dict[str, list[Text]] = {}
    for name, kind in MANY.items():
        if not set(asked.many.get(name, ())) <= set(kind):
            faults[name] = [_("Choose among what is offered.")]
    for name in ("role", "overridable_by"):
        if asked.one(name) not in {"", *ROLES}:
            faults[name] = [_("Choose among what is offered.")]
    for name, choices in (("then", Then), ("from", From), ("grounds", Grounds)):
        if asked.one(name) not in set(choices) and (name != "grounds" or asked.one("then") != Then.OPEN):
            faults[name] = [_("Choose one of these.")]
    if not asked.many.get("applies_to"):
        faults["applies_to"] = [_("Choose at least one.")]
    if "then" not in faults:
        faults |= _idle(Then(asked.one("then")), asked)
    if faults:
        raise _invalid(faults)
    return Then(asked.one("then"))


def _idle(then: Then, asked: Asked) -> dict[str, list[Text]]:
    """Return what was filled in on purpose, and would mean nothing to what the rule does."""
    faults: dict[str, list[Text]] = {}
    if asked.one("issuers") and then is not Then.TRAINING:
        faults["issuers"] = [_("Only a training has issuers.")]
    if asked.many.get("asks") and then is not Then.APPROVAL:
        faults["asks"] = [_("Only an approval asks people for something. Choose nothing here.")]
    if asked.one("stage") and then in (Then.OPEN, Then.CLOSED):
        faults["stage"] = [_("Only what has to be done first has a stage. Leave this empty.")]
    if asked.one("overridable_by") and then is Then.OPEN:
        faults["overridable_by"] = [_("What is open needs no exception. Choose nobody.")]
    return faults


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
            of_where = asked.one("scope") or ApprovalScope.FACILITY
            asks = {"asks": sorted(set(asked.many["asks"]))} if asked.many.get("asks") else {}
            return {"type": "approve", "role": asked.one("role"), "scope": of_where, **_stage(asked), **asks}
        case _:
            kind = RequirementKind(then.value).value
            lines = [line.strip() for line in asked.one("issuers").split("\n")]
            issuers = {"issuers": [line for line in lines if line]} if any(lines) else {}
            return {"type": "require", "kind": kind, "code": asked.one("code"), **_stage(asked), **issuers}


def _stage(asked: Asked) -> Raw:
    return {"stage": _number(asked.one("stage"))} if asked.one("stage") else {}


def _message(asked: Asked) -> Raw:
    """Return the sentence by language: English is `message`, any other one `message_` and its code."""
    said = {"en": asked.one("message")}
    said |= {name.removeprefix("message_"): asked.one(name) for name in asked.values if name.startswith("message_")}
    return {locale: text for locale, text in said.items() if text} or {"en": ""}


def _when(asked: Asked) -> Raw:
    parts: list[Raw] = [
        {"op": "in", "fact": fact, "value": sorted(set(asked.many[name]))}
        for name, fact in FACTS.items()
        if asked.many.get(name)
    ]
    if asked.one("startup"):
        parts.append({"op": "eq", "fact": "applicant.startup", "value": True})
    where = From(asked.one("from"))
    if where is From.ABROAD:
        parts.append(ABROAD)
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


def _rests_on(then: Then, asked: Asked) -> Raw:
    # All are chosen to begin with, so what a rule that asks nobody rests on was not filled in on purpose.
    chosen = [field.value for field in RequestField if field in asked.many.get("rests_on", ())]
    return {"rests_on": chosen} if then is Then.APPROVAL and chosen else {}


def _number(text: str) -> int | str:
    # What is none is passed on as it is, for the schema to refuse.
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else text


def _check(raw: Raw, scope: str) -> None:
    try:
        load_rules([raw], scope=scope)
    except Invalid as invalid:
        faults: dict[str, list[Text]] = {}
        for place, texts in invalid.fields.items():
            faults.setdefault(_field(place.removeprefix("rules.0.")), []).extend(texts)
        raise _invalid(faults) from None


def _field(place: str) -> str:
    """Return the name of the field that a place in a rule comes from."""
    first, _dot, below = place.partition(".")
    match first:
        case "when":
            return "group"
        case "effect":
            return below.partition(".")[0]
        case "message":
            return "message" if below in ("", "en") else f"message_{below}"
        case _:
            return first


def _invalid(faults: Mapping[str, list[Text]]) -> Invalid:
    return Invalid("rule.invalid", _("This rule cannot be taken yet. Correct what is marked."), fields=dict(faults))
