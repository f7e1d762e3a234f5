"""The dated groups of countries that rules name: who is in them, as of when, by whose list."""

from typing import Any

from pyramid.request import Request
from pyramid.view import view_config

from infra_access.catalogue.countries import country_name
from infra_access.core.authority import Permission
from infra_access.http.localisation import cldr
from infra_access.policy.country_groups import country_groups


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
    return {"groups": groups}
