"""The rules under which a booking stands."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRoute, Allocation
from infra_access.catalogue.models import Instrument
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.scheduling.models import Booking
from infra_access.scheduling.plan import rules_of


def rules_of_booking(session: Session, instrument: Instrument, booking: Booking) -> BookingRules:
    """Return the rules in force for a booking, with those of the way in that it came by. Two statements at most."""
    if booking.allocation_id is None and booking.route_id is None:
        return rules_of(session, instrument)
    granted_by = (
        select(AccessRequest.route_id)
        .join(Allocation, Allocation.access_request_id == AccessRequest.id)
        .where(Allocation.id == booking.allocation_id)
    )
    by_route = select(AccessRoute.booking_rules).where(
        or_(AccessRoute.id == booking.route_id, AccessRoute.id.in_(granted_by))
    )
    return rules_of(session, instrument, session.scalar(by_route))
