"""What an import would do to each record, worked out without writing anything."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.import_report import Outcome
from infra_access.catalogue.import_target import Target
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.queries import techniques_of
from infra_access.catalogue.standards.uniquip import UniquipFile, UniquipRow
from infra_access.catalogue.techniques import by_key
from infra_access.catalogue.uniquip_rows import FORMAT, OWN_PLACE, record_values, status_change

Record = TypeVar("Record", Facility, Instrument)


@dataclass(slots=True)
class Planned(Generic[Record]):
    """One record: what it will hold, which of it differs from what stands here, and the row it comes from."""

    row: UniquipRow | None
    existing: Record | None
    values: dict[str, Any]
    changed: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """What becomes of the record."""
        if self.existing is None:
            return Outcome.NEW
        return Outcome.CHANGED if self.changed else Outcome.UNCHANGED


@dataclass(slots=True)
class PlannedInstrument(Planned[Instrument]):
    """An instrument with the facility that it will stand in."""

    place: Planned[Facility] = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every record that the file describes, facilities first."""

    facilities: list[Planned[Facility]]
    instruments: list[PlannedInstrument]

    @property
    def all(self) -> list[Planned[Facility] | PlannedInstrument]:
        """All records."""
        return [*self.facilities, *self.instruments]

    def move_to(self, zone: str) -> None:
        """Let the facilities that stand here already lie in this time zone too."""
        for place in self.facilities:
            if place.existing is not None and place.existing.timezone != zone:
                place.values["timezone"] = zone
                place.changed = (*place.changed, "timezone")


class _Known(Generic[Record]):
    """The records that stand here; each is handed out once, so that two rows never write to one record."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._by_id: dict[str, Record] = {}
        self._by_name: dict[tuple[int | None, str], list[Record]] = defaultdict(list)
        for record in records:
            if record.source_id is not None:
                self._by_id[record.source_id] = record
            else:
                place = record.facility_id if isinstance(record, Instrument) else None
                self._by_name[place, record.name].append(record)

    def take(self, source_id: str | None, place: int | None, name: str) -> Record | None:
        """Return the record with this id, or without an id the first of this name in this place."""
        if source_id is not None:
            return self._by_id.pop(source_id, None)
        namesakes = self._by_name[place, name]
        return namesakes.pop(0) if namesakes else None


def plan_rows(session: Session, file: UniquipFile, target: Target) -> Plan:
    """Compare the rows of a file without errors with the records of the organisation, if it is known."""
    facilities, instruments = _records_of(session, target.organisation)
    known = _Known(facilities)
    places: list[Planned[Facility]] = []
    for row in file.facilities:
        values = record_values(row, file.markers)
        existing = known.take(values["source_id"], None, values["name"])
        places.append(_planned(row, existing, values))
    places_by_id = {place.row.id: place for place in places if place.row and place.row.id}
    own: Planned[Facility] | None = places[0] if len(places) == 1 else None
    techniques = techniques_of(session, [instrument.id for instrument in instruments])
    known_instruments = _Known(instruments)
    planned: list[PlannedInstrument] = []
    for row in file.equipment:
        if row.related_facility_ids:
            place = places_by_id[row.related_facility_ids[0]]
        else:
            if own is None:
                own = _own_place(known, target.name)
                places.append(own)
            place = own
        planned.append(_planned_instrument(row, place, known_instruments, techniques))
    return Plan(places, planned)


def _records_of(session: Session, organisation: Organisation | None) -> tuple[list[Facility], list[Instrument]]:
    if organisation is None:
        return [], []
    mine = Facility.organisation_id == organisation.id
    facilities = session.scalars(select(Facility).where(mine).order_by(Facility.id)).all()
    instruments = session.scalars(
        select(Instrument).where(Instrument.facility_id.in_(select(Facility.id).where(mine))).order_by(Instrument.id)
    ).all()
    return list(facilities), list(instruments)


def _own_place(known: _Known[Facility], name: str) -> Planned[Facility]:
    """Return the facility for equipment that names none; it begins with the organisation's name."""
    existing = known.take(OWN_PLACE, None, "")
    return Planned(None, existing, {} if existing else {"source_id": OWN_PLACE, "name": name, "source": {}})


def _planned_instrument(
    row: UniquipRow,
    place: Planned[Facility],
    known: _Known[Instrument],
    techniques: dict[int, list[tuple[str, str]]],
) -> PlannedInstrument:
    values = record_values(row)
    facility_id = place.existing.id if place.existing else None
    existing = known.take(values["source_id"], facility_id, values["name"])
    status = status_change(row, existing.source if existing else None)
    if status is not None:
        values["status"] = status
    planned = _planned(row, existing, values)
    changed = list(planned.changed)
    if existing is not None:
        if existing.facility_id != facility_id:
            changed.append("facility")
        if dict(techniques[existing.id]).keys() != by_key(row.techniques).keys():
            changed.append("techniques")
    return PlannedInstrument(row, existing, planned.values, tuple(changed), place=place)


def _planned(row: UniquipRow, existing: Record | None, values: dict[str, Any]) -> Planned[Record]:
    if existing is None:
        return Planned(row, None, values)
    values = {**values, "source": {**existing.source, **values["source"]}}
    changed = [name for name, value in values.items() if name != "source" and getattr(existing, name) != value]
    changed += sorted(_differing(existing.source, values["source"]))
    return Planned(row, existing, values, tuple(changed))


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """Return the names of the cells without a column, and of the other parts of a source, that differ."""
    cells = [source.get(FORMAT, {}) for source in (before, after)]
    differing = {cell for cell in cells[0].keys() | cells[1].keys() if cells[0].get(cell) != cells[1].get(cell)}
    return differing | {part for part in after if part != FORMAT and before.get(part) != after[part]}
