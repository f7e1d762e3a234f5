"""/bookings: one's own, in the short form of one resource or with lines, all or nothing."""

from collections.abc import Callable
from typing import Any

from pyramid.response import Response

from infra_access.api.booking_shapes import (
    BookingBody,
    BookingMadeOut,
    BookingOut,
    BookingQuery,
    BookingSummaryOut,
    ReasonBody,
    TimeBody,
    summary,
    whole,
    wishes_of,
)
from infra_access.api.contract import Call, resource
from infra_access.api.schemas import page_of
from infra_access.api.series_shapes import listed, whole_series
from infra_access.api.serving import Created
from infra_access.core.authority import Permission
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.paging import Page
from infra_access.scheduling import attendance, changes
from infra_access.scheduling.booking_queries import booking_by_public_id, entry_of, facility_bookings, own_bookings
from infra_access.scheduling.bookings import book_and_show
from infra_access.scheduling.calendars import calendar
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import locked_place_by_public_id
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.series.booking import book_series
from infra_access.scheduling.series.queries import series_by_public_id

VERSION = "booking.version"


@resource("api.bookings", "GET", permission=Permission.BOOKING_LIST, query=BookingQuery, out=page_of(BookingSummaryOut))
def list_own(call: Call) -> Page[dict[str, Any]]:
    """List the caller's bookings by start."""
    given = dict(call.query)
    states = [given.pop("state")] if "state" in given else None
    page = own_bookings(call.db, actor=call.actor, states=states, **given)
    return Page([summary(view) for view in page.items], page.next)


@resource(
    "api.facility_bookings",
    "GET",
    permission=Permission.BOOKING_READ_LABELS,
    query=BookingQuery,
    out=page_of(BookingSummaryOut),
    errors=(410,),
)
def list_of_facility(call: Call) -> Page[dict[str, Any]]:
    """List a facility's bookings by start, for its staff; in the state asked for, else all that were not called off."""
    given = dict(call.query)
    states = [given.pop("state")] if "state" in given else None
    page = facility_bookings(call.db, facility=call.row, states=states, **given)
    return Page([summary(view) for view in page.items], page.next)


@resource(
    "api.bookings",
    "POST",
    permission=Permission.BOOKING_CREATE,
    body=BookingBody,
    out=BookingMadeOut,
    status=201,
    errors=(404, 410),
)
def create(call: Call) -> Created:
    """Book a time, if the policy, the rules and the calendar all allow it."""
    wishes = wishes_of(call.body)
    if "recurrence" in call.body:
        return _series(call, wishes)
    place = locked_place_by_public_id(call.db, call.body["instrument"], actor=call.actor)
    view = book_and_show(
        call.db,
        actor=call.actor,
        now=call.now,
        place=place,
        wishes=wishes,
        allocation=call.body.get("allocation"),
        title=call.body.get("title", ""),
        quote=call.body.get("quote"),
        funding=call.body.get("funding"),
        hold=call.body.get("hold", False),
    )
    return Created(whole(view), f"/api/v1/bookings/{view.booking.public_id}")


def _series(call: Call, wishes: list[Wish]) -> Created:
    for name in {"quote", "funding"} & call.body.keys():
        message = _("What was quoted is for one booking. Book a series without it.")
        raise Invalid("booking.form", message, fields={name: [message]})
    if call.body.get("hold"):
        message = _("A series is booked at once: only a single time can be kept.")
        raise Invalid("booking.form", message, fields={"hold": [message]})
    if "lines" in call.body:
        message = _("Only a booking of one start and end can be repeated.")
        raise Invalid("booking.form", message, fields={"lines": [message]})
    made = book_series(
        call.db,
        actor=call.actor,
        now=call.now,
        place=locked_place_by_public_id(call.db, call.body["instrument"], actor=call.actor),
        wish=wishes[0],
        allocation=call.body.get("allocation"),
        title=call.body.get("title", ""),
        **call.body["recurrence"],
    )
    first = next(one.booking for one in made.report if one.booking)
    view = series_by_public_id(call.db, made.series.public_id, actor=call.actor)
    report = whole_series(view) | {"items": listed(made.report)}
    shown = whole(booking_by_public_id(call.db, first, actor=call.actor)) | {"recurrence": report}
    return Created(shown, f"/api/v1/bookings/{first}")


@resource("api.booking", "GET", permission=Permission.BOOKING_READ, out=BookingOut)
def read(call: Call) -> dict[str, Any]:
    """Show a booking."""
    return whole(call.row)


@resource(
    "api.booking",
    "PATCH",
    permission=Permission.BOOKING_UPDATE,
    body=TimeBody,
    out=BookingOut,
    version=VERSION,
    errors=(409,),
)
def move(call: Call) -> dict[str, Any]:
    """Move a booking under every rule of a new one."""
    return _shown(call, changes.move(call.db, booking=call.row.booking, wishes=wishes_of(call.body), **call.changes))


@resource(
    "api.booking_cancel", "POST", permission=Permission.BOOKING_UPDATE, body=ReasonBody, out=BookingOut, version=VERSION
)
def cancel(call: Call) -> dict[str, Any]:
    """Cancel a booking and free its time."""
    reason = call.body.get("reason", "")
    return _shown(call, changes.cancel(call.db, booking=call.row.booking, reason=reason, **call.changes))


@resource("api.booking_check_in", "POST", permission=Permission.BOOKING_ATTEND, out=BookingOut, version=VERSION)
def check_in(call: Call) -> dict[str, Any]:
    """Note that the session began."""
    return _changed(call, attendance.check_in)


@resource("api.booking_complete", "POST", permission=Permission.BOOKING_ATTEND, out=BookingOut, version=VERSION)
def complete(call: Call) -> dict[str, Any]:
    """Note that the session ended; what is left of its time is free at once."""
    return _changed(call, attendance.complete)


@resource("api.booking_calendar", "GET", permission=Permission.BOOKING_READ, media_type="text/calendar")
def calendar_file(call: Call) -> Response:
    """Give a booking as a calendar file."""
    settings = call.request.registry["infra_access.settings"]
    content = calendar([entry_of(call.row, base_url=settings.base_url)], name="Infra Access", now=call.now)
    response = Response(content, content_type="text/calendar", charset="utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{call.row.booking.public_id}.ics"'
    return response


def _changed(call: Call, command: Callable[..., Booking]) -> dict[str, Any]:
    return _shown(call, command(call.db, booking=call.row.booking, **call.changes))


def _shown(call: Call, booking: Booking) -> dict[str, Any]:
    return whole(booking_by_public_id(call.db, booking.public_id, actor=call.actor))
