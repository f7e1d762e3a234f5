"""How many of the instruments found lie in each country, offer each technique, and so on: one statement."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Select, desc, func, literal, select, union_all
from sqlalchemy.orm import Session

from infra_access.catalogue.countries import country_name
from infra_access.catalogue.filters import Filters, apply
from infra_access.catalogue.models import Facility, Instrument, InstrumentAccessType, InstrumentTechnique
from infra_access.catalogue.vocabularies import AccessType, OperationalStatus, label
from infra_access.core.i18n import Text

MOST_TECHNIQUES = 20


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value to narrow the search by, the words for it, and how many instruments it would leave."""

    value: str
    label: Text
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """The values of each facet, the most frequent first, and how many instruments were found in all."""

    total: int
    country: tuple[FacetValue, ...]
    technique: tuple[FacetValue, ...]
    access_type: tuple[FacetValue, ...]
    status: tuple[FacetValue, ...]

    def as_mapping(self) -> Mapping[str, tuple[FacetValue, ...]]:
        """Return the facets by their name, which is also that of the filter."""
        return {
            "country": self.country,
            "technique": self.technique,
            "access_type": self.access_type,
            "status": self.status,
        }


def count_facets(session: Session, filters: Filters) -> Facets:
    """Return the facets of everything that the filters match."""
    dialect = session.get_bind().dialect.name
    # Both databases make the rows of an expression that is named several times only once.
    found = apply(
        select(Instrument.id, Instrument.status, Facility.country).join(
            Facility, Facility.id == Instrument.facility_id
        ),
        filters,
        dialect,
    ).cte("found")
    # IN and not a join, for which SQLite, not knowing how few were found, would read the whole other table.
    ids = select(found.c.id)
    count = func.count().label("count")
    technique = (
        select(InstrumentTechnique.key, func.min(InstrumentTechnique.name).label("name"), count)
        .where(InstrumentTechnique.instrument_id.in_(ids))
        .group_by(InstrumentTechnique.key)
        .order_by(desc("count"), InstrumentTechnique.key)
        .limit(MOST_TECHNIQUES)
        .subquery("technique")
    )
    parts: list[Select[str, str, str, int]] = [
        select(literal("country"), found.c.country, literal(""), count).group_by(found.c.country),
        select(literal("status"), found.c.status, literal(""), count).group_by(found.c.status),
        select(literal("technique"), technique.c.key, technique.c.name, technique.c.count),
        select(literal("access_type"), InstrumentAccessType.access_type, literal(""), count)
        .where(InstrumentAccessType.instrument_id.in_(ids))
        .group_by(InstrumentAccessType.access_type),
    ]
    counted: dict[str, list[tuple[str, str, int]]] = {}
    for facet, value, name, number in session.execute(union_all(*parts)):
        counted.setdefault(facet, []).append((value, name, number))
    return Facets(
        total=sum(number for _value, _name, number in counted.get("status", [])),
        country=_values(counted, "country"),
        technique=_values(counted, "technique"),
        access_type=_values(counted, "access_type"),
        status=_values(counted, "status"),
    )


def _values(counted: Mapping[str, list[tuple[str, str, int]]], facet: str) -> tuple[FacetValue, ...]:
    rows = sorted(counted.get(facet, []), key=lambda row: (-row[2], row[0]))
    return tuple(FacetValue(value, name or _label(facet, value), number) for value, name, number in rows)


def _label(facet: str, value: str) -> Text:
    if facet == "country":
        return country_name(value)
    return label(AccessType(value) if facet == "access_type" else OperationalStatus(value))
