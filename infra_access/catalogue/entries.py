"""The entries of the catalogue: one narrow row for each instrument that searches may show."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import (
    CatalogueEntry,
    Facility,
    Instrument,
    InstrumentAccessType,
    InstrumentTechnique,
)
from infra_access.catalogue.offers import Offer, offer_of
from infra_access.catalogue.vocabularies import PublicationState


class Traits(NamedTuple):
    """What facets count an instrument by; techniques are (key, name) pairs."""

    country: str
    status: str
    techniques: tuple[tuple[str, str], ...]
    access_types: tuple[str, ...]


def traits_to_text(
    country: str, status: str, techniques: Iterable[tuple[str, str]], access_types: Iterable[str]
) -> str:
    """Return the one text of these traits, equal for equal ones.

    >>> traits_to_text("DE", "operating", [("exafs", "EXAFS")], ["remote", "physical"])
    '["DE","operating",[["exafs","EXAFS"]],["physical","remote"]]'
    """
    values = [country, status, sorted(techniques), sorted(access_types)]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def traits_from_text(text: str) -> Traits:
    """Return the traits that `traits_to_text` wrote."""
    country, status, techniques, access_types = json.loads(text)
    return Traits(country, status, tuple((key, name) for key, name in techniques), tuple(access_types))


def rewrite_entries(session: Session, instrument_ids: Sequence[int]) -> None:
    """Make the entries of these instruments anew from their flushed records; one that is not published has none."""
    session.execute(
        delete(CatalogueEntry).where(CatalogueEntry.instrument_id.in_(instrument_ids)),
        execution_options={"synchronize_session": False},
    )
    techniques: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for instrument_id, key, name in session.execute(
        select(InstrumentTechnique.instrument_id, InstrumentTechnique.key, InstrumentTechnique.name).where(
            InstrumentTechnique.instrument_id.in_(instrument_ids)
        )
    ):
        techniques[instrument_id].append((key, name))
    access_types: dict[int, list[str]] = defaultdict(list)
    for instrument_id, access_type in session.execute(
        select(InstrumentAccessType.instrument_id, InstrumentAccessType.access_type).where(
            InstrumentAccessType.instrument_id.in_(instrument_ids)
        )
    ):
        access_types[instrument_id].append(access_type)
    entries = [
        {
            "instrument_id": row.id,
            "facility_id": row.facility_id,
            "name_key": row.name_key,
            "country": row.country,
            "status": row.status,
            "bookable": offer_of(row) is Offer.BOOK,
            "traits": traits_to_text(row.country, row.status, techniques[row.id], access_types[row.id]),
        }
        for row in session.execute(
            select(
                Instrument.id,
                Instrument.facility_id,
                Instrument.name_key,
                Instrument.status,
                Instrument.listing,
                Instrument.scheduling_authority,
                Facility.country,
            )
            .join(Facility, Facility.id == Instrument.facility_id)
            .where(
                Instrument.id.in_(instrument_ids),
                Instrument.publication == PublicationState.PUBLISHED,
                Facility.publication == PublicationState.PUBLISHED,
            )
        )
    ]
    if entries:
        session.execute(insert(CatalogueEntry), entries)
