"""Prices before booking: asking for a numbered quote, and the document that can be printed."""

from collections.abc import Callable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.routes import route_by_public_id, routes_of
from infra_access.access_requests.vocabularies import TimeGiven
from infra_access.accounting.models import Quote
from infra_access.accounting.quotes import QuoteView, give_quote
from infra_access.catalogue.countries import country_name
from infra_access.catalogue.vocabularies import AccessUnit, Regime, Sector, SizeBand, label
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import Text, _
from infra_access.http.localisation import cldr
from infra_access.http.security import Context
from infra_access.scheduling.places import Place
from infra_access.web.accounting_forms import decimal_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, to, values_of
from infra_access.web.presenters.money import money, number
from infra_access.web.rendering import names_in
from infra_access.web.repeats import new_key, posted_once

_ASK = {"route_name": "instrument_quote", "renderer": "quote_ask.jinja2", "permission": Permission.QUOTE_CREATE}


@view_config(**_ASK, request_method="GET")
def ask(context: Context, request: Request) -> dict[str, Any]:
    """Ask by which way in, under which regime, and for how much."""
    return {**_page(context, request), **to_fill_in({"way": request.GET.get("way"), "units": request.GET.get("units")})}


@view_config(**_ASK, request_method="POST")
def give(context: Context, request: Request) -> dict[str, Any] | Response:
    """Give the quote, once however often the form is sent."""
    try:
        return posted_once(request, lambda: _given(context, request))
    except ENTERED as error:
        return {**_page(context, request), **to_correct(request, error)}


@view_config(route_name="quote", renderer="quote.jinja2", request_method="GET", permission=Permission.QUOTE_READ)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show a quote as a document."""
    view: QuoteView = context.row
    quote, locale = view.quote, request.locale_name
    return {
        "view": view,
        "quote": quote,
        "heading": request.localize(_("Quote ${number}", mapping={"number": quote.number})),
        "units": number(quote.units, locale),
        "unit": label(AccessUnit(quote.access_unit)),
        "regime": label(Regime(quote.regime)),
        "unit_price": money(quote.unit_price, quote.currency, locale),
        "list_price": money(quote.list_price, quote.currency, locale),
        "reduction": money(quote.list_price - quote.price, quote.currency, locale),
        "reduced": quote.list_price != quote.price,
        "price": money(quote.price, quote.currency, locale),
        "facts": _facts(quote, locale),
        # What is sent to a queue is ordered with its samples, not booked.
        "bookable": "owner" in context.relations and view.route.time_given == TimeGiven.TEAM_PICKS,
        "expired": quote.valid_until <= clock.now(),
    }


def _facts(quote: Quote, locale: str) -> list[tuple[Text, Text, str]]:
    """Return what the price rests on: the name of each fact, its value in words, and who says so."""
    shown: dict[str, tuple[Text, Callable[[Any], Text]]] = {
        "sector": (_("Sector"), lambda value: label(Sector(value))),
        "size": (_("Size"), lambda value: label(SizeBand(value))),
        "startup": (_("Startup"), lambda value: _("Yes") if value else _("No")),
        "country": (_("Country"), lambda value: country_name(value, cldr(locale))),
    }
    return [
        (words, said(fact["value"]), f"{fact['source']}, {fact['by']}")
        for name, (words, said) in shown.items()
        if (fact := quote.facts.get(name))
    ]


def _given(context: Context, request: Request) -> Response:
    place: Place = context.row
    entered = values_of(request)
    way, _bar, regime = entered.get("way", "").partition(" ")
    quote = give_quote(
        request.db,
        actor=request.actor,
        now=clock.now(),
        instrument=place.instrument,
        facility=place.facility,
        route=route_by_public_id(request.db, way),
        regime=regime,
        units=decimal_in(entered, "units"),
    )
    return to(request, "quote", id=quote.public_id)


def _page(context: Context, request: Request) -> dict[str, Any]:
    place: Place = context.row
    ways = []
    for view in routes_of(request.db, place.instrument.id, now=clock.now()):
        unit = request.localize(label(AccessUnit(view.route.access_unit)))
        name = names_in(view.route, request.locale_name)
        ways += [
            (f"{view.route.public_id} {regime}", f"{name} · {request.localize(label(Regime(regime)))} · {unit}")
            for regime in view.route.regimes
        ]
    return {"place": place, "ways": ways, "key": new_key()}
