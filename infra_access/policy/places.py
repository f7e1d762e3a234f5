"""What rules may look at of instruments, and the scopes whose rules reach them, for many instruments at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument, InstrumentTechnique, Organisation
from infra_access.core.authority import NETWORK, Scope
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.kinds import Value

CATALOGUE = "catalogue"
_AT_ONCE = 10_000
"""Keys named in one statement: SQLite takes 32,766 values at most."""


@dataclass(frozen=True, slots=True)
class InstrumentPlace:
    """An instrument as policy sees it: public ids, and what rules may read of it."""

    public_id: str
    facility: str
    organisation: str
    organisation_id: int
    country: str
    tags: frozenset[str]
    techniques: frozenset[str]
    control_codes: frozenset[str]
    status: str

    def scopes(self) -> Iterator[Scope]:
        """Yield each scope whose rules reach the instrument, the route's apart."""
        yield NETWORK
        yield ("country", self.country)
        yield ("organisation", self.organisation)
        yield ("facility", self.facility)
        for tag in sorted(self.tags):
            yield ("tag", tag)
        yield ("instrument", self.public_id)

    def values(self) -> dict[str, Value]:
        """Return what is known of the instrument by the names of the vocabulary."""
        return {
            "instrument.id": self.public_id,
            "instrument.tags": self.tags,
            "instrument.techniques": self.techniques,
            "instrument.country": self.country,
            "instrument.control_codes": self.control_codes,
            "instrument.status": self.status,
            "facility.id": self.facility,
            "facility.country": self.country,
        }


def facts_of_place(place: InstrumentPlace, now: datetime) -> Facts:
    """Return the facts that the catalogue states of an instrument, as read at `now`."""
    return Facts.of({path: Fact(value, CATALOGUE, CATALOGUE, now) for path, value in place.values().items()})


def places_of(session: Session, instrument_ids: Iterable[int]) -> dict[int, InstrumentPlace]:
    """Return the places of instruments by key, in the order given. One statement for each 10,000."""
    wanted = list(dict.fromkeys(instrument_ids))
    found: dict[int, InstrumentPlace] = {}
    remaining = iter(wanted)
    while some := list(islice(remaining, _AT_ONCE)):
        found.update(_read(session, some))
    return {key: found[key] for key in wanted if key in found}


def _read(session: Session, instrument_ids: list[int]) -> Iterator[tuple[int, InstrumentPlace]]:
    # A technique's key is one line, so lines keep them apart on both databases.
    techniques = (
        select(func.aggregate_strings(InstrumentTechnique.key, "\n"))
        .where(InstrumentTechnique.instrument_id == Instrument.id)
        .correlate(Instrument)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Instrument.id,
            Instrument.public_id,
            Instrument.tags,
            Instrument.control_codes,
            Instrument.status,
            Facility.public_id.label("facility"),
            Facility.country,
            Organisation.public_id.label("organisation"),
            Organisation.id.label("organisation_id"),
            techniques.label("techniques"),
        )
        .join(Facility, Facility.id == Instrument.facility_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(Instrument.id.in_(instrument_ids))
    )
    for row in rows:
        yield (
            row.id,
            InstrumentPlace(
                public_id=row.public_id,
                facility=row.facility,
                organisation=row.organisation,
                organisation_id=row.organisation_id,
                country=row.country,
                tags=frozenset(row.tags),
                techniques=frozenset((row.techniques or "").split("\n")) - {""},
                control_codes=frozenset(row.control_codes),
                status=row.status,
            ),
        )
