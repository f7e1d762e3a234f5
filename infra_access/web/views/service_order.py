"""A service order: how far it is and what comes next; ordering, cancelling, accepting, disputing, talking; label."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.orders import closing
from infra_access.orders.ordering import cancel_order, place_order
from infra_access.orders.talking import ask_about_order
from infra_access.web.corrections import to_fill_in
from infra_access.web.forms import values_of
from infra_access.web.order_page import act, shown
from infra_access.web.talking import begin

PAGE = {"route_name": "service_order", "renderer": "service_order.jinja2"}
_TEAM = {**PAGE, "request_method": "POST", "permission": Permission.ORDER_UPDATE}


@view_config(**PAGE, request_method="GET", permission=Permission.ORDER_READ)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show an order."""
    return shown(context, request, clock.now()) | to_fill_in() | {"refused": None}


@view_config(
    route_name="service_order_label",
    renderer="service_order_label.jinja2",
    request_method="GET",
    permission=Permission.ORDER_READ,
)
def label(context: Context, request: Request) -> dict[str, Any]:
    """Show what to print and put into the parcel."""
    return {"view": context.row, "order": context.row.order}


@view_config(
    route_name="service_order_message",
    renderer=PAGE["renderer"],
    request_method="POST",
    permission=Permission.CONVERSATION_START,
)
def write(context: Context, request: Request) -> dict[str, Any] | Response:
    """Begin a conversation on it, or on its samples."""

    def page() -> dict[str, Any]:
        return shown(context, request, clock.now()) | {"refused": None}

    return begin(request, ask_about_order, page, order=context.row.order)


@view_config(**_TEAM, request_param="do=order")
def order(context: Context, request: Request) -> dict[str, Any] | Response:
    """Order at the quoted price."""
    entered = values_of(request)
    text_hash = entered.get("text_hash") if "agreed" in entered else None
    done = _("It is ordered. Put the label into the parcel and send the samples.")
    return act(context, request, place_order, done, text_hash=text_hash, funding=entered.get("funding") or None)


@view_config(**PAGE, request_method="POST", permission=Permission.ORDER_CANCEL, request_param="do=cancel")
def cancel(context: Context, request: Request) -> dict[str, Any] | Response:
    """Give it up."""
    done = _("It is cancelled. What it had drawn and reserved was given back.")
    return act(context, request, cancel_order, done, reason=values_of(request).get("cancel_reason", ""))


@view_config(**_TEAM, request_param="do=accept")
def accept(context: Context, request: Request) -> dict[str, Any] | Response:
    """Accept the results."""
    return act(context, request, closing.accept, _("You accepted the results."))


@view_config(**_TEAM, request_param="do=dispute")
def dispute(context: Context, request: Request) -> dict[str, Any] | Response:
    """Say what is wrong."""
    done = _("The facility is told. It does the work again, or settles it with you.")
    return act(context, request, closing.dispute, done, reason=values_of(request).get("reason", ""))
