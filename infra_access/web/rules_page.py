"""What the pages of access rules show: scopes by name, rules in words, and the forms to write them."""

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
from infra_access.catalogue.vocabularies import label
from infra_access.core.authority import PERMISSIONS, Permission, may
from infra_access.core.errors import Invalid, NotFound
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.http.localisation import cldr
from infra_access.http.policy_contexts import policy_scopes
from infra_access.policy.common_rules import MANY, From, Then
from infra_access.policy.documents import load_rules
from infra_access.policy.models import CountryGroup
from infra_access.policy.rulebook import scope_text
from infra_access.policy.rules import Action, Grounds, Rule
from infra_access.policy.words import ACTIONS, GROUNDS, SCOPES, Phrase, condition_in_words, effect_in_words

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
STATES: Mapping[str, tuple[Text, str, str]] = {
    "draft": (_("Draft"), "pending", "clock"),
    "published": (_("In force"), "free", "check"),
    "superseded": (_("No longer in force"), "closed", "dash"),
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
    hidden: bool
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
        hidden=rule.disclosure != "full",
        warnings=warnings,
    )


def _days(rule: Rule) -> Text | None:
    if not rule.latest_days:
        return None
    values = {"usual": rule.expected_days, "most": rule.latest_days}
    return _("${usual} as a rule, ${most} at most", mapping=values)


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


def options(request: Request) -> dict[str, list[tuple[str, str]]]:
    """Return what can be chosen in each field of the form of a common rule."""

    def listed(pairs: Any) -> list[tuple[str, str]]:
        return [(str(value), request.localize(text)) for value, text in pairs]

    groups = request.db.execute(select(CountryGroup.code, CountryGroup.name).order_by(CountryGroup.code))
    return {
        "then": listed(THEN.items()),
        "from": listed(FROM.items()),
        "role": listed(ROLES.items()),
        "scope": listed(SCOPES.items()),
        "grounds": listed((one, text) for one, text in GROUNDS.items() if one is not Grounds.NONE),
        "group": [(code, f"{code}: {name}") for code, name in groups],
        "applies_to": listed(ACTIONS.items()),
        **{name: listed((one, label(one)) for one in kind) for name, kind in MANY.items() if kind is not Action},
    }
