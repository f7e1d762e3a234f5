"""Displacing a booking: to the nearest window that suits it as well, under every rule, or else by cancelling it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.allocations import Granted
from infra_access.access_requests.models import AccessRequest, AccessRoute, Allocation
from infra_access.accounting import drawing, funding
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import Actor
from infra_access.core.errors import DomainError
from infra_access.core.named_locks import lock_names
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import named_zone
from infra_access.outbox.events import publish
from infra_access.people.actors import load_actor
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.scheduling.changes import MOVABLE, free
from infra_access.scheduling.lines import Line, lines_of, parted
from infra_access.scheduling.making import ready, remake, span_of
from infra_access.scheduling.models import Booking, BookingRuleSet
from infra_access.scheduling.nearest import Ground, nearest_free
from infra_access.scheduling.occupancies import occupied
from infra_access.scheduling.places import LockedPlace, locked_place
from infra_access.scheduling.plan import Wish, candidates
from infra_access.scheduling.quotas import Holder
from infra_access.scheduling.rule_parts import Counted
from infra_access.scheduling.terms import terms_of
from infra_access.scheduling.waiting.models import WaitListEntry
from infra_access.scheduling.waiting.states import WaitState

EARLIER = timedelta(days=3)
LATER = timedelta(days=14)
"""How far before its time, and after the end of what is in its way, a window is looked for."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A booking under its lock, with all that moving it rests on and the lines that it takes."""

    booking: Booking
    place: LockedPlace
    granted: Granted | None
    lines: tuple[Line, ...]

    def wishes(self, by: timedelta) -> list[Wish]:
        """Return its lines, moved: any copy for a copy, and what it names beside those that every session takes."""
        own, named = parted(self.booking.instrument_id, self.lines)
        moved = [Wish(TimeSpan(span.start + by, span.end + by)) for _row, span in own]
        return moved + [Wish(TimeSpan(span.start + by, span.end + by), row.public_id) for row, span in named]


def affected(session: Session, keys: frozenset[int], now: datetime) -> list[Affected]:
    """Lock bookings and what moving them rests on, each kind by ascending key, and return them by start."""
    locked = select(Booking).where(Booking.id.in_(sorted(keys))).order_by(Booking.id)
    bookings = session.scalars(locked.with_for_update(key_share=True).execution_options(populate_existing=True)).all()
    places = {key: locked_place(session, key) for key in sorted({one.instrument_id for one in bookings})}
    granted = {
        key: allocations.lock_by_key(session, key, now=now)
        for key in sorted({one.allocation_id for one in bookings if one.allocation_id is not None})
    }
    _lock_what_they_draw_on(session, bookings)
    lines = lines_of(session, keys)
    found = [
        Affected(
            one,
            places[one.instrument_id],
            granted[one.allocation_id] if one.allocation_id is not None else None,
            tuple(lines.get(one.id, ())),
        )
        for one in bookings
    ]
    return sorted(found, key=lambda each: (each.booking.starts, each.booking.id))


def _lock_what_they_draw_on(session: Session, bookings: Sequence[Booking]) -> None:
    """Lock what moving them draws on, in the order in which whoever books does, before any resource."""
    for key in sorted({one.funding_id for one in bookings if one.funding_id is not None}):
        funding.lock_by_key(session, key)
    drawing.lock_pools_of(session, {one.instrument_id for one in bookings})
    if _have_quotas(session, bookings):
        holders = [Holder(one.account_id, one.allocation_id, one.acting_for_id) for one in bookings]
        lock_names(session, {holder.name(counted) for holder in holders for counted in Counted})


def _have_quotas(session: Session, bookings: Sequence[Booking]) -> bool:
    """Tell whether any rules by which one of the bookings could be judged count what somebody has. Two statements."""
    instruments = sorted({one.instrument_id for one in bookings})
    facilities = select(Instrument.facility_id).where(Instrument.id.in_(instruments))
    of_place = select(BookingRuleSet.rules).where(
        or_(BookingRuleSet.instrument_id.in_(instruments), BookingRuleSet.facility_id.in_(facilities))
    )
    granted = select(AccessRequest.route_id).join(Allocation, Allocation.access_request_id == AccessRequest.id)
    of_way = select(AccessRoute.booking_rules).where(
        or_(
            AccessRoute.id.in_([one.route_id for one in bookings if one.route_id is not None]),
            AccessRoute.id.in_(
                granted.where(Allocation.id.in_([one.allocation_id for one in bookings if one.allocation_id]))
            ),
        )
    )
    return any("quotas" in rules for query in (of_place, of_way) for rules in session.scalars(query))


def displace(
    session: Session, one: Affected, *, closed: Sequence[TimeSpan], reason: str, may_move: bool, now: datetime
) -> bool:
    """Move a booking whose time was given back already, or cancel it; tell whether it moved. Its owner is told once."""
    before = TimeSpan(one.booking.starts, one.booking.ends)
    if may_move and one.booking.state in MOVABLE and _moved(session, one, closed, now):
        told = {"start": before.start.isoformat(), "end": before.end.isoformat()}
        publish(session, "booking.displaced", {"booking": one.booking.public_id, "before": told}, now=now)
        return True
    # Who was offered this time waits on, in the place that they had.
    offered = update(WaitListEntry).where(WaitListEntry.booking_id == one.booking.id)
    session.execute(
        offered.where(WaitListEntry.state == WaitState.OFFERED).values(state=WaitState.WAITING, booking_id=None)
    )
    free(session, one.booking, reason, now)
    publish(session, "booking.cancelled", {"booking": one.booking.public_id}, now=now)
    return False


def _moved(session: Session, one: Affected, closed: Sequence[TimeSpan], now: datetime) -> bool:
    try:
        owner = load_actor(session, one.booking.account_id, now=now)
        # One after another, since the first is nearly always taken.
        return any(_moved_to(session, one, owner, span, now) for span in _nearest(session, one, closed, now))
    except DomainError:
        return False


def _moved_to(session: Session, one: Affected, owner: Actor, span: TimeSpan, now: datetime) -> bool:
    """Tell whether it could be moved there; what refuses it, a rule, policy or grant, takes back what was begun."""
    try:
        with session.begin_nested():
            _remade(session, one, owner, one.wishes(span.start - one.booking.starts), now)
    except DomainError:
        return False
    return True


def _remade(session: Session, one: Affected, owner: Actor, wishes: Sequence[Wish], now: datetime) -> None:
    made = ready(
        session,
        owner=owner,
        place=one.place,
        wishes=wishes,
        granted=one.granted,
        now=now,
        booking=one.booking,
        given=True,
    )
    remake(session, made, one.booking, now=now)


def _nearest(session: Session, one: Affected, closed: Sequence[TimeSpan], now: datetime) -> Iterator[TimeSpan]:
    """Yield the windows as long as the booking that are free and that its rules allow, the nearest first."""
    wanted = span_of(span for _row, span in one.lines)
    last = max((span.end for span in closed if span.overlaps(wanted)), default=wanted.end)
    window = TimeSpan(max(now, wanted.start - EARLIER), max(last, wanted.end) + LATER)
    if one.granted is not None:
        grant = session.get_one(Allocation, one.granted.id)
        within = window.clip(TimeSpan(grant.valid_from, grant.valid_until))
        if within is None:
            return
        window = within
    terms = terms_of(session, one.place, window)
    copies, companions = candidates(session, one.place.instrument)
    rows = [*copies, *companions]
    keys = {row.id for row in rows} | {row.plant_id for row in rows if row.plant_id is not None}
    zone = named_zone(one.place.facility.timezone)
    ground = Ground(
        rules=_widest(terms.rules(one.granted.booking_rules if one.granted else None)),
        zone=one.place.facility.timezone,
        now=now,
        window=window,
        opened=tuple(terms.hours.open_within(window)),
        held=tuple(held for held in occupied(session, keys, window) if not held.has_lapsed(now)),
    )
    tried = set()
    for span in _by_distance(nearest_free(wanted, copies, companions, ground), wanted):
        tried.add(span)
        yield span
    # Quotas, pools, grants and rules that look at the time refuse one day and not another: the best of each is tried.
    begins, ends = window.start.astimezone(zone).date(), window.end.astimezone(zone).date()
    days = [begins + timedelta(days=n) for n in range((ends - begins).days + 1)]
    for day in sorted(days, key=lambda each: abs(each - wanted.start.astimezone(zone).date())):
        found = nearest_free(wanted, copies, companions, ground, partial(_begins_on, day, zone))
        yield from [span for span in _by_distance(found, wanted)[:1] if span not in tried]


def _begins_on(day: date, zone: ZoneInfo, span: TimeSpan) -> bool:
    return span.start.astimezone(zone).date() == day


def _by_distance(spans: Iterable[TimeSpan], wanted: TimeSpan) -> list[TimeSpan]:
    return sorted(spans, key=lambda span: (abs(span.start - wanted.start), span.start < wanted.start))


def _widest(rules: BookingRules) -> BookingRules:
    """Return the rules as they hold for whoever may look furthest ahead; what holds for the owner is judged later."""
    days = max(rules.horizon_days, *(one.days for one in rules.horizons), 0)
    return replace(rules, horizon_days=days, horizons=())
