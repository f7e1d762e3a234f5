"""The gates of a booking as one reader sees them: what a rule discloses, whose move it is, and where to make it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import request_behind
from infra_access.access_requests.gates.judging import Gate, Owner
from infra_access.access_requests.gates.reading import as_read
from infra_access.access_requests.terms.next_steps import with_next_steps
from infra_access.core.authority import Actor, Permission, Scopes, may
from infra_access.core.errors import Conflict, Forbidden
from infra_access.core.i18n import Text, _, plain
from infra_access.policy.rules import RequirementKind
from infra_access.scheduling.booking_queries import BookingView
from infra_access.scheduling.circles import circle_of_booking
from infra_access.scheduling.gates.reading import gates_of
from infra_access.scheduling.models import Booking


@dataclass(frozen=True, slots=True)
class SeenGate:
    """A gate with whether it is the reader's move, whether they may clear it, and the page on which to act.

    `hindered` says why somebody does not clear it whose role could.
    """

    gate: Gate
    mine: bool
    clears: bool
    link: str
    hindered: Text = ""


def seen_gates(
    session: Session,
    view: BookingView,
    *,
    actor: Actor,
    scopes: Scopes,
    relations: Collection[str],
    now: datetime,
) -> list[SeenGate]:
    """Return the gates of a booking for somebody who may read it; its team clears none."""
    named = bool(relations) or may(actor, Permission.GATE_CLEAR, scopes)
    found = gates_of(session, view.booking, now=now)
    if any(one.open and one.kind is RequirementKind.AGREEMENT for one in found):
        found = with_next_steps(session, request_behind(session, view.booking.allocation_id), found, now=now)
    shown = as_read(found, case_of(view.booking), relations=relations, named=named)
    refusal = None
    if not relations and any(gate.checkable and may_clear(actor, gate, scopes) for gate in shown):
        refusal = refusal_of_near(session, view.booking, actor=actor, scopes=scopes, now=now)
    return [_of_reader(gate, view, actor, scopes, relations, refusal) for gate in shown]


def may_clear(actor: Actor | None, gate: Gate, scopes: Scopes) -> bool:
    """Tell whether the actor may clear this gate, the team's own apart: the staff, or the role that owns it."""
    return may(actor, Permission.INSTRUMENT_UPDATE, scopes) or (actor is not None and actor.holds(gate.role, scopes))


def refusal_of_near(
    session: Session, booking: Booking, *, actor: Actor, scopes: Scopes, now: datetime
) -> Forbidden | None:
    """Return why somebody near to a booking clears none of its gates, None for all others. Three statements at most."""
    near = circle_of_booking(session, booking).without_editors()
    if actor.account_id is not None and not near.reaches(session, actor, scopes, now=now):
        return None
    message = _("Nobody clears a gate of their own, of their team or of their organisation. Ask a colleague to do it.")
    return Forbidden("gate.own", message)


def case_of(booking: Booking) -> str:
    """Return what somebody quotes who asks about a booking."""
    return booking.case or booking.public_id


def refuse_open(session: Session, booking: Booking, *, now: datetime, relations: Collection[str]) -> None:
    """Raise Conflict `booking.gates_open` that names every gate that the session still waits for."""
    waited = [one for one in gates_of(session, booking, now=now) if one.open]
    if not waited:
        return
    shown = as_read(waited, case_of(booking), relations=relations, named=True)
    listed: Text = ""
    for one in shown:
        words = _("${gate} (${about})", mapping={"gate": one.message, "about": one.about}) if one.about else one.message
        listed = _("${before} ${value}", mapping={"before": listed, "value": words}) if listed else words
    raise Conflict(
        "booking.gates_open",
        _("The session cannot begin yet. What it waits for: ${gates}", mapping={"gates": listed}),
        details={
            "gates": [
                {
                    "gate": one.key,
                    "state": str(one.state),
                    "person": one.person.name if one.person else None,
                    "sample": one.sample.number if one.sample else None,
                    "message": plain(one.message),
                }
                for one in shown
            ]
        },
    )


def _of_reader(
    gate: Gate,
    view: BookingView,
    actor: Actor,
    scopes: Scopes,
    relations: Collection[str],
    refusal: Forbidden | None,
) -> SeenGate:
    own = gate.person is not None and gate.person.account_id == actor.account_id
    able = not relations and may_clear(actor, gate, scopes)
    checks = able and refusal is None
    mine = own or (gate.owner is Owner.TEAM and bool(relations)) or (gate.owner is Owner.ROLE and checks)
    clears = checks and gate.checkable
    if own:
        link = "/account"
    elif view.rests_on.access_request and (
        (gate.owner is Owner.TEAM and relations) or (gate.open and gate.kind is RequirementKind.AGREEMENT)
    ):
        link = f"/access-requests/{view.rests_on.access_request}"
    elif clears:
        link = f"/bookings/{view.booking.public_id}#gates"
    else:
        link = f"/instruments/{view.instrument.public_id}/ask"
    hindered = refusal.message if refusal is not None and able and gate.checkable else ""
    return SeenGate(gate, mine, clears, link, hindered)
