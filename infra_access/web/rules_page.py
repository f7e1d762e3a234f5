"""What the pages of access rules show: scopes by name, those whose rules one may write, and rules in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyramid.request import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute
from infra_access.catalogue.countries import country_name
from infra_access.catalogue.managed import facilities_run_by
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.core.authority import PERMISSIONS, Permission, may
from infra_access.core.errors import Invalid, NotFound
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.http.localisation import cldr
from infra_access.http.policy_contexts import policy_scopes
from infra_access.policy.documents import load_rules
from infra_access.policy.rulebook import scope_text
from infra_access.policy.rules import Disclosure, Grounds, Rule
from infra_access.policy.words import ACTIONS, GROUNDS, Phrase, condition_in_words, effect_in_words

STATES: Mapping[str, tuple[Text, str, str]] = {
    "draft": (_("Draft"), "pending", "clock"),
    "published": (_("In force"), "free", "check"),
    "superseded": (_("No longer in force"), "closed", "dash"),
}
READ_BY: Mapping[Disclosure, Text] = {
    Disclosure.GENERIC: _("a general sentence"),
    Disclosure.NONE: _("nothing"),
}
_NAMED: Mapping[str, Any] = {
    "organisation": Organisation,
    "facility": Facility,
    "instrument": Instrument,
    "route": AccessRoute,
}


@dataclass(frozen=True, slots=True)
class RuleShown:
    """A rule as the page tells it; `warnings` are of this rule."""

    id: str
    message: str
    effect: Text
    applies_to: tuple[Text, ...]
    when: Phrase
    grounds: Text | None
    legal_ref: str | None
    days: Text | None
    stage: int | None
    holds: Text | None
    exceptions_by: Text | None
    read: Text | None
    warnings: tuple[Text, ...] = ()


def rules_shown(
    scope: tuple[str, str], rules: Sequence[Mapping[str, Any]], warnings: Sequence[tuple[str, Text]], locale: str
) -> list[RuleShown]:
    """Return the rules of a document in words, in its order."""
    parsed = load_rules(list(rules), scope=scope_text(*scope))
    return [
        _shown(rule, tuple(text for place, text in warnings if f"{place}.".startswith(f"rules.{number}.")), locale)
        for number, rule in enumerate(parsed)
    ]


def _shown(rule: Rule, warnings: tuple[Text, ...], locale: str) -> RuleShown:
    return RuleShown(
        id=rule.id,
        message=rule.message.in_locale(locale),
        effect=effect_in_words(rule.effect),
        applies_to=tuple(ACTIONS[action] for action in rule.applies_to),
        when=condition_in_words(rule.when),
        grounds=None if rule.grounds is Grounds.NONE else GROUNDS[rule.grounds],
        legal_ref=rule.legal_ref,
        days=_days(rule),
        stage=stage if (stage := getattr(rule.effect, "stage", 1)) != 1 else None,
        holds=_holds(rule),
        exceptions_by=rule.overridable_by and ROLES.get(rule.overridable_by, rule.overridable_by),
        read=READ_BY.get(rule.disclosure),
        warnings=warnings,
    )


def _days(rule: Rule) -> Text | None:
    if not rule.latest_days:
        return None
    values = {"usual": rule.expected_days, "most": rule.latest_days}
    return _("${usual} as a rule, ${most} at most", mapping=values)


def _holds(rule: Rule) -> Text | None:
    values = {"first": str(rule.valid_from), "end": str(rule.valid_to)}
    match rule.valid_from, rule.valid_to:
        case None, None:
            return None
        case _, None:
            return _("from ${first}", mapping=values)
        case None, _:
            return _("until before ${end}", mapping=values)
        case _:
            return _("from ${first} until before ${end}", mapping=values)


def names_of_scopes(session: Session, scopes: Sequence[tuple[str, str]], locale: str) -> dict[tuple[str, str], Text]:
    """Return what each scope is called. A statement for each kind that names rows."""
    found: dict[tuple[str, str], Text] = {}
    for kind, table in _NAMED.items():
        keys = sorted({key for one, key in scopes if one == kind})
        if keys:
            rows = session.execute(select(table.public_id, table.name).where(table.public_id.in_(keys)))
            found |= {(kind, key): name for key, name in rows}
    for kind, key in scopes:
        if kind == "network":
            found[kind, key] = _("The whole network")
        elif kind == "country":
            found[kind, key] = country_name(key, cldr(locale))
        elif kind == "tag":
            found[kind, key] = _("Everything labelled ${tag}", mapping={"tag": key})
    return {scope: found.get(scope, scope[1]) for scope in scopes}


def writable_scopes(request: Request) -> list[tuple[str, str]]:
    """Return the scopes whose rules the reader may write: those of their roles, and the facilities within them."""
    roles = PERMISSIONS[Permission.POLICY_WRITE].roles
    own = sorted(
        {grant.scope for grant in request.actor.grants if grant.role in roles and grant.scope[0] != "facility"}
    )
    run = facilities_run_by(request.db, request.actor, Permission.POLICY_WRITE)
    return [*own, *(("facility", facility.public_id) for facility in run)]


def narrower_scope(request: Request, named: str) -> tuple[str, str] | None:
    """Return the way in, the instrument or the label that is named as `kind:key`, where the reader may write its rules.

    There are too many of these to be listed: the pages of each lead here.
    """
    kind, _colon, key = named.partition(":")
    if kind not in ("route", "instrument", "tag"):
        return None
    try:
        scopes = policy_scopes(request.db, kind, key)
    except (NotFound, Invalid):
        return None
    return (kind, key) if may(request.actor, Permission.POLICY_WRITE, scopes) else None
