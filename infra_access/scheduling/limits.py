"""What the access rules limit of somebody's bookings: how much at a time, how far ahead, how many sessions at once.

Limits narrow the booking rules: the nearer horizon holds, and so many sessions to come are a quota. Whoever goes
beyond one reads which rule it is, as far as that is disclosed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from infra_access.catalogue.vocabularies import AccessUnit
from infra_access.core.decision import Decision, Reason
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.units import HOURS_OF, units_of
from infra_access.policy import disclosure
from infra_access.policy.disclosure import Audience
from infra_access.policy.further import rules_asked
from infra_access.policy.rulebook import rulebook_at
from infra_access.policy.rules import Action, Limit, Rule
from infra_access.policy.ruling import Ruling
from infra_access.scheduling.booking_rules import BookingRules, BrokenRule, broken
from infra_access.scheduling.places import LockedPlace
from infra_access.scheduling.rule_parts import Counted, Measure, Period, Quota

_NAMES = ("amount", "horizon", "spans")


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a decision; `amount` is in `access_unit`, and `because` names the rule of each by its name.

    `counted` is whose sessions count: the person's, or the team's where something was granted to one.
    """

    amount: Decimal | None = None
    horizon: int | None = None
    spans: int | None = None
    access_unit: str = AccessUnit.HOUR
    counted: Counted = Counted.PERSON
    because: Mapping[str, Reason] = field(default_factory=dict)

    def within(self, rules: BookingRules) -> BookingRules:
        """Return the booking rules as far as the limits leave them."""
        if self.horizon is not None:
            rules = replace(rules, horizon_days=min(rules.horizon_days, self.horizon))
        if self.spans is not None:
            quota = Quota(self.counted, self.spans, Measure.BOOKINGS, Period.UPCOMING)
            rules = replace(rules, quotas=(*rules.quotas, quota))
        return rules

    def of_one_session(self, rules: BookingRules) -> BookingRules:
        """Return the rules within the limits for a booking of a single session, which takes all of the amount."""
        hours = HOURS_OF.get(AccessUnit(self.access_unit))
        if self.amount is not None and hours is not None:
            most = int(self.amount * hours * 60)
            rules = replace(rules, max_minutes=min(rules.max_minutes, most))
        return self.within(rules)

    def beyond(self, spans: Sequence[TimeSpan]) -> list[BrokenRule]:
        """Return that the sessions of one booking take more than the amount, where they do."""
        taken = units_of(spans, self.access_unit)
        if self.amount is None or taken <= self.amount:
            return []
        values = {"limit": str(self.amount), "value": str(taken)}
        message = _("At most ${limit} access units can be booked at a time; this takes ${value}.", mapping=values)
        return [BrokenRule("amount", values["limit"], values["value"], message)]

    def broken_alone(self, span: TimeSpan, *, now: datetime, zone: str) -> list[BrokenRule]:
        """Return which limits a session breaks that no other rule judges yet: it lies too far ahead, or is too long."""
        too_far = [
            one for one in broken(self.within(BookingRules()), span, now=now, zone=zone) if one.code == "horizon"
        ]
        return self.told([*(one for one in too_far if self.horizon is not None), *self.beyond([span])])

    def told(self, problems: Iterable[BrokenRule]) -> list[BrokenRule]:
        """Return what is broken, each limit with the rule that sets it as far as the reader may know of it."""
        return [self._told(one) for one in problems]

    def _told(self, problem: BrokenRule) -> BrokenRule:
        said = {
            ("amount", str(self.amount)): "amount",
            ("horizon", self.horizon): "horizon",
            (f"quota.{self.counted}.{Period.UPCOMING}", self.spans): "spans",
        }
        reason = self.because.get(said.get((problem.code, problem.limit), ""))
        if reason is None:
            return problem
        message = _(
            "${broken} The access rules say: ${rule}", mapping={"broken": problem.message, "rule": reason.message}
        )
        return replace(problem, message=message, rule=reason.rule)


NO_LIMITS = Limits()


def limits_of(
    session: Session,
    ruling: Ruling,
    *,
    place: LockedPlace,
    way: str | None,
    access_unit: str | None,
    team: bool,
    now: datetime,
) -> Limits:
    """Return the limits of a ruling on booking, with the rules that set them. No statement."""
    if not any(name in ruling.decision.limits for name in _NAMES):
        return NO_LIMITS
    found = stated_by(ruling.decision, access_unit, team=team)
    book = rulebook_at(session, place.policy)
    rules = rules_asked(book, place.seen_by_policy(), route=way, at=now, action=Action.BOOK)
    return replace(found, because=_because(ruling, rules))


def stated_by(decision: Decision, access_unit: str | None, *, team: bool = False) -> Limits:
    """Return the limits of a decision, without their rules; whatever has no access unit counts in hours."""
    stated = {name: decision.limits[name] for name in _NAMES if name in decision.limits}
    if not stated:
        return NO_LIMITS
    if "amount" in stated:
        stated["amount"] = Decimal(stated["amount"])
    counted = Counted.TEAM if team else Counted.PERSON
    return Limits(**stated, access_unit=access_unit or AccessUnit.HOUR, counted=counted)


def _because(ruling: Ruling, rules: Sequence[Rule]) -> dict[str, Reason]:
    """Return for each limit the rule that sets it, as the applicant may read it; nothing of a hidden one."""
    officer = ruling.officer
    counted = {reason.rule for reason in officer.reasons}
    found: dict[str, Reason] = {}
    for name in _NAMES:
        for rule in rules:
            if not isinstance(rule.effect, Limit) or rule.id not in counted:
                continue
            if name in officer.limits and getattr(rule.effect, name) == officer.limits[name]:
                reason = disclosure.reason(rule, rule.message, Audience.APPLICANT, officer.case)
                if reason is not None:
                    found.setdefault(name, reason)
    return found
