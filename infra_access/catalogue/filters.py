"""What a search asks for, and the conditions that this makes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, false, or_, select, true

from infra_access.catalogue.countries import valid_country
from infra_access.catalogue.fields import line, one_of
from infra_access.catalogue.models import (
    CatalogueEntry,
    Facility,
    Instrument,
    InstrumentAccessType,
    InstrumentTechnique,
    Organisation,
)
from infra_access.catalogue.search_index import matching
from infra_access.catalogue.techniques import technique_key
from infra_access.catalogue.vocabularies import AccessType, OperationalStatus
from infra_access.core.authority import NETWORK, Scopes
from infra_access.core.search_text import MAX_QUERY_CHARACTERS, Term, query_terms

_clean_q = line(MAX_QUERY_CHARACTERS)
_clean_line = line(200)


@dataclass(frozen=True, slots=True)
class Filters:
    """The checked words and choices of a search; None or empty means any."""

    q: str = ""
    country: str | None = None
    technique: str | None = None
    access_type: str | None = None
    facility: str | None = None
    status: str | None = None
    bookable: bool = False

    @property
    def terms(self) -> list[Term]:
        """The words that must occur."""
        return query_terms(self.q)

    @property
    def matched(self) -> tuple[object, ...]:
        """What decides which instruments match: equal for queries of the same words."""
        return (tuple(self.terms), bool(self.q.strip()), replace(self, q=""))


def clean_filters(
    *,
    q: str = "",
    country: str | None = None,
    technique: str | None = None,
    access_type: str | None = None,
    facility: str | None = None,
    status: str | None = None,
    bookable: bool = False,
) -> Filters:
    """Return checked filters; `facility` is a public id, `technique` a name or its key. Raises Invalid."""
    return Filters(
        # The trailing space says that the last word is whole, so only the left side is trimmed.
        q=_clean_q(q, "q") + (" " if q.endswith(" ") and q.strip() else ""),
        country=valid_country(country) if country else None,
        technique=technique_key(_clean_line(technique, "technique")) if technique else None,
        access_type=one_of(AccessType)(access_type, "access_type") if access_type else None,
        facility=_clean_line(facility, "facility") if facility else None,
        status=one_of(OperationalStatus)(status, "status") if status else None,
        bookable=bookable,
    )


def apply(query: Select[*tuple[Any, ...]], filters: Filters, dialect: str, veiled: Scopes) -> Select[*tuple[Any, ...]]:
    """Restrict a selection of entries of the catalogue to those that match.

    Of instruments in the `veiled` scopes no text counts that a rule may hide: what was found by it would tell it.
    """
    if terms := filters.terms:
        query = query.where(_named_by(terms, dialect, veiled))
    elif filters.q.strip():
        # Only signs that are no words: nothing can hold them.
        query = query.where(false())
    if filters.country:
        query = query.where(CatalogueEntry.country == filters.country)
    if filters.facility:
        query = query.where(
            CatalogueEntry.facility_id
            == select(Facility.id).where(Facility.public_id == filters.facility).scalar_subquery()
        )
    if filters.technique is not None:
        query = query.where(
            CatalogueEntry.instrument_id.in_(
                select(InstrumentTechnique.instrument_id).where(InstrumentTechnique.key == filters.technique)
            )
        )
    if filters.access_type:
        query = query.where(
            CatalogueEntry.instrument_id.in_(
                select(InstrumentAccessType.instrument_id).where(
                    InstrumentAccessType.access_type == filters.access_type
                )
            )
        )
    if filters.status:
        query = query.where(CatalogueEntry.status == filters.status)
    if filters.bookable:
        query = query.where(CatalogueEntry.bookable == true())
    return query


def _named_by(terms: Sequence[Term], dialect: str, veiled: Scopes) -> ColumnElement[bool]:
    found = CatalogueEntry.instrument_id.in_(matching(dialect, terms))
    if not veiled:
        return found
    shown = CatalogueEntry.instrument_id.in_(matching(dialect, terms, always_shown=True))
    return or_(shown, and_(found, CatalogueEntry.instrument_id.not_in(_lying_in(veiled))))


def _lying_in(scopes: Scopes) -> Select[int]:
    """Return the selection of the instruments in any of these scopes."""
    keys = {kind: [key for other, key in scopes if other == kind] for kind, _key in scopes}
    columns = {
        "instrument": Instrument.public_id,
        "facility": Facility.public_id,
        "organisation": Organisation.public_id,
        "country": Facility.country,
    }
    lying: list[ColumnElement[bool]] = [column.in_(keys[kind]) for kind, column in columns.items() if kind in keys]
    # A tag of rules needs no escaping in JSON, and no other text of the list holds it between its own quotes.
    tags = cast(Instrument.tags, String)
    lying += [tags.contains(f'"{key}"', autoescape=True) for key in keys.get("tag", ())]
    return (
        select(Instrument.id)
        .join(Facility, Facility.id == Instrument.facility_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(true() if NETWORK in scopes else or_(false(), *lying))
    )
