"""What becomes of service orders when what was granted for them ends: work that did not begin is cancelled.

Work that began cannot be undone, and a measured sample is owed for: such an order stays where it is until it is
delivered, and is billed as quoted; its people are told that the access ended, and why.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest, Allocation
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.core.authority import Actor
from infra_access.orders.lifecycle import TRANSITIONS, OrderState, OrderTransition
from infra_access.orders.models import ServiceOrder
from infra_access.orders.ordering import call_off
from infra_access.orders.standing import Locked, lock_order, trace

WAITING = frozenset(state for state, ways in TRANSITIONS.items() if OrderTransition.CANCEL in ways)
"""States of an order that was not begun."""

_BEGUN = frozenset({OrderState.IN_WORK, OrderState.QUALITY_CHECKED})


def lock_orders(session: Session, access_request: AccessRequest, known: Collection[int] = ()) -> list[Locked]:
    """Lock what was ordered on a request and is not delivered, before the grant, as whoever changes an order does."""
    keys = session.scalars(
        select(ServiceOrder.id)
        .join(Allocation, Allocation.id == ServiceOrder.allocation_id)
        .where(
            Allocation.access_request_id == access_request.id,
            ServiceOrder.state.in_(sorted(WAITING | _BEGUN)),
            ServiceOrder.id.not_in(sorted(known)),
        )
        .order_by(ServiceOrder.id)
    ).all()
    return [lock_order(session, session.get_one(ServiceOrder, key), None) for key in keys]


def end_orders(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    locked: Sequence[Locked],
    reason: str,
) -> None:
    """Cancel what waits of the `locked` orders, and of those made until the grant was locked, if that has ended."""
    state = session.scalar(select(Allocation.state).where(Allocation.access_request_id == access_request.id))
    if state != AllocationState.ENDED:
        return
    for found in [*locked, *lock_orders(session, access_request, [one.order.id for one in locked])]:
        if found.order.state in WAITING:
            call_off(session, actor, found, reason, now, access_ended=True)
        elif found.order.state in _BEGUN:
            found.order.state_reason, found.order.changed_at = reason or None, now
            trace(session, actor, found.order, "access_ended", now, {"reason": reason})


def is_taken_back(session: Session, order: ServiceOrder) -> bool:
    """Tell whether what was granted for an order was refused, revoked or withdrawn since. One statement.

    What ran out by time, or was completed, still owes its team results that are in order.
    """
    if order.allocation_id is None:
        return False
    ended, state = session.execute(
        select(Allocation.state == AllocationState.ENDED, AccessRequest.state)
        .join(AccessRequest, AccessRequest.id == Allocation.access_request_id)
        .where(Allocation.id == order.allocation_id)
    ).one()
    return bool(ended) and state not in (RequestState.COMPLETED, RequestState.EXPIRED)
