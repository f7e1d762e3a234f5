"""An instrument together with the facility that it stands at: what every booking is about."""

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument


@dataclass(frozen=True, slots=True)
class Place:
    """An instrument with the facility that it stands at."""

    instrument: Instrument
    facility: Facility


def _places() -> Select[Instrument, Facility]:
    return select(Instrument, Facility).join(Facility, Facility.id == Instrument.facility_id)


def place_of(session: Session, instrument_id: int) -> Place:
    """Return the instrument and its facility by key. One statement."""
    row = session.execute(_places().where(Instrument.id == instrument_id)).one()
    return Place(row[0], row[1])


def locked_place(session: Session, instrument_id: int) -> Place:
    """Return them as they stand now, and keep them so until the transaction ends. One statement.

    Whoever takes an instrument out of service waits for the bookings being made, or those see it out of service.
    """
    row = session.execute(
        _places()
        .where(Instrument.id == instrument_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).one()
    return Place(row[0], row[1])


def place_by_public_id(session: Session, public_id: str) -> Place | None:
    """Return an instrument with its facility, or None. One statement."""
    row = session.execute(_places().where(Instrument.public_id == public_id)).one_or_none()
    return Place(row[0], row[1]) if row else None
