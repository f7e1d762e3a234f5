"""Who is near to a booking: its owner, and whoever is near to the request whose grant it draws on."""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.circles import Circle, circle_of
from infra_access.access_requests.models import AccessRequest, Allocation
from infra_access.catalogue.models import Organisation
from infra_access.scheduling.models import Booking


def request_behind(session: Session, booking: Booking) -> AccessRequest | None:
    """Return the request whose grant a booking draws on. One statement at most."""
    if booking.allocation_id is None:
        return None
    return session.scalars(
        select(AccessRequest)
        .join(Allocation, Allocation.access_request_id == AccessRequest.id)
        .where(Allocation.id == booking.allocation_id)
    ).one()


def circle_of_booking(session: Session, booking: Booking) -> Circle:
    """Return who is near to a booking; its organisation is the one that it is for. Three statements at most."""
    access_request = request_behind(session, booking)
    circle = circle_of(session, access_request) if access_request is not None else Circle()
    if booking.acting_for_id is not None and (circle.group is None or circle.group[0] != booking.acting_for_id):
        organisation = session.get_one(Organisation, booking.acting_for_id)
        circle = replace(circle, group=(organisation.id, organisation.public_id))
    return circle.joined_by(team=[booking.account_id])
