"""A yes that leaves out an instrument on which its team has booked or ordered: refused, naming what is there."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.narrower import Narrower
from infra_access.access_requests.models import AccessRequest, Allocation
from infra_access.catalogue.models import Instrument
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.orders.ending import WAITING
from infra_access.orders.models import ServiceOrder
from infra_access.scheduling.lifecycle import FINAL
from infra_access.scheduling.models import Booking


def refuse_booked(session: Session, narrower: Narrower, access_request: AccessRequest, now: datetime) -> None:
    """Refuse to leave out instruments with sessions that are not over, or orders that are not begun.

    For after the verdict, when nothing more can be booked on them: the grant waits for the other verdicts, or was
    brought up to this one. Begun work is delivered in any case. Raises Conflict `grant.booked`.
    """
    booked = session.execute(
        select(Booking.public_id, Booking.starts, Instrument.name)
        .join(Allocation, Allocation.id == Booking.allocation_id)
        .join(Instrument, Instrument.id == Booking.instrument_id)
        .where(
            Allocation.access_request_id == access_request.id,
            Booking.state.not_in(sorted(FINAL)),
            Booking.ends > now,
            Instrument.public_id.in_(narrower.left_out),
        )
        .order_by(Booking.starts, Booking.id)
    ).all()
    ordered = session.execute(
        select(ServiceOrder.public_id, Instrument.name)
        .join(Allocation, Allocation.id == ServiceOrder.allocation_id)
        .join(Instrument, Instrument.id == ServiceOrder.instrument_id)
        .where(
            Allocation.access_request_id == access_request.id,
            ServiceOrder.state.in_(sorted(WAITING)),
            Instrument.public_id.in_(narrower.left_out),
        )
        .order_by(ServiceOrder.id)
    ).all()
    if not booked and not ordered:
        return
    found = [f"{one.name}, {one.starts:%Y-%m-%d %H:%M} (UTC), {one.public_id}" for one in booked]
    found += [f"{one.name}, {one.public_id}" for one in ordered]
    raise Conflict(
        "grant.booked",
        _(
            "Sessions are booked, or measurements ordered, on what you leave out: ${found}. Have them cancelled first, "
            "or grant these instruments too.",
            mapping={"found": "; ".join(found)},
        ),
        details={
            "bookings": [one.public_id for one in booked],
            "orders": [one.public_id for one in ordered],
        },
    )
