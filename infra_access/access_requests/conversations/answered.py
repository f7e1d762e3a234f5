"""Conversations in which somebody else spoke last."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import Message


def answered(session: Session, conversation_ids: Collection[int], *, account_id: int | None) -> frozenset[int]:
    """Return the keys of the conversations whose last message is another person's. One statement."""
    if not conversation_ids:
        return frozenset()
    last = (
        select(func.max(Message.id))
        .where(Message.conversation_id.in_(sorted(conversation_ids)))
        .group_by(Message.conversation_id)
    )
    return frozenset(
        session.scalars(select(Message.conversation_id).where(Message.id.in_(last), Message.author_id != account_id))
    )
