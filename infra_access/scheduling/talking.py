"""Talking about a booking: its owner, the team whose grant it draws on and the staff of the facility."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import request_behind
from infra_access.access_requests.conversations.speaking import About, ask
from infra_access.access_requests.models import Conversation
from infra_access.access_requests.vocabularies import Visibility
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import Actor
from infra_access.scheduling.models import Booking

BOOKING = "booking"


def ask_about_booking(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    booking: Booking,
    subject: str,
    text: str,
    visibility: str = Visibility.TEAM_AND_STAFF,
) -> Conversation:
    """Begin a conversation on a booking. Raises Invalid naming the field, NotFound for one that is not the actor's."""
    about = About(
        kind=BOOKING,
        public_id=booking.public_id,
        owner_id=booking.account_id,
        instrument=session.get_one(Instrument, booking.instrument_id),
        access_request=request_behind(session, booking.allocation_id),
    )
    return ask(session, actor=actor, now=now, subject=subject, text=text, about=about, visibility=visibility)
