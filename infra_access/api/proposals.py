"""Times that a facility gives: asking for one, proposing one, accepting and declining it."""

from typing import Any

from infra_access.api.booking_shapes import BookingOut, TimeBody, whole, wishes_of
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Instant, Integer, Line, Lines, PublicId
from infra_access.api.schemas import Body
from infra_access.api.serving import Created
from infra_access.core.authority import Permission
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling import proposals
from infra_access.scheduling.asking import ask_for_time
from infra_access.scheduling.booking_queries import booking_by_public_id
from infra_access.scheduling.models import Booking

VERSION = "booking.version"


class AskBody(Body):
    """A time that suits, or how many minutes anywhere within it."""

    start = Instant(required=True)
    end = Instant(required=True)
    minutes = Integer("How long, where that is less than all of it.", low=1)
    allocation = PublicId("What an access request granted.")
    note = Line("For the facility's office.", most=300)


class ProposalBody(TimeBody):
    """A time for a team to accept or decline."""

    answer_by = Instant("When the proposal lapses.", required=True)


class TeamProposalBody(ProposalBody):
    """A time for a team that has not asked."""

    allocation = PublicId("What the team was granted; the session draws on it.", required=True)


class DeclineBody(Body):
    """Why not."""

    reason = Lines("For the facility's office.", most=2_000, required=True)


@resource(
    "api.instrument_ask_for_time",
    "POST",
    permission=Permission.BOOKING_CREATE,
    body=AskBody,
    out=BookingOut,
    status=201,
    errors=(410,),
)
def ask(call: Call) -> Created:
    """Ask the facility for a time, where it chooses; nothing is occupied until it proposes one."""
    given = dict(call.body)
    start, end = given.pop("start"), given.pop("end")
    if end <= start:
        message = _("The end must lie after the start.")
        raise Invalid("time.order", message, fields={"end": [message]})
    return _made(
        call, ask_for_time(call.db, actor=call.actor, now=call.now, place=call.row, span=TimeSpan(start, end), **given)
    )


@resource(
    "api.instrument_propose",
    "POST",
    permission=Permission.SCHEDULE_WRITE,
    body=TeamProposalBody,
    out=BookingOut,
    status=201,
    errors=(410,),
)
def propose_to_team(call: Call) -> Created:
    """Propose a time to a team that was granted access."""
    booking = proposals.propose_to_team(
        call.db,
        actor=call.actor,
        now=call.now,
        place=call.row,
        allocation=call.body["allocation"],
        wishes=wishes_of(call.body),
        answer_by=call.body["answer_by"],
    )
    return _made(call, booking)


@resource(
    "api.booking_propose",
    "POST",
    permission=Permission.SCHEDULE_WRITE,
    body=ProposalBody,
    out=BookingOut,
    version=VERSION,
)
def propose(call: Call) -> dict[str, Any]:
    """Propose a time for what a team asked for."""
    wishes, answer_by = wishes_of(call.body), call.body["answer_by"]
    booking = proposals.propose(call.db, booking=call.row.booking, wishes=wishes, answer_by=answer_by, **call.changes)
    return _shown(call, booking)


@resource("api.booking_accept", "POST", permission=Permission.BOOKING_ANSWER, out=BookingOut, version=VERSION)
def accept(call: Call) -> dict[str, Any]:
    """Accept a proposed time for the team."""
    return _shown(call, proposals.accept(call.db, booking=call.row.booking, **call.changes))


@resource(
    "api.booking_decline",
    "POST",
    permission=Permission.BOOKING_ANSWER,
    body=DeclineBody,
    out=BookingOut,
    version=VERSION,
)
def decline(call: Call) -> dict[str, Any]:
    """Decline a proposed time for the team, and say why."""
    reason = call.body["reason"]
    return _shown(call, proposals.decline(call.db, booking=call.row.booking, reason=reason, **call.changes))


def _made(call: Call, booking: Booking) -> Created:
    return Created(_shown(call, booking), f"/api/v1/bookings/{booking.public_id}")


def _shown(call: Call, booking: Booking) -> dict[str, Any]:
    return whole(booking_by_public_id(call.db, booking.public_id, actor=call.actor))
