"""Reading series: one with all its occurrences, for whoever may see their bookings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import Allocation
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.core.authority import Actor, Permission, may
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import is_repeated, named_zone
from infra_access.people.models import Account
from infra_access.scheduling.lifecycle import OCCUPYING, BookingState
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import Place
from infra_access.scheduling.recurrence import Occurrence, placed
from infra_access.scheduling.series.models import BookingSeries, SeriesOccurrence
from infra_access.scheduling.series.report import WALL, OccurrenceState, Reported

_SERIES: Select[*tuple[Any, ...]] = (
    select(BookingSeries, Instrument, Facility, Organisation.public_id, Account.name, Allocation.public_id)
    .join(Instrument, Instrument.id == BookingSeries.instrument_id)
    .join(Facility, Facility.id == Instrument.facility_id)
    .join(Organisation, Organisation.id == Facility.organisation_id)
    .join(Account, Account.id == BookingSeries.account_id)
    .outerjoin(Allocation, Allocation.id == BookingSeries.allocation_id)
    .where(BookingSeries.public_id == bindparam("public_id"))
)
_OCCURRENCES = (
    select(SeriesOccurrence, Booking)
    .outerjoin(Booking, Booking.id == SeriesOccurrence.booking_id)
    .where(SeriesOccurrence.series_id == bindparam("series"))
    .order_by(SeriesOccurrence.recurrence)
)


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A series with what every reader needs beside it; `allocation` is a public id."""

    series: BookingSeries
    place: Place
    owner: str
    allocation: str | None
    report: tuple[Reported, ...]


def series_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> SeriesView:
    """Return a series that the actor may see. Two statements. Raises NotFound otherwise."""
    row = session.execute(_SERIES, {"public_id": public_id}).one_or_none()
    if row is not None:
        series, instrument, facility, organisation, owner, allocation = row
        place = Place(instrument, facility, organisation)
        if may(actor, Permission.BOOKING_READ, place.scopes, relations_to_series(series, actor)):
            return SeriesView(series, place, owner, allocation, report_on(session, series))
    raise NotFound("series.unknown", _("There is no such series, or it is not yours to see."))


def place_of_row(series: BookingSeries, row: SeriesOccurrence) -> Occurrence:
    """Return where the series puts an occurrence now."""
    walls = datetime.fromisoformat(row.wall_start), datetime.fromisoformat(row.wall_end)
    return placed(*walls, named_zone(series.timezone), (1 if row.start_fold else None, 1 if row.end_fold else None))


def put_row(series: BookingSeries, row: SeriesOccurrence, at: Occurrence) -> None:
    """Note where the series puts an occurrence from now on; in a repeated hour, which of the two times."""
    zone = named_zone(series.timezone)
    row.wall_start, row.wall_end = at.wall_start.strftime(WALL), at.wall_end.strftime(WALL)
    row.start_fold, row.end_fold = (
        (bool(at.span.start.astimezone(zone).fold), bool(at.span.end.astimezone(zone).fold))
        if at.span
        else (False, False)
    )


def relations_to_series(series: BookingSeries, actor: Actor | None) -> frozenset[str]:
    """Return how the actor relates to a series."""
    return frozenset({"owner"} if actor is not None and series.account_id == actor.account_id else set())


def occurrence_rows(session: Session, series: BookingSeries) -> Sequence[tuple[SeriesOccurrence, Booking | None]]:
    """Return the occurrences of a series with their bookings, in the order of the rule. One statement."""
    rows = session.execute(_OCCURRENCES, {"series": series.id})
    return [(occurrence, booking) for occurrence, booking in rows]


def report_on(session: Session, series: BookingSeries) -> tuple[Reported, ...]:
    """Return how each occurrence stands now: where its booking is, if it has one that still takes time."""
    return tuple(_line(series, row, booking) for row, booking in occurrence_rows(session, series))


def _line(series: BookingSeries, row: SeriesOccurrence, booking: Booking | None) -> Reported:
    zone = named_zone(series.timezone)
    if booking is not None and booking.state in OCCUPYING | {BookingState.NO_SHOW}:
        start, end = (moment.astimezone(zone).replace(tzinfo=None) for moment in (booking.starts, booking.ends))
        return Reported(
            recurrence=row.recurrence,
            wall_start=start.replace(fold=0),
            wall_end=end.replace(fold=0),
            span=TimeSpan(booking.starts, booking.ends),
            state=OccurrenceState.BOOKED,
            booking=booking.public_id,
            repeated=is_repeated(start, zone) or is_repeated(end, zone),
        )
    one = place_of_row(series, row)
    return Reported(
        recurrence=row.recurrence,
        wall_start=one.wall_start,
        wall_end=one.wall_end,
        span=one.span,
        state=OccurrenceState.CANCELLED if booking else OccurrenceState.SKIPPED,
        code=row.code,
        message=row.reason,
        booking=booking.public_id if booking else None,
        repeated=one.repeated,
    )
