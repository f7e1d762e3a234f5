"""The ways in to a facility as a whole."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute
from infra_access.catalogue.models import Facility


def routes_at(session: Session, facility: Facility) -> list[AccessRoute]:
    """Return the active routes of a facility in the order in which they were opened. One statement."""
    return list(
        session.scalars(
            select(AccessRoute)
            .where(AccessRoute.facility_id == facility.id, AccessRoute.active)
            .order_by(AccessRoute.id)
        )
    )
