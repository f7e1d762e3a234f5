"""Search and browsing of published instruments, with facets, in a fixed number of statements whatever is found.

What was found is kept while the catalogue does not change (`search_cache`); what is shown of it is read each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, null, select, union_all
from sqlalchemy.orm import Session

from infra_access.catalogue.facets import Facets, count_facets
from infra_access.catalogue.filters import clean_filters
from infra_access.catalogue.models import Facility, Instrument, InstrumentAccessType, InstrumentTechnique, Organisation
from infra_access.catalogue.offers import Offer, offer_of
from infra_access.catalogue.search_cache import shelf_of
from infra_access.catalogue.search_pages import find_page
from infra_access.core.paging import clean_limit

# Built once: making a statement anew costs as much as running it.
_SHOWN = (
    select(
        Instrument.id,
        Instrument.public_id,
        Instrument.name,
        Instrument.name_key,
        Instrument.names,
        Instrument.status,
        Instrument.listing,
        Instrument.scheduling_authority,
        Facility.name.label("facility_name"),
        Facility.names.label("facility_names"),
        Facility.public_id.label("facility_public_id"),
        Facility.country,
        Facility.city,
        Facility.timezone,
        Facility.demo,
        Organisation.name.label("organisation_name"),
        Organisation.public_id.label("organisation_public_id"),
    )
    .join(Facility, Facility.id == Instrument.facility_id)
    .join(Organisation, Organisation.id == Facility.organisation_id)
    .where(Instrument.id.in_(bindparam("instruments", expanding=True)))
)
_BESIDE: CompoundSelect[int, str, str | None] = union_all(
    select(InstrumentTechnique.instrument_id, InstrumentTechnique.key, InstrumentTechnique.name).where(
        InstrumentTechnique.instrument_id.in_(bindparam("instruments", expanding=True))
    ),
    select(InstrumentAccessType.instrument_id, InstrumentAccessType.access_type, null()).where(
        InstrumentAccessType.instrument_id.in_(bindparam("instruments", expanding=True))
    ),
)


@dataclass(frozen=True, slots=True)
class InstrumentSummary:
    """What a list shows of an instrument. `names` is by language; `techniques` are (key, name) pairs."""

    public_id: str
    id: int
    name: str
    names: dict[str, str]
    facility_name: str
    facility_names: dict[str, str]
    facility_public_id: str
    organisation_name: str
    organisation_public_id: str
    country: str
    city: str
    timezone: str
    status: str
    listing: str
    offer: Offer
    techniques: tuple[tuple[str, str], ...]
    access_types: tuple[str, ...]
    demo: bool


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A page of a search; `facets` is None where they were not asked for."""

    items: list[InstrumentSummary]
    next: str | None
    facets: Facets | None

    @property
    def total(self) -> int | None:
        """How many instruments were found in all, where the facets were counted."""
        return self.facets.total if self.facets else None


def search(
    session: Session,
    *,
    q: str = "",
    country: str | None = None,
    technique: str | None = None,
    access_type: str | None = None,
    facility: str | None = None,
    status: str | None = None,
    bookable: bool = False,
    limit: int | None = None,
    cursor: str | None = None,
    facets: bool = True,
) -> SearchPage:
    """Return the published instruments in which every word of `q` occurs, the last one as a beginning.

    Raises Invalid for a filter, limit or cursor that cannot be.
    """
    limit = clean_limit(limit)
    filters = clean_filters(
        q=q,
        country=country,
        technique=technique,
        access_type=access_type,
        facility=facility,
        status=status,
        bookable=bookable,
    )
    shelf = shelf_of(session)
    veiled = shelf.head.veiled
    page = shelf.pages.get_or_make((filters, limit, cursor), lambda: find_page(session, filters, limit, cursor, veiled))
    summaries = summaries_of(session, page.ids)
    return SearchPage(
        # One that left the catalogue between the statements has no summary, or is shown for the last time.
        items=[summaries[key] for key in page.ids if key in summaries],
        next=page.next,
        facets=shelf.facets.get_or_make(filters.matched, lambda: count_facets(session, filters, veiled))
        if facets
        else None,
    )


def summaries_of(session: Session, instrument_ids: Sequence[int]) -> dict[int, InstrumentSummary]:
    """Return the summaries of given instruments by their key, whatever their publication."""
    rows = session.execute(_SHOWN, {"instruments": list(instrument_ids)}).all()
    return {summary.id: summary for summary in _summaries(session, rows)}


def _summaries(session: Session, rows: Sequence[Any]) -> list[InstrumentSummary]:
    if not rows:
        return []
    techniques, access_types = _beside(session, [row.id for row in rows])
    return [
        InstrumentSummary(
            public_id=row.public_id,
            id=row.id,
            name=row.name,
            names=row.names,
            facility_name=row.facility_name,
            facility_names=row.facility_names,
            facility_public_id=row.facility_public_id,
            organisation_name=row.organisation_name,
            organisation_public_id=row.organisation_public_id,
            country=row.country,
            city=row.city,
            timezone=row.timezone,
            status=row.status,
            listing=row.listing,
            offer=offer_of(row),
            techniques=tuple(sorted(techniques[row.id])),
            access_types=tuple(sorted(access_types[row.id])),
            demo=row.demo,
        )
        for row in rows
    ]


def _beside(
    session: Session, instrument_ids: Sequence[int]
) -> tuple[dict[int, list[tuple[str, str]]], dict[int, list[str]]]:
    """Return the techniques and the access types of each instrument, both in one statement."""
    techniques: dict[int, list[tuple[str, str]]] = {key: [] for key in instrument_ids}
    access_types: dict[int, list[str]] = {key: [] for key in instrument_ids}
    for key, value, name in session.execute(_BESIDE, {"instruments": list(instrument_ids)}):
        if name is None:
            access_types[key].append(value)
        else:
            techniques[key].append((value, name))
    return techniques, access_types
