"""The second phase of an import: the plan is written, in a number of statements that does not grow with each row."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from infra_access.catalogue.import_plan import Plan, PlannedInstrument
from infra_access.catalogue.import_report import Outcome
from infra_access.catalogue.models import Facility, Instrument, InstrumentTechnique, Organisation, Resource
from infra_access.catalogue.resources import copies_of
from infra_access.catalogue.search_index import reindex
from infra_access.catalogue.techniques import by_key
from infra_access.catalogue.vocabularies import PublicationState, SchedulingAuthority
from infra_access.core.search_text import order_key


@dataclass(frozen=True, slots=True)
class NewRecords:
    """What the file does not say about new records."""

    country: str
    timezone: str
    listing: str
    publication: str
    named_at: datetime | None


def write_plan(session: Session, plan: Plan, organisation: Organisation, new: NewRecords, *, now: datetime) -> None:
    """Store every record that is new or changed, and what searches find them by."""
    places = _write_facilities(session, plan, organisation, new, now=now)
    written = [planned for planned in plan.instruments if planned.outcome is not Outcome.UNCHANGED]
    instruments = [_write_instrument(session, planned, places[id(planned.place)], new, now=now) for planned in written]
    session.flush()  # what stands beside an instrument needs its key
    _write_techniques(session, zip(instruments, written, strict=True))
    for instrument, planned in zip(instruments, written, strict=True):
        if planned.existing is None:
            session.add_all(copies_of(instrument))
        elif "facility" in planned.changed:
            _move_resources(session, instrument)
    session.flush()
    renamed = [places[id(place)].id for place in plan.facilities if place.existing and "name" in place.changed]
    beside = session.scalars(select(Instrument.id).where(Instrument.facility_id.in_(renamed))) if renamed else ()
    reindex(session, [*(instrument.id for instrument in instruments), *beside])


def _write_facilities(
    session: Session, plan: Plan, organisation: Organisation, new: NewRecords, *, now: datetime
) -> dict[int, Facility]:
    """Return the facility of each planned one, by the identity of the plan's object."""
    places: dict[int, Facility] = {}
    for planned in plan.facilities:
        facility = planned.existing
        if facility is None:
            facility = Facility(
                organisation_id=organisation.id,
                country=new.country,
                timezone=new.timezone,
                publication=new.publication,
                named_at=new.named_at,
                created_at=now,
                **planned.values,
            )
            session.add(facility)
        elif planned.changed:
            if "name" in planned.changed:
                facility.named_at = new.named_at
            for name, value in planned.values.items():
                setattr(facility, name, value)
            facility.name_key = order_key(facility.name)
        places[id(planned)] = facility
    session.flush()  # the instruments need their keys
    return places


def _write_instrument(
    session: Session, planned: PlannedInstrument, facility: Facility, new: NewRecords, *, now: datetime
) -> Instrument:
    instrument = planned.existing
    if instrument is None:
        hidden = facility.publication != PublicationState.PUBLISHED
        instrument = Instrument(
            facility_id=facility.id,
            listing=new.listing,
            # Nobody has said yet that this calendar decides.
            scheduling_authority=SchedulingAuthority.NONE,
            publication=PublicationState.DRAFT if hidden else new.publication,
            created_at=now,
            **planned.values,
        )
        session.add(instrument)
        return instrument
    for name, value in planned.values.items():
        setattr(instrument, name, value)
    instrument.facility_id = facility.id
    instrument.name_key = order_key(instrument.name)
    return instrument


def _write_techniques(session: Session, written: Iterable[tuple[Instrument, PlannedInstrument]]) -> None:
    rows: list[dict[str, object]] = []
    stale: list[int] = []
    for instrument, planned in written:
        if planned.existing is None or "techniques" in planned.changed:
            stale += [instrument.id] if planned.existing else []
            techniques = by_key(planned.row.techniques if planned.row else ())
            rows += [{"instrument_id": instrument.id, "key": key, "name": name} for key, name in techniques.items()]
    if stale:
        session.execute(delete(InstrumentTechnique).where(InstrumentTechnique.instrument_id.in_(stale)))
    if rows:
        session.execute(insert(InstrumentTechnique), rows)


def _move_resources(session: Session, instrument: Instrument) -> None:
    for resource in session.scalars(select(Resource).where(Resource.instrument_id == instrument.id)):
        resource.facility_id = instrument.facility_id
