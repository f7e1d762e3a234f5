"""Talking about a service order and its samples: its owner, the team whose grant it draws on and the staff."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import request_behind
from infra_access.access_requests.conversations.speaking import About, ask
from infra_access.access_requests.models import Conversation
from infra_access.access_requests.vocabularies import Visibility
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import Actor
from infra_access.orders.models import ServiceOrder

ORDER = "service_order"


def ask_about_order(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    order: ServiceOrder,
    subject: str,
    text: str,
    visibility: str = Visibility.TEAM_AND_STAFF,
) -> Conversation:
    """Begin a conversation on an order. Raises Invalid naming the field, NotFound for one that is not the actor's."""
    about = About(
        kind=ORDER,
        public_id=order.public_id,
        owner_id=order.account_id,
        instrument=session.get_one(Instrument, order.instrument_id),
        access_request=request_behind(session, order.allocation_id),
    )
    return ask(session, actor=actor, now=now, subject=subject, text=text, about=about, visibility=visibility)
