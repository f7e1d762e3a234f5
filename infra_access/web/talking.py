"""Conversations on a booking or an order, on its page: those of it, and a message that begins another one."""

from collections.abc import Callable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from infra_access.access_requests.conversations.speaking import conversations_about
from infra_access.access_requests.models import Conversation
from infra_access.access_requests.vocabularies import Visibility
from infra_access.core import clock
from infra_access.core.authority import Permission, may
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.web.corrections import to_correct
from infra_access.web.forms import ENTERED, to, values_of
from infra_access.web.rendering import flash


def conversations_on(context: Context, request: Request, kind: str, public_id: str) -> dict[str, Any]:
    """Return the conversations on what a page is about, for its owner, its team and the staff of the facility."""
    # A conversation is the facility's: a role on the instrument alone does not read it.
    staff = may(request.actor, Permission.CONVERSATION_READ, context.scopes[1:])
    if not (staff or context.relations):
        return {"may_talk": False, "staff": False, "conversations": ()}
    found = conversations_about(request.db, kind, public_id, staff=staff)
    return {"may_talk": True, "staff": staff, "conversations": found}


def begin(
    request: Request, command: Callable[..., Conversation], page: Callable[[], dict[str, Any]], **about: Any
) -> dict[str, Any] | Response:
    """Begin a conversation with what was entered and go there, or show the `page` with what to mend."""
    entered = values_of(request)
    try:
        conversation = command(
            request.db,
            actor=request.actor,
            now=clock.now(),
            subject=entered.get("subject", ""),
            text=entered.get("text", ""),
            visibility=Visibility.STAFF if "staff" in entered else Visibility.TEAM_AND_STAFF,
            **about,
        )
    except ENTERED as error:
        return {**page(), **to_correct(request, error)}
    flash(request, "success", _("Your message was sent. The answer comes here and by mail."))
    return to(request, "conversation", id=conversation.public_id)
