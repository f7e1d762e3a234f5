"""When an instrument is free, and what one may know of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Instrument
from infra_access.catalogue.scopes import instrument_scopes
from infra_access.core.authority import Actor, Permission, may
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan, merge
from infra_access.scheduling.availability import Availability, BusySpan, availability
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.models import Booking
from infra_access.scheduling.occupancies import occupied
from infra_access.scheduling.places import Place
from infra_access.scheduling.plan import candidates

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


def calendar_of(session: Session, place: Place, window: TimeSpan, *, actor: Actor | None) -> Calendar:
    """Return the calendar: free where some copy and every companion are free and the facility is open.

    A stranger sees "busy" without a label; the owner sees their own bookings' titles, staff see all.
    """
    instrument, facility = place.instrument, place.facility
    copies, companions = candidates(session, instrument)
    opened = hours_of(session, {facility.id: facility.timezone}, window)[facility.id].open_within(window)
    plants = {row.plant_id for row in (*copies, *companions) if row.plant_id is not None}
    held = occupied(session, {row.id for row in (*copies, *companions)} | plants, window)
    staff = may(actor, Permission.BOOKING_READ_LABELS, instrument_scopes(session, instrument))
    titles = _titles(session, instrument, [one.booking_id for one in held if one.booking_id], actor, staff)
    free: list[TimeSpan] = []
    for copy in copies:
        keys = {copy.id, copy.plant_id, *(key for row in companions for key in (row.id, row.plant_id))}
        own = [BusySpan(one.span, one.kind) for one in held if one.resource_id in keys]
        free += availability(opened, own, window).free
    shown = {
        BusySpan(part, one.kind, titles.get(one.booking_id, "") if one.booking_id else one.label if staff else "")
        for one in held
        if (part := one.span.clip(window)) is not None
    }
    return Calendar(facility.timezone, tuple(opened), tuple(merge(free)), tuple(sorted(shown)))


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


def _titles(
    session: Session, instrument: Instrument, booking_ids: Sequence[int], actor: Actor | None, staff: bool
) -> dict[int, str]:
    if actor is None or not booking_ids:
        return {}
    # A companion's time is taken through other instruments too, of which these staff may know no titles.
    mine = Booking.account_id == actor.account_id
    rows = session.execute(
        select(Booking.id, Booking.title).where(
            Booking.id.in_(sorted(set(booking_ids))),
            or_(mine, Booking.instrument_id == instrument.id) if staff else mine,
        )
    )
    return {key: title for key, title in rows}  # noqa: C416 - mypy knows no dict() of rows
