"""Asking for access: first the way in, then the form of the request, whose rows work without any script."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.date_preferences import set_dates, takes_dates
from infra_access.access_requests.drafting import create_access_request
from infra_access.access_requests.routes import RouteView, routes_of
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.scheduling.places import Place
from infra_access.web.booking_form import REFUSED
from infra_access.web.corrections import to_fill_in
from infra_access.web.dates_form import KINDS, dates_in, rows_of
from infra_access.web.eligibility import missing_by
from infra_access.web.forms import many, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once
from infra_access.web.request_form import (
    PEOPLE,
    SAMPLES,
    Rows,
    asked_for,
    rows_in,
    to_correct_request,
    values_in,
    with_rows_changed,
)
from infra_access.web.request_options import form_options
from infra_access.web.request_start import choose_way, chosen_way, first_answers, posted_way
from infra_access.web.sending import send

_ROUTE = {
    "route_name": "instrument_request",
    "renderer": "request_form.jinja2",
    "permission": Permission.REQUEST_CREATE,
}


@view_config(**_ROUTE, request_method="GET")
def begin(context: Context, request: Request) -> dict[str, Any]:
    """Let the reader choose the way in, then show its form."""
    place, now = context.row, clock.now()
    views = routes_of(request.db, place.instrument.id, now=now)
    chosen = chosen_way(views, request.GET.get("route"))
    if chosen is None:
        return choose_way(request, place, views)
    start = first_answers(request, place, chosen.route, now=now)
    page = _page(request, place, chosen, {PEOPLE: [start.me], SAMPLES: []}, now, [place.instrument.public_id])
    return page | to_fill_in(start.entered) | {"found_slot": start.slot}


@view_config(**_ROUTE, request_method="POST")
def create(context: Context, request: Request) -> dict[str, Any] | Response:
    """Save the draft, and send it where that was asked for."""
    place, now, entered = context.row, clock.now(), values_of(request)
    rows = rows_in(entered)
    try:
        return posted_once(request, lambda: _saved(request, place, rows, now))
    except REFUSED as error:
        return _again(request, place, rows, now) | to_correct_request(request, error)


@view_config(**_ROUTE, request_method="POST", request_param="rows")
def rows(context: Context, request: Request) -> dict[str, Any]:
    """Show the form with a row more or less; nothing is saved."""
    entered = values_of(request)
    changed = with_rows_changed(rows_in(entered), entered["rows"])
    return _again(request, context.row, changed, clock.now()) | to_fill_in(entered)


def _saved(request: Request, place: Place, rows: Rows, now: datetime) -> Response:
    entered = values_of(request)
    route = posted_way(request, place, now=now).route
    values = values_in(
        request.db,
        entered,
        rows,
        instruments=many(request, "instruments"),
        assurances=many(request, "assurances"),
        zone=place.facility.timezone,
    )
    saved = create_access_request(
        request.db,
        actor=request.actor,
        now=now,
        route=route.public_id,
        access_unit=route.access_unit,
        conversation=entered.get("conversation") or None,
        **values,
    )
    if takes_dates(route) and (dates := dates_in(entered)):
        set_dates(request.db, actor=request.actor, now=now, access_request=saved, dates=dates)
    if "send" in entered:
        send(request, saved, now=now)
    else:
        flash(request, "success", _("Your draft is saved. Only your team sees it until it is sent."))
    return to(request, "access_request", id=saved.public_id)


def _again(request: Request, place: Place, rows: Rows, now: datetime) -> dict[str, Any]:
    return _page(request, place, posted_way(request, place, now=now), rows, now, many(request, "instruments"))


def _page(
    request: Request, place: Place, view: RouteView, rows: Rows, now: datetime, chosen: Sequence[str]
) -> dict[str, Any]:
    entered = values_of(request) if request.method == "POST" else {}
    return {
        "place": place,
        "edited": None,
        "asked": asked_for(missing_by(request, place.instrument.id, view.route, now=now), {}, entered),
        "key": new_key(),
        "calls_off": [],
        "found_slot": None,
        "date_rows": rows_of([]) if takes_dates(view.route) else [],
        "kinds": KINDS,
        **form_options(request, view, place.facility, rows, chosen, now=now),
    }
