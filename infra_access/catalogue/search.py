"""Search and browsing of published instruments, with facets, in a fixed number of statements whatever is found.

The order is our own (an exact name first, then by name), not a rank of the database, so that both give the same pages
and a cursor can name a place in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, literal, select, tuple_
from sqlalchemy.orm import Session

from infra_access.catalogue.facets import Facets, count_facets
from infra_access.catalogue.filters import Filters, apply, clean_filters
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.offers import Offer, offer_of
from infra_access.catalogue.queries import access_types_of, techniques_of
from infra_access.core.paging import clean_limit, decode_cursor, page_of
from infra_access.core.search_text import order_key


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
    rows = _rows(session, filters, limit, cursor)
    page = page_of(rows, limit, key=lambda row: (row.rank, row.name_key, row.id))
    return SearchPage(
        items=_summaries(session, page.items),
        next=page.next,
        facets=count_facets(session, filters) if facets else None,
    )


def summaries_of(session: Session, instrument_ids: Sequence[int]) -> dict[int, InstrumentSummary]:
    """Return the summaries of given instruments by their key, whatever their publication."""
    rows = session.execute(_columns().where(Instrument.id.in_(instrument_ids))).all()
    return {summary.id: summary for summary in _summaries(session, rows)}


def _columns() -> Any:
    return (
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
    )


def _rows(session: Session, filters: Filters, limit: int, cursor: str | None) -> Sequence[Any]:
    query = apply(_columns(), filters, session.get_bind().dialect.name)
    order: tuple[Any, ...] = (Instrument.name_key, Instrument.id)
    rank: Any = literal(0)
    if filters.q:
        rank = case((Instrument.name_key == order_key(filters.q), 0), else_=1)
        order = (rank, *order)
    if cursor is not None:
        place = decode_cursor(cursor, (int, str, int))
        query = query.where(tuple_(*order) > tuple_(*place[-len(order) :]))
    return session.execute(query.add_columns(rank.label("rank")).order_by(*order).limit(limit + 1)).all()


def _summaries(session: Session, rows: Sequence[Any]) -> list[InstrumentSummary]:
    if not rows:
        return []
    techniques = techniques_of(session, [row.id for row in rows])
    access_types = access_types_of(session, [row.id for row in rows])
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
            techniques=tuple(techniques[row.id]),
            access_types=tuple(access_types[row.id]),
            demo=row.demo,
        )
        for row in rows
    ]
