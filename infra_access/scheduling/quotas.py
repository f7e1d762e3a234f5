"""Quotas: how much somebody has booked already, and whether a booking more would go beyond what they may have.

Who books under a quota takes a lock on the name of each person, team or organisation that it counts, before it reads
what they have: bookings of one team on different instruments then count one after the other.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Instrument, Resource
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.i18n import Month, Text, _
from infra_access.core.named_locks import lock_names
from infra_access.core.timespan import TimeSpan, merge
from infra_access.core.zones import LAST_YEAR, day_start, named_zone
from infra_access.scheduling.booking_rules import BookingRules, BrokenRule
from infra_access.scheduling.lifecycle import OCCUPYING, BookingState
from infra_access.scheduling.models import Booking, BookingLine
from infra_access.scheduling.rule_parts import Counted, Measure, Period, Quota, Reach

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_LAST = datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
_COUNTED = tuple(OCCUPYING | {BookingState.NO_SHOW})
"""Who did not come has used up their turn; what was cancelled or released in time has not."""
_TENTATIVE = (BookingState.HELD, BookingState.PROPOSED)
_OVER = (BookingState.COMPLETED, BookingState.NO_SHOW)


@dataclass(frozen=True, slots=True)
class Holder:
    """For whom a booking is: the person, the team by its allocation, the organisation acted for."""

    account_id: int | None
    allocation_id: int | None = None
    acting_for_id: int | None = None

    def name(self, counted: Counted) -> str:
        """Return a name for whoever a quota counts. Without a team or an organisation, a person counts alone."""
        if counted is Counted.TEAM and self.allocation_id is not None:
            return f"team:{self.allocation_id}"
        if counted is Counted.ORGANISATION and self.acting_for_id is not None:
            return f"organisation:{self.acting_for_id}"
        return f"person:{self.account_id}"

    def condition(self, counted: Counted) -> ColumnElement[bool]:
        """Return the condition for the bookings that a quota counts."""
        own = Booking.account_id == self.account_id
        if counted is Counted.TEAM:
            team = Booking.allocation_id == self.allocation_id
            return team if self.allocation_id is not None else and_(own, Booking.allocation_id.is_(None))
        if counted is Counted.ORGANISATION:
            organisation = Booking.acting_for_id == self.acting_for_id
            return organisation if self.acting_for_id is not None else and_(own, Booking.acting_for_id.is_(None))
        return own


@dataclass(frozen=True, slots=True)
class Use:
    """One span of instrument time of one booking, and for whom that is."""

    booking_id: int
    instrument_id: int
    holder: Holder
    state: str
    span: TimeSpan

    def counts(self, quota: Quota, holder: Holder, instrument_id: int) -> bool:
        """Tell whether a quota counts it, for this holder and instrument, whenever it is."""
        if quota.on is Reach.INSTRUMENT and self.instrument_id != instrument_id:
            return False
        if quota.per is Period.UPCOMING and self.state in _OVER:
            return False
        return self.holder.name(quota.of) == holder.name(quota.of)


class Counting(Protocol):
    """An instrument whose rules may hold quotas, as far as counting needs it."""

    @property
    def id(self) -> int:
        """Return its key."""

    @property
    def facility_id(self) -> int:
        """Return the key of its facility."""

    @property
    def timezone(self) -> str:
        """Return the zone of its facility, in which days, weeks and months begin."""

    @property
    def rules(self) -> BookingRules:
        """Return its rules as they hold for the holder."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a holder has, as far as the quotas in force count it, and what they would have with more."""

    quotas: tuple[Quota, ...]
    holder: Holder
    instrument_id: int
    uses: tuple[Use, ...]
    zone: str
    now: datetime

    def broken(self, spans: Sequence[TimeSpan]) -> list[BrokenRule]:
        """Return each quota that a booking of these spans of instrument time would go beyond, at its first period."""
        return [found for quota in self.quotas if (found := self._beyond(quota, spans)) is not None]

    def start_with_room(self, span: TimeSpan) -> datetime | None:
        """Return the first start, from that of `span` on, at which as much time may be within the quotas.

        That is its own start where it breaks none, and None where it would break one whenever it is.
        """
        starts = [self._leaves_room(quota, span) for quota in self.quotas]
        return None if None in starts else max((one for one in starts if one is not None), default=span.start)

    def _beyond(self, quota: Quota, spans: Sequence[TimeSpan]) -> BrokenRule | None:
        for first, _period, total in self._exceeded(quota, spans):
            return BrokenRule(f"quota.{quota.of}.{quota.per}", quota.amount, total, _sentence(quota, total, first))
        return None

    def _leaves_room(self, quota: Quota, span: TimeSpan) -> datetime | None:
        start = span.start
        for _first, period, total in self._exceeded(quota, [span]):
            if quota.per is Period.UPCOMING:
                return None
            # Of minutes, what the period has left may be used at its end, before the session runs on into the next.
            left = timedelta()
            if quota.measure is Measure.MINUTES and (part := span.clip(period)) is not None:
                left = max(timedelta(), part.length - (total - quota.amount) * _MINUTE)
            start = max(start, period.end - left)
        return start

    def _exceeded(self, quota: Quota, spans: Sequence[TimeSpan]) -> Iterator[tuple[date, TimeSpan, int]]:
        """Yield each period in which these spans go beyond a quota, with its first day and what it would come to."""
        own = [one for one in self.uses if one.counts(quota, self.holder, self.instrument_id)]
        for first, period in periods(quota.per, spans, self.zone, self.now):
            before = [(one.booking_id, part) for one in own if (part := one.span.clip(period))]
            more = [part for one in spans if (part := one.clip(period))]
            if quota.measure is Measure.BOOKINGS:
                # Sessions, rather: one booking of three days is not one where three bookings would be too many.
                of_one: dict[int, list[TimeSpan]] = {}
                for key, part in before:
                    of_one.setdefault(key, []).append(part)
                total = sum(len(merge(parts)) for parts in (*of_one.values(), more))
            else:
                parts = [*(part for _key, part in before), *more]
                total = -(-sum((part.length for part in parts), timedelta()) // _MINUTE)
            if total > quota.amount:
                yield first, period, total


def tally_of(
    session: Session,
    quotas: tuple[Quota, ...],
    holder: Holder,
    *,
    instrument: Instrument,
    zone: str,
    reach: TimeSpan,
    now: datetime,
    booking_id: int | None = None,
) -> Tally:
    """Return what the holder has, as far as quotas count it for bookings within `reach`, and keep others from adding.

    `booking_id` is the booking being changed, which does not count against itself. Two statements, one on SQLite.
    """
    lock_names(session, (holder.name(quota.of) for quota in quotas))
    spans = [period for quota in quotas for _first, period in periods(quota.per, [reach], zone, now)]
    uses = _uses(
        session,
        holder,
        {quota.of for quota in quotas},
        [instrument.facility_id],
        TimeSpan(min(one.start for one in spans), max(one.end for one in spans)),
        now,
        booking_id,
    )
    return Tally(quotas, holder, instrument.id, tuple(uses.get(instrument.facility_id, ())), zone, now)


def tallies_of(
    session: Session, holder: Holder, subjects: Iterable[Counting], *, reach: TimeSpan, now: datetime
) -> dict[int, Tally]:
    """Return what the holder has on each instrument that has quotas, by its key, without keeping others from adding.

    For looking ahead only: whoever books counts again. One statement, none where there are no quotas.
    """
    counting = [one for one in subjects if one.rules.quotas]
    if not counting:
        return {}
    spans = [
        period
        for quota, zone in {(quota, one.timezone) for one in counting for quota in one.rules.quotas}
        for _first, period in periods(quota.per, [reach], zone, now)
    ]
    uses = _uses(
        session,
        holder,
        {quota.of for one in counting for quota in one.rules.quotas},
        {one.facility_id for one in counting},
        TimeSpan(min(one.start for one in spans), max(one.end for one in spans)),
        now,
        None,
    )
    return {
        one.id: Tally(one.rules.quotas, holder, one.id, tuple(uses.get(one.facility_id, ())), one.timezone, now)
        for one in counting
    }


def _uses(
    session: Session,
    holder: Holder,
    counted: Iterable[Counted],
    facilities: Collection[int],
    reach: TimeSpan,
    now: datetime,
    booking_id: int | None,
) -> dict[int, list[Use]]:
    """Return the instrument time of the holder's bookings that touch a span, by facility. One statement."""
    rows = session.execute(
        select(
            Booking.id,
            Booking.instrument_id,
            Instrument.facility_id,
            Booking.account_id,
            Booking.allocation_id,
            Booking.acting_for_id,
            Booking.state,
            BookingLine.starts,
            func.coalesce(Booking.ended_at, BookingLine.ends).label("ends"),
            BookingLine.ends.label("booked"),
        )
        .join(BookingLine, BookingLine.booking_id == Booking.id)
        .join(Resource, and_(Resource.id == BookingLine.resource_id, Resource.kind == ResourceKind.INSTRUMENT))
        .join(Instrument, and_(Instrument.id == Booking.instrument_id, Instrument.facility_id.in_(facilities)))
        .where(
            or_(*(holder.condition(each) for each in counted)),
            Booking.starts < reach.end,
            Booking.ends > reach.start,
            Booking.state.in_(_COUNTED),
            or_(Booking.state.not_in(_TENTATIVE), Booking.answer_by.is_(None), Booking.answer_by > now),
            Booking.id != booking_id if booking_id is not None else true(),
        )
    ).all()
    uses: dict[int, list[Use]] = {}
    for row in rows:
        if (span := _used(row.starts, row.ends, row.booked)) is not None:
            owner = Holder(row.account_id, row.allocation_id, row.acting_for_id)
            uses.setdefault(row.facility_id, []).append(Use(row.id, row.instrument_id, owner, row.state, span))
    return uses


def _used(starts: datetime, ended: datetime, booked: datetime) -> TimeSpan | None:
    """Return the time used of a line, without what an early end gave back."""
    end = min(ended, booked)
    return TimeSpan(starts, end) if starts < end else None


def periods(per: Period, spans: Iterable[TimeSpan], zone: str, now: datetime) -> list[tuple[date, TimeSpan]]:
    """Return the local days, weeks or months that the spans touch, each with its first day; or all that is to come."""
    place = named_zone(zone)
    if per is Period.UPCOMING:
        return [(now.astimezone(place).date(), TimeSpan(now, _LAST))]
    firsts: set[date] = set()
    for span in spans:
        day = _first_of(per, span.start.astimezone(place).date())
        while day_start(day, place) < span.end:
            firsts.add(day)
            day = _after(per, day)
    return [
        (first, TimeSpan(day_start(first, place), day_start(_after(per, first), place))) for first in sorted(firsts)
    ]


def _first_of(per: Period, day: date) -> date:
    if per is Period.WEEK:
        return day - day.weekday() * _DAY
    return day.replace(day=1) if per is Period.MONTH else day


def _after(per: Period, first: date) -> date:
    if per is Period.MONTH:
        return (first + 31 * _DAY).replace(day=1)
    return first + (7 * _DAY if per is Period.WEEK else _DAY)


_WHO = {
    Counted.PERSON: _("You"),
    Counted.TEAM: _("Your team"),
    Counted.ORGANISATION: _("Your organisation"),
}
_WHERE = {Reach.INSTRUMENT: _("on this instrument"), Reach.FACILITY: _("at this facility")}


def _sentence(quota: Quota, total: int, first: date) -> Text:
    when = {
        Period.DAY: _("on ${day}", mapping={"day": first}),
        Period.WEEK: _("in the week from ${day}", mapping={"day": first}),
        Period.MONTH: _("in ${month}", mapping={"month": Month(first.year, first.month)}),
        Period.UPCOMING: _("that are still to come"),
    }
    values = {
        "who": _WHO[quota.of],
        "limit": quota.amount,
        "where": _WHERE[quota.on],
        "when": when[quota.per],
        "total": total,
    }
    if quota.measure is Measure.BOOKINGS:
        return _(
            "${who} may have at most ${limit} bookings ${where} ${when}; with this one it would be ${total}.",
            mapping=values,
        )
    return _(
        "${who} may have at most ${limit} minutes ${where} ${when}; with this booking it would be ${total}.",
        mapping=values,
    )
