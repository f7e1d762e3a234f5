"""Deciding on a booking that waits: its time is held, and goes back where somebody says no."""

import pytest
from sqlalchemy import func, select

from infra_access.access_requests.models import Approval
from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, PreconditionFailed
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.verdicts import decide
from tests.factories.people import make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import (
    MONDAY,
    make_allocation,
    make_booking,
    make_place,
    occupancies,
    span,
    wishes,
)


@pytest.fixture
def place(session):
    place = make_place(session)
    make_policy(session, raw_rule("open", {"type": "permit"}))
    make_policy(session, raw_rule("safety", {"type": "approve", "role": "safety_officer", "scope": "facility"}))
    return place


@pytest.fixture
def officer(session, place):
    return make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))


@pytest.fixture
def owner(session, place):
    return make_actor(session)


@pytest.fixture
def booking(session, place, officer, owner):
    return make_booking(session, place, span(10, 12), actor=owner)


def approvals(session, booking, state="pending"):
    return session.scalars(
        select(Approval).where(Approval.subject_id == booking.id, Approval.state == state).order_by(Approval.id)
    ).all()


def decided(session, booking, actor, verdict, **overrides):
    (approval,) = approvals(session, booking)
    values = {"now": MONDAY, "approval": approval, "verdict": verdict, "reason": "Looked at."} | overrides
    return decide(session, actor=actor, **values)


def audited(session):
    return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


def test_the_last_yes_confirms_it(session, booking, officer):
    assert booking.state == BookingState.PENDING_APPROVAL
    before = audited(session)
    decided(session, booking, officer, "approve")
    assert booking.state == BookingState.CONFIRMED
    assert len(occupancies(session)) == 1
    assert audited(session) == before + 1


def test_a_no_frees_the_time(session, place, booking, officer):
    before = audited(session)
    decided(session, booking, officer, "refuse", reason="The sample is unknown.")
    assert (booking.state, booking.state_reason) == (BookingState.CANCELLED, "The sample is unknown.")
    assert occupancies(session) == []
    assert audited(session) == before + 1
    make_booking(session, place, span(10, 12))


def test_the_owner_never_decides_even_as_an_officer(session, place, officer):
    booking = make_booking(session, place, span(10, 12), actor=make_actor(session))
    other = make_booking(session, place, span(14, 16), actor=make_actor(session))
    with pytest.raises(Forbidden):
        decided(session, booking, make_actor(session), "approve")
    decided(session, other, officer, "approve")
    second = make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))
    own = make_booking(session, place, span(18, 19), actor=second)
    with pytest.raises(Forbidden):
        decided(session, own, second, "approve")
    assert own.state == BookingState.PENDING_APPROVAL


def test_the_team_of_an_allocation_does_not_decide_on_its_own_bookings(session, place, officer, owner):
    allocation = make_allocation(session, place, owner)
    booking = make_booking(session, place, span(10, 12), actor=owner, allocation=allocation.public_id)
    decided(session, booking, officer, "refuse")
    assert allocation.used == 0


def test_what_was_decided_or_called_off_is_not_decided_again(session, booking, officer, owner):
    (approval,) = approvals(session, booking)
    cancel(session, actor=owner, now=MONDAY, booking=booking)
    with pytest.raises(Conflict):
        decide(session, actor=officer, now=MONDAY, approval=approval, verdict="approve", reason="Late.")
    assert booking.state == BookingState.CANCELLED
    assert approvals(session, booking, "void") == [approval]


def test_a_move_calls_the_old_approval_off_and_asks_anew(session, booking, officer, owner):
    decided(session, booking, officer, "approve")
    move(session, actor=owner, now=MONDAY, booking=booking, wishes=wishes(span(14, 16)))
    assert booking.state == BookingState.PENDING_APPROVAL
    move(session, actor=owner, now=MONDAY, booking=booking, wishes=wishes(span(16, 18)))
    assert len(approvals(session, booking)) == 1
    assert len(approvals(session, booking, "void")) == 1
    decided(session, booking, officer, "approve")
    assert booking.state == BookingState.CONFIRMED


def test_a_verdict_on_an_older_version_is_refused(session, booking, officer):
    (approval,) = approvals(session, booking)
    with pytest.raises(PreconditionFailed):
        decided(session, booking, officer, "approve", expected_version=approval.version + 1)
    assert booking.state == BookingState.PENDING_APPROVAL
