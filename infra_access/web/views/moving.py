"""Moving a booking: the form of a new one, filled in with the present time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import first_instant, named_zone, parse_instant
from infra_access.http.security import Context
from infra_access.scheduling.booking_queries import BookingView
from infra_access.scheduling.booking_rules import BookingRules, cancel_by
from infra_access.scheduling.booking_terms import rules_of_booking
from infra_access.scheduling.changes import move
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish, candidates
from infra_access.web.booking_form import REFUSED, filled_in, nothing_refused, refusal, span_in, version_in
from infra_access.web.corrections import to_fill_in
from infra_access.web.forms import day_in, local_instant, to, values_of
from infra_access.web.free_times import free_times
from infra_access.web.presenters.booking_rules import sentences
from infra_access.web.rendering import flash, span_local

_ROUTE = {"route_name": "booking_move", "renderer": "booking_move.jinja2", "permission": Permission.BOOKING_UPDATE}


@view_config(**_ROUTE, request_method="GET")
def choose(context: Context, request: Request) -> dict[str, Any]:
    """Show the form; the address may name a new start."""
    view: BookingView = context.row
    page = _page(request, view, clock.now(), view.booking.starts)
    # What was named for other times than the session's goes along by itself.
    only = page["own_lines"][0][1] if len(page["own_lines"]) == 1 else None
    span = only or TimeSpan(view.booking.starts, view.booking.ends)
    start = _start(request, span, view.facility.timezone)
    if start != view.booking.starts:
        page = _page(request, view, clock.now(), start)
    entered = filled_in(TimeSpan(start, start + span.length), page["zone"])
    return {**page, **nothing_refused(), **to_fill_in(entered | {"resource": page["present"]})}


@view_config(**_ROUTE, request_method="POST")
def change(context: Context, request: Request) -> dict[str, Any] | Response:
    """Move it, under every rule of a new booking."""
    view: BookingView = context.row
    entered, now = values_of(request), clock.now()
    page = _page(request, view, now, view.booking.starts)
    try:
        booking = move(
            request.db,
            actor=request.actor,
            now=now,
            booking=view.booking,
            wishes=_wishes(view, page["own_lines"], entered),
            expected_version=version_in(entered),
        )
    except REFUSED as error:
        return {**page, **refusal(request, error)}
    when = {"when": span_local(booking.starts, booking.ends, page["zone"], request.locale_name)}
    if booking.state == BookingState.PENDING_APPROVAL:
        flash(request, "info", _("Moved to ${when}; those named below are asked again.", mapping=when))
    else:
        flash(request, "success", _("Moved to ${when}. Calendars that have it are told.", mapping=when))
    return to(request, "booking", id=booking.public_id)


def _start(request: Request, span: TimeSpan, zone: str) -> datetime:
    """Return the start that the address names, or the present hour on the day `on` that it names, else the present."""
    if "start" in request.GET:
        return parse_instant(request.GET["start"])
    if "on" not in request.GET:
        return span.start
    day, place = day_in(request.GET["on"], "date"), named_zone(zone)
    return first_instant(datetime.combine(day, span.start.astimezone(place).time()), place)


def _wishes(view: BookingView, lines: list[tuple[str, TimeSpan]], entered: Mapping[str, str]) -> list[Wish]:
    """Return where the lines go: one as it was entered, several together by as much as the start moves."""
    zone = view.facility.timezone
    if len(lines) < 2:
        return [Wish(span_in(entered, zone), entered.get("resource") or None)]
    if entered.get("span"):
        start = span_in(entered, zone).start
    else:
        start = local_instant(entered.get("date", ""), entered.get("start", ""), zone, field="start")
    by = start - view.booking.starts
    return [Wish(TimeSpan(starts + by, ends + by), key) for key, _name, starts, ends in view.lines]


def _page(request: Request, view: BookingView, now: datetime, start: datetime) -> dict[str, Any]:
    place = place_of(request.db, view.instrument.id)
    rules = rules_of_booking(request.db, view.instrument, view.booking)
    copies, _companions = candidates(request.db, view.instrument)
    keys = {one.public_id for one in copies}
    own = [(key, TimeSpan(starts, ends)) for key, _name, starts, ends in view.lines if key in keys]

    def form(start: datetime) -> str:
        query = {"start": start.isoformat().replace("+00:00", "Z")}
        return str(request.route_path("booking_move", id=view.booking.public_id, _query=query))

    return {
        "view": view,
        "booking": view.booking,
        "zone": view.facility.timezone,
        "own_lines": own,
        "only_later": _only_later(request, view, rules, now),
        "only_start": len(own) > 1,
        "present": own[0][0] if own else "",
        "copies": [(one.public_id, one.name) for one in copies] if len(copies) > 1 and len(own) < 2 else [],
        "rules": sentences(rules, request.locale_name),
        "times": free_times(request, place, rules, now=now, form=form, at=start),
    }


def _only_later(request: Request, view: BookingView, rules: BookingRules, now: datetime) -> bool:
    """Tell whether all that can be changed is that it ends later: it runs, or its notice is over for its owner."""
    booking = view.booking
    if booking.state == BookingState.CHECKED_IN:
        return True
    own = booking.account_id == request.actor.account_id and booking.displaced_by_id is None
    return own and now > cancel_by(rules, TimeSpan(booking.starts, booking.ends))
