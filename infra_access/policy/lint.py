"""What is wrong with rules that are well formed: names that nothing answers to, and denials that may not be.

A rule with a misspelt role waits for nobody for ever, and one with an unknown group of countries never matches, so
neither may be published.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.people.models import Role
from infra_access.policy.conditions import Compare, walk
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.kinds import Kind
from infra_access.policy.logic import View, judge
from infra_access.policy.models import CountryGroup
from infra_access.policy.rules import Approve, Deny, Grounds, Rule
from infra_access.policy.vocabulary import VOCABULARY

_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_ODA = "ODA:"


def refuse_faults(session: Session, rules: Sequence[Rule]) -> None:
    """Check rules against the roles and groups of countries that exist. Raises Invalid `policy.unfit` by place."""
    roles = set(session.scalars(select(Role.name)))
    groups = set(session.scalars(select(CountryGroup.code)))
    found: dict[str, list[Text]] = {}
    for place, message in faults(rules, roles=roles, groups=groups):
        found.setdefault(place, []).append(message)
    if found:
        message = _("These rules would not do what they say, so they were not published. Correct the places named.")
        raise Invalid("policy.unfit", message, fields=found)


def faults(rules: Sequence[Rule], *, roles: Collection[str], groups: Collection[str]) -> Iterator[tuple[str, Text]]:
    """Yield each place in the document (`rules.3.effect.role`) with what is wrong there."""
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
        if _repays_the_poor(rule, groups):
            yield (
                place,
                _(
                    "A denial on grounds of reciprocity may not meet applicants from countries eligible for "
                    "development assistance. Leave them out, or use a preference."
                ),
            )


def _no_role(role: str) -> Text:
    return _("There is no role named ${role}, so nobody could ever answer.", mapping={"role": role})


def _groups_named(rule: Rule) -> set[str]:
    named: set[str] = set()
    for part in walk(rule.when):
        if isinstance(part, Compare) and part.other is None and VOCABULARY[part.fact].kind is Kind.GROUPS:
            values = part.value if isinstance(part.value, tuple) else (part.value,)
            named |= {str(value) for value in values if value is not None}
    return named


def _repays_the_poor(rule: Rule, groups: Collection[str]) -> bool:
    """Tell whether a denial on grounds of reciprocity could meet somebody of whom only ODA eligibility is known."""
    if not isinstance(rule.effect, Deny) or rule.grounds is not Grounds.RECIPROCITY:
        return False
    eligible = frozenset(group for group in {*groups, *_groups_named(rule)} if group.startswith(_ODA))
    facts = Facts.of({"applicant.country_groups": Fact(eligible, "lint", "lint", _ANY_DAY)})
    return judge(rule.when, View(facts, _ANY_DAY)).truth is not False
