"""A booking: when and where, how it stands, its place in one's own calendar, and cancelling it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.approvals.queries import approvals_of
from infra_access.access_requests.awaited import names_of
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.http.security import Context
from infra_access.scheduling.attendance import EXPECTED
from infra_access.scheduling.booking_queries import BookingView, entry_of
from infra_access.scheduling.booking_rules import cancel_by
from infra_access.scheduling.booking_terms import rules_of_booking
from infra_access.scheduling.calendars import CalendarEntry, calendar
from infra_access.scheduling.changes import EXTENSIBLE, MOVABLE, cancel
from infra_access.scheduling.gates.seen import seen_gates
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.talking import BOOKING
from infra_access.scheduling.together import mates_of
from infra_access.scheduling.upkeep.lost_time import lost_time_of
from infra_access.scheduling.upkeep.vocabularies import CAUSES
from infra_access.web.booking_form import REFUSED, version_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import to, values_of
from infra_access.web.presenters.approval_rows import approval_rows
from infra_access.web.presenters.decisions import kept
from infra_access.web.presenters.gates import gate_rows
from infra_access.web.presenters.money import money
from infra_access.web.rendering import flash
from infra_access.web.talking import conversations_on
from infra_access.web.whose import places

_CANCEL = {"route_name": "booking_cancel", "renderer": "booking_cancel.jinja2", "permission": Permission.BOOKING_UPDATE}


@view_config(route_name="booking", renderer="booking.jinja2", request_method="GET", permission=Permission.BOOKING_READ)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show a booking."""
    return {**booking_page(context, request), **to_fill_in()}


def booking_page(context: Context, request: Request) -> dict[str, Any]:
    """Return what the page of a booking shows, besides what was typed into its form."""
    view: BookingView = context.row
    booking = view.booking
    asked = approvals_of(request.db, "booking", booking.id)
    own = bool(context.relations)
    named = places(request, asked, names_of(view.facility, ()))
    rows = approval_rows(asked, booking.decision, places=named, told="owner" not in context.relations, asked=own)
    decision, now = kept(booking.decision), clock.now()
    seen = seen_gates(
        request.db, view, actor=request.actor, scopes=context.scopes, relations=context.relations, now=now
    )
    return {
        **_page(context, request, now),
        "hindered": next((one.hindered for one in seen if one.hindered and one.gate.open), ""),
        "gates": gate_rows(seen, team=bool(context.relations), now=now),
        "approvals": rows,
        # When it would have been realistic is past: the time is set.
        "decision": replace(decision, earliest_start=None) if decision else None,
        "waits": any(one.open for one in rows),
        "mates": mates_of(request.db, booking),
        **conversations_on(context, request, BOOKING, booking.public_id),
    }


@view_config(route_name="booking_calendar", request_method="GET", permission=Permission.BOOKING_READ)
def calendar_file(context: Context, request: Request) -> Response:
    """Give a booking as a calendar file."""
    view: BookingView = context.row
    name = f"{view.booking.public_id}.ics"
    return calendar_response(request, [entry_for(request, view, titled=reads_title(context, request))], name)


@view_config(**_CANCEL, request_method="GET")
def confirm(context: Context, request: Request) -> dict[str, Any]:
    """Ask once more."""
    return {**_page(context, request, clock.now()), **to_fill_in()}


@view_config(**_CANCEL, request_method="POST")
def give_back(context: Context, request: Request) -> dict[str, Any] | Response:
    """Cancel it."""
    booking, entered, now = context.row.booking, values_of(request), clock.now()
    units = booking.units
    try:
        cancel(
            request.db,
            actor=request.actor,
            now=now,
            booking=booking,
            reason=entered.get("reason", ""),
            expected_version=version_in(entered),
        )
    except REFUSED as error:
        return {**_page(context, request, now), **to_correct(request, error)}
    if units:
        flash(request, "info", _("The booking is cancelled, and what it drew was given back to your grant."))
    else:
        flash(request, "info", _("The booking is cancelled. The time is free for others again."))
    return to(request, "booking", id=booking.public_id)


def calendar_response(request: Request, entries: list[CalendarEntry], name: str) -> Response:
    """Return a calendar file to download."""
    response = Response(
        calendar(entries, name="Infra Access", now=clock.now()), content_type="text/calendar", charset="utf-8"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def entry_for(request: Request, view: BookingView, *, titled: bool) -> CalendarEntry:
    """Return a booking as calendars know it; its title only for those who may read it."""
    entry = entry_of(view, base_url=request.registry["infra_access.settings"].base_url)
    return entry if titled else replace(entry, summary=view.instrument.name)


def reads_title(context: Context, request: Request) -> bool:
    """Tell whether the reader may see what a booking is for: the owner and the staff, no other."""
    return "owner" in context.relations or request.may(Permission.BOOKING_READ_LABELS, context)


def _page(context: Context, request: Request, now: datetime) -> dict[str, Any]:
    view: BookingView = context.row
    booking = view.booking
    may_run = request.may(Permission.BOOKING_ATTEND, context)
    may_change = booking.state in MOVABLE and request.may(Permission.BOOKING_UPDATE, context)
    rules = rules_of_booking(request.db, view.instrument, booking)
    # Whom maintenance moved keeps no notice.
    displaced = booking.displaced_by_id is not None and "owner" in context.relations
    last = booking.starts if displaced else cancel_by(rules, TimeSpan(booking.starts, booking.ends))
    return {
        "view": view,
        "booking": booking,
        "zone": view.facility.timezone,
        "mine": "owner" in context.relations,
        "may_answer": booking.state == BookingState.PROPOSED and request.may(Permission.BOOKING_ANSWER, context),
        "may_propose": booking.state == BookingState.REQUESTED and request.may(Permission.SCHEDULE_WRITE, context),
        "titled": reads_title(context, request),
        "price": money(view.rests_on.price, view.rests_on.currency or "", request.locale_name)
        if view.rests_on.price is not None
        else "",
        "may_change": may_change,
        "may_extend": booking.state in EXTENSIBLE
        and now < booking.ends
        and request.may(Permission.BOOKING_UPDATE, context),
        "may_check_in": booking.state in EXPECTED and booking.starts <= now < booking.ends and may_run,
        "may_end": booking.state == BookingState.CHECKED_IN and may_run,
        "may_lose": booking.starts < now and request.may(Permission.MAINTENANCE_WRITE, context),
        # None of what is ahead is lost yet.
        "lost": lost_time_of(request.db, booking.id) if booking.starts <= now else [],
        "causes": CAUSES,
        # Staff may change it late; the owner until the notice ends.
        "too_late": "owner" in context.relations and now > last and booking.displaced_by_id is None,
        "change_until": last,
    }
