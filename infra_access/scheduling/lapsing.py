"""Holds and proposals that nobody answered in time: they lapse, and what they took goes back."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.core.authority import system_actor
from infra_access.core.db import Database
from infra_access.core.i18n import _, plain
from infra_access.outbox.events import publish
from infra_access.scheduling.lifecycle import BookingTransition
from infra_access.scheduling.making import TENTATIVE
from infra_access.scheduling.models import Booking
from infra_access.scheduling.releasing import let_go

WORKER = system_actor("worker")
NOBODY_ANSWERED = _("Nobody answered in time.")


def release_lapsed(database: Database, *, now: datetime) -> int:
    """Release every hold and proposal whose time to answer has passed; return how many.

    Each in a transaction of its own: whoever answers one meanwhile makes only that one wait, and one that fails keeps
    no other from its turn; raises ExceptionGroup of all that failed.
    """
    with database.reader() as session:
        keys = session.scalars(
            select(Booking.id)
            .where(Booking.answer_by <= now, Booking.state.in_(TENTATIVE))
            .order_by(Booking.answer_by, Booking.id)
        ).all()
    released, errors = 0, []
    for key in keys:
        try:
            with database.writer() as session:
                released += _release(session, key, now)
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("holds or proposals were not released", errors)
    return released


def _release(session: Session, key: int, now: datetime) -> bool:
    booking = session.scalars(
        select(Booking).where(Booking.id == key).with_for_update().execution_options(populate_existing=True)
    ).one()
    # It may have been answered since it was found.
    if booking.state not in TENTATIVE or booking.answer_by is None or booking.answer_by > now:
        return False
    was = booking.state
    let_go(session, booking, BookingTransition.RELEASE, plain(NOBODY_ANSWERED), now)
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
