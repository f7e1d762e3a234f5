"""What a booking draws on besides its allocation: a pool of its period, and the source that pays what was quoted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import Granted
from infra_access.access_requests.models import AccessRoute
from infra_access.accounting import drawing, funding
from infra_access.accounting.drawing import Drawn
from infra_access.accounting.models import FundingSource, Quote
from infra_access.accounting.quotes import lock_quote
from infra_access.catalogue.vocabularies import Regime
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.units import units_of
from infra_access.policy.applicants import facts_of
from infra_access.policy.rulebook import rulebook_at
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import LockedPlace

_FREED = (BookingState.CANCELLED, BookingState.RELEASED)


@dataclass(frozen=True, slots=True)
class Payment:
    """The quote that a new booking rests on and the source that pays for it, both locked."""

    quote: Quote | None = None
    funding: FundingSource | None = None


UNPAID = Payment()


def payment(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    place: LockedPlace,
    spans: Sequence[TimeSpan],
    quote: str | None,
    funding_source: str | None,
) -> Payment:
    """Lock the quote and the source that the actor names, by their public ids; nothing named costs no statement.

    Raises NotFound for what is not the actor's, Conflict for a quote that ran out, is for another instrument or less
    time, or was used, and for a source that is not valid on the day.
    """
    if quote is None:
        if funding_source is None:
            return UNPAID
        message = _("A funding source pays for what was quoted. Get a quote first and name it too.")
        raise Invalid("funding.needs_quote", message, fields={"quote": [message]})
    found = lock_quote(session, quote, actor=actor, now=now, instrument_id=place.instrument.id)
    _refuse_used(session, found)
    refuse_beyond(found, spans)
    if funding_source is None:
        return Payment(found)
    day = _first_day(place, spans)
    source = funding.lock_funding(session, funding_source, actor=actor, now=now, currency=found.currency, day=day)
    return Payment(found, source)


def refuse_beyond(quote: Quote, spans: Sequence[TimeSpan]) -> None:
    """Raise Conflict `quote.units` for more than was quoted."""
    units = units_of(spans, quote.access_unit)
    if units > quote.units:
        raise Conflict(
            "quote.units",
            _(
                "This takes ${units} access units (${unit}), and quote ${number} is for ${quoted}. "
                "Get a quote for more.",
                mapping={
                    "units": str(units),
                    "unit": quote.access_unit,
                    "number": quote.number,
                    "quoted": str(quote.units),
                },
            ),
            details={"units": str(units), "quoted": str(quote.units)},
        )


def _refuse_used(session: Session, quote: Quote) -> None:
    used = select(Booking.id).where(Booking.quote_id == quote.id, Booking.state.not_in(_FREED)).limit(1)
    if session.scalar(used) is not None:
        message = _("Quote ${number} was used already. Get a new one.", mapping={"number": quote.number})
        raise Conflict("quote.used", message)


def check_new(
    session: Session, paid: Payment, *, ways: Sequence[str], granted: Granted | None, now: datetime
) -> Payment:
    """Return what pays for a new booking by one of these ways in.

    Raises Conflict `quote.route` where another way in was quoted, or what was granted is for other results or another
    organisation than the quote: each has its own price.
    """
    if paid.quote is None:
        return paid
    quote = paid.quote
    fits = quoted_way(session, quote) in ways
    if granted is not None:
        fits = fits and quote.regime == granted.facts.value("request.regime", now)
        fits = fits and granted.acting_for_id in (None, quote.acting_for_id)
    if not fits:
        message = _(
            "Quote ${number} is for another way in, other results or another organisation. Get one for this booking.",
            mapping={"number": quote.number},
        )
        raise Conflict("quote.route", message)
    return paid


def quoted_way(session: Session, quote: Quote) -> str:
    """Return the public id of the way in that was quoted."""
    return session.get_one(AccessRoute, quote.route_id).public_id


def check_remade(session: Session, booking: Booking, place: LockedPlace, spans: Sequence[TimeSpan]) -> Payment:
    """Return what pays for a booking that is to be remade, checked against its new times."""
    quote = session.get_one(Quote, booking.quote_id) if booking.quote_id else None
    if quote is not None:
        refuse_beyond(quote, spans)
    if booking.funding_id is None:
        return Payment(quote)
    source = funding.lock_by_key(session, booking.funding_id)
    funding.refuse_day(source, _first_day(place, spans))
    return Payment(quote, source)


def choose_pool(
    session: Session,
    *,
    owner: Actor,
    place: LockedPlace,
    pools: Sequence[int],
    spans: Sequence[TimeSpan],
    granted: Granted | None,
    quote: Quote | None,
    now: datetime,
    booking: Booking | None,
) -> Drawn | None:
    """Lock and return the pool that a booking draws on; costs no statement where the instrument has none."""
    held = (booking.pool_id, booking.pool_units) if booking is not None and booking.pool_id else None
    if not pools and held is None:
        return None
    applicant = facts_of(
        session,
        owner,
        acting_for_id=granted.acting_for_id if granted else None,
        now=now,
        book=rulebook_at(session, place.policy),
    )
    asked = granted.facts.value("request.regime", now) if granted else Regime.OPEN
    return drawing.choose(
        session,
        pools=pools,
        spans=spans,
        proprietary=Regime.PROPRIETARY in (asked, quote.regime if quote else None),
        internal=place.facility.organisation_id in applicant.member_of,
        applicant=applicant,
        now=now,
        held=held,
    )


def draw(session: Session, booking: Booking, drawn: Drawn | None) -> None:
    """Take what was chosen; what the booking drew on before goes back."""
    stays = drawn is not None and drawn.pool.id == booking.pool_id
    if booking.pool_id is not None and not stays:
        drawing.give_back(session, booking.pool_id, booking.pool_units)
    if drawn is not None:
        # What a set-aside that fell back gets back is gone from it: what stays in the pool never leaves it.
        drawing.take(session, drawn, held=booking.pool_units if stays else Decimal(0))
    booking.pool_id, booking.pool_units = (drawn.pool.id, drawn.units) if drawn else (None, Decimal(0))


def reserve(session: Session, booking: Booking, paid: Payment) -> None:
    """Note what a new booking rests on, and reserve the price of its quote."""
    booking.quote_id = paid.quote.id if paid.quote else None
    if paid.quote is not None and paid.funding is not None:
        funding.reserve(session, paid.funding, paid.quote.price)
        booking.funding_id, booking.funding_amount = paid.funding.id, paid.quote.price


def release(session: Session, booking: Booking) -> None:
    """Give back what a locked booking drew on its pool and its source; once, however often it is called."""
    if booking.funding_id is not None and booking.funding_amount:
        funding.give_back(session, booking.funding_id, booking.funding_amount)
        booking.funding_amount = Decimal(0)
    if booking.pool_id is not None and booking.pool_units:
        drawing.give_back(session, booking.pool_id, booking.pool_units)
        booking.pool_units = Decimal(0)


def _first_day(place: LockedPlace, spans: Sequence[TimeSpan]) -> date:
    return min(span.start for span in spans).astimezone(ZoneInfo(place.facility.timezone)).date()
