"""Who is near to a booking: its owner, and whoever is near to the request whose grant it draws on."""

from dataclasses import replace

from sqlalchemy.orm import Session

from infra_access.access_requests.circles import Circle, circle_of_grant
from infra_access.catalogue.models import Organisation
from infra_access.scheduling.models import Booking


def circle_of_booking(session: Session, booking: Booking) -> Circle:
    """Return who is near to a booking; its organisation is the one that it is for. Two statements at most."""
    circle = circle_of_grant(session, booking.allocation_id) if booking.allocation_id is not None else Circle()
    if booking.acting_for_id is not None and (circle.group is None or circle.group[0] != booking.acting_for_id):
        organisation = session.get_one(Organisation, booking.acting_for_id)
        circle = replace(circle, group=(organisation.id, organisation.public_id))
    return circle.joined_by(team=[booking.account_id])
