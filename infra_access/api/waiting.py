"""/wait-list and /bookings/{id}/confirm: waiting for time, and booking what was kept or offered."""

from typing import Any

from infra_access.api.booking_shapes import BookingOut, whole
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Instant, Integer, Line, PublicId
from infra_access.api.schemas import Body, Out, page_of
from infra_access.api.serving import Created
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.scheduling.booking_queries import booking_by_public_id
from infra_access.scheduling.places import locked_place_by_public_id
from infra_access.scheduling.waiting import holds, wait_list
from infra_access.scheduling.waiting.queries import WaitView, own_waits, wait_by_public_id
from infra_access.scheduling.waiting.states import WaitState


class WaitBody(Body):
    """For what one waits."""

    instrument = PublicId(required=True)
    earliest = Instant("No session before.", required=True)
    latest = Instant("No session that ends later.", required=True)
    minutes = Integer("How long a session.", low=1, high=366 * 1440, required=True)
    allocation = PublicId("What an access request granted; an offer draws on it.")


class WaitOut(Out):
    """An entry of a wait list. An offer is a booking on hold: confirm it, or cancel it."""

    id = PublicId()
    instrument = PublicId()
    instrument_name = Line(most=300)
    facility = PublicId()
    facility_name = Line(most=300)
    timezone = Line("The zone of the facility.", most=64)
    earliest = Instant()
    latest = Instant()
    minutes = Integer()
    state = Choice(WaitState)
    ahead = Integer("How many others wait for this instrument and came earlier.")
    booking = PublicId("The booking on hold that is offered.", allow_none=True)
    answer_by = Instant("When the offer lapses.", allow_none=True)
    created_at = Instant()


@resource("api.wait_list", "GET", permission=Permission.BOOKING_LIST, out=page_of(WaitOut))
def list_own(call: Call) -> Page[dict[str, Any]]:
    """List for what the caller waits, and what was offered."""
    return Page([_shown(view) for view in own_waits(call.db, actor=call.actor)], None)


@resource(
    "api.wait_list",
    "POST",
    permission=Permission.BOOKING_CREATE,
    body=WaitBody,
    out=WaitOut,
    status=201,
    errors=(403, 404, 409, 410),
)
def join(call: Call) -> Created:
    """Wait for time on an instrument; what comes free is offered in the order of the list."""
    given = dict(call.body)
    place = locked_place_by_public_id(call.db, given.pop("instrument"), actor=call.actor)
    entry = wait_list.join(call.db, actor=call.actor, now=call.now, place=place, **given)
    view = wait_by_public_id(call.db, entry.public_id, actor=call.actor)
    return Created(_shown(view), f"/api/v1/wait-list/{entry.public_id}")


@resource("api.wait", "GET", permission=Permission.BOOKING_LIST, out=WaitOut)
def read(call: Call) -> dict[str, Any]:
    """Show an entry of the caller's."""
    return _shown(call.row)


@resource("api.wait_leave", "POST", permission=Permission.WAIT_LIST_LEAVE, out=WaitOut, errors=(409,))
def leave(call: Call) -> dict[str, Any]:
    """Wait no longer; a time that is offered goes back."""
    entry = wait_list.leave(call.db, actor=call.actor, now=call.now, entry=call.row.entry)
    return _shown(wait_by_public_id(call.db, entry.public_id, actor=call.actor))


@resource(
    "api.booking_confirm",
    "POST",
    permission=Permission.BOOKING_UPDATE,
    out=BookingOut,
    version="booking.version",
    errors=(409,),
)
def confirm(call: Call) -> dict[str, Any]:
    """Book a time that was kept for the caller."""
    booking = holds.confirm(call.db, booking=call.row.booking, **call.changes)
    return whole(booking_by_public_id(call.db, booking.public_id, actor=call.actor))


def _shown(view: WaitView) -> dict[str, Any]:
    entry = view.entry
    return {
        "id": entry.public_id,
        "instrument": view.instrument.public_id,
        "instrument_name": view.instrument.name,
        "facility": view.facility.public_id,
        "facility_name": view.facility.name,
        "timezone": view.facility.timezone,
        "earliest": entry.earliest,
        "latest": entry.latest,
        "minutes": entry.minutes,
        "state": entry.state,
        "ahead": view.ahead,
        "booking": view.booking,
        "answer_by": view.answer_by,
        "created_at": entry.created_at,
    }
