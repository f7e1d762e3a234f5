"""A service order's page: what it shows, and how each of its buttons acts and answers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from infra_access.accounting.funding import funding_of
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import Text
from infra_access.http.security import Context
from infra_access.orders.lifecycle import LABELS, NEXT, OF_THE_STAFF, OrderState, OrderTransition, possible
from infra_access.orders.models import ServiceOrder
from infra_access.orders.order_queries import OrderItem, OrderView
from infra_access.orders.queue import is_overdue
from infra_access.orders.talking import ORDER
from infra_access.web.booking_form import REFUSED, version_in
from infra_access.web.corrections import to_correct
from infra_access.web.forms import to, values_of
from infra_access.web.markdown import to_html
from infra_access.web.presenters import money as amounts
from infra_access.web.presenters.decisions import kept
from infra_access.web.presenters.order_steps import look_of, steps_of, with_links
from infra_access.web.presenters.ways_in import promise_of
from infra_access.web.rendering import flash
from infra_access.web.talking import conversations_on


def shown(context: Context, request: Request, now: datetime) -> dict[str, Any]:
    """Return what the template of an order's page needs."""
    view: OrderView = context.row
    order, state = view.order, OrderState(view.order.state)
    mine = bool(view.relations)
    ways = set(possible(state))
    if not mine:
        ways &= (OF_THE_STAFF | {OrderTransition.CANCEL}) if request.may(Permission.ORDER_WORK, context) else set()
    else:
        ways -= OF_THE_STAFF
    overdue = is_overdue(order, now)
    expired = state is OrderState.QUOTED and view.quote.valid_until <= now
    return {
        "view": view,
        "order": order,
        "quote": view.quote,
        "zone": view.facility.timezone,
        "mine": mine,
        "can": {str(one) for one in ways} - ({"order"} if expired else set()),
        "works_there": not mine and request.may(Permission.ORDER_WORK, context),
        "expired": expired,
        "overdue": overdue,
        "look": look_of(state, overdue),
        "state": LABELS[state],
        "next": NEXT[state],
        "promise": promise_of(view.route),
        "steps": steps_of(order),
        "price": money(request, view),
        "terms": to_html(order.terms["text"]) if order.terms else None,
        "delivered": with_links(order.deliverable),
        **conversations_on(context, request, ORDER, order.public_id),
        "payers": [
            (one.public_id, one.name)
            for one in (funding_of(request.db, actor=request.actor, now=now) if mine and "order" in ways else ())
            if one.active and one.currency == view.quote.currency
        ],
    }


def money(request: Request, view: OrderItem) -> str | None:
    """Return the price in the reader's language; None where nothing is to be paid."""
    if not view.quote.price:
        return None
    return str(amounts.money(view.quote.price, view.quote.currency, request.locale_name))


def act(
    context: Context, request: Request, command: Callable[..., ServiceOrder], done: Text, **values: Any
) -> dict[str, Any] | Response:
    """Run a step and go back to where it was asked for; where it is refused, show the page with what to mend."""
    view: OrderView = context.row
    entered, now = values_of(request), clock.now()
    try:
        command(
            request.db,
            actor=request.actor,
            now=now,
            order=view.order,
            expected_version=version_in(entered),
            **values,
        )
    except REFUSED as error:
        return (
            shown(context, request, now) | to_correct(request, error) | {"refused": kept(error.details.get("decision"))}
        )
    flash(request, "success", done)
    if entered.get("back") == "queue":
        return to(request, "facility_queue", id=view.facility.public_id, _anchor=view.order.public_id)
    return to(request, "service_order", id=view.order.public_id)
