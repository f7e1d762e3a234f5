"""When an instrument is free, and what one may know of the rest."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, select, true
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument, Organisation, Resource
from infra_access.catalogue.queries import refuse_invisible, unknown_record
from infra_access.catalogue.scopes import scopes_of_facility
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.authority import Actor, Permission, Scopes, may
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan, merge
from infra_access.scheduling.availability import Availability, BusySpan, availability
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.models import Booking, FacilityCalendar, Occupancy
from infra_access.scheduling.places import Place
from infra_access.scheduling.plan import taken_together
from infra_access.scheduling.windows.stamp import calendar_stamp

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


def _held(instrument: Any, *titles: Any) -> Select[*tuple[Any, ...]]:
    """Return the statement for what keeps the copies and companions of an instrument busy."""
    query = (
        select(
            Resource.id.label("resource_id"),
            Resource.instrument_id.label("copy_of"),
            Resource.kind.label("resource_kind"),
            Occupancy.starts.label("starts"),
            Occupancy.ends.label("ends"),
            Occupancy.kind.label("kind"),
            Occupancy.booking_id.label("booking_id"),
            Occupancy.label.label("label"),
            *titles,
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
        .where(taken_together(instrument), Resource.active.is_(True))
    )
    return query.outerjoin(Booking, Booking.id == Occupancy.booking_id) if titles else query


def _time(named: ColumnElement[bool], *titles: Any) -> Select[*tuple[Any, ...]]:
    """Return the statement for an instrument with all that keeps it busy: a row of its own if nothing does."""
    key = select(Instrument.id).where(named).scalar_subquery()
    held = _held(key, *titles).subquery()
    return (
        select(
            Instrument.id,
            Instrument.public_id,
            Instrument.name,
            Instrument.publication,
            Instrument.scheduling_authority,
            Facility.id,
            Facility.public_id,
            Facility.publication,
            Facility.country,
            Facility.timezone,
            Organisation.public_id,
            FacilityCalendar.version,
            *held.c,
        )
        .join(Facility, Facility.id == Instrument.facility_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .outerjoin(FacilityCalendar, FacilityCalendar.facility_id == Facility.id)
        .outerjoin(held, true())
        .where(named)
        .order_by(held.c.resource_id, held.c.starts)
    )


_TITLES = (
    Booking.title.label("title"),
    Booking.account_id.label("account_id"),
    Booking.instrument_id.label("booked_instrument"),
)
# Built once: making a statement anew costs as much as running it. By whether somebody asks who may know titles.
_BY_KEY = {known: _time(Instrument.id == bindparam("key"), *titles) for known, titles in ((False, ()), (True, _TITLES))}
_BY_PUBLIC_ID = {
    known: _time(Instrument.public_id == bindparam("key"), *titles) for known, titles in ((False, ()), (True, _TITLES))
}
_OF_THE_INSTRUMENT = 12
"""How many columns of a row say what instrument it is."""


@dataclass(frozen=True, slots=True)
class InstrumentTime:
    """All that keeps an instrument busy within a window, read in one go; what is free follows from it and the hours.

    `hours_version` is that of the facility's hours; `scheduling_authority` says where its calendar is kept.
    """

    id: int
    scheduling_authority: str
    facility_id: int
    timezone: str
    hours_version: int
    scopes: Scopes
    window: TimeSpan
    rows: Sequence[Row[Any]]
    actor: Actor | None

    @property
    def stamp(self) -> str:
        """Return what stays the same as long as the calendar does, for the same reader: 32 hex digits."""
        actor = self.actor
        seen = (
            (self.timezone, self.hours_version, calendar_stamp(), self.window.start, self.window.end),
            actor and (actor.account_id, self._staff, self._office),
            [row[_OF_THE_INSTRUMENT:] for row in self.rows],
        )
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]

    @property
    def _staff(self) -> bool:
        return may(self.actor, Permission.BOOKING_READ_LABELS, self.scopes)

    @property
    def _office(self) -> bool:
        return may(self.actor, Permission.SCHEDULE_WRITE, self.scopes)

    def calendar(self, session: Session) -> Calendar:
        """Return the calendar: free where some copy and every companion are free and the facility is open.

        A stranger sees "busy" without a label; the owner sees their own bookings' titles, staff see all. What is only
        drafted looks like any booking but to the office. One statement.
        """
        hours = hours_of(session, {self.facility_id: self.timezone}, self.window)[self.facility_id]
        opened = hours.open_within(self.window)
        staff, office = self._staff, self._office
        copies: dict[int, list[BusySpan]] = {}
        shared: list[BusySpan] = []
        shown: set[BusySpan] = set()
        for row in self.rows:
            if row.resource_id is None:
                continue
            is_copy = row.copy_of == self.id and row.resource_kind == ResourceKind.INSTRUMENT
            own = copies.setdefault(row.resource_id, []) if is_copy else shared
            part = TimeSpan(row.starts, row.ends).clip(self.window) if row.starts is not None else None
            if part is not None:
                kind = "booking" if row.kind == "draft" and not office else row.kind
                own.append(BusySpan(part, kind))
                shown.add(BusySpan(part, kind, self._label(row, staff)))
        free: list[TimeSpan] = []
        for busy in copies.values():
            free += availability(opened, [*busy, *shared], self.window).free
        return Calendar(self.timezone, tuple(opened), tuple(merge(free)), tuple(sorted(shown)))

    def _label(self, row: Row[Any], staff: bool) -> str:
        if row.booking_id is None:
            return str(row.label) if staff else ""
        # A companion's time is taken through other instruments too, of which these staff may know no titles.
        mine = self.actor is not None and row.account_id == self.actor.account_id
        return str(row.title) if mine or (staff and row.booked_instrument == self.id) else ""


def time_by_public_id(session: Session, public_id: str, window: TimeSpan, *, actor: Actor | None) -> InstrumentTime:
    """Return the time of an instrument that the actor may see. One statement. Raises NotFound, or Gone if retired."""
    return _time_from(session, _BY_PUBLIC_ID, public_id, window, actor)


def calendar_of(session: Session, place: Place, window: TimeSpan, *, actor: Actor | None) -> Calendar:
    """Return the calendar of an instrument that the actor is shown. Two statements."""
    return _time_from(session, _BY_KEY, place.instrument.id, window, actor).calendar(session)


def _time_from(
    session: Session,
    statements: dict[bool, Select[*tuple[Any, ...]]],
    key: int | str,
    window: TimeSpan,
    actor: Actor | None,
) -> InstrumentTime:
    rows = session.execute(
        statements[actor is not None], {"key": key, "since": window.start, "until": window.end}
    ).all()
    if not rows:
        raise unknown_record()
    id_, public_id, name, publication, authority, facility_id, facility, *more = rows[0][:_OF_THE_INSTRUMENT]
    facility_publication, country, timezone, organisation, version = more
    scopes = (("instrument", public_id), *scopes_of_facility(facility, organisation, country))
    refuse_invisible(actor, name, (publication, facility_publication), scopes)
    return InstrumentTime(
        id=id_,
        scheduling_authority=authority,
        facility_id=facility_id,
        timezone=timezone,
        hours_version=version or 0,
        scopes=scopes,
        window=window,
        rows=rows,
        actor=actor,
    )


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
