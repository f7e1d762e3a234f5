"""The time of all instruments of a facility side by side, in a handful of statements however many they are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Row, and_, bindparam, func, select, union_all
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument, InstrumentCompanion, Resource
from infra_access.catalogue.offers import Offer, offer_of
from infra_access.catalogue.vocabularies import PublicationState, ResourceKind
from infra_access.core.authority import Actor, Permission, Scopes, may
from infra_access.core.timespan import TimeSpan, merge, subtract
from infra_access.scheduling.availability import BusySpan
from infra_access.scheduling.booking_rules import from_json
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.models import Booking, Occupancy
from infra_access.scheduling.rule_sets import levels_of
from infra_access.scheduling.segments import Segment, segments


@dataclass(frozen=True, slots=True)
class Lane:
    """An instrument with its time; `names` are its names by language. What it does not offer is of kind `ask`."""

    public_id: str
    name: str
    names: dict[str, str]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of lanes by name, how many there are in all, and when the facility is open."""

    lanes: tuple[Lane, ...]
    total: int
    opened: tuple[TimeSpan, ...]


@dataclass(slots=True)
class _Time:
    """What is known of an instrument's time: of each copy, of what all sessions share, and what may be said."""

    copies: dict[int, list[TimeSpan]] = field(default_factory=dict)
    shared: list[TimeSpan] = field(default_factory=list)
    shown: set[BusySpan] = field(default_factory=set)
    own: list[Segment] = field(default_factory=list)


_LISTED = (
    select(
        Instrument.id,
        Instrument.public_id,
        Instrument.name,
        Instrument.names,
        Instrument.listing,
        Instrument.status,
        Instrument.scheduling_authority,
        func.count().over().label("total"),
    )
    .where(
        Instrument.facility_id == bindparam("facility"),
        Instrument.publication.in_(bindparam("publications", expanding=True)),
    )
    .order_by(Instrument.name, Instrument.id)
    .limit(bindparam("most"))
    .offset(bindparam("after"))
)
_KEYS: BindParameter[Any] = bindparam("instruments", expanding=True)
_TAKEN = union_all(
    select(Resource.instrument_id.label("instrument_id"), Resource.id.label("resource_id")).where(
        Resource.instrument_id.in_(_KEYS)
    ),
    select(InstrumentCompanion.instrument_id, InstrumentCompanion.resource_id).where(
        InstrumentCompanion.instrument_id.in_(_KEYS)
    ),
).subquery()
_HELD = (
    select(
        _TAKEN.c.instrument_id,
        Resource.id.label("resource_id"),
        Resource.instrument_id.label("copy_of"),
        Resource.kind.label("resource_kind"),
        Occupancy.starts,
        Occupancy.ends,
        Occupancy.kind,
        Occupancy.label,
        Booking.title,
        Booking.account_id,
        Booking.public_id.label("booking"),
        Booking.instrument_id.label("booked_instrument"),
    )
    .join(Resource, Resource.id == _TAKEN.c.resource_id)
    .outerjoin(
        Occupancy,
        and_(
            # A resource is busy when its plant is.
            Occupancy.resource_id.in_([Resource.id, Resource.plant_id]),
            Occupancy.starts < bindparam("until"),
            Occupancy.ends > bindparam("since"),
        ),
    )
    .outerjoin(Booking, Booking.id == Occupancy.booking_id)
    .where(Resource.active.is_(True))
)


def timeline_of(
    session: Session,
    *,
    facility: Facility,
    scopes: Scopes,
    window: TimeSpan,
    actor: Actor | None,
    now: datetime,
    limit: int,
    offset: int = 0,
) -> Timeline:
    """Return a page of the facility's instruments with their time; `scopes` are those of the facility.

    A stranger sees that a time is taken, the owner what is theirs, the staff every title. Four statements.
    """
    hours = hours_of(session, {facility.id: facility.timezone}, window)[facility.id]
    opened = tuple(hours.open_within(window))
    shown = PublicationState if may(actor, Permission.CATALOGUE_READ_DRAFT, scopes) else (PublicationState.PUBLISHED,)
    publications = [str(state) for state in shown if state != PublicationState.RETIRED]
    rows = session.execute(
        _LISTED, {"facility": facility.id, "publications": publications, "most": limit, "after": offset}
    ).all()
    times = _times(session, rows, scopes, window, actor)
    leads = _leads(session, facility, [row.id for row in rows])
    lanes = tuple(
        Lane(
            row.public_id,
            row.name,
            row.names,
            tuple(_segments(times[row.id], window, opened, offer_of(row), now, now + leads[row.id])),
        )
        for row in rows
    )
    return Timeline(lanes, rows[0].total if rows else 0, opened)


def _leads(session: Session, facility: Facility, instruments: Sequence[int]) -> dict[int, timedelta]:
    """Return how long before its start a session on each instrument has to be booked. One statement."""
    levels = levels_of(session, facility.id, instruments)
    return {key: timedelta(minutes=from_json(levels[None], levels.get(key, {})).lead_minutes) for key in instruments}


def _times(
    session: Session, listed: Sequence[Row[Any]], scopes: Scopes, window: TimeSpan, actor: Actor | None
) -> dict[int, _Time]:
    found: dict[int, _Time] = defaultdict(_Time)
    staff = {
        row.id for row in listed if may(actor, Permission.BOOKING_READ_LABELS, (("instrument", row.public_id), *scopes))
    }
    office = may(actor, Permission.SCHEDULE_WRITE, scopes)
    wanted = {"instruments": [row.id for row in listed], "since": window.start, "until": window.end}
    for row in session.execute(_HELD, wanted):
        time = found[row.instrument_id]
        is_copy = row.copy_of == row.instrument_id and row.resource_kind == ResourceKind.INSTRUMENT
        taken = time.copies.setdefault(row.resource_id, []) if is_copy else time.shared
        if row.starts is None:
            continue
        span = TimeSpan(row.starts, row.ends)
        taken.append(span)
        # A companion's time is taken through other instruments too, of which these staff may know no titles.
        here = row.booked_instrument == row.instrument_id
        mine = actor is not None and row.account_id is not None and row.account_id == actor.account_id and here
        reads = mine or (row.instrument_id in staff and (here or row.booked_instrument is None))
        label = str(row.title or row.label or "") if reads else ""
        kind = "booking" if row.kind == "draft" and not office else row.kind
        time.shown.add(BusySpan(span, kind, label))
        if mine:
            time.own.append(Segment(span, "mine", label, row.booking))
    return found


def _segments(
    time: _Time, window: TimeSpan, opened: Iterable[TimeSpan], offer: Offer, now: datetime, earliest: datetime
) -> list[Segment]:
    spans = list(opened)
    free = merge(part for taken in time.copies.values() for part in subtract(spans, [*taken, *time.shared]))
    found = segments(
        window, opened=spans, free=free, busy=sorted(time.shown), known=time.own, now=now, earliest=earliest
    )
    if offer is Offer.BOOK:
        return found
    # What cannot be booked here is not known to be free, whatever its calendar says.
    return [replace(one, kind="ask") if one.kind in {"free", "soon"} else one for one in found]
