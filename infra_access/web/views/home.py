"""The start page, what this is, how it works, and the choice of language."""

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from infra_access.catalogue.search import search
from infra_access.core.authority import Permission
from infra_access.http.localisation import LOCALE_COOKIE, LOCALES
from infra_access.settings import Settings
from infra_access.web.forms import local_path, values_of
from infra_access.web.visitor import i_am_form, said

_YEAR_OF_SECONDS = 365 * 24 * 3600


@view_config(route_name="home", renderer="home.jinja2", request_method="GET", permission=Permission.CATALOGUE_READ)
def home(request: Request) -> dict[str, Any]:
    """Show what one can do here, with how much there is."""
    everything = search(request.db, limit=1)
    return {
        "instruments": everything.total or 0,
        "countries": len(everything.facets.country) if everything.facets else 0,
        "said": said(request),
        "i_am": i_am_form(request),
    }


@view_config(route_name="about", renderer="about.jinja2", request_method="GET", permission=Permission.CATALOGUE_READ)
@view_config(route_name="docs", renderer="help.jinja2", request_method="GET", permission=Permission.CATALOGUE_READ)
@view_config(
    route_name="publish", renderer="publish.jinja2", request_method="GET", permission=Permission.CATALOGUE_READ
)
def written(request: Request) -> dict[str, Any]:
    """Show a page that is only text."""
    return {}


@view_config(route_name="language", request_method="POST", permission=NO_PERMISSION_REQUIRED)
def language(request: Request) -> Response:
    """Remember the language that was chosen, and go back."""
    settings: Settings = request.registry["infra_access.settings"]
    entered = values_of(request)
    response = HTTPSeeOther(location=local_path(entered.get("back")))
    if entered.get("locale") in LOCALES:
        response.set_cookie(
            LOCALE_COOKIE,
            entered["locale"],
            max_age=_YEAR_OF_SECONDS,
            path="/",
            samesite="Lax",
            httponly=True,
            secure=settings.secure_cookies,
        )
    return response
