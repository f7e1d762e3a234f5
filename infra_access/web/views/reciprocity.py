"""The ledger of reciprocity by year: who gave whom how much, what each comes to, and contributions in kind."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.catalogue.managed import organisations_run_by
from infra_access.catalogue.queries import organisation_by_public_id
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import NotFound
from infra_access.core.i18n import Text, _
from infra_access.http.looking import looked_at
from infra_access.measurement.contributions import note_contribution
from infra_access.measurement.exchange import Side
from infra_access.measurement.reciprocity import clean_year, reciprocity, reciprocity_csv
from infra_access.web.accounting_forms import decimal_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, day_in, to, values_of
from infra_access.web.presenters.money import money
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once

_PAGE = {"route_name": "reciprocity", "renderer": "reciprocity.jinja2", "permission": Permission.RECIPROCITY_READ}
_LOOKED_AT = "reciprocity.read"
_SIDES: dict[Side, Text] = {Side.COUNTRY: _("Countries"), Side.ORGANISATION: _("Organisations")}


@view_config(**_PAGE, request_method="GET")
def show(request: Request) -> dict[str, Any]:
    """Show a year, the running one unless the address names another; each look is recorded."""
    page = _page(request)
    looked_at(request, _LOOKED_AT, {"year": page["year"], "by": page["side"].value})
    return {**page, **to_fill_in({"corrects": request.GET.get("corrects")})}


@view_config(**_PAGE, request_method="POST")
def note(request: Request) -> dict[str, Any] | Response:
    """Note a contribution in kind, or correct one, once however often the form is sent."""
    try:
        return posted_once(request, lambda: _noted(request))
    except (*ENTERED, NotFound) as error:
        return {**_page(request), **to_correct(request, error)}


@view_config(route_name="reciprocity_csv", request_method="GET", permission=Permission.RECIPROCITY_READ)
def as_csv(request: Request) -> Response:
    """Give the exchange of a year between organisations as CSV; each look is recorded."""
    year = _year(request)
    content = reciprocity_csv(request.db, actor=request.actor, year=year)
    looked_at(request, _LOOKED_AT, {"year": year, "by": "csv"})
    response = Response(content, content_type="text/csv", charset="utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="reciprocity-{year}.csv"'
    return response


def _noted(request: Request) -> Response:
    entered, now = values_of(request), clock.now()
    noted = note_contribution(
        request.db,
        actor=request.actor,
        now=now,
        organisation=organisation_by_public_id(request.db, entered.get("organisation", ""), actor=request.actor),
        what=entered.get("what", ""),
        value=decimal_in(entered, "value"),
        currency=entered.get("currency", "").strip().upper(),
        given_on=day_in(entered.get("given_on", ""), "given_on"),
        reason=entered.get("reason", ""),
        corrects=entered.get("corrects") or None,
    )
    flash(request, "success", _("It is noted. What is wrong in it is put right by a further line."))
    return to(request, "reciprocity", _query={"year": str(noted.given_on.year)})


def _year(request: Request) -> int:
    text = request.GET.get("year", "")
    return clean_year(int(text) if text.isascii() and text.isdecimal() and len(text) == 4 else clock.now().year)


def _page(request: Request) -> dict[str, Any]:
    year, wanted = _year(request), request.GET.get("by")
    side = Side(wanted) if wanted in set(Side) else Side.COUNTRY
    found = reciprocity(request.db, actor=request.actor, year=year, side=side)
    return {
        "year": year,
        "side": side,
        "sides": [(one.value, words) for one, words in _SIDES.items()],
        "found": found,
        "value": lambda amount, currency: money(amount, currency, request.locale_name),
        "organisations": [
            (one.public_id, one.name)
            for one in organisations_run_by(request.db, request.actor, Permission.CONTRIBUTION_WRITE)
        ],
        "key": new_key(),
    }
