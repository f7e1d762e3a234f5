"""The team's answer to a proposed time, asking for one, and the office's proposal of one."""

from datetime import timedelta
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.allocation_queries import allocations_of
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, PreconditionFailed
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_start, named_zone
from infra_access.http.security import Context
from infra_access.scheduling.asking import ask_for_time
from infra_access.scheduling.booking_queries import BookingView
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.proposals import accept, decline, propose
from infra_access.web.booking_form import REFUSED, filled_in, span_in, version_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import days_in, local_instant, to, values_of
from infra_access.web.rendering import flash

_ANSWERED = (Invalid, Conflict, Forbidden, PreconditionFailed)
_PROPOSE = {"route_name": "booking_propose", "renderer": "booking_propose.jinja2"}
_ASK = {"route_name": "instrument_ask_for_time", "renderer": "ask_for_time.jinja2"}


@view_config(route_name="booking_accept", request_method="POST", permission=Permission.BOOKING_ANSWER)
def accept_it(context: Context, request: Request) -> Response:
    """Accept the proposed time."""
    booking = context.row.booking
    try:
        accept(
            request.db,
            actor=request.actor,
            now=clock.now(),
            booking=booking,
            expected_version=version_in(values_of(request)),
        )
    except _ANSWERED as error:
        return _refused(request, error)
    if booking.state == BookingState.PENDING_APPROVAL:
        flash(request, "info", _("Accepted. It counts once everybody named below has agreed."))
    else:
        flash(request, "success", _("Accepted: the session is confirmed."))
    return to(request, "booking", id=booking.public_id)


@view_config(route_name="booking_decline", request_method="POST", permission=Permission.BOOKING_ANSWER)
def decline_it(context: Context, request: Request) -> Response:
    """Decline the proposed time, and say why."""
    booking, entered = context.row.booking, values_of(request)
    try:
        decline(
            request.db,
            actor=request.actor,
            now=clock.now(),
            booking=booking,
            reason=entered.get("reason", ""),
            expected_version=version_in(entered),
        )
    except _ANSWERED as error:
        return _refused(request, error)
    flash(request, "info", _("Declined. The facility sees your reason, and the time is free again."))
    return to(request, "booking", id=booking.public_id)


@view_config(**_PROPOSE, request_method="GET", permission=Permission.SCHEDULE_WRITE)
def choose(context: Context, request: Request) -> dict[str, Any]:
    """Show the form of a proposal."""
    view: BookingView = context.row
    booking, zone = view.booking, view.facility.timezone
    length = timedelta(minutes=booking.wanted_minutes or (booking.ends - booking.starts) // timedelta(minutes=1))
    page = _proposal(view)
    span = TimeSpan(booking.starts, booking.starts + length)
    return {**page, **to_fill_in(filled_in(span, zone) | {"answer_time": "18:00"})}


@view_config(**_PROPOSE, request_method="POST", permission=Permission.SCHEDULE_WRITE)
def propose_it(context: Context, request: Request) -> dict[str, Any] | Response:
    """Propose a time."""
    view: BookingView = context.row
    entered, zone = values_of(request), view.facility.timezone
    page = _proposal(view)
    try:
        span = span_in(entered, zone)
        day, at = entered.get("answer_day", ""), entered.get("answer_time", "")
        propose(
            request.db,
            actor=request.actor,
            now=clock.now(),
            booking=view.booking,
            wishes=[Wish(span)],
            answer_by=local_instant(day, at, zone, field="answer_day"),
            expected_version=version_in(entered),
        )
    except REFUSED as error:
        return {
            **page,
            **to_correct(request, error),
            "broken": [one["message"] for one in error.details.get("broken", ())],
        }
    flash(request, "success", _("Proposed. The team is told, and answers by the date."))
    return to(request, "booking", id=view.booking.public_id)


@view_config(**_ASK, request_method="GET", permission=Permission.BOOKING_CREATE)
def fill_in(context: Context, request: Request) -> dict[str, Any]:
    """Show the form that asks for a time."""
    return {**_asking(context, request), **to_fill_in({"allocation": request.GET.get("allocation")})}


@view_config(**_ASK, request_method="POST", permission=Permission.BOOKING_CREATE)
def ask(context: Context, request: Request) -> dict[str, Any] | Response:
    """Ask for a time."""
    entered, place = values_of(request), context.row
    page = _asking(context, request)
    try:
        first, last = days_in(entered.get("first", ""), entered.get("last", ""))
        zone = place.facility.timezone
        today = clock.now().astimezone(named_zone(zone)).date()
        start = clock.now() if first == today else day_start(first, zone)
        hours = entered.get("hours", "")
        booking = ask_for_time(
            request.db,
            actor=request.actor,
            now=clock.now(),
            place=place,
            span=TimeSpan(start, day_start(last + timedelta(days=1), zone)),
            minutes=int(hours) * 60 if hours.isascii() and hours.isdecimal() and len(hours) < 5 else None,
            allocation=entered.get("allocation") or None,
            note=entered.get("note", ""),
        )
    except (*REFUSED, NotFound) as error:
        return {**page, **to_correct(request, error)}
    flash(request, "success", _("The facility is asked. You get a message when it proposes a time."))
    return to(request, "booking", id=booking.public_id)


def _refused(request: Request, error: DomainError) -> Response:
    """Return to the booking as it stands now, with what was refused and why."""
    request.tm.doom()
    flash(request, "error", error.message)
    return to(request, "booking", id=request.matchdict["id"])


def _proposal(view: BookingView) -> dict[str, Any]:
    return {"view": view, "booking": view.booking, "zone": view.facility.timezone, "broken": ()}


def _asking(context: Context, request: Request) -> dict[str, Any]:
    place = context.row
    granted = [
        (one.allocation.public_id, one.access_request.title)
        for one in allocations_of(request.db, actor=request.actor, limit=200).items
        if any(row.id == place.instrument.id for row in one.instruments)
    ]
    return {"instrument": place.instrument, "facility": place.facility, "grants": granted}
