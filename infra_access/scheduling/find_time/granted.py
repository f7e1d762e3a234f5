"""What one allocation lets its team book: its instruments, judged with what was asked, approved and accepted for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import Granted, bookable, not_covered, overdrawn
from infra_access.core.authority import Actor
from infra_access.core.decision import Decision
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.units import units_of
from infra_access.policy.applicants import facts_of
from infra_access.policy.demands import permits
from infra_access.policy.further import rules_asked
from infra_access.policy.places import places_of
from infra_access.policy.rulebook import RuleBook
from infra_access.policy.ruling import rule_on
from infra_access.scheduling.find_time.questions import Question
from infra_access.scheduling.find_time.standings import Answer, Step
from infra_access.scheduling.limits import stated_by
from infra_access.scheduling.picking import refuse_picking
from infra_access.scheduling.quotas import Holder


@dataclass(frozen=True, slots=True)
class Grant:
    """An allocation as find-time sees it: the answers on its instruments by key, and what is left of it."""

    granted: Granted
    answers: Mapping[int, Answer]
    decided: Mapping[int, Decision]
    span: TimeSpan
    left: Decimal

    def allows(self, spans: Sequence[TimeSpan]) -> bool:
        """Tell whether sessions at these times lie within what was granted and what is left of it."""
        within = all(self.span.contains(span) for span in spans)
        return within and units_of(spans, self.granted.access_unit) <= self.left

    def holder(self, actor: Actor) -> Holder:
        """Return for whom a booking on it is."""
        return Holder(actor.account_id, self.granted.id, self.granted.acting_for_id)


def on_grant(
    session: Session, asked: Question, *, actor: Actor, book: RuleBook, now: datetime
) -> tuple[Question, Grant]:
    """Return the question as the allocation that it names narrows it, and what that allows.

    Raises what `bookable` raises, and Conflict where the facility gives the time, nothing that long is left, or an
    instrument was named that is not of the grant.
    """
    assert asked.allocation is not None, "asked only of questions that name one"
    found = bookable(session, asked.allocation, actor=actor, now=now)
    granted = found.granted
    refuse_picking(granted, given=False)
    keys = {one.public_id: one.id for one in found.instruments}
    if any(one not in keys for one in asked.instruments):
        raise not_covered()
    units = units_of([TimeSpan(asked.window.start, asked.window.start + asked.length)], granted.access_unit)
    if units > found.left:
        raise overdrawn(granted, units, found.left)
    named = asked.instruments or tuple(keys)
    decided, welcome = _decided(session, granted, [keys[one] for one in named], actor=actor, book=book, now=now)
    answers = {
        key: Answer(Step.BOOK, decision, granted.booking_rules, stated_by(decision, granted.access_unit, team=True))
        for key, decision in decided.items()
        if key in welcome
    }
    return replace(asked, instruments=named), Grant(granted, answers, decided, found.span, found.left)


def _decided(
    session: Session, granted: Granted, keys: Iterable[int], *, actor: Actor, book: RuleBook, now: datetime
) -> tuple[dict[int, Decision], set[int]]:
    """Return the decision on each instrument, and which of them may be booked, with or without open gates."""
    applicant = facts_of(session, actor, acting_for_id=granted.acting_for_id, now=now, book=book)
    places = places_of(session, keys)
    rulings = {
        key: rule_on(
            session,
            action="book",
            instrument_ids=[key],
            applicant=applicant,
            now=now,
            route=granted.route,
            extra=granted.facts,
            satisfied=granted.satisfies,
            book=book,
            places={key: place},
            overrides=granted.overrides,
        )
        for key, place in places.items()
    }
    rules = {
        key: rules_asked(
            book,
            place,
            route=granted.route,
            at=now,
            action="book",
            facts=granted.facts,
        )
        for key, place in places.items()
    }
    welcome = {key for key, ruling in rulings.items() if permits(ruling.officer, rules[key])}
    return {key: ruling.decision for key, ruling in rulings.items()}, welcome
