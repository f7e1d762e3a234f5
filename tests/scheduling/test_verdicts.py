"""Deciding on a booking that waits: its time is held, and goes back where somebody says no."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from infra_access.access_requests.approvals.models import ConflictOfInterest
from infra_access.access_requests.approvals.queries import inbox
from infra_access.access_requests.models import AccessRequest, Approval, Participant
from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from infra_access.outcomes.verdicts import decide
from infra_access.people.actors import load_actor
from infra_access.people.delegations import hand_over
from infra_access.people.models import Account
from infra_access.people.roles import grants_of
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.lapsing import release_lapsed
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking
from tests.factories.catalogue import make_organisation
from tests.factories.people import make_account, make_actor, make_affiliation
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import (
    MONDAY,
    make_allocation,
    make_booking,
    make_place,
    occupancies,
    set_rules,
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


def a_colleague(session, access_request, near):
    firm = make_organisation(session, country="KE")
    for account_id in (access_request.requester_id, near.account_id):
        make_affiliation(session, account=session.get_one(Account, account_id), organisation=firm)
    access_request.acting_for_id = firm.id


def one_who_stepped_back(session, access_request, near):
    session.add(
        ConflictOfInterest(
            access_request_id=access_request.id, account_id=near.account_id, reason="My brother.", declared_at=MONDAY
        )
    )


def one_by_address(session, access_request, near):
    session.add(participant(access_request, session.get_one(Account, near.account_id).email))


def participant(access_request, email, account_id=None):
    return Participant(
        access_request_id=access_request.id,
        account_id=account_id,
        email=email,
        name="Near",
        role="member",
        country_of_work="DE",
        presence="none",
    )


@pytest.mark.parametrize("becomes", [a_colleague, one_who_stepped_back, one_by_address])
def test_who_is_near_to_a_request_does_not_decide_on_its_bookings(session, place, officer, owner, becomes):
    near = make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))
    allocation = make_allocation(session, place, owner)
    becomes(session, session.get_one(AccessRequest, allocation.access_request_id), near)
    session.flush()
    near, owner = (load_actor(session, one.account_id, now=MONDAY) for one in (near, owner))
    booking = make_booking(session, place, span(10, 12), actor=owner, allocation=allocation.public_id)
    with pytest.raises(Forbidden) as refusal:
        decided(session, booking, near, "approve")
    assert refusal.value.code == "approval.own"
    assert inbox(session, actor=near, now=MONDAY).items == ()
    assert len(inbox(session, actor=officer, now=MONDAY).items) == 1
    decided(session, booking, officer, "approve")


def test_nor_does_who_stands_in_for_one_of_its_team(session, place, officer, owner):
    mate = make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))
    allocation = make_allocation(session, place, owner)
    access_request = session.get_one(AccessRequest, allocation.access_request_id)
    session.add(participant(access_request, "mate@example.org", mate.account_id))
    booking = make_booking(session, place, span(10, 12), actor=owner, allocation=allocation.public_id)
    (grant,) = grants_of(session, mate.account_id, now=MONDAY)
    stand_in = make_account(session)
    hand_over(session, actor=mate, now=MONDAY, grant=grant, to=stand_in, until=MONDAY + timedelta(days=9))
    with pytest.raises(Forbidden) as refusal:
        decided(session, booking, load_actor(session, stand_in.id, now=MONDAY), "approve")
    assert refusal.value.code == "approval.own"


def test_a_booking_is_not_asked_of_the_organisation_that_it_is_for(session, place, owner):
    make_policy(session, raw_rule("use", {"type": "approve", "role": "facility_manager", "scope": "facility"}))
    only = make_actor(session, ("facility_manager", ("facility", place.facility.public_id)))
    make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))
    firm = make_organisation(session, country="KE")
    for one in (only, owner):
        make_affiliation(session, account=session.get_one(Account, one.account_id), organisation=firm)
    with pytest.raises(Conflict) as refusal:
        make_booking(session, place, span(10, 12), actor=load_actor(session, owner.account_id, now=MONDAY))
    assert refusal.value.code == "approval.nobody"


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


def test_nobody_approves_what_has_begun_or_what_the_rules_no_longer_allow(session, place, booking, officer):
    with pytest.raises(Conflict) as caught, session.begin_nested():
        decided(session, booking, officer, "approve", now=span(10, 12).start)
    assert caught.value.code == "booking.begun"
    set_rules(session, place.instrument, max_minutes=60)
    with pytest.raises(Invalid) as refused, session.begin_nested():
        decided(session, booking, officer, "approve")
    assert refused.value.details["broken"][0]["code"] == "max_length"
    set_rules(session, place.instrument)
    make_policy(session, raw_rule("closed", {"type": "deny"}))
    with pytest.raises(Forbidden) as denied, session.begin_nested():
        decided(session, booking, officer, "approve")
    assert denied.value.code == "policy.refused"
    decided(session, booking, officer, "refuse", reason="The policy changed.", now=span(10, 12).end)
    assert booking.state == BookingState.CANCELLED


def test_what_the_rules_ask_besides_is_asked_before_it_is_confirmed(session, place, booking, officer):
    manager = make_actor(session, ("facility_manager", ("facility", place.facility.public_id)))
    make_policy(session, raw_rule("time", {"type": "approve", "role": "facility_manager", "scope": "facility"}))
    decided(session, booking, officer, "approve")
    assert booking.state == BookingState.PENDING_APPROVAL
    assert [one.rule for one in approvals(session, booking)] == ["time"]
    decided(session, booking, manager, "approve")
    assert booking.state == BookingState.CONFIRMED


def test_lead_time_binds_who_asks_and_not_who_approves(session, place, officer, owner):
    set_rules(session, place.instrument, lead_minutes=60)
    booking = make_booking(session, place, span(10, 12), actor=owner)
    decided(session, booking, officer, "approve", now=span(10, 12).start - timedelta(minutes=5))
    assert booking.state == BookingState.CONFIRMED


def test_what_waits_is_called_off_at_any_time(session, place, booking, owner):
    set_rules(session, place.instrument, cancel_notice_minutes=10_000)
    cancel(session, actor=owner, now=span(10, 12).start - timedelta(minutes=5), booking=booking)
    assert booking.state == BookingState.CANCELLED


def test_what_nobody_approved_before_it_begins_goes_back(database, place_of_waiting):
    place, owner = place_of_waiting
    with database.writer() as session:
        early = make_booking(session, place, span(10, 12), actor=owner).id
        late = make_booking(session, place, span(14, 15), actor=owner).id
    assert release_lapsed(database, now=span(10, 12).start - timedelta(minutes=1)) == 0
    assert release_lapsed(database, now=span(10, 12).start) == 1
    with database.reader() as session:
        gone, there = session.get_one(Booking, early), session.get_one(Booking, late)
        assert (gone.state, there.state) == (BookingState.RELEASED, BookingState.PENDING_APPROVAL)
        assert "before it begins" in gone.state_reason or "before it began" in gone.state_reason
        assert [taken for _key, taken, _kind in occupancies(session)] == [span(14, 15)]
        assert session.scalar(select(Approval.state).where(Approval.subject_id == early)) == "void"


@pytest.fixture
def place_of_waiting(database):
    """Return a stored place whose bookings wait for a safety officer, and somebody who books there."""
    with database.writer() as session:
        place = make_place(session)
        make_policy(session, raw_rule("open", {"type": "permit"}))
        make_policy(session, raw_rule("safety", {"type": "approve", "role": "safety_officer", "scope": "facility"}))
        make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))
        return place, make_actor(session)
