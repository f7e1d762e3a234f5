"""/service-orders: work on samples sent by mail, without a slot, from a quote to its acceptance."""

from collections.abc import Callable
from typing import Any

from infra_access.api.booking_shapes import ReasonBody
from infra_access.api.contract import Call, resource
from infra_access.api.schemas import page_of
from infra_access.api.service_order_shapes import (
    DeliveryBody,
    DisputeBody,
    PlacingBody,
    PriorityBody,
    ReceivingBody,
    ServiceOrderBody,
    ServiceOrderOut,
    ServiceOrderQuery,
    ServiceOrderSummaryOut,
    summary,
    whole,
)
from infra_access.api.serving import Created
from infra_access.catalogue.queries import instrument_by_public_id
from infra_access.catalogue.scopes import instrument_scopes
from infra_access.core.authority import Permission, may
from infra_access.core.paging import Page
from infra_access.orders import closing, ordering, work
from infra_access.orders.models import ServiceOrder
from infra_access.orders.order_queries import order_by_public_id, orders_on, own_orders

_CHANGE: dict[str, Any] = {"out": ServiceOrderOut, "version": "order.version", "errors": (409,)}


@resource(
    "api.service_orders",
    "GET",
    permission=Permission.ORDER_LIST,
    query=ServiceOrderQuery,
    out=page_of(ServiceOrderSummaryOut),
    errors=(404, 410),
)
def list_orders(call: Call) -> Page[dict[str, Any]]:
    """List the orders of the caller and their teams; of an instrument to its staff, the queue."""
    given = dict(call.query)
    states = [given.pop("state")] if "state" in given else None
    named = given.pop("instrument", None)
    instrument = instrument_by_public_id(call.db, named, actor=call.actor) if named else None
    if instrument and may(call.actor, Permission.ORDER_WORK, instrument_scopes(call.db, instrument)):
        page = orders_on(call.db, instrument=instrument, states=states, **given)
    else:
        page = own_orders(call.db, actor=call.actor, instrument=instrument, states=states, **given)
    return Page([summary(item, call.now) for item in page.items], page.next)


@resource(
    "api.service_orders",
    "POST",
    permission=Permission.ORDER_CREATE,
    body=ServiceOrderBody,
    out=ServiceOrderOut,
    status=201,
    errors=(404, 409, 410),
)
def quote(call: Call) -> Created:
    """Ask for a numbered quote; nothing is ordered yet."""
    given = dict(call.body)
    instrument = instrument_by_public_id(call.db, given.pop("instrument"), actor=call.actor)
    order = ordering.quote_order(call.db, actor=call.actor, now=call.now, instrument=instrument, **given)
    return Created(_shown(call, order), f"/api/v1/service-orders/{order.public_id}")


@resource("api.service_order", "GET", permission=Permission.ORDER_READ, out=ServiceOrderOut)
def read(call: Call) -> dict[str, Any]:
    """Show an order."""
    return whole(call.row, call.now)


@resource("api.service_order_order", "POST", permission=Permission.ORDER_UPDATE, body=PlacingBody, **_CHANGE)
def place(call: Call) -> dict[str, Any]:
    """Order at the quoted price."""
    return _changed(call, ordering.place_order)


@resource("api.service_order_cancel", "POST", permission=Permission.ORDER_CANCEL, body=ReasonBody, **_CHANGE)
def cancel(call: Call) -> dict[str, Any]:
    """Give up a quote, or an order before the samples arrived."""
    return _changed(call, ordering.cancel_order)


@resource("api.service_order_samples_received", "POST", permission=Permission.ORDER_WORK, body=ReceivingBody, **_CHANGE)
def receive(call: Call) -> dict[str, Any]:
    """Note that the samples arrived; the promised days run from now on."""
    return _changed(call, work.receive_samples)


@resource("api.service_order_start", "POST", permission=Permission.ORDER_WORK, **_CHANGE)
def start(call: Call) -> dict[str, Any]:
    """Begin the work, or begin it again after a dispute."""
    return _changed(call, work.start)


@resource("api.service_order_quality_checked", "POST", permission=Permission.ORDER_WORK, **_CHANGE)
def check(call: Call) -> dict[str, Any]:
    """Note that somebody looked over the results."""
    return _changed(call, work.check_quality)


@resource("api.service_order_deliver", "POST", permission=Permission.ORDER_WORK, body=DeliveryBody, **_CHANGE)
def deliver(call: Call) -> dict[str, Any]:
    """Hand the results over."""
    return _changed(call, work.deliver)


@resource("api.service_order_accept", "POST", permission=Permission.ORDER_UPDATE, **_CHANGE)
def accept(call: Call) -> dict[str, Any]:
    """Accept the results."""
    return _changed(call, closing.accept)


@resource("api.service_order_dispute", "POST", permission=Permission.ORDER_UPDATE, body=DisputeBody, **_CHANGE)
def dispute(call: Call) -> dict[str, Any]:
    """Say what is wrong with the results."""
    return _changed(call, closing.dispute)


@resource("api.service_order_priority", "POST", permission=Permission.ORDER_WORK, body=PriorityBody, **_CHANGE)
def prioritise(call: Call) -> dict[str, Any]:
    """Put an order ahead in the queue, or back in its turn."""
    return _changed(call, work.set_priority)


def _changed(call: Call, command: Callable[..., ServiceOrder]) -> dict[str, Any]:
    return _shown(call, command(call.db, order=call.row.order, **call.changes, **call.body))


def _shown(call: Call, order: ServiceOrder) -> dict[str, Any]:
    return whole(order_by_public_id(call.db, order.public_id, actor=call.actor), call.now)
