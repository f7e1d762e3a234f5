"""What a finished booking comes to: its lines in the ledger, and what it drew and did not use goes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.models import AccessRequest, AccessRoute, Allocation
from infra_access.accounting import drawing, funding
from infra_access.accounting.ledger import write_usage
from infra_access.accounting.models import AccessPool, Quote
from infra_access.accounting.money import share
from infra_access.accounting.pricing import price_of
from infra_access.accounting.usage import Usage, counted, lost_taken, shortened, usage_of_booking
from infra_access.catalogue.models import Resource
from infra_access.catalogue.vocabularies import AccessUnit, Regime
from infra_access.core.authority import Actor
from infra_access.core.i18n import _, plain
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.models import UsageLine
from infra_access.ledger.units import ratio, units_of
from infra_access.ledger.vocabularies import UsageKind
from infra_access.policy.applicants import facts_of
from infra_access.policy.rulebook import rulebook
from infra_access.scheduling.models import Booking, BookingLine
from infra_access.scheduling.places import Place, place_of

_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class _Agreed:
    """What was agreed for all that was booked: in which unit it counts, and what it costs."""

    access_unit: str
    booked: Decimal
    list_price: Decimal
    price: Decimal
    currency: str
    ground: str


def settle_booking(
    session: Session,
    *,
    now: datetime,
    actor: Actor,
    booking: Booking,
    lost: Sequence[TimeSpan],
    kind: str = UsageKind.USED,
) -> list[UsageLine]:
    """Write what a locked booking came to, and give back what it did not use of its allocation, pool and source.

    `lost` is all its lost time; nobody is charged for it. Where `ended_at` says that the session ended early, the rest
    counts for nothing. For a booking that was settled before, the lines that put it right are written instead: time
    found lost later is taken off what was used. The command around it audits.
    """
    place = place_of(session, booking.instrument_id)
    spans, resource_id = _sessions(session, booking)
    agreed = _agreed(session, booking, spans, now)
    usage = usage_of_booking(
        spans,
        access_unit=agreed.access_unit,
        booked=agreed.booked,
        list_price=agreed.list_price,
        price=agreed.price,
        lost=lost,
        ended_at=booking.ended_at,
    )
    written = select(UsageLine).where(UsageLine.booking_id == booking.id).order_by(UsageLine.id)
    # Locked first and read again: a correction that is being made holds the line that it corrects.
    session.execute(written.with_only_columns(UsageLine.id).with_for_update(key_share=True))
    before = session.scalars(written).all()
    lines = [
        _line(session, now, actor, booking, place, agreed, part, resource_id)
        for part in _parts(usage, kind, agreed, before)
    ]
    # What a correction took off the price went back then: only what these lines take off goes back now.
    unspent = -sum((line.price for line in lines), _NOTHING) if before else booking.funding_amount - usage.price
    used = lost_taken(shortened(spans, booking.ended_at), lost)
    _give_back(session, booking, used, spans, usage, unspent, now)
    return lines


@dataclass(frozen=True, slots=True)
class _Part:
    kind: str
    units: Decimal
    list_value: Decimal
    price: Decimal
    ground: str
    corrects: UsageLine | None = None


def _parts(usage: Usage, kind: str, agreed: _Agreed, before: Sequence[UsageLine]) -> list[_Part]:
    """Return the lines to write: what was used and what was lost, each less what the ledger says already."""
    first = next((line for line in before if line.kind in (UsageKind.USED, UsageKind.NO_SHOW)), None)
    lost_lines = [line for line in before if line.kind == UsageKind.LOST]
    of_lost = {line.id for line in lost_lines}
    lost_before = [line for line in before if line.id in of_lost or line.corrects_id in of_lost]
    used_before = [line for line in before if line not in lost_before]
    ground = plain(_("Lost time is not charged.")) if usage.lost else ""
    units, list_value, price = (
        _still(getattr(usage, ours), used_before, column)
        for ours, column in (("used", "units"), ("list_value", "list_value"), ("price", "price"))
    )
    parts = [
        _Part(kind if first is None else UsageKind.ADJUSTED, units, list_value, price, agreed.ground, first),
        _Part(
            UsageKind.ADJUSTED if lost_lines else UsageKind.LOST,
            usage.lost - _sum(lost_before, "units"),
            usage.lost_value - _sum(lost_before, "list_value"),
            -_sum(lost_before, "price"),
            ground,
            lost_lines[0] if lost_lines else None,
        ),
    ]
    return [part for part in parts if part.units or part.price or part.list_value]


def _still(comes_to: Decimal, before: Sequence[UsageLine], column: str) -> Decimal:
    """Return what is to be added to what stands: lost time never charges again what a correction took off."""
    more = comes_to - _sum(before, column)
    return min(more, _NOTHING) if before else more


def _sum(lines: Sequence[UsageLine], column: str) -> Decimal:
    return sum((getattr(line, column) for line in lines), _NOTHING)


def _line(
    session: Session,
    now: datetime,
    actor: Actor,
    booking: Booking,
    place: Place,
    agreed: _Agreed,
    part: _Part,
    resource_id: int | None,
) -> UsageLine:
    return write_usage(
        session,
        now=now,
        actor=actor,
        facility=place.facility,
        instrument=place.instrument,
        kind=part.kind,
        units=part.units,
        access_unit=agreed.access_unit,
        list_value=part.list_value,
        price=part.price,
        currency=agreed.currency,
        ground=part.ground,
        subject=booking.public_id,
        used=_used(booking),
        booking_id=booking.id,
        resource_id=resource_id,
        allocation_id=booking.allocation_id,
        funding_id=booking.funding_id,
        corrects=part.corrects,
        ended=min(booking.ended_at or booking.ends, now),
    )


def _used(booking: Booking) -> TimeSpan | None:
    """Return when a session was; None where it ended before it began."""
    ended = booking.ended_at or booking.ends
    return TimeSpan(booking.starts, ended) if booking.starts < ended else None


def _sessions(session: Session, booking: Booking) -> tuple[list[TimeSpan], int | None]:
    """Return the spans on the instrument itself, and its copy where that is one; a room alone is the session."""
    rows = session.execute(
        select(BookingLine.starts, BookingLine.ends, BookingLine.resource_id, Resource.instrument_id)
        .join(Resource, Resource.id == BookingLine.resource_id)
        .where(BookingLine.booking_id == booking.id)
        .order_by(BookingLine.id)
    ).all()
    own = [row for row in rows if row.instrument_id == booking.instrument_id] or rows
    keys = {row.resource_id for row in own}
    return [TimeSpan(row.starts, row.ends) for row in own], keys.pop() if len(keys) == 1 else None


def _agreed(session: Session, booking: Booking, spans: Sequence[TimeSpan], now: datetime) -> _Agreed:
    granted = session.get(Allocation, booking.allocation_id) if booking.allocation_id else None
    quote = session.get(Quote, booking.quote_id) if booking.quote_id else None
    if quote is not None:
        unit = granted.access_unit if granted else quote.access_unit
        # What was booked may be less than what was quoted.
        part = min(units_of(spans, quote.access_unit), quote.units)
        whole, price = (share(amount, part, quote.units) for amount in (quote.list_price, quote.price))
        return _Agreed(unit, units_of(spans, unit), whole, price, quote.currency, quote.ground)
    if granted is not None:
        access_request = session.get_one(AccessRequest, granted.access_request_id)
        route = session.get_one(AccessRoute, access_request.route_id)
        return _by_tariff(session, booking, route, access_request.regime, granted.access_unit, spans, now)
    if booking.route_id is not None:
        way = session.get_one(AccessRoute, booking.route_id)
        # Nobody said what becomes of the results: they are open where that is offered.
        regime = Regime.OPEN.value if Regime.OPEN in way.regimes else str(way.regimes[0])
        # Time is counted in hours, the finest of its units: what was granted in shifts would be rounded by them.
        unit = AccessUnit.RUN.value if way.access_unit == AccessUnit.RUN else AccessUnit.HOUR.value
        return _by_tariff(session, booking, way, regime, unit, spans, now)
    ground = plain(_("No price was agreed."))
    return _Agreed(AccessUnit.HOUR, units_of(spans, AccessUnit.HOUR), _NOTHING, _NOTHING, "EUR", ground)


def _by_tariff(
    session: Session,
    booking: Booking,
    route: AccessRoute,
    regime: str,
    unit: str,
    spans: Sequence[TimeSpan],
    now: datetime,
) -> _Agreed:
    booked, entry = units_of(spans, unit), route.tariff.get(regime)
    if entry is not None and ratio(unit, entry["per"]) is None:
        ground = plain(_("The tariff counts another unit than was booked."))
        return _Agreed(unit, booked, _NOTHING, _NOTHING, entry["currency"], ground)
    owner = Actor(account_id=booking.account_id, public_id="", label="")
    facts = facts_of(session, owner, acting_for_id=booking.acting_for_id, now=now, book=rulebook(session))
    price = price_of(route.tariff, regime=regime, access_unit=unit, units=booked, facts=facts, now=now)
    return _Agreed(unit, booked, price.list_price, price.price, price.currency, price.ground)


def _give_back(
    session: Session,
    booking: Booking,
    used: Sequence[TimeSpan],
    spans: Sequence[TimeSpan],
    usage: Usage,
    unspent: Decimal,
    now: datetime,
) -> None:
    if booking.allocation_id is not None and booking.units > usage.used:
        granted = allocations.lock_by_key(session, booking.allocation_id, now=now)
        allocations.give_back(session, granted, booking.units - usage.used)
        booking.units = usage.used
    if booking.funding_id is not None and unspent > 0:
        funding.give_back(session, booking.funding_id, unspent)
        booking.funding_amount -= unspent
    if booking.pool_id is not None:
        pool_unit = session.get_one(AccessPool, booking.pool_id).access_unit
        drawn = min(counted(spans, used, pool_unit), booking.pool_units)
        drawing.give_back(session, booking.pool_id, booking.pool_units - drawn)
        booking.pool_units = drawn
    session.flush()
