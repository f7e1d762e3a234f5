"""Questions that wait for a facility's answer: whoever opened the conversation, or the team, spoke last."""

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.conversations.asking import asks
from infra_access.access_requests.models import AccessRequest, AccessRoute, Conversation, Message
from infra_access.access_requests.vocabularies import Visibility
from infra_access.catalogue.models import Facility, Instrument

MOST = 50


def unanswered(session: Session, facility: Facility) -> list[Conversation]:
    """Return the conversations about a facility's instruments and requests that wait, oldest first. One statement."""
    last = (
        select(Message.conversation_id, func.max(Message.id).label("id")).group_by(Message.conversation_id).subquery()
    )
    routes = select(AccessRoute.id).where(AccessRoute.facility_id == facility.id)
    return list(
        session.scalars(
            select(Conversation)
            .join(last, last.c.conversation_id == Conversation.id)
            .join(Message, Message.id == last.c.id)
            .outerjoin(Instrument, Instrument.id == Conversation.instrument_id)
            .outerjoin(AccessRequest, AccessRequest.id == Conversation.access_request_id)
            .where(
                or_(Instrument.facility_id == facility.id, AccessRequest.route_id.in_(routes)),
                Conversation.visibility != Visibility.STAFF,
                asks(),
            )
            .order_by(Message.id)
            .limit(MOST)
        )
    )
