"""Asking for access: first the way in, then the form of the request, whose rows work without any script."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.conversations.enquiries import Enquiry, enquiry_of
from infra_access.access_requests.date_preferences import set_dates, takes_dates
from infra_access.access_requests.drafting import create_access_request
from infra_access.access_requests.routes import RouteView, routes_of
from infra_access.accounting.units import units_of
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.http.security import Context
from infra_access.people.accounts import account_of
from infra_access.people.affiliations import affiliations_of
from infra_access.scheduling.places import Place
from infra_access.web.booking_form import REFUSED, named
from infra_access.web.corrections import Entries, to_correct, to_fill_in
from infra_access.web.dates_form import KINDS, dates_in, rows_of
from infra_access.web.eligibility import missing_by
from infra_access.web.forms import many, to, values_of
from infra_access.web.presenters.ways_in import ways_in
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once
from infra_access.web.request_form import (
    PEOPLE,
    SAMPLES,
    Rows,
    asked_for,
    days_of,
    rows_in,
    values_in,
    with_rows_changed,
)
from infra_access.web.request_options import form_options
from infra_access.web.sending import send

_ROUTE = {
    "route_name": "instrument_request",
    "renderer": "request_form.jinja2",
    "permission": Permission.REQUEST_CREATE,
}
_ROOM = timedelta(days=28)
"""How long after a slot that was found the time asked for lasts, in which another may be taken."""


@view_config(**_ROUTE, request_method="GET")
def begin(context: Context, request: Request) -> dict[str, Any]:
    """Let the reader choose the way in, then show its form."""
    place, now = context.row, clock.now()
    views = routes_of(request.db, place.instrument.id, now=now)
    chosen = _chosen(views, request.GET.get("route"))
    enquiry = _enquiry(request)
    if chosen is None:
        request.override_renderer = "ways_in.jinja2"
        keep = {name: request.GET[name] for name in ("start", "end", "as", "conversation") if name in request.GET}
        return {"place": place, "ways": ways_in(views, request.locale_name), "keep": keep}
    account = account_of(request.db, request.actor)
    homes = affiliations_of(request.db, account.id, now=now)
    me = Entries(
        name=account.name,
        email=account.email,
        role="principal",
        organisation=homes[0].organisation_name if homes else "",
        country_of_work=account.country_of_work or "",
    )
    entered = {"regime": chosen.route.regimes[0], "access_type": chosen.route.access_types[0]}
    slot = named(request)
    if slot is not None:
        entered |= _for_slot(slot, chosen.route.access_unit, place.facility.timezone)
    if enquiry is not None:
        entered |= {"title": enquiry.title, "summary": enquiry.summary, "conversation": enquiry.conversation}
    filled = to_fill_in(entered | {"acting_for": homes[0].organisation_public_id if homes else ""})
    page = _page(request, place, chosen, {PEOPLE: [me], SAMPLES: []}, now, [place.instrument.public_id])
    return page | filled | {"found_slot": slot}


@view_config(**_ROUTE, request_method="POST")
def create(context: Context, request: Request) -> dict[str, Any] | Response:
    """Save the draft, and send it where that was asked for."""
    place, now, entered = context.row, clock.now(), values_of(request)
    rows = rows_in(entered)
    try:
        return posted_once(request, lambda: _saved(request, place, rows, now))
    except REFUSED as error:
        return _again(request, place, rows, now) | to_correct(request, error)


@view_config(**_ROUTE, request_method="POST", request_param="rows")
def rows(context: Context, request: Request) -> dict[str, Any]:
    """Show the form with a row more or less; nothing is saved."""
    entered = values_of(request)
    changed = with_rows_changed(rows_in(entered), entered["rows"])
    return _again(request, context.row, changed, clock.now()) | to_fill_in(entered)


def _saved(request: Request, place: Place, rows: Rows, now: datetime) -> Response:
    entered = values_of(request)
    route = _posted(request, place, now).route
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


def _enquiry(request: Request) -> Enquiry | None:
    """Return the conversation of which the request is made, if it is."""
    public_id = request.GET.get("conversation")
    return enquiry_of(request.db, public_id, actor=request.actor) if public_id else None


def _for_slot(slot: TimeSpan, access_unit: str, zone: str) -> dict[str, str]:
    """Return what asks for a slot that was found: its time, and some days more, since others may take it meanwhile."""
    first, last = days_of(slot.start, slot.end + _ROOM, zone)
    return {"period.start": first, "period.end": last, "quantity": str(units_of([slot], access_unit))}


def _chosen(views: Sequence[RouteView], wanted: str | None) -> RouteView | None:
    if wanted is None and len(views) == 1:
        return views[0]
    return next((view for view in views if view.route.public_id == wanted), None)


def _posted(request: Request, place: Place, now: datetime) -> RouteView:
    views = routes_of(request.db, place.instrument.id, now=now)
    chosen = _chosen(views, values_of(request).get("route"))
    if chosen is None:
        raise NotFound("access_route.unknown", _("There is no such way in to this instrument. Choose another one."))
    return chosen


def _again(request: Request, place: Place, rows: Rows, now: datetime) -> dict[str, Any]:
    return _page(request, place, _posted(request, place, now), rows, now, many(request, "instruments"))


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
