"""The rules under which a booking stands."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRoute, Allocation
from infra_access.scheduling.booking_queries import BookingView
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.scheduling.plan import rules_of


def rules_of_booking(session: Session, view: BookingView) -> BookingRules:
    """Return the rules in force for a booking, with those of the route that it was granted by. Two statements."""
    route_rules = session.scalar(
        select(AccessRoute.booking_rules)
        .join(AccessRequest, AccessRequest.route_id == AccessRoute.id)
        .join(Allocation, Allocation.access_request_id == AccessRequest.id)
        .where(Allocation.id == view.booking.allocation_id)
    )
    return rules_of(session, view.instrument, route_rules)
