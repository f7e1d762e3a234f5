"""Reading the wait list: one's own entries, and how many wait for an instrument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from infra_access.catalogue.models import Facility, Instrument
from infra_access.core.authority import Actor
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking
from infra_access.scheduling.waiting.models import WaitListEntry
from infra_access.scheduling.waiting.states import OPEN, WaitState


@dataclass(frozen=True, slots=True)
class WaitView:
    """An entry with what it is for; `ahead` are the others who wait and came earlier, `answer_by` that of an offer."""

    entry: WaitListEntry
    instrument: Instrument
    facility: Facility
    ahead: int
    booking: str | None
    answer_by: datetime | None


def own_waits(session: Session, *, actor: Actor) -> Sequence[WaitView]:
    """Return for what the actor waits or has an offer, the oldest first. One statement."""
    own = _views().where(WaitListEntry.account_id == actor.account_id, WaitListEntry.state.in_(OPEN))
    return [WaitView(*row) for row in session.execute(own.order_by(WaitListEntry.id))]


def wait_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> WaitView:
    """Return an entry of the actor's own. Raises NotFound for anybody else's."""
    account_id = None if actor is None else actor.account_id
    own = _views().where(WaitListEntry.public_id == public_id, WaitListEntry.account_id == account_id)
    row = session.execute(own).one_or_none()
    if row is None:
        raise NotFound("wait.unknown", _("There is no such entry of a wait list, or it is not yours."))
    return WaitView(*row)


def waiting_for(session: Session, instrument_id: int) -> int:
    """Return how many wait for time on an instrument. One statement."""
    waiting = select(func.count()).where(
        WaitListEntry.instrument_id == instrument_id, WaitListEntry.state == WaitState.WAITING
    )
    return session.scalar(waiting) or 0


def _views() -> Select[WaitListEntry, Instrument, Facility, int, str | None, datetime | None]:
    other = aliased(WaitListEntry)
    ahead = (
        select(func.count())
        .where(
            other.instrument_id == WaitListEntry.instrument_id,
            other.state == WaitState.WAITING,
            other.id < WaitListEntry.id,
        )
        .correlate(WaitListEntry)
        .scalar_subquery()
    )
    held = (Booking.id == WaitListEntry.booking_id) & (Booking.state == BookingState.HELD)
    return (
        select(WaitListEntry, Instrument, Facility, ahead, Booking.public_id, Booking.answer_by)
        .join(Instrument, Instrument.id == WaitListEntry.instrument_id)
        .join(Facility, Facility.id == Instrument.facility_id)
        .outerjoin(Booking, held)
    )
