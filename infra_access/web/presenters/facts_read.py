"""The facts that a decision rests on, each with what it means, its value, who says so since when, and until when."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from infra_access.catalogue.countries import country_codes, country_name
from infra_access.core.i18n import Text, _, plain
from infra_access.core.ids import ID_PATTERN
from infra_access.policy.kinds import Kind
from infra_access.policy.rules import RequirementKind
from infra_access.policy.vocabulary import COLLECTIONS, LEDGER_BALANCE, LEDGER_GIVEN, LEDGER_RECEIVED, VOCABULARY
from infra_access.policy.words import REQUIREMENTS, value_words
from infra_access.web.case_words import LEGS, PARTICIPANT_ROLES, PRESENCES

_OF_APPLICANT: Mapping[str, Text] = {
    "applicant.sector": _("the applicant's sector"),
    "applicant.size": _("the size of the applicant's organisation"),
    "applicant.startup": _("whether the applicant is a startup"),
    "applicant.country": _("the applicant's country"),
    "applicant.country_groups": _("the groups of countries the applicant's country is in"),
    "applicant.relation": _("the applicant's relation to the facility"),
    "applicant.organisation_trust": _("how far the applicant's organisation is verified"),
    "applicant.reports_overdue": _("the number of the applicant's overdue reports"),
    LEDGER_RECEIVED: _("the access units that the applicant's country received from the host's in the last 365 days"),
    LEDGER_GIVEN: _("the access units that the applicant's country gave the host's in the last 365 days"),
    LEDGER_BALANCE: _(
        "the value of what the applicant's country gave the host's, and the network in kind, less what it received "
        "from there, in the last 365 days"
    ),
}
"""What is said to an officer of whoever asks; the vocabulary speaks to the applicant."""

_VALUES: Mapping[str, Mapping[str, Text]] = {
    "participants[].role": PARTICIPANT_ROLES,
    "participants[].presence": PRESENCES,
    "legs[].kind": LEGS,
}


@dataclass(frozen=True, slots=True)
class FactRead:
    """One fact as the rules read it."""

    words: Text
    value: Text
    source: str
    by: str = ""
    since: date | None = None
    until: date | None = None


def facts_read(stored: str, locale: str = "en") -> list[FactRead]:
    """Return the facts of a kept decision, each once, countries by their names; none where they were erased."""
    found: dict[tuple[str, str], FactRead] = {}
    for part in json.loads(stored) if stored else []:
        for path, fact in part["values"].items():
            label = VOCABULARY[path].label if path in VOCABULARY else path
            _add(found, path, _OF_APPLICANT.get(path, label), fact, _in_words(path, fact["value"], locale))
        for name, items in part["collections"].items():
            for item in items:
                said = [_in_words(f"{name}[].{key}", fact["value"], locale) for key, fact in item.items()]
                values = _joined([one for one in said if one]) or _("nothing that the rules look at")
                words = COLLECTIONS[name].question if name in COLLECTIONS else name
                first = next(iter(item.values()), {"source": "", "asserted_by": "", "asserted_at": None})
                _add(found, name, words, {**first, "expires_at": _first_to_expire(item)}, values)
    return list(found.values())


def _add(found: dict[tuple[str, str], FactRead], path: str, words: Text, fact: Mapping[str, Any], value: Text) -> None:
    source, by = str(fact["source"]), str(fact["asserted_by"])
    since, until = _day(fact["asserted_at"]), _day(fact["expires_at"])
    # Who states a request is its team, whose page says by name who asked.
    named = "" if by == source or re.fullmatch(ID_PATTERN, by) else by
    found.setdefault((path, plain(value)), FactRead(words, value or "–", source, named, since, until))


def _first_to_expire(item: Mapping[str, Mapping[str, Any]]) -> str | None:
    return min((fact["expires_at"] for fact in item.values() if fact["expires_at"]), default=None)


def _day(instant: str | None) -> date | None:
    return datetime.fromisoformat(instant).date() if instant else None


def _met(names: Iterable[str]) -> Text:
    """Return what is already met in words: each is named by its kind and code, such as document:invention-form."""
    said: Text = ""
    for name in names:
        kind, _colon, code = name.partition(":")
        known = kind in frozenset(RequirementKind)
        values = {"kind": REQUIREMENTS[RequirementKind(kind)] if known else kind, "code": code.replace("-", " ")}
        one = _("${kind}: ${code}", mapping=values)
        said = _("${before}; ${more}", mapping={"before": said, "more": one}) if said else one
    return said


def _in_words(path: str, value: Any, locale: str) -> Text:
    """Return a value of a fact as an officer reads it; several are named one after the other."""
    if path == "satisfied" and value:
        return _met(value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return _joined([_in_words(path, one, locale) for one in value])
    if path in VOCABULARY and VOCABULARY[path].kind is Kind.COUNTRY and value in country_codes():
        return country_name(value, locale)
    return _VALUES.get(path, {}).get(value) or value_words(path, value)


def _joined(texts: Iterable[Text]) -> Text:
    said: Text = ""
    for text in texts:
        said = _("${before}, ${value}", mapping={"before": said, "value": text}) if said else text
    return said
