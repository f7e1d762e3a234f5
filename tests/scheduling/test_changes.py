"""Changing a booking: under every rule of a new one, and what it took goes back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from infra_access.scheduling.attendance import check_in
from infra_access.scheduling.bookings import book
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.lifecycle import BookingState
from tests.factories.access_requests import make_route
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    copies_of,
    make_allocation,
    make_booking,
    make_companion,
    make_occupancy,
    make_place,
    occupancies,
    row_counts,
    set_rules,
    span,
    wishes,
)


@pytest.fixture
def place(session):
    place = make_place(session)
    make_policy(session)
    return place


@pytest.fixture
def actor(session, place):
    return make_actor(session)


def moved(session, booking, actor, *spans, **overrides):
    values = {"now": MONDAY, "wishes": wishes(*spans)} | overrides
    return move(session, actor=actor, booking=booking, **values)


def refused(session, kind, command, booking, actor, *spans, **overrides):
    """Return the refusal, after showing that it changed nothing."""
    session.flush()
    before, state = row_counts(session), (booking.state, booking.sequence, booking.version, occupancies(session))
    with pytest.raises(kind) as caught:
        command(session, booking, actor, *spans, **overrides)
    session.flush()
    assert row_counts(session) == before
    assert (booking.state, booking.sequence, booking.version, occupancies(session)) == state
    return caught.value


def cancelled(session, booking, actor, **overrides):
    return cancel(session, actor=actor, booking=booking, **({"now": MONDAY} | overrides))


def audited(session):
    return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


def test_a_move_may_overlap_the_bookings_own_time(session, place, actor):
    booking = make_booking(session, place, span(10, 12), actor=actor)
    (copy,) = copies_of(session, place)
    before, uid = audited(session), booking.uid
    moved(session, booking, actor, span(11, 13))
    assert occupancies(session) == [(copy.id, span(11, 13), "booking")]
    assert (booking.uid, booking.sequence, booking.state) == (uid, 1, BookingState.CONFIRMED)
    assert audited(session) == before + 1


def test_a_move_into_taken_time_is_refused_with_alternatives(session, place, actor):
    booking = make_booking(session, place, span(10, 12), actor=actor)
    make_booking(session, place, span(14, 16))
    error = refused(session, Conflict, moved, booking, actor, span(13, 15))
    assert error.details["alternatives"]


def test_a_move_obeys_every_rule_of_a_new_booking(session, place, actor):
    booking = make_booking(session, place, span(10, 12), actor=actor)
    set_rules(session, place.instrument, max_minutes=60)
    refused(session, Invalid, moved, booking, actor, span(13, 15))


def test_a_move_takes_its_change_overs_and_companions_along(session, place, actor):
    contact = make_companion(session, place)
    set_rules(session, place.instrument, buffer_after_minutes=60)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    moved(session, booking, actor, span(12, 13))
    (copy,) = copies_of(session, place)
    assert set(occupancies(session)) == {
        (copy.id, span(12, 13), "booking"),
        (copy.id, span(13, 14), "change_over"),
        (contact.id, span(12, 13), "booking"),
    }


def test_a_cancelled_booking_frees_its_time(session, place, actor):
    booking = make_booking(session, place, span(10, 12), actor=actor)
    before = audited(session)
    cancelled(session, booking, actor, reason="The sample broke")
    assert (booking.state, booking.state_reason, booking.sequence) == (BookingState.CANCELLED, "The sample broke", 1)
    assert occupancies(session) == []
    assert audited(session) == before + 1
    make_booking(session, place, span(10, 12))
    refused(session, Conflict, cancelled, booking, actor)


def test_the_owner_keeps_the_notice_and_staff_need_not(session, place, actor):
    set_rules(session, place.instrument, cancel_notice_minutes=1440)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    late = span(10, 12).start - timedelta(hours=23)
    assert refused(session, Conflict, cancelled, booking, actor, now=late).code == "booking.notice"
    assert refused(session, Conflict, moved, booking, actor, span(14, 16), now=late).code == "booking.notice"
    staff = make_actor(session, ("facility_manager", ("facility", place.facility.public_id)))
    cancelled(session, booking, staff, now=late)
    assert booking.state == BookingState.CANCELLED


def test_a_stranger_changes_nothing(session, place, actor):
    booking = make_booking(session, place, span(10, 12), actor=actor)
    other = make_place(session)
    for stranger in (
        make_actor(session),
        make_actor(session, ("facility_manager", ("facility", other.facility.public_id))),
    ):
        refused(session, Forbidden, cancelled, booking, stranger)
        refused(session, Forbidden, moved, booking, stranger, span(14, 16))


def test_an_older_version_is_refused(session, place, actor):
    booking = make_booking(session, place, span(10, 12), actor=actor)
    seen = booking.version
    moved(session, booking, actor, span(11, 13), expected_version=seen)
    refused(session, PreconditionFailed, moved, booking, actor, span(14, 15), expected_version=seen)
    refused(session, PreconditionFailed, cancelled, booking, actor, expected_version=seen)


def test_units_are_given_back_and_drawn_anew(session, place, actor):
    allocation = make_allocation(session, place, actor, amount=5)
    booking = make_booking(session, place, span(10, 13), actor=actor, allocation=allocation.public_id)
    moved(session, booking, actor, span(10, 15))
    assert (booking.units, allocation.used) == (Decimal("5.00"), Decimal("5.00"))
    cancelled(session, booking, actor)
    assert allocation.used == Decimal(0)


def test_the_notice_of_the_route_counts_too(session, place, actor):
    allocation = make_allocation(session, place, actor, booking_rules={"cancel_notice_minutes": 1440})
    booking = make_booking(session, place, span(10, 13), actor=actor, allocation=allocation.public_id)
    late = span(10, 12).start - timedelta(hours=23)
    assert refused(session, Conflict, cancelled, booking, actor, now=late).code == "booking.notice"


def test_a_move_never_lands_on_another_closure(session, place, actor):
    booking = make_booking(session, place, span(10, 12), actor=actor)
    (copy,) = copies_of(session, place)
    make_occupancy(session, copy, span(14, 16), kind="maintenance")
    refused(session, Conflict, moved, booking, actor, span(15, 17))


def test_the_notice_of_the_way_that_was_open_counts_too(session, place, actor):
    rules = {"cancel_notice_minutes": 1440}
    make_route(session, facility=place.facility, instruments=[place.instrument], booking_rules=rules)
    booking = make_booking(session, place, span(10, 13), actor=actor)
    late = span(10, 12).start - timedelta(hours=23)
    assert refused(session, Conflict, cancelled, booking, actor, now=late).code == "booking.notice"
    assert refused(session, Conflict, moved, booking, actor, span(14, 16), now=late).code == "booking.notice"


def test_a_session_is_extended_within_its_notice_and_while_it_runs(session, place, actor):
    set_rules(session, place.instrument, cancel_notice_minutes=24 * 60, lead_minutes=60)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    moved(session, booking, actor, span(10, 13), now=span(9, 10).start)
    assert (booking.ends, booking.state) == (span(10, 13).end, BookingState.CONFIRMED)
    check_in(session, actor=actor, now=span(10, 13).start, booking=booking)
    other = make_booking(session, place, span(15, 16))
    moved(session, booking, actor, span(10, 14), now=span(12, 13).start)
    assert (booking.ends, booking.state) == (span(10, 14).end, BookingState.CHECKED_IN)
    late = span(12, 13).start
    assert refused(session, Conflict, moved, booking, actor, span(10, 15.5), now=late).code == "booking.overlap"
    assert refused(session, Conflict, moved, booking, actor, span(11, 15), now=late).code == "booking.state"
    assert refused(session, Conflict, moved, booking, actor, span(10, 15), now=booking.ends).code == "booking.state"
    cancel(session, actor=SYSTEM, now=late, booking=other)


def test_a_session_that_runs_stays_on_its_copy(session):
    place = make_place(session, copies=2)
    make_policy(session)
    first, second = copies_of(session, place)
    actor = make_actor(session)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    check_in(session, actor=actor, now=span(10, 12).start, booking=booking)
    make_occupancy(session, first, span(13, 14))
    error = refused(session, Conflict, moved, booking, actor, span(10, 14), now=span(11, 12).start)
    assert error.code == "booking.overlap"
    moved(session, booking, actor, span(10, 13), now=span(11, 12).start)
    assert occupancies(session)[0][0] == first.id != second.id


def test_what_was_named_for_another_time_goes_along(session, place, actor):
    laboratory = make_companion(session, place, kind="room", name="Laboratory")
    wanted = [*wishes(span(10, 12)), *wishes(span(9, 10), resource=laboratory)]
    booking = book(session, actor=actor, now=MONDAY, place=place, wishes=wanted)
    (copy,) = copies_of(session, place)

    moved(session, booking, actor, span(14, 16))
    assert sorted(occupancies(session)) == [
        (copy.id, span(14, 16), "booking"),
        (laboratory.id, span(13, 14), "booking"),
    ]
    assert (booking.starts, booking.ends) == (span(13, 14).start, span(14, 16).end)
    moved(session, booking, actor, span(14, 17))  # longer only: what was named stays where it was
    assert sorted(occupancies(session)) == [
        (copy.id, span(14, 17), "booking"),
        (laboratory.id, span(13, 14), "booking"),
    ]
