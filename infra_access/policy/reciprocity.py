"""The ledger of reciprocity may rank or reserve, and keeps nobody out who is eligible for development assistance.

A rule rests on the ledger where its condition reads a fact of it, whatever its grounds say, and where reciprocity is
its grounds, whatever it reads. It is judged for an applicant of each eligible country, of whom nothing else is known:
who may be met is met. Preferences rank, pools of access units reserve, and a permit adds to others.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from infra_access.core.i18n import Text, _
from infra_access.policy.conditions import AllOf, Compare, Op, reads
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.impossible import Groups, reaches
from infra_access.policy.logic import View, judge
from infra_access.policy.rules import Action, Deny, Grounds, Limit, Permit, Prefer, Require, Rule
from infra_access.policy.vocabulary import LEDGER_BALANCE, LEDGER_FACTS

_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_COUNTRY, _GROUPS = "applicant.country", "applicant.country_groups"
_ODA = "ODA:"
_KNOWN_FOR = frozenset({Action.REQUEST})
"""What the ledger is read for whoever asks: those who book without a request are judged without it."""


class Eligible:
    """Applicants from the countries of the newest list of those eligible for development assistance."""

    def __init__(self, groups: Groups) -> None:
        """Take the groups of countries that exist; without a list in them everybody may be eligible."""
        self.group = max((code for code in groups if code.startswith(_ODA)), default=None)
        countries = sorted(groups[self.group]) if self.group else []
        self.each = [
            _view({_COUNTRY: country, _GROUPS: frozenset(code for code in groups if country in groups[code])})
            for country in countries
        ] or [_view({_GROUPS: frozenset({self.group})} if self.group else {})]

    def kept_out_by(self, rule: Rule, rules: Sequence[Rule]) -> Text | None:
        """Return why one of these `rules` would keep some of them out by the ledger, or None where it does not."""
        read = reads(rule.when) & LEDGER_FACTS
        if not read and rule.grounds is not Grounds.RECIPROCITY:
            return None
        effect, met = rule.effect, {judge(rule.when, one).truth for one in self.each}
        if isinstance(effect, Permit):
            hangs = read and None in met
            return _ONLY_BY_IT if hangs and not self._opened_by_others(rule, rules) else None
        if met == {False}:
            return None
        if isinstance(effect, Deny | Require) or (isinstance(effect, Limit) and _leaves_nothing(effect)):
            return _KEPT_OUT
        if isinstance(effect, Prefer) or not read:
            return None
        return _MAY_BE_UNKNOWN if LEDGER_BALANCE in read or not _KNOWN_FOR.issuperset(rule.applies_to) else None

    def _opened_by_others(self, rule: Rule, rules: Sequence[Rule]) -> bool:
        """Tell whether whoever of them meets the rest of a permit's condition is permitted without the ledger too."""
        parts = rule.when.parts if isinstance(rule.when, AllOf) else (rule.when,)
        rest = [part for part in parts if LEDGER_FACTS.isdisjoint(reads(part))]
        if self.group is not None:
            rest.append(Compare(Op.MEMBER_OF, _GROUPS, self.group))
        others = [one for one in rules if isinstance(one.effect, Permit) and LEDGER_FACTS.isdisjoint(reads(one.when))]
        return all(
            any(reaches(other, replace(rule, applies_to=(action,), when=AllOf(tuple(rest)))) for other in others)
            for action in rule.applies_to
        )


_KEPT_OUT = _(
    "The ledger of reciprocity may not keep out applicants from countries eligible for development assistance. Leave "
    "them out, or use a preference."
)
_ONLY_BY_IT = _(
    "Applicants from countries eligible for development assistance would be let in by what the ledger of reciprocity "
    "says and by nothing else, which keeps the others of them out. Permit it to them by a rule that does not read the "
    "ledger too, or use a preference."
)
_MAY_BE_UNKNOWN = _(
    "The ledger of reciprocity is not always known: the balance is not in several currencies, and nothing is to those "
    "who book without a request. What is not known keeps the door shut, also to applicants from countries eligible for "
    "development assistance. Leave them out, let it apply to requests and read units alone, or use a preference."
)


def _view(known: dict[str, str | frozenset[str]]) -> View:
    return View(Facts.of({path: Fact(value, "lint", "lint", _ANY_DAY) for path, value in known.items()}), _ANY_DAY)


def _leaves_nothing(limit: Limit) -> bool:
    return 0 in (limit.amount, limit.horizon, limit.spans)
