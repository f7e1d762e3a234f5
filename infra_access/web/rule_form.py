"""The form of a common rule on the page of a draft: what it offers, what it begins with, and rules read back."""

import json
from collections.abc import Mapping
from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from infra_access.catalogue.vocabularies import label
from infra_access.core.errors import Conflict
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.http.localisation import LOCALES
from infra_access.policy.common_rules import FACTS, MANY, Asked, From, Raw, Then
from infra_access.policy.documents import load_rules
from infra_access.policy.models import CountryGroup, PolicyDocument
from infra_access.policy.publishing import refuse_published
from infra_access.policy.reading_back import read_back
from infra_access.policy.rulebook import scope_text
from infra_access.policy.rules import MAY_ASK, Asking, Disclosure, Grounds, RequestField
from infra_access.policy.words import ACTIONS, GROUNDS, SCOPES, rule_in_words
from infra_access.web.case_words import FIELDS
from infra_access.web.corrections import Entries, to_fill_in
from infra_access.web.forms import many, values_of

THEN: Mapping[Then, Text] = {
    Then.OPEN: _("It is open to them"),
    Then.CLOSED: _("It is closed to them"),
    Then.APPROVAL: _("Somebody has to approve"),
    Then.TRAINING: _("They need a training first"),
    Then.AGREEMENT: _("They need an agreement first"),
    Then.DOCUMENT: _("They need a document first"),
    Then.FUNDING: _("They need to name who pays first"),
}
FROM: Mapping[From, Text] = {
    From.ANYWHERE: _("Anywhere"),
    From.ABROAD: _("Their organisation, or somebody on the team, is in another country than the facility"),
    From.HERE: _("Their organisation is in the country of the facility"),
    From.GROUP: _("Their organisation is in a group of countries"),
    From.OUTSIDE: _("Their organisation is outside a group of countries"),
}
DISCLOSURES: Mapping[Disclosure, tuple[Text, Text]] = {
    Disclosure.FULL: (_("All of it"), _("They read your sentence, the grounds and the law.")),
    Disclosure.GENERIC: (
        _("A general sentence"),
        _("They read that the facility has to check something, with a number to quote and whom to ask."),
    ),
    Disclosure.NONE: (
        _("Nothing"),
        _("They do not learn that there is such a rule; they still get a number to quote and whom to ask."),
    ),
}
ASKED_FOR: Mapping[Asking, tuple[Text, Text]] = {
    Asking.NATIONALITY: (
        _("Their nationality"),
        _("Everybody on the team says it when the approval is due, and only those who decide in that role see it."),
    ),
}
_RARE = ("legal_ref", "stage", "issuers", "overridable_by", "valid_from", "valid_to")
"""The fields that few rules need, which stay folded while they are empty."""
_OTHER_LANGUAGES = {f"message_{code}": (code, name) for code, name in LOCALES.items() if code != "en"}


def place_in(document: PolicyDocument, rule: str) -> int:
    """Return where a rule stands in a draft. Raises Conflict `policy.not_draft` or `policy.no_rule`."""
    refuse_published(document)
    for place, one in enumerate(document.rules):
        if one["id"] == rule:
            return place
    raise Conflict(
        "policy.no_rule",
        _("There no longer is such a rule in this draft: somebody took it out. Add it again if it should stay."),
    )


def read_from(document: PolicyDocument, rule: Raw) -> Asked | Text:
    """Return what the form has to say to give a rule of the document, or why it cannot."""
    return read_back(rule, scope=scope_text(document.scope_kind, document.scope_key), locales=tuple(LOCALES))


def asked_in(request: Request) -> Asked:
    """Return what was posted."""
    return Asked(values_of(request), {name: many(request, name) for name in MANY})


def to_add(request: Request, document: PolicyDocument) -> dict[str, Any]:
    """Return what the page shows to add a rule, and to edit all as a document."""
    begun_with: Mapping[str, list[str]] = {"applies_to": ["request", "book"], "rests_on": list(RequestField)}
    chosen = {name: begun_with.get(name, []) for name in MANY}
    begun = {"then": "open", "from": "anywhere", "scope": "facility", "disclosure": "full"}
    return {
        **_shown(request, document, Asked(begun, chosen)),
        **dict.fromkeys(("form", "changing", "only", "why_not", "says"), ""),
        "text": json.dumps(document.rules, indent=2, ensure_ascii=False),
    }


def to_change(request: Request, document: PolicyDocument, rule: str) -> dict[str, Any]:
    """Return what the page shows to change a rule: the form where it can say all of it, else its own document.

    Raises Conflict as `place_in` does.
    """
    raw = document.rules[place_in(document, rule)]
    read = read_from(document, raw)
    if isinstance(read, Asked):
        return {**_shown(request, document, read), **_changing(document, raw), "form": "add"}
    return {**to_edit(document, raw), "why_not": read}


def to_edit(document: PolicyDocument, rule: Raw) -> dict[str, Any]:
    """Return what the page shows to edit one rule as a document."""
    text = json.dumps(rule, indent=2, ensure_ascii=False)
    return {"form": "document", "only": rule["id"], "says": _says(document, rule), "text": text}


def to_correct_it(request: Request, document: PolicyDocument, errors: Mapping[str, str]) -> dict[str, Any]:
    """Return what the page shows of what was posted and refused, for the rule that it was about where that is there."""
    asked = asked_in(request)
    there = next((one for one in document.rules if one["id"] == asked.one("rule")), None)
    shown = _shown(request, document, asked, errors)
    return {**shown, **(_changing(document, there) if there else {}), "form": "add"}


def _changing(document: PolicyDocument, rule: Raw) -> dict[str, Any]:
    return {"changing": rule["id"], "says": _says(document, rule)}


def _says(document: PolicyDocument, rule: Raw) -> Text:
    return rule_in_words(load_rules([rule], scope=scope_text(document.scope_kind, document.scope_key))[0])


def _shown(
    request: Request, document: PolicyDocument, asked: Asked, errors: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the form as it is filled in."""
    errors = errors or {}
    offered = options(request)
    if (group := asked.one("group")) and group not in {one[0] for one in offered["group"]}:
        offered["group"] = [*offered["group"], (group, group)]  # named before anybody entered its countries
    rare = (*_RARE, *_OTHER_LANGUAGES)
    return {
        **to_fill_in(asked.values),
        "errors": Entries(errors),
        "options": offered,
        "chosen": {name: asked.many.get(name, ()) for name in MANY},
        "languages": _OTHER_LANGUAGES,
        "english_needed": not any(asked.one(name) for name in _OTHER_LANGUAGES),
        "may_ask": document.scope_kind in MAY_ASK,
        "rare": any(asked.one(name) for name in rare)
        or asked.one("disclosure") not in ("", Disclosure.FULL)
        or bool(asked.many.get("asks"))
        or set(asked.many.get("rests_on", ())) != set(RequestField)
        or any(name in errors for name in (*rare, "disclosure", "asks", "rests_on")),
    }


def options(request: Request) -> dict[str, list[tuple[str, ...]]]:
    """Return what can be chosen in each field of the form of a common rule."""

    def listed(pairs: Any) -> list[tuple[str, ...]]:
        return [(str(value), request.localize(text)) for value, text in pairs]

    def explained(words: Mapping[Any, tuple[Text, Text]]) -> list[tuple[str, ...]]:
        return [(str(value), *map(request.localize, texts)) for value, texts in words.items()]

    groups = request.db.execute(select(CountryGroup.code, CountryGroup.name).order_by(CountryGroup.code))
    return {
        "then": listed(THEN.items()),
        "from": listed(FROM.items()),
        "role": listed(ROLES.items()),
        "scope": listed(SCOPES.items()),
        "overridable_by": listed(ROLES.items()),
        "disclosure": explained(DISCLOSURES),
        "asks": explained(ASKED_FOR),
        "rests_on": listed((field, FIELDS[field]) for field in RequestField),
        "grounds": listed((one, text) for one, text in GROUNDS.items() if one is not Grounds.NONE),
        "group": [(code, f"{code}: {name}") for code, name in groups],
        "applies_to": listed(ACTIONS.items()),
        **{name: listed((one, label(one)) for one in MANY[name]) for name in FACTS},
    }
