"""A first draft in one press: what waits is placed into free time, longest first, on days that suit the teams."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_DOWN

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import Allocation
from infra_access.access_requests.vocabularies import DateKind
from infra_access.catalogue.models import Facility, Instrument, Resource
from infra_access.catalogue.offers import Offer, offer_of
from infra_access.catalogue.vocabularies import AccessUnit
from infra_access.core.authority import Actor
from infra_access.core.errors import DomainError
from infra_access.core.i18n import Text, _
from infra_access.core.timespan import TimeSpan, merge, subtract
from infra_access.core.zones import day_start, named_zone
from infra_access.ledger.units import HOURS_OF
from infra_access.scheduling.booking_rules import BookingRules, BrokenRule
from infra_access.scheduling.drafts.board_queries import sessions_of
from infra_access.scheduling.drafts.judging import Grant, Judge, drafted_use
from infra_access.scheduling.drafts.models import SessionDraft, SessionSchedule
from infra_access.scheduling.drafts.placing import first_fit
from infra_access.scheduling.drafts.schedules import note, open_schedule, touch
from infra_access.scheduling.drafts.sessions import put
from infra_access.scheduling.drafts.waiting_list import Waiting, waiting_at
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.occupancies import lock_resources, occupied
from infra_access.scheduling.places import LockedPlace, locked_place
from infra_access.scheduling.plan import Wish, candidates
from infra_access.scheduling.quotas import Use

MOST = 200
"""Sessions that one press drafts at most."""

_MINUTE = timedelta(minutes=1)
_USUAL = timedelta(hours=8)
"""How long a session is where what was granted is not counted in time."""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What found no place, or not for all of it, and why."""

    waiting: Waiting
    reason: Text


@dataclass(frozen=True, slots=True)
class Suggested:
    """The sessions that were drafted, and what is left over."""

    drafts: tuple[SessionDraft, ...]
    left_over: tuple[LeftOver, ...]


@dataclass(frozen=True, slots=True)
class _Ground:
    """An instrument with what bears on its sessions."""

    place: LockedPlace
    copies: tuple[Resource, ...]
    companions: tuple[Resource, ...]


def suggest(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    schedule: SessionSchedule,
    expected_version: int | None = None,
) -> Suggested:
    """Draft sessions for what waits, longest first: never on impossible days, on preferred ones where that is free.

    Of those as long as each other, the requests that the rules prefer choose first.
    The same state gives the same draft. Each session can be moved or removed afterwards.
    """
    schedule = open_schedule(session, actor, schedule, expected_version)
    facility = session.get_one(Facility, schedule.facility_id)
    period = TimeSpan(max(schedule.period_start, now), schedule.period_end)
    found = waiting_at(session, facility, period)
    grounds = _grounds(session, {one.id: one for each in found for one in each.instruments})
    session.scalars(
        select(Allocation)
        .where(Allocation.id.in_([one.allocation.id for one in found]))
        .order_by(Allocation.id)
        .with_for_update(key_share=True)
    ).all()
    lock_resources(session, {row.id for one in grounds.values() for row in (*one.copies, *one.companions)})
    opened = hours_of(session, {facility.id: facility.timezone}, period)[facility.id].open_within(period)
    judge = Judge(session, facility, grounds, period, now)
    placing = _Placing(session, schedule, grounds, opened, period, now, judge, _published_before(session, schedule))
    left_over: list[LeftOver] = []
    for one in sorted(found, key=lambda each: (-_total(each), -each.access_request.preference, each.allocation.id)):
        reason = placing.place(one)
        if reason is not None:
            left_over.append(LeftOver(one, reason))
    touch(session, schedule)
    note(session, actor, schedule, "schedule.suggested", now, sessions=len(placing.drafts))
    return Suggested(tuple(placing.drafts), tuple(left_over))


def _published_before(session: Session, schedule: SessionSchedule) -> list[Use]:
    """Return what stands in the draft already, as quotas will count it."""
    return [
        drafted_use(Grant(one.allocation, one.access_request, one.route), number, one.instrument.id, one.span)
        for number, one in enumerate(sessions_of(session, schedule), 1)
    ]


def _grounds(session: Session, instruments: dict[int, Instrument]) -> dict[int, _Ground]:
    found: dict[int, _Ground] = {}
    for key, row in sorted(instruments.items()):
        if offer_of(row) is Offer.ASK:
            continue
        place = locked_place(session, key)
        copies, companions = candidates(session, place.instrument)
        found[key] = _Ground(place, tuple(copies), tuple(companions))
    return found


def _total(one: Waiting) -> timedelta:
    """Return how long all that waits takes."""
    hours = HOURS_OF.get(AccessUnit(one.allocation.access_unit))
    if hours is None:
        return int(one.left) * _USUAL
    return int((one.left * hours * 60).to_integral_value(ROUND_DOWN)) * _MINUTE


@dataclass(slots=True)
class _Placing:
    """The sessions placed so far, and all that bears on the next one."""

    session: Session
    schedule: SessionSchedule
    grounds: Mapping[int, _Ground]
    opened: Sequence[TimeSpan]
    period: TimeSpan
    now: datetime
    judge: Judge
    before: list[Use]
    drafts: list[SessionDraft] = field(default_factory=list)

    def place(self, one: Waiting) -> Text | None:
        """Draft sessions for what waits. Returns None where all of it got a time, else why not."""
        grant = Grant(one.allocation, one.access_request, one.route)
        by_count = AccessUnit(one.allocation.access_unit) not in HOURS_OF
        remaining = _total(one)
        while remaining > timedelta():
            if len(self.drafts) == MOST:
                return _("One press drafts ${most} sessions at most. Press again.", mapping={"most": MOST})
            reasons: list[Text] = []
            best = min(self._offers(one, grant, remaining, by_count, reasons), default=None)
            if best is None:
                return reasons[0] if reasons else _("Its instruments are out of use, or scheduled elsewhere.")
            _otherwise, span, instrument_id, _copy, resource = best
            place = self.grounds[instrument_id].place
            try:
                with self.session.begin_nested():
                    draft = put(self.session, self.schedule, grant, place, Wish(span, resource), now=self.now)
            except DomainError as error:
                return error.message
            self.drafts.append(draft)
            self.before.append(drafted_use(grant, len(self.before) + 1, instrument_id, span))
            remaining -= _USUAL if by_count else span.length
        return None

    def _offers(
        self, one: Waiting, grant: Grant, remaining: timedelta, by_count: bool, reasons: list[Text]
    ) -> Iterator[tuple[bool, TimeSpan, int, int, str]]:
        """Give the first place on each copy of each instrument, as tuples of which the smallest is the best."""
        for instrument in one.instruments:
            ground = self.grounds.get(instrument.id)
            if ground is None:
                continue
            refusal = self.judge.refusal(grant, instrument.id)
            if refusal is not None:
                reasons.append(refusal)
                continue
            rules = self.judge.rules(grant, instrument.id)
            bounds = _bounds(one, rules, self.period, self.now)
            if bounds is None:
                reasons.append(_("What was granted, or how far ahead one must book, leaves no time in this period."))
                continue
            zone = ground.place.facility.timezone
            impossible, preferred = (_spans(one, kind, zone) for kind in DateKind)
            usable = subtract([part for each in self.opened if (part := each.clip(bounds)) is not None], impossible)
            longest = max((each.length for each in usable), default=timedelta())
            length = _length(_USUAL if by_count else remaining, longest, rules)
            if length is None:
                reasons.append(
                    _("Apart from the days on which the team cannot come, no open time is long enough for a session.")
                )
                continue
            broken: list[BrokenRule] = []
            for copy in ground.copies:
                free = subtract(usable, _busy(self.session, copy, ground.companions, rules, bounds))
                found = first_fit(
                    free,
                    length,
                    step=rules.granularity,
                    zone=named_zone(zone),
                    preferred=preferred,
                    allowed=self._keeps(grant, instrument.id, broken),
                )
                if found is not None:
                    yield *found, instrument.id, copy.id, copy.public_id
            reasons.append(
                broken[0].message
                if broken
                else _("Apart from the days on which the team cannot come, no time as long is free in this period.")
            )

    def _keeps(self, grant: Grant, instrument_id: int, broken: list[BrokenRule]) -> Callable[[TimeSpan], bool]:
        def allowed(span: TimeSpan) -> bool:
            found = self.judge.broken(grant, instrument_id, span, self.opened, self.before)
            broken.extend(found[:1])
            return not found

        return allowed


def _bounds(one: Waiting, rules: BookingRules, period: TimeSpan, now: datetime) -> TimeSpan | None:
    start = max(period.start, one.allocation.valid_from, now + rules.lead_minutes * _MINUTE)
    end = min(period.end, one.allocation.valid_until)
    return TimeSpan(start, end) if start < end else None


def _length(wanted: timedelta, longest: timedelta, rules: BookingRules) -> timedelta | None:
    """Return how long one session is: all that is wanted, as far as the hours and the rules let it be."""
    steps = min(wanted, longest, rules.max_minutes * _MINUTE) // rules.granularity
    length = steps * rules.granularity
    return length if length >= rules.min_minutes * _MINUTE and length else None


def _busy(
    session: Session, copy: Resource, companions: Sequence[Resource], rules: BookingRules, bounds: TimeSpan
) -> list[TimeSpan]:
    """Return when a session may not be: as taken, and as near to it as its own change-over reaches."""
    rows = (copy, *companions)
    keys = {row.id for row in rows} | {row.plant_id for row in rows if row.plant_id is not None}
    before, after = rules.buffer_before_minutes * _MINUTE, rules.buffer_after_minutes * _MINUTE
    reach = TimeSpan(bounds.start - before, bounds.end + after)
    return merge(TimeSpan(each.span.start - after, each.span.end + before) for each in occupied(session, keys, reach))


def _spans(one: Waiting, kind: DateKind, zone: str) -> list[TimeSpan]:
    day = timedelta(days=1)
    return merge(
        TimeSpan(day_start(each.first, zone), day_start(each.last + day, zone))
        for each in one.days
        if each.kind == kind
    )
