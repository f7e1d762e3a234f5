"""A verdict on a booking that waits for approval: a no frees its time, the last yes confirms it."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.approvals import verdicts
from infra_access.access_requests.approvals.narrower import WHOLE, Narrower
from infra_access.access_requests.approvals.parties import lists_looked_into
from infra_access.access_requests.models import Approval
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.audit.record import record
from infra_access.core.authority import Actor
from infra_access.core.decision import ApprovalDue
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.outbox.events import publish
from infra_access.policy.ruling import Ruling
from infra_access.scheduling.changes import free, owner_of
from infra_access.scheduling.circles import circle_of_booking
from infra_access.scheduling.lifecycle import BookingState, BookingTransition, move
from infra_access.scheduling.making import ask_approvals, ready, touch
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import locked_place
from infra_access.scheduling.proposals import wishes_of


def decide_booking(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    approval: Approval,
    verdict: str,
    reason: str,
    conditions: str | None = None,
    narrower: Narrower = WHOLE,
    expected_version: int | None = None,
) -> Approval:
    """Give a verdict on a booking that waits: refused frees its time, the last yes confirms it.

    What the rules in force ask for besides is asked first. Raises what making it would raise, where policy, rules or
    offer have changed since so that it could not be made.
    """
    booking = session.scalars(
        select(Booking)
        .where(Booking.id == approval.subject_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if booking.state != BookingState.PENDING_APPROVAL:
        move(BookingState(booking.state), BookingTransition.CONFIRM)
    if verdict == "approve" and booking.starts <= now:
        raise Conflict("booking.begun", _("Its time has begun, so that it can no longer be approved. Refuse it."))
    standing = verdicts.give_verdict(
        session,
        actor=actor,
        now=now,
        approval=approval,
        verdict=verdict,
        reason=reason,
        conditions=conditions,
        narrower=narrower,
        expected_version=expected_version,
        team=circle_of_booking(session, booking).team,
        acting_for=booking.acting_for_id,
    )
    if standing == "refused":
        free(session, booking, reason, now)
        publish(session, "booking.cancelled", {"booking": booking.public_id}, now=now)
    elif standing == "open":
        verdicts.open_next(session, approval, now=now)
    elif standing == "approved":
        ruling = _judge_again(session, booking, actor, now)
        if besides := _not_asked(session, booking, ruling):
            more = replace(ruling, officer=replace(ruling.officer, approvals=besides))
            ask_approvals(session, booking, more, now)
            standing = verdicts.standing_of(session, "booking", booking.id)
        if standing == "approved":
            booking.state = move(BookingState(booking.state), BookingTransition.CONFIRM)
            touch(booking, now)
            publish(session, "booking.confirmed", {"booking": booking.public_id}, now=now)
    record(
        session,
        actor=actor,
        action="booking.decided",
        object_kind="booking",
        object_id=booking.public_id,
        now=now,
        details={"verdict": verdict, "approval": approval.public_id, **lists_looked_into(session, approval)},
    )
    return approval


def _not_asked(session: Session, booking: Booking, ruling: Ruling) -> tuple[ApprovalDue, ...]:
    """Return what is due by now and nobody said yes to, or not with all that its rule asks."""
    every = verdicts.approvals_of(session, "booking", booking.id)
    given = [one for one in every if one.state == ApprovalState.APPROVED]

    def is_given(due: ApprovalDue) -> bool:
        return any((one.rule, one.role) == (due.rule, due.role) and set(due.asks) <= set(one.asks) for one in given)

    return tuple(due for due in ruling.officer.approvals if not is_given(due))


def _judge_again(session: Session, booking: Booking, actor: Actor, now: datetime) -> Ruling:
    """Judge the booking as if it were made now; lead time and horizon bind who asked, when they asked."""
    place = locked_place(session, booking.instrument_id)
    granted = allocations.lock_by_key(session, booking.allocation_id, now=now) if booking.allocation_id else None
    made = ready(
        session,
        owner=owner_of(session, booking, actor, now),
        place=place,
        wishes=wishes_of(session, booking),
        granted=granted,
        now=now,
        booking=booking,
        given=True,
        asked_at=booking.changed_at,
    )
    return made.ruling
