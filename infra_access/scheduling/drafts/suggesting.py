"""A first draft in one press: what waits is placed into free time, longest first, on days that suit the teams."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import Allocation
from infra_access.access_requests.vocabularies import DateKind
from infra_access.accounting.units import HOURS_OF
from infra_access.catalogue.models import Facility, Instrument, Resource
from infra_access.catalogue.offers import Offer, offer_of
from infra_access.catalogue.vocabularies import AccessUnit
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict
from infra_access.core.timespan import TimeSpan, merge, subtract
from infra_access.core.zones import day_start, named_zone
from infra_access.scheduling.booking_rules import BookingRules, broken
from infra_access.scheduling.drafts.models import SessionDraft, SessionSchedule
from infra_access.scheduling.drafts.placing import first_fit
from infra_access.scheduling.drafts.schedules import note, open_schedule, touch
from infra_access.scheduling.drafts.sessions import Drafted, put
from infra_access.scheduling.drafts.waiting_list import Waiting, waiting_at
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.occupancies import lock_resources, occupied
from infra_access.scheduling.places import LockedPlace, locked_place
from infra_access.scheduling.plan import Wish, candidates, rules_of

MOST = 200
"""Sessions that one press drafts at most."""

_MINUTE = timedelta(minutes=1)
_USUAL = timedelta(hours=8)
"""How long a session is where what was granted is not counted in time."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """The sessions that were drafted, and what found no place, or not for all of it."""

    drafts: tuple[SessionDraft, ...]
    left_over: tuple[Waiting, ...]


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
    drafts: list[SessionDraft] = []
    left_over: list[Waiting] = []
    for one in sorted(found, key=lambda each: (-_total(each), each.allocation.id)):
        placed = list(_placed(session, schedule, one, grounds, opened, period, now, MOST - len(drafts)))
        drafts += placed
        if not placed or _drafted(placed) < _total(one):
            left_over.append(one)
    touch(session, schedule)
    note(session, actor, schedule, "schedule.suggested", now, sessions=len(drafts))
    return Suggested(tuple(drafts), tuple(left_over))


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


def _drafted(drafts: Iterable[SessionDraft]) -> timedelta:
    return sum((one.ends - one.starts for one in drafts), timedelta())


def _placed(
    session: Session,
    schedule: SessionSchedule,
    one: Waiting,
    grounds: dict[int, _Ground],
    opened: Sequence[TimeSpan],
    period: TimeSpan,
    now: datetime,
    most: int,
) -> Iterator[SessionDraft]:
    drafted = Drafted(one.allocation, one.access_request, one.route)
    by_count = AccessUnit(one.allocation.access_unit) not in HOURS_OF
    remaining = _total(one)
    for _session in range(most):
        if remaining <= timedelta():
            return
        best = min(_offers(session, one, grounds, opened, period, now, remaining, by_count), default=None)
        if best is None:
            return
        _otherwise, span, instrument_id, _copy, resource = best
        try:
            with session.begin_nested():
                draft = put(session, schedule, drafted, grounds[instrument_id].place, Wish(span, resource), now=now)
        except Conflict:
            return
        yield draft
        remaining -= _USUAL if by_count else span.length


def _offers(
    session: Session,
    one: Waiting,
    grounds: dict[int, _Ground],
    opened: Sequence[TimeSpan],
    period: TimeSpan,
    now: datetime,
    remaining: timedelta,
    by_count: bool,
) -> Iterator[tuple[bool, TimeSpan, int, int, str]]:
    """Give the first place on each copy of each instrument, as tuples of which the smallest is the best."""
    for instrument in one.instruments:
        ground = grounds.get(instrument.id)
        if ground is None:
            continue
        facility = ground.place.facility
        zone = named_zone(facility.timezone)
        rules = rules_of(session, instrument, one.route.booking_rules)
        bounds = _bounds(one, rules, period, now)
        if bounds is None:
            continue
        impossible, preferred = (_spans(one, kind, facility.timezone) for kind in DateKind)
        usable = subtract([part for each in opened if (part := each.clip(bounds)) is not None], impossible)
        longest = max((each.length for each in usable), default=timedelta())
        length = _length(_USUAL if by_count else remaining, longest, rules)
        if length is None:
            continue
        for copy in ground.copies:
            free = subtract(usable, _busy(session, copy, ground.companions, rules, bounds))
            found = first_fit(
                free,
                length,
                step=rules.granularity,
                zone=zone,
                preferred=preferred,
                allowed=_keeps(rules, zone, now),
            )
            if found is not None:
                yield *found, instrument.id, copy.id, copy.public_id


def _keeps(rules: BookingRules, zone: ZoneInfo, now: datetime) -> Callable[[TimeSpan], bool]:
    return lambda span: not broken(rules, span, now=now, zone=zone)


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
