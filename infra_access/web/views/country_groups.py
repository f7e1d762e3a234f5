"""The dated groups of countries that rules name: who is in them, as of when, by whose list; and entering one."""

import re
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.catalogue.countries import country_name
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.localisation import cldr
from infra_access.policy.country_groups import country_groups
from infra_access.policy.models import CountryGroup
from infra_access.policy.publishing import set_country_group
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, day_in, to, values_of
from infra_access.web.rendering import flash

_FORM = {
    "route_name": "country_group_enter",
    "renderer": "country_group_enter.jinja2",
    "permission": Permission.POLICY_WRITE,
}


@view_config(
    route_name="country_groups",
    renderer="country_groups.jinja2",
    request_method="GET",
    permission=Permission.CATALOGUE_READ,
)
def show(request: Request) -> dict[str, Any]:
    """List them by kind, the latest of each first, with the names of their members."""
    locale = cldr(request.locale_name)
    groups = [
        (one, sorted(country_name(code, locale) for code in one.group.countries)) for one in country_groups(request.db)
    ]
    return {"groups": groups, "may_enter": request.may(Permission.POLICY_WRITE)}


@view_config(**_FORM, request_method="GET")
def fill_in(request: Request) -> dict[str, Any]:
    """Show the form, with an existing list in it to begin with where one is named."""
    group = request.db.get(CountryGroup, request.GET.get("like", "")[:40])
    if group is None:
        return to_fill_in()
    given = {name: str(getattr(group, name)) for name in ("code", "name", "as_of", "source")}
    return to_fill_in({**given, "countries": ", ".join(group.countries)})


@view_config(**_FORM, request_method="POST")
def enter(request: Request) -> dict[str, Any] | Response:
    """Enter a list, or correct one for a reason."""
    entered = values_of(request)
    try:
        group = set_country_group(
            request.db,
            actor=request.actor,
            now=clock.now(),
            code=entered.get("code", ""),
            name=entered.get("name", ""),
            as_of=day_in(entered.get("as_of", ""), "as_of"),
            source=entered.get("source", ""),
            countries=[code.upper() for code in re.split(r"[\s,;]+", entered.get("countries", "")) if code],
            reason=entered.get("reason", ""),
        )
    except ENTERED as error:
        return to_correct(request, error)
    flash(request, "success", _("The list ${code} is entered. Rules may name it from now on.") % {"code": group.code})
    return to(request, "country_groups", _anchor=group.code)
