"""What each record of the catalogue lies in, from itself up to the network: the scopes in which roles are granted."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.core.authority import NETWORK, Scopes


def organisation_scopes(organisation: Organisation) -> Scopes:
    """Return the scopes that contain an organisation."""
    return (("organisation", organisation.public_id), ("country", organisation.country), NETWORK)


def facility_scopes(session: Session, facility: Facility) -> Scopes:
    """Return the scopes that contain a facility: the country is that where it stands."""
    organisation = session.scalar(select(Organisation.public_id).where(Organisation.id == facility.organisation_id))
    return scopes_of_facility(facility.public_id, str(organisation), facility.country)


def instrument_scopes(session: Session, instrument: Instrument) -> Scopes:
    """Return the scopes that contain an instrument."""
    row = session.execute(
        select(Facility.public_id, Organisation.public_id, Facility.country)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(Facility.id == instrument.facility_id)
    ).one()
    return (("instrument", instrument.public_id), *scopes_of_facility(row[0], row[1], row[2]))


def scopes_of_facility(facility: str, organisation: str, country: str) -> Scopes:
    """Return the scopes that contain a facility, given by its public ids."""
    return (("facility", facility), ("organisation", organisation), ("country", country), NETWORK)
