"""Keeping a time for somebody for a while: nobody else can take it, and it goes back by itself."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.named_locks import lock_names
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.making import Ready, create
from infra_access.scheduling.models import Booking

MOST_HELD = 3
"""Times that one person may keep at once without booking any of them."""


def refuse_many(session: Session, *, actor: Actor, now: datetime) -> None:
    """Raise Conflict `hold.too_many` for a person who keeps as many times as one may, counted one after the other.

    To be called before the resources are locked, as everything that a booking rests on is.
    """
    lock_names(session, [f"holds of {actor.account_id}"])
    held = select(func.count()).where(
        Booking.account_id == actor.account_id, Booking.state == BookingState.HELD, Booking.answer_by > now
    )
    if (session.scalar(held) or 0) >= MOST_HELD:
        raise Conflict(
            "hold.too_many",
            _("You keep ${most} times already. Book one of them or give one back first.", mapping={"most": MOST_HELD}),
        )


def keep(session: Session, made: Ready, *, minutes: int, now: datetime, title: str = "") -> Booking:
    """Keep the time for its owner for so many minutes, and not after it has begun."""
    answer_by = min(now + timedelta(minutes=minutes), made.whole.start)
    return create(session, made, now=now, title=title, state=BookingState.HELD, answer_by=answer_by)
