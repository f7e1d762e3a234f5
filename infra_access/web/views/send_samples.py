"""Sending samples: the form that asks for a quote, by a way in with a queue."""

from datetime import datetime
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.allocation_queries import allocations_of
from infra_access.access_requests.consents import is_drawable
from infra_access.access_requests.routes import RouteView, routes_of
from infra_access.catalogue.vocabularies import Regime, label
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.orders.order_fields import MOST_SAMPLES
from infra_access.orders.ordering import can_be_sent, quote_order
from infra_access.people.affiliations import affiliations_of
from infra_access.scheduling.places import Place
from infra_access.web.booking_form import REFUSED
from infra_access.web.by_asking import by_asking
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import to, values_of
from infra_access.web.grants import MOST, left_words
from infra_access.web.presenters.decisions import kept
from infra_access.web.presenters.ways_in import WayIn, ways_in
from infra_access.web.repeats import new_key, posted_once

_ROUTE = {
    "route_name": "instrument_samples",
    "renderer": "send_samples.jinja2",
    "permission": Permission.ORDER_CREATE,
}


@view_config(**_ROUTE, request_method="GET")
def begin(context: Context, request: Request) -> dict[str, Any]:
    """Show the form of the way in that the address names, else of the first one."""
    now = clock.now()
    page = _page(request, context.row, request.GET.get("route"), now)
    homes = page["homes"]
    grants = [value for value, _words in page["grants"]]
    chosen = request.GET.get("allocation")
    entered = {
        "regime": page["way"].route.regimes[0],
        "acting_for": homes[0][0] if homes else "",
        "allocation": chosen if chosen in grants else "",
    }
    return page | to_fill_in(entered) | {"refused": None, "by_asking": {}}


@view_config(**_ROUTE, request_method="POST")
def ask(context: Context, request: Request) -> dict[str, Any] | Response:
    """Give the quote, once however often the form is sent."""
    place, now = context.row, clock.now()
    try:
        return posted_once(request, lambda: _quoted(request, place, now))
    except REFUSED as error:
        page = _page(request, place, values_of(request).get("route"), now)
        refused = kept(error.details.get("decision"))
        ways = [page["way"].public_id]
        asking = by_asking(request, place.instrument.public_id, refused.missing, ways) if refused else {}
        return page | to_correct(request, error) | {"refused": refused, "by_asking": asking}


def _quoted(request: Request, place: Place, now: datetime) -> Response:
    entered = values_of(request)
    order = quote_order(
        request.db,
        actor=request.actor,
        now=now,
        instrument=place.instrument,
        route=entered.get("route", ""),
        samples=whole_number(entered.get("samples", "")),
        sample_description=entered.get("sample_description", ""),
        hazards=entered.get("hazards", ""),
        title=entered.get("title", ""),
        regime=entered.get("regime", ""),
        acting_for=entered.get("acting_for") or None,
        allocation=entered.get("allocation") or None,
        return_samples="return_samples" in entered,
    )
    return to(request, "service_order", id=order.public_id)


def whole_number(text: str) -> int:
    """Return the number that was typed; 0, which is refused beside its field, for what is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _page(request: Request, place: Place, route: str | None, now: datetime) -> dict[str, Any]:
    views = [view for view in routes_of(request.db, place.instrument.id, now=now) if can_be_sent(view.route)]
    chosen = next((view for view in views if view.route.public_id == route), views[0] if views else None)
    if chosen is None:
        raise NotFound("order.route", _("This instrument takes no samples by mail here. Its page shows the ways in."))
    way = ways_in([chosen], request.locale_name)[0]
    return {
        "place": place,
        "zone": place.facility.timezone,
        "way": way,
        "others": [view.route for view in views if view is not chosen],
        "regimes": _regimes(request, chosen, way),
        "homes": [
            (one.organisation_public_id, one.organisation_name)
            for one in affiliations_of(request.db, request.actor.account_id, now=now)
        ],
        "grants": _grants(request, place, chosen, now),
        "most": MOST_SAMPLES,
        "key": new_key(),
    }


def _regimes(request: Request, view: RouteView, way: WayIn) -> list[tuple[str, str, str]]:
    shown = []
    for regime, price in zip(view.route.regimes, way.prices, strict=True):
        cost = request.localize(_("Free of charge"))
        if price.amount is not None and price.per is not None:
            cost = f"{price.amount} / {request.localize(price.per)}"
        shown.append((regime, request.localize(label(Regime(regime))), cost))
    return shown


def _grants(request: Request, place: Place, chosen: RouteView, now: datetime) -> list[tuple[str, str]]:
    """Return what the reader's teams were granted on this instrument by this way in, with what is left."""
    return [
        (view.allocation.public_id, f"{view.access_request.title}: {left_words(request, view)}")
        for view in allocations_of(request.db, actor=request.actor, limit=MOST).items
        if view.route.id == chosen.route.id
        and is_drawable(view.allocation, now)
        and view.left > 0
        and place.instrument.id in {one.id for one in view.instruments}
    ]
