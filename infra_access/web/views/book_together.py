"""Booking the sessions of several instruments that find-time offered together: all of them, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import DomainError, Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import parse_instant
from infra_access.http.security import Context
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.places import Place, place_by_public_id
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.together import FEWEST, MOST, Item, book_together
from infra_access.web.booking_form import REFUSED
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.find_time_form import slot_text
from infra_access.web.forms import many, to, values_of
from infra_access.web.grants import grants_for
from infra_access.web.rendering import flash, names_in
from infra_access.web.repeats import new_key, posted_once

_ROUTE = {"route_name": "book_together", "renderer": "book_together.jinja2", "permission": Permission.BOOKING_CREATE}


@dataclass(frozen=True, slots=True)
class Slot:
    """One session of several, and the text that says it in a form."""

    place: Place
    span: TimeSpan
    text: str


@view_config(**_ROUTE, request_method="GET")
def choose(context: Context, request: Request) -> dict[str, Any] | Response:
    """Show the sessions that the address names; where it names none, they have to be found first."""
    slots = _slots(request, request.GET.getall("slot"))
    if not slots:
        return to(request, "find_time")
    entered = {"allocation": request.GET.get("allocation", "")}
    return {**_page(request, slots, clock.now()), "refused": [], **to_fill_in(entered)}


@view_config(**_ROUTE, request_method="POST")
def create(context: Context, request: Request) -> dict[str, Any] | Response:
    """Book them, once however often the form is sent."""
    now = clock.now()
    slots = _slots(request, many(request, "slot"))
    try:
        return posted_once(request, lambda: _booked(request, slots, now))
    except REFUSED as error:
        shown = to_correct(request, error)
        return {**_page(request, slots, now), **shown, "refused": _refused(request, slots, error)}


def _booked(request: Request, slots: Sequence[Slot], now: datetime) -> Response:
    entered = values_of(request)
    made = book_together(
        request.db,
        actor=request.actor,
        now=now,
        items=[Item(one.place, Wish(one.span)) for one in slots],
        allocation=entered.get("allocation") or None,
        title=entered.get("title", ""),
    )
    if any(booking.state == BookingState.PENDING_APPROVAL for booking in made):
        flash(request, "info", _("All of them are held for you. Some wait until others have agreed: see each one."))
    else:
        flash(request, "success", _("All of them are booked. Each can be moved or cancelled on its own."))
    return to(request, "booking", id=made[0].public_id)


def _page(request: Request, slots: Sequence[Slot], now: datetime) -> dict[str, Any]:
    granted = [grants_for(request, one.place.instrument, now=now) for one in slots]
    on_all = set.intersection(*({grant.value for grant in grants} for grants in granted)) if granted else set()
    named = ",".join(one.place.instrument.public_id for one in slots)
    return {
        "items": slots,
        "grants": [one for one in granted[0] if one.value in on_all] if granted else [],
        "my_zone": request.actor.timezone if request.actor else None,
        "again": request.route_path("find_time", _query={"instrument": named, "order": "same", "hours": _hours(slots)}),
        "key": new_key(),
    }


def _hours(slots: Sequence[Slot]) -> str:
    return f"{slots[0].span.length.total_seconds() / 3600:g}" if slots else ""


def _refused(request: Request, slots: Sequence[Slot], error: DomainError) -> list[tuple[str, Text]]:
    names = {one.place.instrument.public_id: names_in(one.place.instrument, request.locale_name) for one in slots}
    return [(names[one["instrument"]], one["message"]) for one in error.details.get("refused", ())]


def _slots(request: Request, texts: Sequence[str]) -> list[Slot]:
    """Return the sessions that texts say. Raises Invalid, or NotFound for an instrument that is not there."""
    if len(texts) > MOST:
        message = _("Book ${fewest} to ${most} instruments together.", mapping={"fewest": FEWEST, "most": MOST})
        raise Invalid("together.items", message)
    found = []
    for text in texts:
        key, _comma, times = text.partition(",")
        start, _comma, end = times.partition(",")
        span = (parse_instant(start), parse_instant(end))
        if span[1] <= span[0]:
            raise Invalid("time.order", _("The end must lie after the start. Find a time again."))
        place = place_by_public_id(request.db, key, actor=request.actor)
        found.append(Slot(place, TimeSpan(*span), slot_text(key, TimeSpan(*span))))
    return found
