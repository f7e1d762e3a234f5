"""Records of the catalogue for tests, made through the commands; each is ready to be booked unless told otherwise."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from infra_access.catalogue.facilities import create_facility
from infra_access.catalogue.instruments import create_instrument
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.organisations import create_organisation, set_trust
from infra_access.core.authority import Actor, Grant, system_actor

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
_number = count(1)


def make_organisation(
    session: Session, *, trust: str = "verified", actor: Actor | None = None, now: datetime = NOW, **overrides: Any
) -> Organisation:
    """Return a verified organisation in Germany."""
    actor = actor or system_actor("tests")
    values: dict[str, Any] = {"name": f"Organisation {next(_number)}", "country": "DE"}
    organisation = create_organisation(session, actor=actor, now=now, **values | overrides)
    if trust != organisation.trust:
        set_trust(session, actor=system_actor("tests"), now=now, organisation=organisation, trust=trust)
    return organisation


def make_facility(
    session: Session,
    *,
    organisation: Organisation | None = None,
    actor: Actor | None = None,
    now: datetime = NOW,
    **overrides: Any,
) -> Facility:
    """Return a published facility in Berlin."""
    values: dict[str, Any] = {
        "name": f"Facility {next(_number)}",
        "country": "DE",
        "city": "Berlin",
        "timezone": "Europe/Berlin",
        "security_contact": "security@facility.example",
        "publication": "published",
    }
    return create_facility(
        session,
        actor=actor or system_actor("tests"),
        now=now,
        organisation=organisation or make_organisation(session),
        **values | overrides,
    )


def make_instrument(
    session: Session,
    *,
    facility: Facility | None = None,
    actor: Actor | None = None,
    now: datetime = NOW,
    **overrides: Any,
) -> Instrument:
    """Return a published instrument that works, is claimed and is scheduled here."""
    values: dict[str, Any] = {
        "name": f"Instrument {next(_number)}",
        "status": "operating",
        "publication": "published",
        "techniques": ["XANES"],
        "access_types": ["physical"],
    }
    return create_instrument(
        session,
        actor=actor or system_actor("tests"),
        now=now,
        facility=facility or make_facility(session),
        **values | overrides,
    )


def manager_of(facility: Facility) -> Actor:
    """Return somebody who manages a facility."""
    return Actor(7, "ann", "Ann", grants=(Grant("facility_manager", ("facility", facility.public_id)),))
