"""Booking a time: the form with the week beside it, and what is free instead where it was taken."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.routes import direct_route_ids
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.decision import Decision
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.scheduling.bookings import book_and_show
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.making import refuse_unbookable
from infra_access.scheduling.places import Place
from infra_access.scheduling.plan import Wish, candidates
from infra_access.web.booking_form import REFUSED, filled_in, nothing_refused, proposed, refusal, span_in
from infra_access.web.by_asking import by_asking
from infra_access.web.corrections import to_fill_in
from infra_access.web.eligibility import booking_answer
from infra_access.web.forms import to, values_of
from infra_access.web.free_times import free_times
from infra_access.web.grants import grants_for
from infra_access.web.paying import paying_for
from infra_access.web.presenters.booking_rules import sentences
from infra_access.web.presenters.limits import limit_sentences
from infra_access.web.rendering import flash, span_local
from infra_access.web.repeats import new_key, posted_once
from infra_access.web.rules_in_force import rules_in_force, rules_of_grant
from infra_access.web.visitor import Said

_ROUTE = {"route_name": "instrument_book", "renderer": "book.jinja2", "permission": Permission.BOOKING_CREATE}


@view_config(**_ROUTE, request_method="GET")
def choose(context: Context, request: Request) -> dict[str, Any]:
    """Show the form, filled in with the start that the address names or with the next free time."""
    place: Place = context.row
    refuse_unbookable(place.instrument)
    wanted = request.GET.get("allocation", "")
    page = _page(request, place, clock.now(), wanted)
    soonest = page["times"].soonest
    span = proposed(request, page["in_force"], soonest[0][0] if soonest else None)
    if span and "week" not in request.GET:
        page["times"] = free_times(request, place, page["in_force"], now=clock.now(), at=span.start)
    entered = {"allocation": request.GET.get("allocation") or next((one.value for one in page["grants"]), "")}
    entered["quote"] = request.GET.get("quote", "")
    entered |= filled_in(span, page["zone"]) if span else {}
    return {**page, **nothing_refused(), "taken": False, **to_fill_in(entered)}


@view_config(**_ROUTE, request_method="POST")
def create(context: Context, request: Request) -> dict[str, Any] | Response:
    """Book it, once however often the form is sent."""
    place: Place = context.row
    now = clock.now()
    try:
        return posted_once(request, lambda: _booked(request, place, now))
    except REFUSED as error:
        entered = values_of(request)
        page = _page(request, place, now, entered.get("allocation", ""), at=_tried(place, entered))
        shown = refusal(request, error)
        asking = _by_asking(request, place, shown["refused"], page["ways"])
        return {**page, **shown, "taken": error.code == "booking.overlap", "by_asking": asking}


def _tried(place: Place, entered: Mapping[str, str]) -> datetime | None:
    """Return the start that was asked for, so that its week is shown; None for what is no time."""
    try:
        return span_in(entered, place.facility.timezone).start
    except Invalid:
        return None


def _booked(request: Request, place: Place, now: datetime) -> Response:
    entered, zone = values_of(request), place.facility.timezone
    booking = book_and_show(
        request.db,
        actor=request.actor,
        now=now,
        place=place,
        wishes=[Wish(span_in(entered, zone), entered.get("resource") or None)],
        allocation=entered.get("allocation") or None,
        quote=entered.get("quote") or None,
        funding=entered.get("funding") or None,
        title=entered.get("title", ""),
        hold=entered.get("do") == "hold",
    ).booking
    when = {"when": span_local(booking.starts, booking.ends, zone, request.locale_name)}
    if booking.state == BookingState.HELD:
        flash(request, "info", _("${when} is kept for you for a while. Book it before it goes back.", mapping=when))
    elif booking.state == BookingState.PENDING_APPROVAL:
        flash(request, "info", _("${when} is held for you until those named below have agreed.", mapping=when))
    else:
        flash(request, "success", _("Booked: ${when}. Put it into your calendar below.", mapping=when))
    return to(request, "booking", id=booking.public_id)


def _by_asking(request: Request, place: Place, decision: Decision | None, ways: Sequence[str]) -> dict[str, str]:
    return by_asking(request, place.instrument.public_id, decision.missing, ways) if decision else {}


def _page(
    request: Request, place: Place, now: datetime, allocation: str = "", *, at: datetime | None = None
) -> dict[str, Any]:
    grants = grants_for(request, place.instrument, now=now)
    # Only what is the reader's own to draw on says anything here.
    drawn = next((one.value for one in grants if allocation in ("", one.value)), "")
    rules = rules_in_force(request, place, now=now, by=rules_of_grant(request, drawn))
    copies, _companions = candidates(request.db, place.instrument)
    ways = direct_route_ids(request.db, place.instrument.id)
    decision = booking_answer(request, Said(), place.instrument.id, ways, now=now)
    return {
        "place": place,
        "zone": place.facility.timezone,
        "in_force": rules,
        "rules": sentences(rules, request.locale_name),
        "keep_words": _("Keep it for ${n} minutes", mapping={"n": rules.hold_minutes}),
        "times": free_times(request, place, rules, now=now, at=at),
        "copies": [(one.public_id, one.name) for one in copies] if len(copies) > 1 else [],
        "grants": grants,
        "paying": paying_for(request, place.instrument, now=now),
        "decision": decision,
        "ways": ways,
        "by_asking": _by_asking(request, place, decision, ways),
        "limits": [
            request.localize(one) for one in limit_sentences(decision.limits, request.locale_name, of_request=False)
        ]
        if decision
        else [],
        "key": new_key(),
    }
