"""Clearing a gate, and taking the clearance back: by the facility or the role that owns the gate, by nobody near."""

import re
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from infra_access.access_requests.gates.judging import Gate
from infra_access.core.authority import Actor, Permission
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line, clean_text
from infra_access.core.roles import ROLES
from infra_access.scheduling.booking_audit import record_act
from infra_access.scheduling.changes import locked
from infra_access.scheduling.gates.models import GateClearance
from infra_access.scheduling.gates.reading import GATED, gates_of
from infra_access.scheduling.gates.seen import may_clear, refusal_of_near
from infra_access.scheduling.lifecycle import BookingState, BookingTransition, move
from infra_access.scheduling.models import Booking

_SHA256 = re.compile(r"[0-9a-f]{64}")


def clear(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    booking: Booking,
    gate: str,
    person: str | None = None,
    sample: int | None = None,
    note: str = "",
    title: str = "",
    number: str = "",
    sha256: str | None = None,
    expected_version: int | None = None,
) -> Booking:
    """Hold a gate (`kind:code`) for met, with a note or the title of the paper that was seen.

    `person` is the public id of an account and `sample` a number from 1, where a gate is asked of each. A booking whose
    last gate this was is ready. Raises Forbidden `gate.own` for who is near, Invalid, Conflict `gate.met`.
    """
    booking, found = _found(session, actor, now, booking, expected_version, gate, person, sample)
    named = {
        "note": clean_text(note, field="note", max_length=2_000),
        "title": clean_line(title, field="title", max_length=200),
        "number": clean_line(number, field="number", max_length=100),
    }
    if not (named["note"] or named["title"]):
        raise _fault("note", _("Say what was checked, or name the paper that was seen."))
    if sha256 and not _SHA256.fullmatch(sha256):
        raise _fault("sha256", _("This is no SHA-256: give its 64 digits and letters from a to f."))
    if not found.open:
        message = _("This is met already. Load the page again.")
        raise Conflict("gate.met", message, details={"gate": found.key})
    key, account_id, mark = found.subject
    if not found.checkable:
        raise Conflict("gate.not_cleared", found.said, details={"gate": found.key})
    session.add(
        GateClearance(
            booking_id=booking.id,
            gate=key,
            account_id=account_id,
            sample=mark,
            sha256=sha256 or None,
            cleared_by_id=actor.account_id,
            cleared_at=now,
            **named,
        )
    )
    session.flush()
    _follow(session, booking, now)
    _record(session, actor, booking, "booking.gate_cleared", now, found)
    return booking


def take_back(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    booking: Booking,
    gate: str,
    person: str | None = None,
    sample: int | None = None,
    expected_version: int | None = None,
) -> Booking:
    """Take a clearance back, so that its gate is open unless something else meets it. Raises Conflict `gate.open`."""
    booking, found = _found(session, actor, now, booking, expected_version, gate, person, sample)
    if found.clearance is None:
        message = _("Nobody has cleared this, so there is nothing to take back. Load the page again.")
        raise Conflict("gate.open", message, details={"gate": found.key})
    key, account_id, mark = found.subject
    session.execute(
        delete(GateClearance).where(
            GateClearance.booking_id == booking.id,
            GateClearance.gate == key,
            GateClearance.account_id.is_not_distinct_from(account_id),
            GateClearance.sample.is_not_distinct_from(mark),
        )
    )
    _follow(session, booking, now)
    _record(session, actor, booking, "booking.gate_reopened", now, found)
    return booking


def _found(
    session: Session,
    actor: Actor,
    now: datetime,
    booking: Booking,
    expected_version: int | None,
    key: str,
    person: str | None,
    sample: int | None,
) -> tuple[Booking, Gate]:
    """Return the locked booking and the gate that is meant."""
    place, booking = locked(session, actor, booking, expected_version, Permission.GATE_CLEAR)
    refusal = refusal_of_near(session, booking, actor=actor, scopes=place.scopes, now=now)
    if refusal is not None:
        raise refusal
    if booking.state not in GATED:
        message = _("Its session has begun or was called off, so that nothing is waited for any more.")
        raise Conflict("booking.state", message, details={"state": str(booking.state)})
    asked = [one for one in gates_of(session, booking, now=now) if one.key == key]
    if not asked:
        raise _fault("gate", _("This booking waits for no such thing. Load it again to see what it waits for."))
    if person is not None:
        asked = [one for one in asked if one.person is not None and one.person.public_id == person]
        if not asked:
            raise _fault("person", _("This is not asked of this person. Load the booking again."))
    if sample is not None:
        asked = [one for one in asked if one.sample is not None and one.sample.number == sample]
        if not asked:
            raise _fault("sample", _("This is not asked of this sample. Load the booking again."))
    if len(asked) > 1:
        field = "person" if asked[0].person is not None else "sample"
        raise _fault(field, _("This is asked of several. Say of which it is met."))
    if not may_clear(actor, asked[0], place.scopes):
        roles = {"role": ROLES.get(asked[0].role, asked[0].role)}
        message = _("This is cleared by the staff of the facility, or by: ${role}.", mapping=roles)
        raise Forbidden("gate.not_yours", message)
    return booking, asked[0]


def _follow(session: Session, booking: Booking, now: datetime) -> None:
    """Let a confirmed booking be ready once nothing is waited for, and confirmed again once something is."""
    waits = any(one.open for one in gates_of(session, booking, now=now))
    if booking.state == BookingState.CONFIRMED and not waits:
        booking.state = move(BookingState.CONFIRMED, BookingTransition.MAKE_READY)
    elif booking.state == BookingState.READY and waits:
        booking.state = move(BookingState.READY, BookingTransition.REOPEN_GATES)
    session.flush()


def _record(session: Session, actor: Actor, booking: Booking, action: str, now: datetime, gate: Gate) -> None:
    details = {
        "gate": gate.key,
        "person": gate.person.public_id if gate.person else None,
        "sample": gate.sample.number if gate.sample else None,
        "state": str(booking.state),
    }
    record_act(session, actor, booking, action, now, details)


def _fault(field: str, message: Text) -> Invalid:
    return Invalid("gate.invalid", message, fields={field: [message]})
