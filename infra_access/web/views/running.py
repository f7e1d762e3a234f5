"""A session on its day: checking in, ending it, and the time that was lost."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.http.security import Context
from infra_access.scheduling.attendance import check_in, complete
from infra_access.scheduling.booking_queries import BookingView
from infra_access.scheduling.upkeep.lost_time import lost_time_of, record_lost_time
from infra_access.scheduling.upkeep.vocabularies import CAUSES
from infra_access.web.booking_form import REFUSED, filled_in, span_in, version_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import to, values_of
from infra_access.web.rendering import flash

_LOST = {
    "route_name": "booking_lost_time",
    "renderer": "booking_lost_time.jinja2",
    "permission": Permission.MAINTENANCE_WRITE,
}


@view_config(route_name="booking_check_in", permission=Permission.BOOKING_ATTEND, request_method="POST")
def begin(context: Context, request: Request) -> Response:
    """Check in."""
    return _changed(context, request, check_in, _("You are checked in."))


@view_config(route_name="booking_complete", permission=Permission.BOOKING_ATTEND, request_method="POST")
def end(context: Context, request: Request) -> Response:
    """End the session now."""
    return _changed(context, request, complete, _("The session has ended. The rest of its time is free."))


@view_config(**_LOST, request_method="GET")
def ask(context: Context, request: Request) -> dict[str, Any]:
    """Show what was lost, and the form."""
    view: BookingView = context.row
    return _page(context, request) | to_fill_in(filled_in(_whole(view), view.facility.timezone))


@view_config(**_LOST, request_method="POST")
def lose(context: Context, request: Request) -> dict[str, Any] | Response:
    """Record lost time."""
    view: BookingView = context.row
    entered = values_of(request)
    try:
        record_lost_time(
            request.db,
            actor=request.actor,
            now=clock.now(),
            booking=view.booking,
            span=span_in(entered, view.facility.timezone),
            cause=entered.get("cause", ""),
            note=entered.get("note", ""),
        )
    except REFUSED as error:
        return _page(context, request) | to_correct(request, error)
    flash(request, "success", _("The lost time is recorded. It is not charged."))
    return to(request, "booking", id=view.booking.public_id)


def _changed(context: Context, request: Request, command: Any, said: Any) -> Response:
    booking = context.row.booking
    try:
        command(
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
    flash(request, "success", said)
    return to(request, "booking", id=booking.public_id)


def _whole(view: BookingView) -> TimeSpan:
    return TimeSpan(view.booking.starts, view.booking.ended_at or view.booking.ends)


def _page(context: Context, request: Request) -> dict[str, Any]:
    view: BookingView = context.row
    return {
        "view": view,
        "booking": view.booking,
        "zone": view.facility.timezone,
        "lost": lost_time_of(request.db, view.booking.id),
        "causes": [(str(key), request.localize(words)) for key, words in CAUSES.items()],
        "said": CAUSES,
    }
