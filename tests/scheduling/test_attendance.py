"""What becomes of a session on its day: checked in, ended, or nobody came."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from infra_access.access_requests.models import Participant
from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden
from infra_access.ledger.models import UsageLine
from infra_access.scheduling.attendance import check_in, complete, complete_unattended, due, mark_no_show
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.lifecycle import BookingState
from tests.factories.access_requests import make_route
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import (
    SYSTEM,
    copies_of,
    make_allocation,
    make_booking,
    make_companion,
    make_place,
    occupancies,
    set_rules,
    span,
    wishes,
)
from tests.factories.upkeep import told


@pytest.fixture
def place(session):
    place = make_place(session)
    make_policy(session)
    return place


@pytest.fixture
def actor(session, place):
    return make_actor(session)


def audited(session):
    return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


def usage(session):
    rows = session.execute(select(UsageLine.kind, UsageLine.units).order_by(UsageLine.id))
    return [(kind, units) for kind, units in rows]


def test_a_session_is_checked_in_during_its_time_and_completed(session, place, actor):
    booking = make_booking(session, place, span(10, 12), actor=actor)
    for moment in (span(9, 10).start, span(12, 13).start):
        with pytest.raises(Conflict):
            check_in(session, actor=actor, now=moment, booking=booking)
    before = audited(session)
    during = span(11, 12).start
    check_in(session, actor=actor, now=during, booking=booking)
    assert (booking.state, booking.checked_in_at) == (BookingState.CHECKED_IN, during)
    with pytest.raises(Conflict):
        move(session, actor=actor, now=during, booking=booking, wishes=wishes(span(14, 16)))
    complete(session, actor=actor, now=span(12, 13).start, booking=booking)
    assert (booking.state, booking.ended_at) == (BookingState.COMPLETED, None)
    assert audited(session) == before + 2
    assert usage(session) == [("used", Decimal(2))]


def test_only_whom_it_concerns_checks_in_or_ends(session, place, actor):
    booking = make_booking(session, place, span(10, 12), actor=actor)
    with pytest.raises(Forbidden):
        check_in(session, actor=make_actor(session), now=span(10, 12).start, booking=booking)
    staff = make_actor(session, ("facility_manager", ("facility", place.facility.public_id)))
    check_in(session, actor=staff, now=span(10, 12).start, booking=booking)
    with pytest.raises(Forbidden):
        complete(session, actor=make_actor(session), now=span(11, 12).start, booking=booking)


def test_the_team_checks_in_and_ends_but_does_not_cancel(session, place, actor):
    allocation = make_allocation(session, place, actor)
    booking = make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    member = make_actor(session)
    session.add(
        Participant(
            access_request_id=allocation.access_request_id,
            account_id=member.account_id,
            email="member@example.org",
            name="Member",
            role="member",
            country_of_work="DE",
            presence="on-site",
        )
    )
    session.flush()
    with pytest.raises(Forbidden):
        cancel(session, actor=member, now=span(9, 10).start, booking=booking)
    check_in(session, actor=member, now=span(10, 12).start, booking=booking)
    complete(session, actor=member, now=span(11, 12).start, booking=booking)
    assert booking.state == BookingState.COMPLETED


def test_an_early_end_frees_the_rest_for_another_at_once(session, place, actor):
    contact = make_companion(session, place)
    allocation = make_allocation(session, place, actor, amount=5)
    booking = make_booking(session, place, span(10, 14), actor=actor, allocation=allocation.public_id)
    check_in(session, actor=actor, now=span(10, 11).start, booking=booking)
    complete(session, actor=actor, now=span(11, 12).start, booking=booking)
    (copy,) = copies_of(session, place)
    assert occupancies(session) == [(key, span(10, 11), "booking") for key in sorted((copy.id, contact.id))]
    assert (booking.ended_at, booking.ends) == (span(11, 12).start, span(10, 14).end)
    assert (booking.units, allocation.used, usage(session)) == (Decimal(1), Decimal(1), [("used", Decimal(1))])
    make_booking(session, place, span(11, 13), now=span(11, 12).start)


def test_the_change_over_follows_an_early_end(session, place, actor):
    set_rules(session, place.instrument, buffer_before_minutes=30, buffer_after_minutes=60)
    booking = make_booking(session, place, span(10, 14), actor=actor)
    check_in(session, actor=actor, now=span(10, 11).start, booking=booking)
    complete(session, actor=actor, now=span(11, 12).start, booking=booking)
    (copy,) = copies_of(session, place)
    assert occupancies(session) == [
        (copy.id, span(9.5, 10), "change_over"),
        (copy.id, span(10, 11), "booking"),
        (copy.id, span(11, 12), "change_over"),
    ]


def test_nobody_is_a_no_show_before_the_grace_is_over_or_where_there_is_none(session, place, actor):
    booking = make_booking(session, place, span(10, 14), actor=actor)
    assert mark_no_show(session, actor=SYSTEM, now=span(13, 14).start, booking=booking) is None
    set_rules(session, place.instrument, no_show_grace_minutes=30)
    assert mark_no_show(session, actor=SYSTEM, now=span(10.25, 11).start, booking=booking) is None
    assert booking.state == BookingState.CONFIRMED


def test_a_no_show_frees_the_rest_and_spends_the_units(session, place, actor):
    set_rules(session, place.instrument, no_show_grace_minutes=30, buffer_after_minutes=60)
    allocation = make_allocation(session, place, actor, amount=5)
    booking = make_booking(session, place, span(10, 14), actor=actor, allocation=allocation.public_id)
    before, at = audited(session), span(10.5, 11).start
    assert mark_no_show(session, actor=SYSTEM, now=at, booking=booking) is booking
    assert booking.state == BookingState.NO_SHOW
    (copy,) = copies_of(session, place)
    assert occupancies(session) == [(copy.id, span(10, 10.5), "booking")]
    assert (allocation.used, usage(session)) == (Decimal(4), [("no-show", Decimal(4))])
    assert told(session, "booking.no_show") == [{"booking": booking.public_id}]
    assert audited(session) == before + 1
    with pytest.raises(Conflict):
        check_in(session, actor=actor, now=at, booking=booking)
    assert mark_no_show(session, actor=SYSTEM, now=at, booking=booking) is None
    make_booking(session, place, span(11, 12), now=at)


def test_the_grace_of_the_route_counts(session, place, actor):
    allocation = make_allocation(session, place, actor, booking_rules={"no_show_grace_minutes": 15})
    booking = make_booking(session, place, span(10, 13), actor=actor, allocation=allocation.public_id)
    assert mark_no_show(session, actor=SYSTEM, now=span(10.25, 11).start, booking=booking) is booking


def test_what_nobody_ended_is_complete_an_hour_after_its_end(session, place, actor):
    booking = make_booking(session, place, span(10, 12), actor=actor)
    check_in(session, actor=actor, now=span(10, 11).start, booking=booking)
    assert complete_unattended(session, actor=SYSTEM, now=span(12.5, 13).start, booking=booking) is None
    assert complete_unattended(session, actor=SYSTEM, now=span(13, 14).start, booking=booking) is booking
    assert (booking.state, booking.ended_at) == (BookingState.COMPLETED, None)
    assert complete_unattended(session, actor=SYSTEM, now=span(13, 14).start, booking=booking) is None
    assert usage(session) == [("used", Decimal(2))]


def test_where_nobody_is_a_no_show_a_session_counts_as_used_without_a_check_in(session, place, actor):
    booking = make_booking(session, place, span(10, 12), actor=actor)
    assert complete_unattended(session, actor=SYSTEM, now=span(13, 14).start, booking=booking) is booking
    assert (booking.state, booking.checked_in_at) == (BookingState.COMPLETED, None)
    set_rules(session, place.instrument, no_show_grace_minutes=30)
    other = make_booking(session, place, span(15, 16), actor=actor)
    assert complete_unattended(session, actor=SYSTEM, now=span(17, 18).start, booking=other) is None


def test_what_is_due_is_what_nobody_came_to_or_nobody_ended(session, place, actor):
    contest, running, ahead = (make_booking(session, place, span(at, at + 1), actor=actor) for at in (9, 10, 14))
    check_in(session, actor=actor, now=span(10, 11).start, booking=running)
    session.flush()
    assert due(session, now=span(9.75, 10).start) == ([], None)
    assert due(session, now=span(11, 12).start) == ([contest.id], None)
    assert due(session, now=span(12, 13).start) == ([contest.id, running.id], None)
    assert due(session, now=span(12, 13).start, limit=1) == ([contest.id], contest.id)
    assert due(session, now=span(12, 13).start, after=contest.id) == ([running.id], None)
    set_rules(session, place.instrument, no_show_grace_minutes=30)
    assert due(session, now=span(9.25, 10).start) == ([], None)
    assert due(session, now=span(9.5, 10).start) == ([contest.id], None)
    assert ahead.state == BookingState.CONFIRMED


def test_the_grace_of_the_way_that_was_open_counts(session, place, actor):
    rules = {"no_show_grace_minutes": 15}
    make_route(session, facility=place.facility, instruments=[place.instrument], booking_rules=rules)
    booking = make_booking(session, place, span(10, 13), actor=actor)
    assert mark_no_show(session, actor=SYSTEM, now=span(10.25, 11).start, booking=booking) is booking


def test_whose_session_somebody_else_ends_early_is_told(session, place, actor):
    colleague = make_actor(session, ("facility_manager", ("facility", place.facility.public_id)))
    for day, ends, by, so_far in ((1, 13, colleague, 1), (2, 13, actor, 1), (3, 14, colleague, 1)):
        booking = make_booking(session, place, span(10, 14, day=day), actor=actor)
        check_in(session, actor=actor, now=booking.starts, booking=booking)
        complete(session, actor=by, now=span(9, ends, day=day).end, booking=booking)
        assert len(told(session, "booking.ended_early")) == so_far
