"""/bookings/{id}/gates: what a session still waits for, clearing it for the facility, and taking a clearance back."""

from typing import Any

from infra_access.access_requests.gates.judging import Clearance, GateState, Owner
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Flag, Instant, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out
from infra_access.core.authority import Permission
from infra_access.policy.rules import RequirementKind
from infra_access.policy.wording import render
from infra_access.scheduling.gates.clearing import clear, take_back
from infra_access.scheduling.gates.seen import SeenGate, seen_gates
from infra_access.scheduling.lifecycle import BookingState

VERSION = "booking.version"
_NUMBER = "Which sample, from 1, where a gate is asked of each."


class GateBody(Body):
    """Which gate."""

    gate = Line("Its kind and code, such as training:laser-safety.", most=140, required=True, filled=True)
    person = PublicId("The account of whom it is asked, where it is asked of several.")
    sample = Integer(_NUMBER, low=1)


class ClearBody(GateBody):
    """That a gate is met: what was checked, or which paper was seen."""

    note = Lines("What was checked.", most=2_000)
    title = Line("The title of the paper.", most=200)
    number = Line("Its number.", most=100)
    sha256 = Line("The SHA-256 of its file, which stays with whoever has it.", most=64)


class ClearanceOut(Out):
    """Who held a gate for met, and on what."""

    by = Line(most=200)
    at = Instant()
    note = Lines(most=2_000)
    title = Line(most=200)
    number = Line(most=100)
    sha256 = Line(most=64, allow_none=True)


class GateOut(Out):
    """What must be met before a session."""

    gate = Line(most=140)
    kind = Choice(RequirementKind)
    code = Line(most=120)
    state = Choice(GateState, "A gate has expired where what met it ends before the session.")
    message = Lines(most=5_000)
    how = Lines("How it was met, or what to do.", most=5_000)
    owner = Choice(Owner, "Whose move it is: the person's, the team's, or that of a role of the facility.")
    role = Line("The role that may clear it beside the staff.", most=60)
    mine = Flag("Whether it is the caller's move.")
    may_clear = Flag("Whether the caller may clear it.")
    person = PublicId("The account of whom it is asked.", allow_none=True)
    person_name = Line("For the team and the staff only.", most=200, allow_none=True)
    sample = Integer(_NUMBER, allow_none=True)
    due = Instant("Counted back from the start of the session by the days that it takes at most.")
    link = Line("The page on which to act.", most=500)
    clearance = Part(ClearanceOut, allow_none=True)


class GatesOut(Out):
    """All of a booking, what is open first."""

    id = PublicId("The booking.")
    state = Choice(BookingState, "How the booking stands: ready once all are met.")
    version = Integer(low=1)
    items = ListOf(Part(GateOut), most=10_000)


@resource("api.booking_gates", "GET", permission=Permission.BOOKING_READ, out=GatesOut)
def read(call: Call) -> dict[str, Any]:
    """List what must be met before a session; none once it has begun or was called off."""
    return _shown(call)


@resource(
    "api.booking_gates", "POST", permission=Permission.GATE_CLEAR, body=ClearBody, out=GatesOut, version=VERSION,
    errors=(409,),
)  # fmt: skip
def meet(call: Call) -> dict[str, Any]:
    """Clear a gate for the facility; nobody does so for themselves or their team."""
    clear(call.db, booking=call.row.booking, **call.body, **call.changes)
    return _shown(call)


@resource(
    "api.booking_gates_reopen", "POST", permission=Permission.GATE_CLEAR, body=GateBody, out=GatesOut, version=VERSION,
    errors=(409,),
)  # fmt: skip
def reopen(call: Call) -> dict[str, Any]:
    """Take the clearance of a gate back."""
    take_back(call.db, booking=call.row.booking, **call.body, **call.changes)
    return _shown(call)


def _shown(call: Call) -> dict[str, Any]:
    context = call.context
    found = seen_gates(
        call.db, call.row, actor=call.actor, scopes=context.scopes, relations=context.relations, now=call.now
    )
    named = bool(context.relations) or call.request.may(Permission.GATE_CLEAR, context)
    booking = call.row.booking
    items = [_gate(call, one, named=named) for one in found]
    return {"id": booking.public_id, "state": booking.state, "version": booking.version, "items": items}


def _gate(call: Call, seen: SeenGate, *, named: bool) -> dict[str, Any]:
    gate = seen.gate
    said = [render(text, call.request.localize, call.request.locale_name) for text in (gate.message, gate.said)]
    return {
        "gate": gate.key,
        "kind": gate.kind,
        "code": gate.code,
        "state": gate.state,
        "message": said[0],
        "how": said[1],
        "owner": gate.owner,
        "role": gate.role,
        "mine": seen.mine,
        "may_clear": seen.clears,
        "person": gate.person.public_id if gate.person else None,
        "person_name": gate.person.name or None if gate.person else None,
        "sample": gate.sample.number if gate.sample else None,
        "due": gate.due,
        "link": seen.link,
        "clearance": _clearance(gate.clearance) if gate.clearance and named else None,
    }


def _clearance(one: Clearance) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("by", "at", "note", "title", "number", "sha256")}
