"""An instrument together with the facility that it stands at: what every booking is about."""

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument, InstrumentTechnique, Organisation
from infra_access.catalogue.queries import refuse_invisible, unknown_record
from infra_access.catalogue.scopes import scopes_of_facility
from infra_access.core.authority import Actor, Scopes
from infra_access.policy.models import PolicyHead
from infra_access.policy.places import InstrumentPlace
from infra_access.policy.rulebook import HEAD_ID


@dataclass(frozen=True, slots=True)
class Place:
    """An instrument with the facility that it stands at, and the public id of the organisation that runs it."""

    instrument: Instrument
    facility: Facility
    organisation: str

    @property
    def scopes(self) -> Scopes:
        """Return the scopes that contain the instrument."""
        above = scopes_of_facility(self.facility.public_id, self.organisation, self.facility.country)
        return (("instrument", self.instrument.public_id), *above)


@dataclass(frozen=True, slots=True)
class LockedPlace(Place):
    """A place that stays as it is until the transaction ends, and so does the policy, of which it has the number."""

    techniques: frozenset[str]
    policy: tuple[int, str]

    def seen_by_policy(self) -> InstrumentPlace:
        """Return the instrument as rules see it."""
        return InstrumentPlace(
            public_id=self.instrument.public_id,
            facility=self.facility.public_id,
            organisation=self.organisation,
            organisation_id=self.facility.organisation_id,
            country=self.facility.country,
            tags=frozenset(self.instrument.tags),
            techniques=self.techniques,
            control_codes=frozenset(self.instrument.control_codes),
            status=self.instrument.status,
        )


_P = TypeVar("_P", bound=Place)


def _with_facility(*more: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(Instrument, Facility, Organisation.public_id, *more)
        .join(Facility, Facility.id == Instrument.facility_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
    )


# Built once: making a statement anew costs as much as running it.
_techniques = (
    select(func.aggregate_strings(InstrumentTechnique.key, "\n"))
    .where(InstrumentTechnique.instrument_id == Instrument.id)
    .correlate(Instrument)
    .scalar_subquery()
)
_locked = (
    _with_facility(_techniques, PolicyHead.number, PolicyHead.stamp)
    .join(PolicyHead, PolicyHead.id == HEAD_ID)
    .with_for_update(read=True, of=(Instrument, Facility, PolicyHead))
    .execution_options(populate_existing=True)
)
_BY_KEY = _with_facility().where(Instrument.id == bindparam("key"))
_BY_PUBLIC_ID = _with_facility().where(Instrument.public_id == bindparam("public_id"))
_LOCKED_BY_KEY = _locked.where(Instrument.id == bindparam("key"))
_LOCKED_BY_PUBLIC_ID = _locked.where(Instrument.public_id == bindparam("public_id"))


def place_of(session: Session, instrument_id: int) -> Place:
    """Return the instrument and its facility by key. One statement."""
    return Place(*session.execute(_BY_KEY, {"key": instrument_id}).one())


def locked_place(session: Session, instrument_id: int) -> LockedPlace:
    """Return them as they stand now, and keep them so until the transaction ends. One statement.

    Whoever takes an instrument out of service, or publishes a policy, waits for the bookings being made, or those see
    what was done.
    """
    return _locked_place(session.execute(_LOCKED_BY_KEY, {"key": instrument_id}).one())


def place_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> Place:
    """Return an instrument that the actor may see. One statement. Raises NotFound, or Gone where it was retired."""
    row = session.execute(_BY_PUBLIC_ID, {"public_id": public_id}).one_or_none()
    return _seen(Place(*row) if row else None, actor)


def locked_place_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> LockedPlace:
    """Do both at once: whoever is about to book reads the instrument under its lock."""
    row = session.execute(_LOCKED_BY_PUBLIC_ID, {"public_id": public_id}).one_or_none()
    return _seen(_locked_place(row) if row else None, actor)


def _locked_place(row: Any) -> LockedPlace:
    instrument, facility, organisation, techniques, number, stamp = row
    keys = frozenset((techniques or "").split("\n")) - {""}
    return LockedPlace(instrument, facility, organisation, keys, (number, stamp))


def _seen(place: _P | None, actor: Actor | None) -> _P:
    if place is None:
        raise unknown_record()
    publications = (place.instrument.publication, place.facility.publication)
    refuse_invisible(actor, place.instrument.name, publications, place.scopes)
    return place
