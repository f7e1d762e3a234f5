"""Waiting for time on an instrument, leaving its list, and booking a time that was kept or offered."""

from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.zones import day_start, named_zone
from infra_access.http.security import Context
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.making import refuse_unbookable
from infra_access.scheduling.places import Place
from infra_access.scheduling.plan import rules_of
from infra_access.scheduling.waiting.holds import confirm
from infra_access.scheduling.waiting.queries import waiting_for
from infra_access.scheduling.waiting.wait_list import join, leave
from infra_access.web.booking_form import REFUSED, usual_length, version_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import day_in, days_in, to, values_of
from infra_access.web.grants import grants_for
from infra_access.web.presenters.decisions import kept
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once

_ROUTE = {"route_name": "instrument_wait", "renderer": "wait.jinja2", "permission": Permission.BOOKING_CREATE}
_DAY = timedelta(days=1)
_MOST_HOURS = 366 * 24


@view_config(**_ROUTE, request_method="GET")
def fill_in(context: Context, request: Request) -> dict[str, Any]:
    """Show the form: within which days, for how long, on which grant."""
    place: Place = context.row
    refuse_unbookable(place.instrument)
    now = clock.now()
    today = now.astimezone(named_zone(place.facility.timezone)).date()
    try:
        first = max(day_in(request.GET.get("on", ""), "first"), today)
    except Invalid:
        first = today
    hours = Decimal(usual_length(rules_of(request.db, place.instrument)) // timedelta(minutes=1)) / 60
    page = _page(request, place, now)
    granted = request.GET.get("allocation") or next((one.value for one in page["grants"]), "")
    entered = {
        "first": first.isoformat(),
        "last": (first + 6 * _DAY).isoformat(),
        "hours": f"{hours.normalize():f}",
        "allocation": granted,
    }
    return {**page, "refused": None, **to_fill_in(entered)}


@view_config(**_ROUTE, request_method="POST")
def wait(context: Context, request: Request) -> dict[str, Any] | Response:
    """Wait, once however often the form is sent."""
    place: Place = context.row
    now = clock.now()
    try:
        return posted_once(request, lambda: _joined(request, place, now))
    except REFUSED as error:
        page = {**_page(request, place, now), **to_correct(request, error)}
        return {**page, "refused": kept(error.details.get("decision"))}


@view_config(route_name="wait_leave", request_method="POST", permission=Permission.WAIT_LIST_LEAVE)
def stop(context: Context, request: Request) -> Response:
    """Wait no longer."""
    try:
        leave(request.db, actor=request.actor, now=clock.now(), entry=context.row.entry)
    except REFUSED as error:
        request.tm.doom()
        flash(request, "error", error.message)
    else:
        flash(request, "info", _("You wait no longer for this. What was offered goes to the next."))
    return to(request, "my_things")


@view_config(route_name="booking_confirm", request_method="POST", permission=Permission.BOOKING_UPDATE)
def take(context: Context, request: Request) -> Response:
    """Book the time that was kept or offered."""
    booking = context.row.booking
    try:
        confirm(
            request.db,
            actor=request.actor,
            now=clock.now(),
            booking=booking,
            expected_version=version_in(values_of(request)),
        )
    except REFUSED as error:
        request.tm.doom()
        flash(request, "error", error.message)
        return to(request, "booking", id=booking.public_id)
    if booking.state == BookingState.PENDING_APPROVAL:
        flash(request, "info", _("The time is yours once those named below have agreed."))
    else:
        flash(request, "success", _("Booked. Put it into your calendar below."))
    return to(request, "booking", id=booking.public_id)


def _joined(request: Request, place: Place, now: datetime) -> Response:
    entered, zone = values_of(request), place.facility.timezone
    first, last = days_in(entered.get("first", ""), entered.get("last", ""))
    join(
        request.db,
        actor=request.actor,
        now=now,
        place=place,
        earliest=day_start(first, zone),
        latest=day_start(last + _DAY, zone),
        minutes=_minutes(entered.get("hours", "")),
        allocation=entered.get("allocation") or None,
    )
    flash(request, "success", _("You are on the list. What comes free is offered to you in turn, by mail and here."))
    return to(request, "my_things", _anchor="waiting")


def _minutes(text: str) -> int:
    """Return the minutes of a number of hours. Raises Invalid naming the field."""
    try:
        hours = Decimal(text.strip().replace(",", ".")) if len(text) < 10 else Decimal(0)
    except InvalidOperation:
        hours = Decimal(0)
    if not hours.is_finite() or not 0 < hours <= _MOST_HOURS:
        message = _("Give a number of hours, such as 4 or 1.5.")
        raise Invalid("form.hours", message, fields={"minutes": [message]})
    return int(hours * 60)


def _page(request: Request, place: Place, now: datetime) -> dict[str, Any]:
    return {
        "place": place,
        "zone": place.facility.timezone,
        "waiting": waiting_for(request.db, place.instrument.id),
        "grants": grants_for(request, place.instrument, now=now),
        "key": new_key(),
    }
