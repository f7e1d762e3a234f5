"""Writing about a booking, on its page."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.vocabularies import Visibility
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.scheduling.talking import ask_about_booking
from infra_access.web.corrections import to_correct
from infra_access.web.forms import ENTERED, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.views.booking import booking_page


@view_config(
    route_name="booking_message",
    renderer="booking.jinja2",
    request_method="POST",
    permission=Permission.CONVERSATION_START,
)
def write(context: Context, request: Request) -> dict[str, Any] | Response:
    """Begin a conversation on it."""
    entered = values_of(request)
    try:
        conversation = ask_about_booking(
            request.db,
            actor=request.actor,
            now=clock.now(),
            booking=context.row.booking,
            subject=entered.get("subject", ""),
            text=entered.get("text", ""),
            visibility=Visibility.STAFF if "staff" in entered else Visibility.TEAM_AND_STAFF,
        )
    except ENTERED as error:
        return {**booking_page(context, request), **to_correct(request, error)}
    flash(request, "success", _("Your message was sent. The answer comes here and by mail."))
    return to(request, "conversation", id=conversation.public_id)
