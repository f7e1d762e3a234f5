"""Rows of UNIQUIP as records of the catalogue, and back.

What has a column goes there; everything else of a row is kept in the record's `source`, so that an export gives the
row again. Where a column cannot hold the whole of a cell, the cell is kept as well, and used until the column changes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.standards.uniquip import RowType, UniquipRow
from infra_access.catalogue.vocabularies import OperationalStatus

FORMAT = "uniquip"
MARKERS = "uniquip_markers"
OWN_PLACE = "@organisation"
"""The source id of the facility that an organisation gets for equipment that names none."""

_MAX_NAME = 300
# The column of each cell that has one, with its length; a longer cell has no column and is only kept.
_FACILITY_COLUMNS: Mapping[str, tuple[str, int]] = {
    "website": ("web_address", 500),
    "contact_name": ("contact_name", 200),
    "contact_email": ("contact_email", 254),
    "contact_phone": ("contact_telephone", 60),
}
_INSTRUMENT_COLUMNS: Mapping[str, tuple[str, int]] = {
    "website": ("web_address", 500),
    "technique_text": ("technique", 2_000),
    "contact_name": ("contact_name", 200),
    "contact_email": ("contact_email", 254),
}
_NOT_NULL = frozenset({"contact_name", "technique_text"})
_CELLS = tuple(field.name for field in fields(UniquipRow) if field.name not in {"number", "type"})


def record_values(row: UniquipRow, markers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the values of the columns of a facility or an instrument, `source` among them."""
    columns = _columns(row)
    shown = _cells(columns, row.type)
    kept = {cell: value for cell in _CELLS if (value := str(getattr(row, cell))) != shown[cell]}
    source: dict[str, Any] = {FORMAT: kept}
    if markers and row.type is RowType.FACILITY:
        source[MARKERS] = dict(markers)
    return {**columns, "source": source}


def status_change(row: UniquipRow, before: Mapping[str, Any] | None) -> OperationalStatus | None:
    """Return the status to set, or None where it stays: what staff said since is only overruled by a new statement."""
    if before is not None and before.get(FORMAT, {}).get("service_level", "") == row.service_level:
        return None
    return row.status


def facility_row(facility: Facility, *, number: int) -> UniquipRow:
    """Return the row of a facility."""
    own = {"id": facility.public_id, "contact_url": facility.website or ""}
    return _row(facility, RowType.FACILITY, number, own)


def equipment_row(
    instrument: Instrument, *, number: int, facility_id: str, techniques: Iterable[str] = ()
) -> UniquipRow:
    """Return the row of an instrument; `facility_id` is the ID that the row of its facility has."""
    own = {
        "id": instrument.public_id,
        "related_facility_id": facility_id,
        "technique": instrument.technique_text or ", ".join(techniques),
        "contact_url": instrument.website or "",
    }
    row = _row(instrument, RowType.EQUIPMENT, number, own)
    if row.status == instrument.status:
        return row
    known = instrument.status != OperationalStatus.UNKNOWN
    return replace(row, service_level=instrument.status.capitalize() if known else "")


def _row(record: Facility | Instrument, kind: RowType, number: int, own: Mapping[str, str]) -> UniquipRow:
    """Return the row of a record; `own` are the cells of one that never was imported, where its columns are empty."""
    mapped = _columns_of(kind)
    columns = {name: getattr(record, name) for name in mapped.values()}
    cells = _cells(columns, kind)
    if FORMAT not in record.source:
        return UniquipRow(number=number, type=kind, **{**cells, **{cell: cells[cell] or own[cell] for cell in own}})
    row = UniquipRow(number=number, type=kind, **{**cells, **record.source[FORMAT]})
    # A kept cell holds while its column still is what was made of it.
    made = record_values(row)
    edited: dict[str, Any] = {cell: cells[cell] for cell, column in mapped.items() if made[column] != columns[column]}
    return replace(row, **edited)


def _columns(row: UniquipRow) -> dict[str, Any]:
    mapped = _FACILITY_COLUMNS if row.type is RowType.FACILITY else _INSTRUMENT_COLUMNS
    columns: dict[str, Any] = {
        "source_id": row.id if 0 < len(row.id) <= 200 else None,
        "name": _name(row),
        "description": row.description,
    }
    for column, (cell, length) in mapped.items():
        value = str(getattr(row, cell))
        columns[column] = value if 0 < len(value) <= length else ("" if column in _NOT_NULL else None)
    return columns


def _cells(columns: Mapping[str, Any], kind: RowType) -> dict[str, str]:
    mapped = _FACILITY_COLUMNS if kind is RowType.FACILITY else _INSTRUMENT_COLUMNS
    cells = dict.fromkeys(_CELLS, "")
    cells |= {"id": columns["source_id"] or "", "name": columns["name"], "description": columns["description"]}
    return cells | {cell: columns[column] or "" for column, (cell, _length) in mapped.items()}


def _name(row: UniquipRow) -> str:
    """Return the name, or for a row without one the beginning of its description."""
    name = row.name or row.description.splitlines()[0]
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1].rstrip()}…"


def _columns_of(kind: RowType) -> dict[str, str]:
    mapped = _FACILITY_COLUMNS if kind is RowType.FACILITY else _INSTRUMENT_COLUMNS
    cells = {cell: column for column, (cell, _length) in mapped.items()}
    return {"id": "source_id", "name": "name", "description": "description", **cells}
