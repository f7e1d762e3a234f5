"""How the team answers what was delivered: it accepts the results, or says what is wrong with them."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.catalogue import fields
from infra_access.core.authority import Actor
from infra_access.orders import order_fields
from infra_access.orders.lifecycle import OrderTransition
from infra_access.orders.models import ServiceOrder
from infra_access.orders.standing import advance, lock_order, require_team, trace


def accept(
    session: Session, *, actor: Actor, now: datetime, order: ServiceOrder, expected_version: int | None = None
) -> ServiceOrder:
    """Accept the results, also after a dispute was settled."""
    found = lock_order(session, order, expected_version)
    require_team(actor, found)
    advance(found, OrderTransition.ACCEPT, now)
    trace(session, actor, found.order, "accepted", now, {})
    return found.order


def dispute(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    order: ServiceOrder,
    reason: str,
    expected_version: int | None = None,
) -> ServiceOrder:
    """Say what is wrong with the results; the facility does the work again, or both settle it."""
    found = lock_order(session, order, expected_version)
    require_team(actor, found)
    reason = fields.cleaned({"reason": reason}, order_fields.REASON)["reason"]
    advance(found, OrderTransition.DISPUTE, now)
    found.order.state_reason = reason
    trace(session, actor, found.order, "disputed", now, {"reason": reason})
    return found.order
