"""Asking a facility about an instrument: the question opens a conversation."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.conversations.speaking import ask
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, to, values_of
from infra_access.web.rendering import flash

_ROUTE = {"route_name": "instrument_ask", "renderer": "ask.jinja2"}


@view_config(**_ROUTE, request_method="GET", permission=Permission.CONVERSATION_START)
def question(context: Context, request: Request) -> dict[str, Any]:
    """Show the form."""
    return {"place": context.row, **to_fill_in({"subject": request.GET.get("subject", "")[:300]})}


@view_config(**_ROUTE, request_method="POST", permission=Permission.CONVERSATION_START)
def send(context: Context, request: Request) -> dict[str, Any] | Response:
    """Open the conversation and go there."""
    entered = values_of(request)
    try:
        conversation = ask(
            request.db,
            actor=request.actor,
            now=clock.now(),
            instrument=context.row.instrument,
            subject=entered.get("subject", ""),
            text=entered.get("text", ""),
        )
    except ENTERED as error:
        return {"place": context.row, **to_correct(request, error)}
    flash(request, "success", _("Your question was sent. The answer comes here and by mail."))
    return to(request, "conversation", id=conversation.public_id)
