"""Sessions on their day: nobody came, or nobody said that they ended."""

from datetime import datetime

from sqlalchemy import select

from infra_access.core.authority import system_actor
from infra_access.core.db import Database
from infra_access.scheduling.attendance import complete_unattended, due, mark_no_show
from infra_access.scheduling.models import Booking

AT_A_TIME = 200
ACTOR = system_actor("worker")


def attend(database: Database, *, now: datetime) -> int:
    """Mark no-shows and complete what nobody ended, each in a transaction of its own; return how many.

    Two workers may do so at once: each looks again under the lock of the booking. One that fails keeps no other from
    its turn; raises ExceptionGroup of all that failed.
    """
    done, errors = 0, []
    after: int | None = 0
    while after is not None:
        with database.reader() as session:
            keys, after = due(session, now=now, limit=AT_A_TIME, after=after)
        for key in keys:
            try:
                done += _attended(database, key, now)
            except Exception as error:
                errors.append(error)
    if errors:
        raise ExceptionGroup("sessions were neither marked nor completed", errors)
    return done


def _attended(database: Database, key: int, now: datetime) -> bool:
    with database.writer() as session:
        booking = session.scalars(select(Booking).where(Booking.id == key)).one()
        if mark_no_show(session, actor=ACTOR, now=now, booking=booking):
            return True
        return complete_unattended(session, actor=ACTOR, now=now, booking=booking) is not None
