"""Confirming that the address of an account is one's own, by the link that its mailbox got."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.joining import confirm_address
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.people.accounts import account_of
from infra_access.people.links import ask_to_confirm
from infra_access.web.forms import to
from infra_access.web.rendering import flash

_PAGE = {"route_name": "confirm_address", "permission": Permission.OWN_ACCOUNT}


@view_config(**_PAGE, request_method="GET", renderer="confirm_address.jinja2")
def ask(request: Request) -> dict[str, Any]:
    """Show the button: a mail scanner that opens links must not confirm by that."""
    account = account_of(request.db, request.actor)
    return {"email": account.email, "confirmed": account.email_confirmed_at is not None}


@view_config(**_PAGE, request_method="POST")
def confirm(request: Request) -> Response:
    """Confirm the address."""
    joined = confirm_address(request.db, actor=request.actor, now=clock.now(), token=request.matchdict["token"])
    flash(request, "success", _("Thank you: your address is confirmed."))
    if joined:
        flash(request, "info", _("You are on ${count} teams that named it.", mapping={"count": joined}))
    return to(request, "my_things")


@view_config(route_name="account", request_method="POST", request_param="confirm", permission=Permission.OWN_ACCOUNT)
def send_again(request: Request) -> Response:
    """Have the link mailed once more."""
    ask_to_confirm(request.db, actor=request.actor, now=clock.now())
    flash(request, "success", _("A mail with a link to confirm your address is on its way."))
    return to(request, "account")
