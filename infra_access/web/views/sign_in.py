"""Signing in and out, and the link with which somebody sets a password.

No view here touches the request's own session before a password was hashed or checked: nothing may wait for that.
"""

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from infra_access.access_requests.joining import set_password_by_link
from infra_access.core import clock
from infra_access.core.errors import Invalid, NotAuthenticated, TooMany, Unavailable
from infra_access.core.i18n import _
from infra_access.http.sessions import forget_login, login_token, remember_login
from infra_access.people.links import account_of_link, ask_for_link
from infra_access.people.logins import log_out, sign_in
from infra_access.people.passwords import SHORTEST, check_password, hash_password
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import local_path, to, values_of
from infra_access.web.rendering import flash


@view_config(route_name="sign_in", renderer="sign_in.jinja2", request_method="GET", permission=NO_PERMISSION_REQUIRED)
def sign_in_form(request: Request) -> dict[str, Any]:
    """Show the form; `next` is where to go afterwards."""
    email = request.GET.get("email", "")[:254]
    return to_fill_in({"email": email, "next": local_path(request.GET.get("next"))})


@view_config(route_name="sign_in", renderer="sign_in.jinja2", request_method="POST", permission=NO_PERMISSION_REQUIRED)
def begin(request: Request) -> dict[str, Any] | Response:
    """Check the password, give the cookie, and go where the reader wanted to."""
    entered = values_of(request)
    try:
        _login, token = sign_in(
            request.database,
            now=clock.now(),
            email=entered.get("email", ""),
            password=entered.get("password", ""),
            source=request.client_addr or "",
        )
    except (NotAuthenticated, TooMany, Unavailable) as error:
        return to_correct(request, error)
    response = HTTPSeeOther(location=local_path(entered.get("next")))
    remember_login(request, response, token)
    return response


@view_config(route_name="sign_in", request_method="POST", request_param="link", permission=NO_PERMISSION_REQUIRED)
def mail_a_link(request: Request) -> Response:
    """Have a link to set a password mailed; the answer is the same for an address that nobody has."""
    email = values_of(request).get("email", "")
    ask_for_link(request.db, now=clock.now(), email=email)
    flash(request, "info", _("If there is an account with this address, a link to set a password is on its way."))
    return to(request, "sign_in")


@view_config(route_name="sign_out", request_method="POST", permission=NO_PERMISSION_REQUIRED)
def end(request: Request) -> Response:
    """End the session; repeated, it changes nothing."""
    token = login_token(request)
    if token and request.actor is not None:
        log_out(request.db, actor=request.actor, now=clock.now(), token=token)
    flash(request, "info", _("You are signed out."))
    response = to(request, "home")
    forget_login(response)
    return response


@view_config(
    route_name="set_password", renderer="set_password.jinja2", request_method="GET", permission=NO_PERMISSION_REQUIRED
)
def new_password(request: Request) -> dict[str, Any]:
    """Show the form to whoever holds the link."""
    account = account_of_link(request.db, request.matchdict["token"], now=clock.now())
    return {"email": account.email, "shortest": SHORTEST, **to_fill_in()}


@view_config(
    route_name="set_password", renderer="set_password.jinja2", request_method="POST", permission=NO_PERMISSION_REQUIRED
)
def set_password(request: Request) -> dict[str, Any] | Response:
    """Set the password by the link, which ends with that."""
    token, password, now = request.matchdict["token"], values_of(request).get("password", ""), clock.now()
    with request.database.reader() as session:
        account = account_of_link(session, token, now=now)
        email, name = account.email, account.name
    try:
        check_password(password, email=email, name=name)
        hashed = hash_password(password)
    except (Invalid, Unavailable) as error:
        return {"email": email, "shortest": SHORTEST, **to_correct(request, error)}
    set_password_by_link(request.db, now=now, token=token, password_hash=hashed)
    flash(request, "success", _("Your password is set. You can sign in with it now."))
    return to(request, "sign_in", _query={"email": email})
