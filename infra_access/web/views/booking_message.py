"""Writing about a booking, on its page."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core.authority import Permission
from infra_access.http.security import Context
from infra_access.scheduling.talking import ask_about_booking
from infra_access.web.talking import begin
from infra_access.web.views.booking import booking_page


@view_config(
    route_name="booking_message",
    renderer="booking.jinja2",
    request_method="POST",
    permission=Permission.CONVERSATION_START,
)
def write(context: Context, request: Request) -> dict[str, Any] | Response:
    """Begin a conversation on it."""
    return begin(request, ask_about_booking, lambda: booking_page(context, request), booking=context.row.booking)
