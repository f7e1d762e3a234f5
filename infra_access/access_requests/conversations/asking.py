"""Which messages of a conversation ask and which answer, as a condition of a query."""

from sqlalchemy import ColumnElement, and_, exists, or_

from infra_access.access_requests.models import AccessRequest, Conversation, Message, Participant


def asks() -> ColumnElement[bool]:
    """Tell whether a message asks: it is by the team, by the owner of the booking, or else by whoever began it.

    For queries of messages with their conversation and, by an outer join, its request.
    """
    on_team = exists().where(
        Participant.access_request_id == Conversation.access_request_id, Participant.account_id == Message.author_id
    )
    return or_(
        and_(
            Conversation.access_request_id.is_(None),
            Conversation.with_id.is_(None),
            Message.author_id == Conversation.opened_by_id,
        ),
        Message.author_id == Conversation.with_id,
        and_(
            Conversation.access_request_id.is_not(None), or_(AccessRequest.requester_id == Message.author_id, on_team)
        ),
    )
