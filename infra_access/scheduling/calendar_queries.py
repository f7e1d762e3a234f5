"""When an instrument is free, and what one may know of the rest."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Instrument, Resource
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.authority import Actor, Permission, may
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan, merge
from infra_access.scheduling.availability import Availability, BusySpan, availability
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.models import Booking, Occupancy
from infra_access.scheduling.places import Place
from infra_access.scheduling.plan import taken_together

LONGEST_WINDOW = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Calendar:
    """An instrument's time within a window: open hours, what is free, what is busy; instants in UTC."""

    timezone: str
    opened: tuple[TimeSpan, ...]
    free: tuple[TimeSpan, ...]
    busy: tuple[BusySpan, ...]


def window_of(start: datetime, end: datetime) -> TimeSpan:
    """Return the window asked for. Raises Invalid for a reversed one or one longer than 92 days."""
    if end <= start:
        message = _("The end must lie after the start.")
        raise Invalid("window.reversed", message, fields={"end": [message]})
    if end - start > LONGEST_WINDOW:
        message = _("Ask for at most 92 days at a time.")
        raise Invalid("window.too_long", message, fields={"end": [message]})
    return TimeSpan(start, end)


# Built once: making a statement anew costs as much as running it.
_HELD = (
    select(
        Resource.id,
        Resource.instrument_id,
        Resource.kind.label("resource_kind"),
        Occupancy.starts,
        Occupancy.ends,
        Occupancy.kind,
        Occupancy.booking_id,
        Occupancy.label,
    )
    .outerjoin(
        Occupancy,
        and_(
            # A resource is busy when its plant is.
            Occupancy.resource_id.in_([Resource.id, Resource.plant_id]),
            Occupancy.starts < bindparam("until"),
            Occupancy.ends > bindparam("since"),
        ),
    )
    .where(taken_together(bindparam("instrument")), Resource.active.is_(True))
    .order_by(Resource.id)
)
_HELD_WITH_TITLES = _HELD.outerjoin(Booking, Booking.id == Occupancy.booking_id).add_columns(
    Booking.title, Booking.account_id, Booking.instrument_id.label("booked_instrument")
)


def calendar_of(session: Session, place: Place, window: TimeSpan, *, actor: Actor | None) -> Calendar:
    """Return the calendar: free where some copy and every companion are free and the facility is open.

    A stranger sees "busy" without a label; the owner sees their own bookings' titles, staff see all. What is only
    drafted looks like any booking but to the office. Two statements.
    """
    instrument, facility = place.instrument, place.facility
    opened = hours_of(session, {facility.id: facility.timezone}, window)[facility.id].open_within(window)
    staff = may(actor, Permission.BOOKING_READ_LABELS, place.scopes)
    office = may(actor, Permission.SCHEDULE_WRITE, place.scopes)
    copies: dict[int, list[BusySpan]] = {}
    shared: list[BusySpan] = []
    shown: set[BusySpan] = set()
    for row in session.execute(
        _HELD if actor is None else _HELD_WITH_TITLES,
        {"instrument": instrument.id, "since": window.start, "until": window.end},
    ):
        is_copy = row.instrument_id == instrument.id and row.resource_kind == ResourceKind.INSTRUMENT
        own = copies.setdefault(row.id, []) if is_copy else shared
        part = TimeSpan(row.starts, row.ends).clip(window) if row.starts is not None else None
        if part is not None:
            kind = "booking" if row.kind == "draft" and not office else row.kind
            own.append(BusySpan(part, kind))
            shown.add(BusySpan(part, kind, _label(row, instrument, actor, staff)))
    free: list[TimeSpan] = []
    for busy in copies.values():
        free += availability(opened, [*busy, *shared], window).free
    return Calendar(facility.timezone, tuple(opened), tuple(merge(free)), tuple(sorted(shown)))


def _label(row: Row[Any], instrument: Instrument, actor: Actor | None, staff: bool) -> str:
    if row.booking_id is None:
        return str(row.label) if staff else ""
    # A companion's time is taken through other instruments too, of which these staff may know no titles.
    mine = actor is not None and row.account_id == actor.account_id
    return str(row.title) if mine or (staff and row.booked_instrument == instrument.id) else ""


def next_free(
    calendar: Availability | Calendar, length: timedelta, *, after: datetime, count: int = 3
) -> list[TimeSpan]:
    """Return the first free spans from `after` on that have room for `length`."""
    found = []
    for span in calendar.free:
        start = max(span.start, after)
        if span.end - start >= length:
            found.append(TimeSpan(start, span.end))
    return found[:count]
