"""The access policy of a place as plain sentences: the rules that reach it and that anyone may read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra_access.core.i18n import Text, _
from infra_access.policy.disclosure import Audience, is_hidden, may_read
from infra_access.policy.rules import Approve, Deny, Effect, Limit, Permit, Require, Rule

_ORDER: tuple[tuple[type[Effect], str], ...] = (
    (Permit, "permit"),
    (Approve, "approve"),
    (Require, "require"),
    (Limit, "limit"),
    (Deny, "deny"),
)
TITLES: Mapping[str, Text] = {
    "permit": _("Who may use it"),
    "approve": _("Who must agree"),
    "require": _("What is needed first"),
    "limit": _("How much"),
    "deny": _("When it is not possible"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one rule says, and the law it follows, if any."""

    message: Text
    legal_ref: str | None


@dataclass(frozen=True, slots=True)
class Chapter:
    """The sentences of one kind under their title."""

    title: Text
    sentences: tuple[Sentence, ...]


def chapters(rules: Iterable[Rule]) -> list[Chapter]:
    """Return the rules that may be read, by what they do; of the others only that there are checks."""
    listed = list(rules)
    shown = []
    for effect, name in _ORDER:
        found = [rule for rule in listed if isinstance(rule.effect, effect) and may_read(rule, Audience.APPLICANT)]
        unique = {str(rule.message): Sentence(rule.message, rule.legal_ref) for rule in found}
        if unique:
            shown.append(Chapter(TITLES[name], tuple(unique.values())))
    if any(not may_read(rule, Audience.APPLICANT) and not is_hidden(rule, Audience.APPLICANT) for rule in listed):
        further = Sentence(_("The facility makes further checks, which you can ask about."), None)
        shown.append(Chapter(_("Further checks"), (further,)))
    return shown
