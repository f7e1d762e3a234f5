"""Framework agreements for tests, made through the commands."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.terms import frameworks
from infra_access.access_requests.terms.framework_models import FrameworkAgreement
from infra_access.catalogue.models import Organisation
from infra_access.core.authority import Actor
from tests.factories.access_requests import NOW, World
from tests.factories.people import make_actor


@dataclass(frozen=True, slots=True)
class Sides:
    """The two organisations of a world, both verified, each with its signatory."""

    host: Organisation
    partner: Organisation
    for_host: Actor
    for_partner: Actor


def make_sides(session: Session, world: World) -> Sides:
    """Verify the startup, and name a signatory of it and of the organisation that runs the facility."""
    host = session.get_one(Organisation, world.facility.organisation_id)
    partner = session.get_one(Organisation, world.startup.id)
    partner.trust = "verified"
    session.flush()
    signs = [make_actor(session, ("signatory", ("organisation", one.public_id))) for one in (host, partner)]
    return Sides(host, partner, *signs)


def make_draft(session: Session, sides: Sides, **overrides: Any) -> FrameworkAgreement:
    """Return a draft of the host, on open and embargoed requests."""
    values: dict[str, Any] = {
        "actor": sides.for_host,
        "now": NOW - timedelta(days=10),
        "host": sides.host,
        "partner": sides.partner,
        "kind": "framework",
        "title": "Frame",
        "text_version": "1",
        "text": "What is agreed for all requests.",
        "regimes": ["open", "embargoed"],
    }
    return frameworks.create_framework(session, **values | overrides)


def make_in_force(session: Session, sides: Sides, **overrides: Any) -> FrameworkAgreement:
    """Return an agreement that both sides accepted."""
    framework = make_draft(session, sides, **overrides)
    then = NOW - timedelta(days=9)
    frameworks.offer_framework(session, actor=sides.for_host, now=then, framework=framework)
    for signatory in (sides.for_host, sides.for_partner):
        frameworks.accept_framework(
            session, actor=signatory, now=then, framework=framework, text_hash=framework.text_hash
        )
    return framework
