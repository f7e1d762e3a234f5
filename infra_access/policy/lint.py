"""What is wrong with rules that are well formed: names that nothing answers to, and denials that may not be.

A rule with a misspelt role waits for nobody for ever, and one with an unknown group of countries never matches, so
neither may be published: these are faults, and so is what would keep out by the ledger who is eligible for development
assistance (`policy.reciprocity`). Warnings are of what is probably not meant: rules that never apply, and such as say
what another one says already.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import TypeGuard

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.people.models import Role
from infra_access.policy.conditions import Compare, walk
from infra_access.policy.details import DETAILS, masks_of
from infra_access.policy.impossible import Groups, never_holds, reaches
from infra_access.policy.kinds import Kind
from infra_access.policy.models import CountryGroup
from infra_access.policy.reciprocity import Eligible
from infra_access.policy.rules import (
    Action,
    Approve,
    Deny,
    Limit,
    Mask,
    Prefer,
    Require,
    RequirementKind,
    Rule,
)
from infra_access.policy.vocabulary import VOCABULARY

_GROUPS = select(CountryGroup.code, CountryGroup.countries)
_SESSIONS = frozenset({Action.BOOK, Action.REMOTE_SESSION, Action.EXPORT_DATA})


def refuse_faults(session: Session, rules: Sequence[Rule]) -> None:
    """Check rules against the roles and groups of countries that exist. Raises Invalid `policy.unfit` by place."""
    roles = set(session.scalars(select(Role.name)))
    groups = {row.code: frozenset(row.countries) for row in session.execute(_GROUPS)}
    found: dict[str, list[Text]] = {}
    for place, message in faults(rules, roles=roles, groups=groups):
        found.setdefault(place, []).append(message)
    if found:
        message = _("These rules would not do what they say, so they were not published. Correct the places named.")
        raise Invalid("policy.unfit", message, fields=found)


def faults(rules: Sequence[Rule], *, roles: Collection[str], groups: Groups) -> Iterator[tuple[str, Text]]:
    """Yield each place in the document (`rules.3.effect.role`) with what is wrong there."""
    eligible = Eligible(groups)
    for number, rule in enumerate(rules):
        place = f"rules.{number}"
        if isinstance(rule.effect, Approve) and rule.effect.role not in roles:
            yield f"{place}.effect.role", _no_role(rule.effect.role)
        if rule.overridable_by is not None and rule.overridable_by not in roles:
            yield f"{place}.overridable_by", _no_role(rule.overridable_by)
        for group in sorted(_groups_named(rule) - set(groups)):
            yield (
                f"{place}.when",
                _(
                    "There is no group of countries named ${group}. Enter it with its date and source first.",
                    mapping={"group": group},
                ),
            )
        repays = eligible.kept_out_by(rule, rules)
        if repays is not None:
            yield place, repays


def _no_role(role: str) -> Text:
    return _("There is no role named ${role}, so nobody could ever answer.", mapping={"role": role})


def _groups_named(rule: Rule) -> set[str]:
    named: set[str] = set()
    for part in walk(rule.when):
        if isinstance(part, Compare) and part.other is None and VOCABULARY[part.fact].kind is Kind.GROUPS:
            values = part.value if isinstance(part.value, tuple) else (part.value,)
            named |= {str(value) for value in values if value is not None}
    return named


def warnings(
    rules: Sequence[Rule],
    *,
    today: date,
    trainings: Collection[str],
    groups: Groups,
    above: Sequence[Rule] = (),
    agreements: Collection[str] | None = None,
) -> Iterator[tuple[str, Text]]:
    """Yield each place with what is probably not meant there; such rules may be published all the same.

    `groups` are the countries of each group; `above` the rules in force of scopes that contain these rules' own;
    `agreements` the codes of those for which there is a text, None where nobody looked.
    """
    for number, rule in enumerate(rules):
        place = f"rules.{number}"
        if rule.valid_to is not None and rule.valid_to <= today:
            yield f"{place}.valid_to", _("This rule has ended, so it never applies.")
        if never_holds(rule.when, groups):
            yield f"{place}.when", _("Nobody can meet all of these at once, so this rule never applies.")
        effect = rule.effect
        if isinstance(effect, Require) and effect.kind is RequirementKind.TRAINING and effect.code not in trainings:
            message = _("Nobody has taken a training named ${code} so far. Is it spelt right?")
            yield f"{place}.effect.code", message % {"code": effect.code}
        if agreements is not None and _is_agreement(effect) and effect.code not in agreements:
            message = _(
                "No way in that these rules reach has a text for ${code}, so nobody can offer it for acceptance. Add "
                "it to the terms of the way in, or let organisations agree on it for all their requests."
            )
            yield f"{place}.effect.code", message % {"code": effect.code}
        if isinstance(effect, Limit) and effect.amount is None and _SESSIONS.isdisjoint(rule.applies_to):
            yield (
                f"{place}.applies_to",
                _("How far ahead and how many sessions are limited only where one books (book)."),
            )
        if isinstance(effect, Mask):
            yield from _idle_masks(place, rule, effect)
        others = [*(other for other in rules if other is not rule), *above]
        for other in others:
            if _shadows(other, rule):
                message = _('"${rule}" says the same and reaches everybody whom this one reaches.')
                yield place, message % {"rule": other.id}
                break
        for other in others:
            if _closes(other, rule):
                message = _('"${rule}" closes it to everybody whom this one reaches, so this one changes nothing.')
                yield place, message % {"rule": other.id}
                break


def _is_agreement(effect: object) -> TypeGuard[Require]:
    return isinstance(effect, Require) and effect.kind is RequirementKind.AGREEMENT


def _idle_masks(place: str, rule: Rule, effect: Mask) -> Iterator[tuple[str, Text]]:
    if Action.VIEW_DETAILS not in rule.applies_to:
        yield f"{place}.applies_to", _("This hides nothing unless it applies to seeing the details (view_details).")
    for name in effect.fields:
        if not masks_of((name,)):
            message = _("There is no detail named ${name} that could be hidden. There are: ${names}.")
            yield f"{place}.effect.fields", message % {"name": name, "names": ", ".join(("contact", *DETAILS))}


def _shadows(wide: Rule, narrow: Rule) -> bool:
    """Tell whether whoever meets `narrow` always meets `wide` too, which has the same effect. Preferences add up."""
    if isinstance(wide.effect, Prefer) or wide.effect != narrow.effect or not reaches(wide, narrow):
        return False
    # Of two that say the same to the same people, that of the narrower scope, or else the later id, is too much.
    return not reaches(narrow, wide) or wide.scope != narrow.scope or wide.id < narrow.id


def _closes(wide: Rule, narrow: Rule) -> bool:
    return isinstance(wide.effect, Deny) and not isinstance(narrow.effect, Deny) and reaches(wide, narrow)
