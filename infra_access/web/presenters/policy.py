"""The access policy of a place as plain sentences: the rules that reach it and that anyone may read."""

from collections.abc import Iterable, Iterator, Mapping
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
    """What one rule says, the law it follows, if any, and the ways in that it is about, if not all."""

    message: Text
    legal_ref: str | None
    ways: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """The sentences of one kind under their title."""

    title: Text
    sentences: tuple[Sentence, ...]


def chapters(rules: Iterable[Rule], ways: Mapping[str, str]) -> list[Chapter]:
    """Return the rules that may be read, by what they do; of the others only that there are checks.

    `ways` gives the names of the ways in by their public id.
    """
    listed = list(rules)
    shown = []
    for effect, name in _ORDER:
        found = [rule for rule in listed if isinstance(rule.effect, effect) and may_read(rule, Audience.APPLICANT)]
        if found:
            shown.append(Chapter(TITLES[name], tuple(_sentences(found, ways))))
    if any(not may_read(rule, Audience.APPLICANT) and not is_hidden(rule, Audience.APPLICANT) for rule in listed):
        further = Sentence(_("The facility makes further checks, which you can ask about."), None)
        shown.append(Chapter(_("Further checks"), (further,)))
    return shown


def _sentences(rules: Iterable[Rule], ways: Mapping[str, str]) -> Iterator[Sentence]:
    """Yield each sentence once, with every way in that it stands with."""
    said: dict[str, tuple[Rule, dict[str, None]]] = {}
    for rule in rules:
        _first, about = said.setdefault(str(rule.message), (rule, {}))
        kind, _colon, key = rule.scope.partition(":")
        if kind == "route" and key in ways:
            about[ways[key]] = None
    for rule, about in said.values():
        yield Sentence(rule.message, rule.legal_ref, tuple(about))
