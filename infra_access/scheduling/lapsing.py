"""What nobody answered in time: it lapses, and what it took goes back.

Holds and proposals have a time to answer; what waits for approval has until it begins, a wish until its time is over.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.core.apart import each_apart
from infra_access.core.authority import system_actor
from infra_access.core.db import Database
from infra_access.core.i18n import Text, _, plain
from infra_access.outbox.events import publish
from infra_access.scheduling.lifecycle import BookingState, BookingTransition
from infra_access.scheduling.making import TENTATIVE
from infra_access.scheduling.models import WAITING, Booking
from infra_access.scheduling.releasing import let_go

WORKER = system_actor("worker")
NOBODY_ANSWERED = _("Nobody answered in time.")
NOT_APPROVED = _("It was not approved before it began.")
NO_TIME_FOUND = _("No time was proposed in time.")
_REASONS: Mapping[str, Text] = {
    BookingState.HELD: NOBODY_ANSWERED,
    BookingState.PROPOSED: NOBODY_ANSWERED,
    BookingState.PENDING_APPROVAL: NOT_APPROVED,
    BookingState.REQUESTED: NO_TIME_FOUND,
}


def release_lapsed(database: Database, *, now: datetime) -> int:
    """Release every hold, proposal, wish and booking without approval whose time has passed; return how many.

    Each in a transaction of its own: whoever answers one meanwhile makes only that one wait, and one that fails keeps
    no other from its turn; raises ExceptionGroup of all that failed.
    """
    with database.reader() as session:
        keys = session.scalars(select(Booking.id).where(or_(*_lapsed(now))).order_by(Booking.id)).all()

    def release(key: int) -> bool:
        with database.writer() as session:
            return _release(session, key, now)

    return each_apart(keys, release, "bookings that lapsed were not released")


def _release(session: Session, key: int, now: datetime) -> bool:
    booking = session.scalars(
        select(Booking)
        .where(Booking.id == key)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    # It may have been answered since it was found.
    if session.scalar(select(Booking.id).where(Booking.id == key, or_(*_lapsed(now)))) is None:
        return False
    was = booking.state
    let_go(session, booking, BookingTransition.RELEASE, plain(_REASONS[was]), now)
    record(
        session,
        actor=WORKER,
        action="booking.lapsed",
        object_kind="booking",
        object_id=booking.public_id,
        now=now,
        details={"was": was},
    )
    publish(session, "booking.released", {"booking": booking.public_id}, now=now)
    return True


def _lapsed(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        and_(Booking.answer_by <= now, Booking.state.in_(TENTATIVE)),
        # Written out, as the partial index has it.
        and_(Booking.starts <= now, WAITING, Booking.state == BookingState.PENDING_APPROVAL),
        and_(Booking.starts <= now, WAITING, Booking.state == BookingState.REQUESTED, Booking.ends <= now),
    )
