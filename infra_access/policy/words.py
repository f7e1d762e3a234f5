"""Rules in words, as their authors and those who answer for them read them.

A condition becomes a tree of phrases: each has a sentence, and below it the phrases that it joins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from translationstring import TranslationString

from infra_access.catalogue.vocabularies import AccessType, Biosafety, Fate, Regime, Sector, SizeBand, label
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.policy import conditions as c
from infra_access.policy import rules as r
from infra_access.policy.condition_json import dump_scalar
from infra_access.policy.kinds import Scalar
from infra_access.policy.vocabulary import VOCABULARY


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence, and the phrases that it joins."""

    text: Text
    parts: tuple["Phrase", ...] = ()

    @property
    def sentence(self) -> Text:
        """Return all of it as one text."""
        if not self.parts:
            return self.text
        joined = self.parts[0].sentence
        for part in self.parts[1:]:
            joined = _("${before}; ${value}", mapping={"before": joined, "value": part.sentence})
        return _("${before} ${value}", mapping={"before": self.text, "value": joined})


_OP, _E = c.Op, r.Action
_COMPARED: Mapping[c.Op, TranslationString] = {
    _OP.EQ: _("${fact} is ${value}"),
    _OP.NE: _("${fact} is not ${value}"),
    _OP.IN: _("${fact} is one of: ${value}"),
    _OP.NOT_IN: _("${fact} is none of: ${value}"),
    _OP.OVERLAPS: _("${fact} include one of: ${value}"),
    _OP.CONTAINS: _("${fact} include ${value}"),
    _OP.MEMBER_OF: _("${fact} include ${value}"),
    _OP.GTE: _("${fact} is at least ${value}"),
    _OP.LTE: _("${fact} is at most ${value}"),
    _OP.BEFORE: _("${fact} is before ${value}"),
    _OP.AFTER: _("${fact} is after ${value}"),
    _OP.WITHIN: _("${fact} is between ${value}"),
    _OP.EXISTS: _("it is known: ${fact}"),
}
_OVER: Mapping[tuple[str, str], Text] = {
    ("some", "participants"): _("for at least one participant:"),
    ("some", "samples"): _("for at least one sample:"),
    ("some", "legs"): _("for at least one thing that moves between countries:"),
    ("every", "participants"): _("for every participant:"),
    ("every", "samples"): _("for every sample:"),
    ("every", "legs"): _("for everything that moves between countries:"),
    ("share", "participants"): _("for more than ${percent} % of the participants:"),
    ("share", "samples"): _("for more than ${percent} % of the samples:"),
    ("share", "legs"): _("for more than ${percent} % of what moves between countries:"),
}
_VALUES: Mapping[str, type[StrEnum]] = {
    "applicant.sector": Sector,
    "participants[].sector": Sector,
    "applicant.size": SizeBand,
    "request.regime": Regime,
    "request.access_type": AccessType,
    "samples[].biosafety": Biosafety,
    "samples[].fate": Fate,
}
ACTIONS: Mapping[r.Action, Text] = {
    _E.VIEW_DETAILS: _("See all details"),
    _E.REQUEST: _("Ask for access"),
    _E.BOOK: _("Book"),
    _E.REMOTE_SESSION: _("Work remotely"),
    _E.MAIL_IN: _("Send samples"),
    _E.EXPORT_DATA: _("Take data abroad"),
}
GROUNDS: Mapping[r.Grounds, Text] = {
    r.Grounds.SECURITY: _("Security"),
    r.Grounds.PRIVACY: _("Privacy"),
    r.Grounds.ETHICS: _("Ethics"),
    r.Grounds.IP: _("Intellectual property"),
    r.Grounds.SAFETY: _("Safety"),
    r.Grounds.CAPACITY: _("Capacity"),
    r.Grounds.FUNDING: _("Funding"),
    r.Grounds.RECIPROCITY: _("Reciprocity"),
    r.Grounds.LEGAL: _("Law"),
    r.Grounds.NONE: _("None stated"),
}
REQUIREMENTS: Mapping[r.RequirementKind, Text] = {
    r.RequirementKind.TRAINING: _("Training"),
    r.RequirementKind.DOCUMENT: _("Document"),
    r.RequirementKind.AGREEMENT: _("Agreement"),
    r.RequirementKind.ASSURANCE: _("Assurance"),
    r.RequirementKind.FUNDING: _("Funding"),
    r.RequirementKind.ESCORT: _("Escort"),
    r.RequirementKind.GATE: _("Check by the facility"),
}
SCOPES: Mapping[r.ApprovalScope, Text] = {
    r.ApprovalScope.FACILITY: _("of the facility"),
    r.ApprovalScope.ORGANISATION: _("of the organisation that runs it"),
    r.ApprovalScope.COUNTRY: _("of the country where it stands"),
    r.ApprovalScope.NETWORK: _("of the network"),
    r.ApprovalScope.HOME_ORGANISATION: _("of the applicant's organisation"),
    r.ApprovalScope.HOME_COUNTRY: _("of the applicant's country"),
}


def rule_in_words(rule: r.Rule) -> Text:
    """Return what a rule does, for what and when, as one text."""
    first, *more = rule.applies_to
    actions = ACTIONS[first]
    for action in more:
        actions = _("${before}, ${value}", mapping={"before": actions, "value": ACTIONS[action]})
    values = {
        "effect": effect_in_words(rule.effect),
        "actions": actions,
        "when": condition_in_words(rule.when).sentence,
    }
    return _("${effect}. What it is about: ${actions}. When, as the applicant would say it: ${when}.", mapping=values)


def effect_in_words(effect: r.Effect) -> Text:
    """Return what a rule does to those who match it."""
    match effect:
        case r.Permit():
            return _("Open")
        case r.Deny():
            return _("Closed")
        case r.Approve(review=True):
            return _(
                "${approval}; the yes names a date on which it is looked at again",
                mapping={"approval": effect_in_words(replace(effect, review=None))},
            )
        case r.Approve(role, scope, _stage, None):
            return _(
                "Needs approval: ${role} (${scope})", mapping={"role": ROLES.get(role, role), "scope": SCOPES[scope]}
            )
        case r.Approve(role, scope):
            return _(
                "Needs approval: ${role} (${scope}); asks everybody on the team for their nationality, seen only by "
                "whoever decides in that role",
                mapping={"role": ROLES.get(role, role), "scope": SCOPES[scope]},
            )
        case r.Require(kind, code, _stage, None):
            return _("Needs first: ${kind} (${code})", mapping={"kind": REQUIREMENTS[kind], "code": code})
        case r.Require(kind, code, _stage, issuers):
            values = {"kind": REQUIREMENTS[kind], "code": code, "issuers": ", ".join(issuers or ())}
            return _("Needs first: ${kind} (${code}), issued by: ${issuers}", mapping=values)
        case r.Limit():
            return _limits(effect)
        case r.Mask(names):
            return _("Not shown: ${fields}", mapping={"fields": ", ".join(names)})
        case r.Prefer(weight):
            return _("Ranked by ${weight} more", mapping={"weight": weight})


def condition_in_words(condition: c.Condition) -> Phrase:
    """Return when a rule matches."""
    match condition:
        case c.AllOf(()):
            return Phrase(_("always"))
        case c.AllOf(parts) | c.AnyOf(parts) if len(parts) == 1:
            return condition_in_words(parts[0])
        case c.AllOf(parts):
            return Phrase(_("all of these:"), tuple(condition_in_words(part) for part in parts))
        case c.AnyOf(parts):
            return Phrase(_("at least one of these:"), tuple(condition_in_words(part) for part in parts))
        case c.Not(part):
            return Phrase(_("this is not so:"), (condition_in_words(part),))
        case c.Some(over, when):
            return Phrase(_OVER["some", over], (condition_in_words(when),))
        case c.Every(over, when):
            return Phrase(_OVER["every", over], (condition_in_words(when),))
        case c.Share(over, when, gt):
            percent = format((gt * 100).normalize(), "f")
            text = TranslationString(_OVER["share", over], mapping={"percent": percent})
            return Phrase(text, (condition_in_words(when),))
        case c.Compare():
            return Phrase(_compared(condition))


def _compared(condition: c.Compare) -> Text:
    fact = VOCABULARY[condition.fact].label
    if condition.other is not None:
        return _COMPARED[condition.op] % {"fact": fact, "value": VOCABULARY[condition.other].label}
    many = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    joined: Text = ""
    for one in many:
        word = value_words(condition.fact, one)
        joined = _("${before}, ${value}", mapping={"before": joined, "value": word}) if joined else word
    return _COMPARED[condition.op] % {"fact": fact, "value": joined}


def value_words(path: str, value: Scalar | None) -> Text:
    """Return the value of a fact in words, where there are any for it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str) and path in _VALUES and value in set(_VALUES[path]):
        return label(_VALUES[path](value))
    return "" if value is None else str(dump_scalar(value))


def _limits(limit: r.Limit) -> Text:
    texts: list[Text] = []
    if limit.amount is not None:
        texts.append(_("at most ${amount} access units", mapping={"amount": _exact(limit.amount)}))
    if limit.horizon is not None:
        texts.append(_("at most ${days} days ahead", mapping={"days": limit.horizon}))
    if limit.spans is not None:
        texts.append(_("at most ${count} sessions at a time", mapping={"count": limit.spans}))
    joined = texts[0]
    for text in texts[1:]:
        joined = _("${before}, ${value}", mapping={"before": joined, "value": text})
    return _("Limited: ${limits}", mapping={"limits": joined})


def _exact(amount: int | Decimal) -> str:
    return str(dump_scalar(amount))
