"""A conversation: what was said, and an answer."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.conversations.enquiries import may_become_request
from infra_access.access_requests.conversations.speaking import reply
from infra_access.access_requests.models import Conversation
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.orders.order_queries import OrderView, order_by_public_id
from infra_access.orders.talking import ORDER
from infra_access.web.booking_form import REFUSED
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import to, values_of
from infra_access.web.rendering import flash

_ROUTE = {
    "route_name": "conversation",
    "renderer": "conversation.jinja2",
    "permission": Permission.CONVERSATION_READ,
}


@view_config(**_ROUTE, request_method="GET")
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show a conversation."""
    return {**_page(context, request), **to_fill_in()}


@view_config(**_ROUTE, request_method="POST")
def answer(context: Context, request: Request) -> dict[str, Any] | Response:
    """Say something."""
    conversation = context.row.conversation
    text = values_of(request).get("text", "")
    try:
        reply(request.db, actor=request.actor, now=clock.now(), conversation=conversation, text=text)
    except REFUSED as error:
        return {**_page(context, request), **to_correct(request, error)}
    flash(request, "success", _("Sent. The others are told by mail."))
    return to(request, "conversation", id=conversation.public_id, _anchor="answer")


def _page(context: Context, request: Request) -> dict[str, Any]:
    conversation = context.row.conversation
    return {
        "view": context.row,
        "order": _order_of(request, conversation) if conversation.about_kind == ORDER else None,
        "may_become_request": may_become_request(conversation, request.actor),
    }


def _order_of(request: Request, conversation: Conversation) -> OrderView | None:
    """Return the order that it is about, if the reader may see that too."""
    try:
        return order_by_public_id(request.db, str(conversation.about_public_id), actor=request.actor)
    except NotFound:
        return None
