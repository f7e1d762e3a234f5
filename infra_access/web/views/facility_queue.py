"""The queue of a facility: each order with its next step as one button; and these steps."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.catalogue.models import Facility
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.orders import work
from infra_access.orders.queue import is_overdue, queue_of
from infra_access.web.forms import values_of
from infra_access.web.order_page import act
from infra_access.web.views.send_samples import whole_number
from infra_access.web.views.service_order import PAGE

_STAFF = {**PAGE, "request_method": "POST", "permission": Permission.ORDER_WORK}


@view_config(
    route_name="facility_queue",
    renderer="facility_queue.jinja2",
    request_method="GET",
    permission=Permission.ORDER_WORK,
)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show what is to be done, by instrument."""
    facility: Facility = context.row
    now = clock.now()
    queue = queue_of(request.db, actor=request.actor, facility=facility)
    return {
        "facility": facility,
        "zone": facility.timezone,
        "instruments": list(dict.fromkeys(one.instrument for one in queue)),
        "queue": queue,
        "overdue": {one.order.id for one in queue if is_overdue(one.order, now)},
    }


@view_config(**_STAFF, request_param="do=samples_received")
def receive(context: Context, request: Request) -> dict[str, Any] | Response:
    """Note that the samples arrived."""
    entered = values_of(request)
    return act(
        context,
        request,
        work.receive_samples,
        _("The samples are noted as arrived. The promised days run from now on."),
        count=whole_number(entered.get("count", "")),
        tracking=entered.get("tracking", ""),
        condition=entered.get("condition", ""),
    )


@view_config(**_STAFF, request_param="do=start")
def start(context: Context, request: Request) -> dict[str, Any] | Response:
    """Begin the work."""
    return act(context, request, work.start, _("The work has begun. The team is told."))


@view_config(**_STAFF, request_param="do=quality_checked")
def check(context: Context, request: Request) -> dict[str, Any] | Response:
    """Note that the results were looked over."""
    return act(context, request, work.check_quality, _("The results are noted as checked. Deliver them next."))


@view_config(**_STAFF, request_param="do=deliver")
def deliver(context: Context, request: Request) -> dict[str, Any] | Response:
    """Hand the results over."""
    entered = values_of(request)
    return act(
        context,
        request,
        work.deliver,
        _("The results are delivered. The team is told."),
        deliverable=entered.get("deliverable", ""),
        tracking=entered.get("tracking", ""),
    )


@view_config(**_STAFF, request_param="do=priority")
def prioritise(context: Context, request: Request) -> dict[str, Any] | Response:
    """Put it ahead, or back in its turn."""
    entered = values_of(request)
    typed = entered.get("priority", "").strip()
    return act(
        context,
        request,
        work.set_priority,
        _("Its place in the queue is changed."),
        priority=int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 3 else -1,
        reason=entered.get("priority_reason", ""),
    )
