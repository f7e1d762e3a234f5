"""Whatever ends a grant before its time ends what rests on it in the same transaction: sessions and service orders."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.core.authority import Actor
from infra_access.orders.ending import end_orders, lock_orders
from infra_access.scheduling.models import Booking
from infra_access.scheduling.revoking import with_bookings


def with_all_on_it(
    session: Session,
    command: Callable[[], None],
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
) -> list[Booking]:
    """Run a command that may end what a request was granted; then give back what is booked and ordered on it.

    Return the bookings, each cancelled, or ended now where its session runs. Nothing happens to them, or to orders,
    where the command does not end the grant. Why the request ended is why they did.
    """
    granted = allocations.allocation_of(session, access_request)
    if granted is not None and granted.state == AllocationState.ENDED:
        command()  # what was on it ended with it, and is not told of again
        return []
    orders = lock_orders(session, access_request)
    bookings = with_bookings(session, command, actor=actor, now=now, access_request=access_request)
    reason = access_request.state_reason or ""
    end_orders(session, actor=actor, now=now, access_request=access_request, locked=orders, reason=reason)
    return bookings
