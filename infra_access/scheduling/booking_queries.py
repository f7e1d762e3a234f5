"""Reading bookings: one, one's own, those of a facility; each list in a bounded number of statements."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, Allocation, Participant
from infra_access.access_requests.vocabularies import ParticipantRole
from infra_access.accounting.models import AccessPool, FundingSource, Quote
from infra_access.catalogue.models import Facility, Instrument, Resource
from infra_access.catalogue.scopes import instrument_scopes
from infra_access.core.authority import Actor, Permission, Scopes, may
from infra_access.core.errors import Invalid, NotFound
from infra_access.core.i18n import _
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor
from infra_access.core.zones import parse_instant
from infra_access.people.models import Account
from infra_access.scheduling.calendars import CalendarEntry, entry_status
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking, BookingLine
from infra_access.scheduling.series.models import BookingSeries

# Built once: making a statement anew costs as much as running it.
_ON_TEAM = (
    select(Allocation.id)
    .join(AccessRequest, AccessRequest.id == Allocation.access_request_id)
    .outerjoin(
        Participant,
        and_(
            Participant.access_request_id == AccessRequest.id,
            Participant.account_id == bindparam("account"),
            Participant.role != ParticipantRole.DATA_ONLY,
        ),
    )
    .where(
        Allocation.id == bindparam("allocation"),
        or_(AccessRequest.requester_id == bindparam("account"), Participant.id.is_not(None)),
    )
)


@dataclass(frozen=True, slots=True)
class RestsOn:
    """What a booking draws on, by public ids: a grant and its request, a quote, the source that pays, a pool."""

    allocation: str | None = None
    access_request: str | None = None
    quote: str | None = None
    quote_number: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    funding: str | None = None
    funding_name: str | None = None
    pool: str | None = None
    pool_name: str | None = None


NOTHING = RestsOn()


@dataclass(frozen=True, slots=True)
class BookingView:
    """A booking with what every reader needs beside it."""

    booking: Booking
    instrument: Instrument
    facility: Facility
    owner: str
    lines: tuple[tuple[str, str, datetime, datetime], ...] = ()
    series: str | None = None
    rests_on: RestsOn = NOTHING
    scopes: Scopes = ()
    """The scopes that contain its instrument, where they were asked for."""

    relations: frozenset[str] = frozenset()
    """How whoever asked for it relates to it."""


@dataclass(frozen=True, slots=True)
class BookingPage:
    """One page of bookings by start; `next` is the cursor of the following page, or None."""

    items: tuple[BookingView, ...]
    next: str | None


def _views() -> Select[Booking, Instrument, Facility, str]:
    return (
        select(Booking, Instrument, Facility, Account.name)
        .join(Instrument, Instrument.id == Booking.instrument_id)
        .join(Facility, Facility.id == Instrument.facility_id)
        .join(Account, Account.id == Booking.account_id)
    )


def relations_to(booking: Booking, actor: Actor | None) -> frozenset[str]:
    """Return how the actor relates to a booking."""
    return frozenset({"owner"} if actor is not None and booking.account_id == actor.account_id else set())


def relations_of(session: Session, booking: Booking, actor: Actor | None) -> frozenset[str]:
    """Return how the actor relates to a booking: its owner, or one of the team whose grant it draws on.

    Whoever takes part in the data only is not asked about times.
    """
    relations = relations_to(booking, actor)
    if relations or actor is None or actor.account_id is None or booking.allocation_id is None:
        return relations
    found = session.execute(_ON_TEAM, {"allocation": booking.allocation_id, "account": actor.account_id}).first()
    return frozenset({"team"} if found else set())


def booking_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> BookingView:
    """Return a booking that the actor may see. Raises NotFound otherwise, so that nobody learns that it exists."""
    row = session.execute(_views().where(Booking.public_id == public_id)).one_or_none()
    unknown = NotFound("booking.unknown", _("There is no such booking, or it is not yours to see."))
    if row is None:
        raise unknown
    booking, instrument, facility, owner = row
    relations = relations_of(session, booking, actor)
    scopes = () if relations else instrument_scopes(session, instrument)
    if not relations and not may(actor, Permission.BOOKING_READ, scopes):
        raise unknown
    lines = session.execute(
        select(Resource.public_id, Resource.name, BookingLine.starts, BookingLine.ends)
        .join(Resource, Resource.id == BookingLine.resource_id)
        .where(BookingLine.booking_id == booking.id)
        .order_by(BookingLine.id)
    )
    listed = tuple((key, name, starts, ends) for key, name, starts, ends in lines)
    series = None
    if booking.series_id is not None:
        series = session.scalar(select(BookingSeries.public_id).where(BookingSeries.id == booking.series_id))
    rests_on = _rests_on(session, booking)
    return BookingView(booking, instrument, facility, owner, listed, series, rests_on, scopes, relations)


def _rests_on(session: Session, booking: Booking) -> RestsOn:
    """Return what it draws on. One statement, none where it draws on nothing."""
    if not (booking.allocation_id or booking.quote_id or booking.funding_id or booking.pool_id):
        return NOTHING
    row = session.execute(
        select(
            Allocation.public_id.label("allocation"),
            AccessRequest.public_id.label("access_request"),
            Quote.public_id.label("quote"),
            Quote.number.label("quote_number"),
            Quote.price.label("price"),
            Quote.currency.label("currency"),
            FundingSource.public_id.label("funding"),
            FundingSource.name.label("funding_name"),
            AccessPool.public_id.label("pool"),
            AccessPool.name.label("pool_name"),
        )
        .select_from(Booking)
        .outerjoin(Allocation, Allocation.id == Booking.allocation_id)
        .outerjoin(AccessRequest, AccessRequest.id == Allocation.access_request_id)
        .outerjoin(Quote, Quote.id == Booking.quote_id)
        .outerjoin(FundingSource, FundingSource.id == Booking.funding_id)
        .outerjoin(AccessPool, AccessPool.id == Booking.pool_id)
        .where(Booking.id == booking.id)
    ).one()
    return RestsOn(**row._asdict())


def own_bookings(
    session: Session,
    *,
    actor: Actor,
    start: datetime | None = None,
    states: Sequence[str] | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> BookingPage:
    """Return the actor's own bookings that end after `start`, by start. One statement."""
    query = _views().where(Booking.account_id == actor.account_id)
    if start is not None:
        query = query.where(Booking.ends > start)
    if states:
        query = query.where(Booking.state.in_(states))
    return _page(session, query, limit, cursor)


def facility_bookings(
    session: Session,
    *,
    facility: Facility,
    start: datetime | None = None,
    states: Collection[str] | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> BookingPage:
    """Return the bookings of a facility that end after `start`, by start; the caller checks the right.

    In the given states, else in all but those that were called off or given back. One statement.
    """
    gone = (BookingState.CANCELLED, BookingState.RELEASED)
    query = _views().where(
        Instrument.facility_id == facility.id,
        Booking.state.not_in(gone) if states is None else Booking.state.in_(tuple(states)),
    )
    if start is not None:
        query = query.where(Booking.ends > start)
    return _page(session, query, limit, cursor)


def _page(
    session: Session, query: Select[Booking, Instrument, Facility, str], limit: int | None, cursor: str | None
) -> BookingPage:
    size = clean_limit(limit)
    if cursor:
        after, key = _after(cursor)
        query = query.where(or_(Booking.starts > after, and_(Booking.starts == after, Booking.id > key)))
    rows = session.execute(query.order_by(Booking.starts, Booking.id).limit(size + 1)).all()
    items = tuple(
        BookingView(booking, instrument, facility, owner) for booking, instrument, facility, owner in rows[:size]
    )
    if len(rows) <= size:
        return BookingPage(items, None)
    last = items[-1].booking
    return BookingPage(items, encode_cursor((last.starts.isoformat(), last.id)))


def _after(cursor: str) -> tuple[datetime, int]:
    starts, key = decode_cursor(cursor, (str, int))
    try:
        after = parse_instant(str(starts))
    except Invalid as error:
        raise Invalid("cursor.invalid", _("This cursor was not made here. Begin again with the first page.")) from error
    return after, int(key)


def entry_of(view: BookingView, *, base_url: str) -> CalendarEntry:
    """Return the booking as a calendar knows it."""
    booking, facility = view.booking, view.facility
    where = ", ".join(part for part in (facility.name, facility.city, facility.country) if part)
    return CalendarEntry(
        uid=booking.uid,
        sequence=booking.sequence,
        start=booking.starts,
        end=booking.ends,
        zone=facility.timezone,
        summary=view.instrument.name if not booking.title else f"{view.instrument.name}: {booking.title}",
        created=booking.created_at,
        last_modified=booking.changed_at,
        status=entry_status(BookingState(booking.state)),
        location=where,
        url=f"{base_url}/bookings/{booking.public_id}",
    )
