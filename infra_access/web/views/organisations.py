"""Entering one's own organisation, such as a startup that no register of research knows: self-declared, no rights."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.catalogue.organisations import create_organisation
from infra_access.catalogue.vocabularies import IdentifierScheme, Sector, SizeBand, label
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.people.accounts import account_of
from infra_access.people.affiliations import affiliate
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.visitor import country_options

_ROUTE = {
    "route_name": "organisation_new",
    "renderer": "organisation_new.jinja2",
    "permission": Permission.ORGANISATION_CREATE,
}


@view_config(**_ROUTE, request_method="GET")
def empty(request: Request) -> dict[str, Any]:
    """Show the form."""
    name = request.GET.get("name", "")[:300]
    return {**_options(request), **to_fill_in({"name": name, "sector": Sector.COMPANY})}


@view_config(**_ROUTE, request_method="POST")
def create(request: Request) -> dict[str, Any] | Response:
    """Enter it; whoever does so acts for it."""
    entered, now = values_of(request), clock.now()
    facts: dict[str, Any] = {name: entered[name] for name in ("sector", "size") if entered.get(name)}
    identifiers = [(entered.get("scheme", ""), entered["identifier"])] if entered.get("identifier") else []
    try:
        organisation = create_organisation(
            request.db,
            actor=request.actor,
            now=now,
            name=entered.get("name", ""),
            country=entered.get("country", ""),
            website=entered.get("website") or None,
            identifiers=identifiers,
            facts=facts | {"startup": "startup" in entered},
        )
    except ENTERED as error:
        return {**_options(request), **to_correct(request, error)}
    account = account_of(request.db, request.actor)
    affiliate(request.db, actor=request.actor, now=now, account=account, organisation=organisation)
    done = _("${name} is entered, and you act for it. You can ask for access now.")
    flash(request, "success", done % {"name": organisation.name})
    return to(request, "account", _anchor="affiliations")


def _options(request: Request) -> dict[str, Any]:
    def words(vocabulary: Any) -> list[tuple[str, str]]:
        return [(str(one), request.localize(label(one))) for one in vocabulary]

    return {
        "countries": country_options(request.locale_name),
        "sectors": [pair for pair in words(Sector) if pair[0] != Sector.PERSON],
        "sizes": words(SizeBand),
        "schemes": words(IdentifierScheme),
    }
