"""What the staff of a facility do with a service order: receive, begin, check, deliver; and put it ahead."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute
from infra_access.accounting.ledger import write_usage
from infra_access.accounting.models import Quote
from infra_access.catalogue import fields
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.ledger.models import UsageLine
from infra_access.ledger.vocabularies import UsageKind
from infra_access.orders import order_fields
from infra_access.orders.ending import is_taken_back
from infra_access.orders.lifecycle import OPEN, OrderState, OrderTransition
from infra_access.orders.models import ServiceOrder
from infra_access.orders.standing import Locked, advance, lock_order, require_staff, trace


def receive_samples(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    order: ServiceOrder,
    count: int,
    tracking: str = "",
    condition: str = "",
    expected_version: int | None = None,
) -> ServiceOrder:
    """Note that the samples arrived, how many and in what condition; from now on the promised days run.

    They are days of the calendar, not working days. Where not all arrived, the condition says so.
    """
    found = _of_staff(session, actor, order, expected_version)
    values = fields.cleaned({"count": count, "tracking": tracking, "condition": condition}, order_fields.RECEIVED)
    if values["count"] != found.order.samples and not values["condition"]:
        message = _("${samples} samples were announced. Say what is missing.", mapping={"samples": found.order.samples})
        raise fields.fault("order.condition", "condition", message)
    advance(found, OrderTransition.RECEIVE, now)
    found.order.samples_received, found.order.condition_note = values["count"], values["condition"]
    found.order.tracking_in = values["tracking"]
    _promise(session, found, now)
    trace(session, actor, found.order, "samples_received", now, {"count": values["count"]})
    return found.order


def start(
    session: Session, *, actor: Actor, now: datetime, order: ServiceOrder, expected_version: int | None = None
) -> ServiceOrder:
    """Begin the work, or begin it again after a dispute: the promised days then run anew.

    Raises Conflict `order.access_ended` for work to do again on what was taken back since.
    """
    found = _of_staff(session, actor, order, expected_version)
    again = found.order.state == OrderState.DISPUTED
    if again and is_taken_back(session, found.order):
        message = _("The access that this rests on was taken back, so it is not done again. Write to the team.")
        raise Conflict("order.access_ended", message)
    advance(found, OrderTransition.START, now)
    if again:
        found.order.checked_at = found.order.delivered_at = found.order.closed_at = None
        _promise(session, found, now)
    trace(session, actor, found.order, "started", now, {"again": again})
    return found.order


def check_quality(
    session: Session, *, actor: Actor, now: datetime, order: ServiceOrder, expected_version: int | None = None
) -> ServiceOrder:
    """Note that somebody looked over the results."""
    found = _of_staff(session, actor, order, expected_version)
    advance(found, OrderTransition.CHECK, now)
    trace(session, actor, found.order, "quality_checked", now, {})
    return found.order


def deliver(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    order: ServiceOrder,
    deliverable: str,
    tracking: str = "",
    expected_version: int | None = None,
) -> ServiceOrder:
    """Hand the results over, in words and links; the use is entered in the ledger, once however often it is redone."""
    found = _of_staff(session, actor, order, expected_version)
    values = fields.cleaned({"deliverable": deliverable, "tracking": tracking}, order_fields.DELIVERED)
    advance(found, OrderTransition.DELIVER, now)
    found.order.deliverable, found.order.tracking_out = values["deliverable"], values["tracking"]
    session.flush()
    if session.scalar(select(UsageLine.id).where(UsageLine.service_order_id == found.order.id).limit(1)) is None:
        _enter(session, actor, found, now)
    trace(session, actor, found.order, "delivered", now, {})
    return found.order


def set_priority(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    order: ServiceOrder,
    priority: int,
    reason: str,
    expected_version: int | None = None,
) -> ServiceOrder:
    """Put an order ahead of those that came before it, or back in its turn, and say why."""
    found = _of_staff(session, actor, order, expected_version)
    values = fields.cleaned({"priority": priority, "reason": reason}, order_fields.PRIORITY)
    if found.order.state not in OPEN:
        raise Conflict("order.not_queued", _("This order does not stand in the queue."))
    before, found.order.priority = found.order.priority, values["priority"]
    found.order.changed_at = now
    details = {"before": before, "after": values["priority"], "reason": values["reason"]}
    trace(session, actor, found.order, "priority_set", now, details)
    return found.order


def _of_staff(session: Session, actor: Actor, order: ServiceOrder, expected_version: int | None) -> Locked:
    found = lock_order(session, order, expected_version)
    require_staff(actor, found)
    return found


def _promise(session: Session, found: Locked, now: datetime) -> None:
    days = session.scalar(select(AccessRoute.turnaround_days).where(AccessRoute.id == found.order.route_id))
    found.order.promised_at = now + timedelta(days=days) if days else None


def _enter(session: Session, actor: Actor, found: Locked, now: datetime) -> None:
    """Write the usage line: what was ordered, at the price that was quoted."""
    order, quote = found.order, session.get_one(Quote, found.order.quote_id)
    write_usage(
        session,
        now=now,
        actor=actor,
        facility=found.facility,
        instrument=found.instrument,
        kind=UsageKind.USED,
        units=Decimal(order.samples),
        access_unit=quote.access_unit,
        list_value=quote.list_price,
        price=quote.price,
        currency=quote.currency,
        ground=quote.ground,
        subject=order.public_id,
        service_order_id=order.id,
        allocation_id=order.allocation_id,
        funding_id=order.funding_id,
    )
