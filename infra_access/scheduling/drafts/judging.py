"""What publishing will hold against a session, worked out ahead: the rules as they hold for its team, its quotas."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import Granted, seen_by_key
from infra_access.access_requests.models import AccessRequest, AccessRoute, Allocation
from infra_access.catalogue.models import Facility, InstrumentCompanion, Resource
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.decision import Missing, Reason
from infra_access.core.i18n import Text, _
from infra_access.core.timespan import TimeSpan
from infra_access.people.actors import load_actor
from infra_access.policy.applicants import Applicant, facts_of
from infra_access.policy.demands import permits
from infra_access.policy.further import rules_asked
from infra_access.policy.places import InstrumentPlace, places_of
from infra_access.policy.rulebook import RuleBook, rulebook
from infra_access.policy.rules import Action, Limit
from infra_access.policy.ruling import Ruling, rule_on
from infra_access.scheduling.applicant_facts import known_at
from infra_access.scheduling.booking_rules import BookingRules, BrokenRule, broken, from_json
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.limits import NO_LIMITS, Limits, stated_by
from infra_access.scheduling.quotas import Holder, Tally, Use, tallies_of
from infra_access.scheduling.rule_sets import levels_of


@dataclass(frozen=True, slots=True)
class Grant:
    """What a session is drafted for: what was granted, to whom, and by which way in."""

    allocation: Allocation
    access_request: AccessRequest
    route: AccessRoute

    @property
    def holder(self) -> Holder:
        """Return for whom a booking on it is."""
        request = self.access_request
        return Holder(request.requester_id, self.allocation.id, request.acting_for_id)


@dataclass(frozen=True, slots=True)
class _Counted:
    """An instrument as quotas count on it."""

    id: int
    facility_id: int
    timezone: str
    rules: BookingRules


class Judge:
    """Judges the sessions of one draft; what several of them share is read once.

    Three statements, and some for each team where rules ask who it is, count what it has, or limit it, or where it is
    asked what they refuse.
    """

    def __init__(
        self, session: Session, facility: Facility, instruments: Iterable[int], period: TimeSpan, now: datetime
    ) -> None:
        """Read the rules of the instruments, and which of them come with a person."""
        self._session, self._facility, self._period, self._now = session, facility, period, now
        keys = sorted(instruments)
        self._levels = levels_of(session, facility.id, keys)
        self._escorted = frozenset(session.scalars(_escorted(keys)))
        self._rules: dict[tuple[int, int], BookingRules] = {}
        self._tallies: dict[tuple[Holder, int], Tally | None] = {}
        self._applicants: dict[int, Applicant] = {}
        self._book = rulebook(session)
        self._keys = keys
        self._rulings: dict[tuple[int, int], Ruling] = {}
        self._grants: dict[int, Granted] = {}

    def rules(self, grant: Grant, instrument_id: int) -> BookingRules:
        """Return the rules of an instrument as they hold for a team."""
        key = (grant.allocation.id, instrument_id)
        if key not in self._rules:
            own = self._levels.get(instrument_id, {})
            rules = from_json(self._levels[None], own, grant.route.booking_rules)
            if rules.horizons:
                rules = rules.seen_by(known_at(self._applicant(grant), self._facility.organisation_id, self._now))
            self._rules[key] = self._limits(grant, instrument_id).of_one_session(rules)
        return self._rules[key]

    def broken(
        self, grant: Grant, instrument_id: int, span: TimeSpan, opened: Sequence[TimeSpan], before: Iterable[Use] = ()
    ) -> list[BrokenRule]:
        """Return every rule and quota that a session breaks; `before` are the sessions that are published before it."""
        rules = self.rules(grant, instrument_id)
        escorts = [span] if instrument_id in self._escorted else []
        zone = self._facility.timezone
        found = broken(rules, span, now=self._now, zone=zone, open_spans=opened, escorts=escorts)
        tally = self._tally(grant, instrument_id)
        return found + (replace(tally, uses=(*tally.uses, *before)).broken([span]) if tally else [])

    def _tally(self, grant: Grant, instrument_id: int) -> Tally | None:
        key = (grant.holder, instrument_id)
        if key not in self._tallies:
            subject = _Counted(
                instrument_id, self._facility.id, self._facility.timezone, self.rules(grant, instrument_id)
            )
            found = tallies_of(self._session, grant.holder, [subject], reach=self._period, now=self._now)
            self._tallies[key] = found.get(instrument_id)
        return self._tallies[key]

    def _limits(self, grant: Grant, instrument_id: int) -> Limits:
        """Return what the access rules limit for a team, where any of them reaches the instrument."""
        if not _limits_anything(self._book):
            return NO_LIMITS
        place = self._places[instrument_id]
        rules = rules_asked(self._book, place, route=grant.route.public_id, at=self._now, action=Action.BOOK)
        if not any(isinstance(rule.effect, Limit) for rule in rules):
            return NO_LIMITS
        return stated_by(self._ruling(grant, instrument_id).decision, grant.allocation.access_unit, team=True)

    def refusal(self, grant: Grant, instrument_id: int) -> Text | None:
        """Return why the access rules let a team have no session at present; None where they do, or once approved."""
        ruling = self._ruling(grant, instrument_id)
        rules = rules_asked(
            self._book,
            self._places[instrument_id],
            route=grant.route.public_id,
            at=self._now,
            action=Action.BOOK,
            facts=self._granted(grant).facts,
        )
        if permits(ruling.officer, rules):
            return None
        told: Sequence[Missing | Reason] = (*ruling.officer.missing, *ruling.officer.reasons)
        why = told[0].message if told else ""
        return _("The access rules refuse a session at present. ${why}", mapping={"why": why})

    @cached_property
    def _places(self) -> Mapping[int, InstrumentPlace]:
        return places_of(self._session, self._keys)

    def _granted(self, grant: Grant) -> Granted:
        key = grant.allocation.id
        if key not in self._grants:
            self._grants[key], _request = seen_by_key(self._session, key, at=self._now)
        return self._grants[key]

    def _ruling(self, grant: Grant, instrument_id: int) -> Ruling:
        key = (grant.allocation.id, instrument_id)
        if key not in self._rulings:
            granted = self._granted(grant)
            self._rulings[key] = rule_on(
                self._session,
                action=Action.BOOK,
                instrument_ids=[instrument_id],
                applicant=self._applicant(grant),
                now=self._now,
                route=grant.route.public_id,
                extra=granted.facts,
                satisfied=granted.satisfies,
                book=self._book,
                places={instrument_id: self._places[instrument_id]},
                overrides=granted.overrides,
            )
        return self._rulings[key]

    def _applicant(self, grant: Grant) -> Applicant:
        request = grant.access_request
        if request.id not in self._applicants:
            owner = load_actor(self._session, request.requester_id, now=self._now)
            self._applicants[request.id] = facts_of(
                self._session, owner, acting_for_id=request.acting_for_id, now=self._now, book=self._book
            )
        return self._applicants[request.id]


def _limits_anything(book: RuleBook) -> bool:
    return any(isinstance(rule.effect, Limit) for rules in book.by_scope.values() for rule in rules)


def drafted_use(grant: Grant, number: int, instrument_id: int, span: TimeSpan) -> Use:
    """Return a drafted session as quotas count it once it is published; `number` tells it from the others."""
    return Use(-number, instrument_id, grant.holder, BookingState.PROPOSED, span)


def _escorted(instruments: Sequence[int]) -> Select[*tuple[int]]:
    """Return the selection of those instruments of which each session takes a person too."""
    return (
        select(InstrumentCompanion.instrument_id)
        .join(Resource, Resource.id == InstrumentCompanion.resource_id)
        .where(
            InstrumentCompanion.instrument_id.in_(instruments),
            Resource.kind == ResourceKind.PERSON,
            Resource.active.is_(True),
        )
    )
