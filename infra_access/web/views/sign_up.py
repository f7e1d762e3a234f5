"""Making an account; whether an address has one already is told only to its owner, by mail."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.errors import Invalid, Unavailable
from infra_access.core.i18n import _
from infra_access.http.localisation import LOCALES
from infra_access.people.accounts import sign_up
from infra_access.people.passwords import SHORTEST, check_password, hash_password
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import local_path, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.visitor import country_options
from infra_access.web.zones import zone_options

_ROUTE = {"route_name": "sign_up", "renderer": "sign_up.jinja2", "permission": NO_PERMISSION_REQUIRED}


@view_config(**_ROUTE, request_method="GET")
def sign_up_form(request: Request) -> dict[str, Any]:
    """Show the form."""
    return {**_options(request), **to_fill_in({"next": local_path(request.GET.get("next"))})}


@view_config(**_ROUTE, request_method="POST")
def create(request: Request) -> dict[str, Any] | Response:
    """Make the account and lead to signing in."""
    entered = values_of(request)
    email, name, password = (entered.get(field, "") for field in ("email", "name", "password"))
    try:
        check_password(password, email=email, name=name)
        hashed = hash_password(password)
        sign_up(
            request.db,
            now=clock.now(),
            email=email,
            name=name,
            password_hash=hashed,
            country_of_work=entered.get("country_of_work") or None,
            locale=request.locale_name if request.locale_name in LOCALES else "en",
            timezone=entered.get("timezone") or "UTC",
        )
    except (Invalid, Unavailable) as error:
        return {**_options(request), **to_correct(request, error)}
    flash(
        request,
        "success",
        _(
            "Welcome. Please sign in with your address and password. If there was an account with this address"
            " already, nothing of it was changed, and its owner got a mail."
        ),
    )
    return to(request, "sign_in", _query={"email": email, "next": local_path(entered.get("next"))})


def _options(request: Request) -> dict[str, Any]:
    return {"countries": country_options(request.locale_name), "zones": zone_options(), "shortest": SHORTEST}
