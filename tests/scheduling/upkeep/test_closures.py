"""Closing a resource: what stands in its way is seen first, then moved or cancelled, and never in silence."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from infra_access.audit.models import AuditEvent
from infra_access.catalogue.resources import add_resource
from infra_access.core.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.attendance import check_in, complete
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Occupancy
from infra_access.scheduling.upkeep.closures import withdraw_closure
from tests.factories.catalogue import make_facility
from tests.factories.people import make_actor
from tests.factories.policy import make_policy, raw_rule
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
from tests.factories.upkeep import closed, make_ring, previewed, told


@pytest.fixture
def place(session):
    place = make_place(session)
    make_policy(session)
    return place


@pytest.fixture
def copy(session, place):
    (copy,) = copies_of(session, place)
    return copy


def audited(session):
    return session.scalar(select(func.count()).select_from(AuditEvent)) or 0


def times(booking):
    return TimeSpan(booking.starts, booking.ends)


def test_it_closes_and_opens_again_with_one_audit_event_each(session, place, copy):
    before = audited(session)
    closure, report = closed(session, place, copy, span(10, 12))
    assert occupancies(session) == [(copy.id, span(10, 12), "maintenance")]
    assert report.spans == (span(10, 12),)
    assert audited(session) == before + 1
    withdraw_closure(session, actor=SYSTEM, now=MONDAY, closure=closure)
    assert (occupancies(session), closure.state) == ([], "withdrawn")
    assert audited(session) == before + 2
    with pytest.raises(Conflict):
        withdraw_closure(session, actor=SYSTEM, now=MONDAY, closure=closure)


def test_withdrawing_one_leaves_others_and_what_is_past(session, place, copy):
    closure, _report = closed(session, place, copy, span(8, 12, day=0))
    closed(session, place, copy, span(13, 14, day=0))
    withdraw_closure(session, actor=SYSTEM, now=MONDAY, closure=closure)
    assert [taken for _key, taken, _kind in occupancies(session)] == [span(8, 9, day=0), span(13, 14, day=0)]
    other, _report = closed(session, place, copy, span(15, 16))
    with pytest.raises(PreconditionFailed):
        withdraw_closure(session, actor=SYSTEM, now=MONDAY, closure=other, expected_version=other.version + 1)


def test_another_closure_or_event_in_its_time_blocks_it(session, place, copy):
    closed(session, place, copy, span(10, 12))
    make_occupancy(session, copy, span(14, 15))
    before = row_counts(session)
    for wanted, kind in ((span(11, 13), "maintenance"), (span(14, 16), "external")):
        for how in ("refuse", "move", "cancel"):
            with pytest.raises(Conflict) as caught:
                closed(session, place, copy, wanted, displace=how)
            assert caught.value.code == "closure.blocked"
        shown = previewed(session, place, copy, wanted)
        assert ([one.kind for one in shown.blocking], shown.possible) == ([kind], False)
    assert row_counts(session) == before


def test_it_refuses_what_cannot_be(session, place, copy):
    other = add_resource(session, actor=SYSTEM, now=MONDAY, facility=make_facility(session), kind="room", name="Room")
    for resource, wanted, more in (
        (other, span(10, 12), {}),
        (copy, span(7, 8, day=0), {}),
        (copy, TimeSpan(MONDAY, MONDAY + timedelta(days=367)), {}),
        (copy, span(10, 12), {"kind": "party"}),
        (copy, span(10, 12), {"displace": "ignore"}),
        (copy, span(10, 12), {"label": "x" * 201}),
        (copy, span(10, 12), {"rrule": "FREQ=SECONDLY;COUNT=3"}),
        (copy, span(10, 12), {"rrule": "FREQ=DAILY"}),
        (copy, span(0, 30), {"rrule": "FREQ=DAILY;COUNT=3"}),
    ):
        with pytest.raises(Invalid):
            closed(session, place, resource, wanted, **more)
    assert occupancies(session) == []


def test_only_staff_of_the_facility_close_anything(session, place, copy):
    elsewhere = make_facility(session)
    for actor in (make_actor(session), make_actor(session, ("facility_manager", ("facility", elsewhere.public_id)))):
        for command in (closed, previewed):
            with pytest.raises(Forbidden):
                command(session, place, copy, span(10, 12), actor=actor)
    scientist = make_actor(session, ("instrument_scientist", ("facility", place.facility.public_id)))
    closure, _report = closed(session, place, copy, span(10, 12), actor=scientist)
    with pytest.raises(Forbidden):
        withdraw_closure(session, actor=make_actor(session), now=MONDAY, closure=closure)


def test_a_preview_leaves_nothing_and_says_what_closing_then_does(session, place, copy):
    booking = make_booking(session, place, span(10, 12), title="Steel")
    session.commit()
    before, held = row_counts(session), occupancies(session)
    shown = previewed(session, place, copy, span(9, 13))
    session.expire_all()
    assert (row_counts(session), occupancies(session)) == (before, held)
    assert (booking.state, times(booking), booking.version) == (BookingState.CONFIRMED, span(10, 12), 1)
    closure, done = closed(session, place, copy, span(9, 13), displace="move", preview=shown.token)
    assert done == shown
    (one,) = done.bookings
    assert (one.booking, one.before, one.after, one.outcome) == (
        booking.public_id,
        span(10, 12),
        times(booking),
        "moved",
    )
    assert booking.displaced_by_id == closure.id


def test_a_booking_moves_to_the_nearest_window_and_its_owner_hears_once(session, place, copy):
    booking = make_booking(session, place, span(10, 12))
    before = audited(session)
    closed(session, place, copy, span(9, 13), displace="move")
    assert times(booking) == span(13, 15)
    assert (booking.state, booking.sequence) == (BookingState.CONFIRMED, 1)
    assert sorted(occupancies(session)) == [
        (copy.id, span(9, 13), "maintenance"),
        (copy.id, span(13, 15), "booking"),
    ]
    old = {"start": span(10, 12).start.isoformat(), "end": span(10, 12).end.isoformat()}
    assert told(session, "booking.displaced") == [{"booking": booking.public_id, "before": old}]
    assert told(session, "booking.moved") == told(session, "booking.cancelled") == []
    assert audited(session) == before + 1


def test_another_copy_at_the_same_time_is_nearest(session):
    place = make_place(session, copies=2)
    make_policy(session)
    first, second = copies_of(session, place)
    booking = make_booking(session, place, span(10, 12))
    closed(session, place, first, span(8, 18), displace="move")
    assert (times(booking), set(occupancies(session))) == (
        span(10, 12),
        {(first.id, span(8, 18), "maintenance"), (second.id, span(10, 12), "booking")},
    )


def test_several_in_the_way_move_beside_each_other_with_change_overs_and_companions(session, place, copy):
    contact = make_companion(session, place)
    set_rules(session, place.instrument, buffer_after_minutes=30)
    one, two = make_booking(session, place, span(10, 11)), make_booking(session, place, span(12, 13))
    closed(session, place, copy, span(9, 15), displace="move")
    assert not times(one).overlaps(times(two))
    held = set(occupancies(session))
    for booking in (one, two):
        after = TimeSpan(booking.ends, booking.ends + timedelta(minutes=30))
        assert {
            (copy.id, times(booking), "booking"),
            (contact.id, times(booking), "booking"),
            (copy.id, after, "change_over"),
        } <= held


def test_lines_keep_their_lengths_and_move_together(session, place, copy):
    booking = make_booking(session, place, span(10, 11), span(13, 15))
    closed(session, place, copy, span(9, 12), displace="move")
    by = booking.starts - span(10, 11).start
    assert by
    lines = [taken for _key, taken, kind in occupancies(session) if kind == "booking"]
    assert lines == [TimeSpan(one.start + by, one.end + by) for one in (span(10, 11), span(13, 15))]


def test_bookings_are_refused_or_cancelled_where_that_is_asked(session, place, copy):
    actor = make_actor(session)
    allocation = make_allocation(session, place, actor, amount=5)
    booking = make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    with pytest.raises(Conflict) as caught:
        closed(session, place, copy, span(9, 13))
    assert (caught.value.code, caught.value.details["bookings"]) == ("closure.bookings", 1)
    assert (booking.state, allocation.used) == (BookingState.CONFIRMED, Decimal(2))
    _closure, report = closed(session, place, copy, span(9, 13), displace="cancel")
    assert [one.outcome for one in report.bookings] == ["cancelled"]
    assert (booking.state, allocation.used) == (BookingState.CANCELLED, Decimal(0))
    assert "maintenance" in booking.state_reason
    assert told(session, "booking.cancelled") == [{"booking": booking.public_id}]


def test_what_has_no_window_is_cancelled(session, place, copy):
    actor = make_actor(session)
    allocation = make_allocation(session, place, actor, amount=5, booking_rules={"horizon_days": 2})
    booking = make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    closed(session, place, copy, TimeSpan(MONDAY, MONDAY + timedelta(days=5)), displace="move")
    assert (booking.state, allocation.used) == (BookingState.CANCELLED, Decimal(0))


def test_the_policy_holds_for_the_owner_when_a_booking_moves(session, place, copy):
    booking = make_booking(session, place, span(10, 12))
    make_policy(session, raw_rule("closed", {"type": "deny"}))
    closed(session, place, copy, span(9, 13), displace="move")
    assert booking.state == BookingState.CANCELLED


def test_an_approval_is_asked_anew_only_where_the_policy_wants_one(session, place, copy):
    booking = make_booking(session, place, span(10, 12))
    make_actor(session, ("facility_manager", ("facility", place.facility.public_id)))
    rule = {"type": "approve", "role": "facility_manager", "scope": "facility"}
    make_policy(session, raw_rule("look", rule))
    _closure, report = closed(session, place, copy, span(9, 13), displace="move")
    assert booking.state == BookingState.PENDING_APPROVAL
    assert [one.outcome for one in report.bookings] == ["moved_pending"]


def test_a_session_that_began_is_never_displaced(session, place, copy):
    actor = make_actor(session)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    during = span(11, 12).start
    check_in(session, actor=actor, now=during, booking=booking)
    for how in ("move", "cancel"):
        with pytest.raises(Conflict) as caught:
            closed(session, place, copy, span(11, 13), displace=how, now=during)
        assert caught.value.code == "closure.began"
    assert [one.outcome for one in previewed(session, place, copy, span(11, 13), now=during).bookings] == ["began"]
    closed(session, place, copy, span(12, 13), now=during)


def test_whom_it_moved_may_cancel_without_notice(session, place, copy):
    actor = make_actor(session)
    set_rules(session, place.instrument, cancel_notice_minutes=7 * 1440)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    with pytest.raises(Conflict):
        cancel(session, actor=actor, now=MONDAY, booking=booking)
    closed(session, place, copy, span(9, 13), displace="move")
    cancel(session, actor=actor, now=MONDAY, booking=booking)
    assert booking.state == BookingState.CANCELLED


def test_what_changed_since_the_preview_is_not_done(session, place, copy):
    shown = previewed(session, place, copy, span(9, 13))
    booking = make_booking(session, place, span(10, 12))
    session.commit()
    before = row_counts(session)
    with pytest.raises(Conflict) as caught, session.begin_nested():
        closed(session, place, copy, span(9, 13), displace="move", preview=shown.token)
    assert caught.value.code == "closure.changed"
    assert caught.value.details["report"]["bookings"][0]["booking"] == booking.public_id
    assert row_counts(session) == before
    new = caught.value.details["report"]["preview"]
    closed(session, place, copy, span(9, 13), displace="move", preview=new)


def test_closing_the_ring_closes_its_beamlines_and_nothing_else(session):
    ring, beamlines = make_ring(session)
    make_policy(session)
    beside = make_place(session, facility=beamlines[0].facility)
    day = TimeSpan(span(0, 1).start, span(0, 1, day=2).start)
    bookings = [make_booking(session, place, span(10, 12)) for place in beamlines]
    _closure, report = closed(session, beamlines[0], ring, day, displace="move")
    assert len(report.bookings) == 3
    assert not any(times(one).overlaps(day) for one in bookings)
    for place in beamlines:
        with pytest.raises(Conflict):
            make_booking(session, place, span(15, 16))
    make_booking(session, beside, span(15, 16))
    make_booking(session, beamlines[0], span(15, 16, day=4))


def test_a_plant_closes_over_a_dependants_own_maintenance(session):
    ring, beamlines = make_ring(session, beamlines=1)
    (copy,) = copies_of(session, beamlines[0])
    closed(session, beamlines[0], copy, span(10, 12))
    closed(session, beamlines[0], ring, span(8, 18))
    assert len(occupancies(session)) == 2


def test_recurring_maintenance_keeps_its_wall_time_and_reports_each_occurrence(session, place, copy):
    booking = make_booking(session, place, span(8, 9, day=8))
    weekly = {"rrule": "freq=weekly;count=5", "displace": "move"}
    closure, report = closed(session, place, copy, span(8, 10), **weekly)
    # Berlin leaves winter time on 29 March.
    hours = [one.start.hour for one in report.spans]
    assert hours == [8, 8, 8, 8, 7]
    assert [len(report.within(one)) for one in report.spans] == [0, 1, 0, 0, 0]
    assert not times(booking).overlaps(report.spans[1])
    assert closure.rrule == "FREQ=WEEKLY;COUNT=5"
    withdraw_closure(session, actor=SYSTEM, now=report.spans[2].start, closure=closure)
    kept = [taken for _key, taken, kind in occupancies(session) if kind == "maintenance"]
    assert kept == list(report.spans[:2])


def test_an_occurrence_that_the_clocks_skip_is_reported(session, place, copy):
    night = TimeSpan(span(1.5, 2, day=-1).start + timedelta(days=7), span(1.5, 2, day=-1).end + timedelta(days=7))
    _closure, report = closed(session, place, copy, night, rrule="FREQ=WEEKLY;COUNT=4")
    assert report.skipped == ("2026-03-29T02:30:00",)
    assert [one.start.day for one in report.spans] == [8, 15, 22, 5]


def test_a_lapsed_hold_is_not_in_the_way(session, place, copy):
    booking = make_booking(session, place, span(10, 12))
    for row in session.scalars(select(Occupancy)):
        row.lapses_at = MONDAY - timedelta(minutes=1)
    booking.state, booking.answer_by = BookingState.HELD, MONDAY - timedelta(minutes=1)
    session.flush()
    _closure, report = closed(session, place, copy, span(9, 13))
    assert report.bookings == ()
    assert occupancies(session) == [(copy.id, span(9, 13), "maintenance")]


def test_a_move_of_ones_own_ends_the_right_to_cancel_late(session, place, copy):
    actor = make_actor(session)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    closed(session, place, copy, span(9, 13), displace="move")
    move(session, actor=actor, now=MONDAY, booking=booking, wishes=wishes(span(16, 18)))
    assert booking.displaced_by_id is None


def test_whom_it_moved_cancels_late_and_not_after_the_session_began(session, place, copy):
    """Or whoever came could have it for nothing."""
    actor = make_actor(session)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    closed(session, place, copy, span(9, 13), displace="move")
    session.flush()
    with pytest.raises(Conflict) as caught:
        cancel(session, actor=actor, now=booking.ends - timedelta(minutes=1), booking=booking)
    assert (caught.value.code, booking.state) == ("booking.notice", BookingState.CONFIRMED)


@pytest.mark.parametrize(
    ("quota", "others", "day", "moves_to"),
    [
        ({"of": "person", "amount": 1, "measure": "bookings", "per": "day"}, (0, 2), 1, 3),
        ({"of": "person", "amount": 240, "measure": "minutes", "per": "week"}, (2, 3), 7, 8),
    ],
    ids=["by day", "by week"],
)
def test_where_the_days_nearby_are_refused_one_further_away_is_found(
    session, place, copy, quota, others, day, moves_to
):
    actor = make_actor(session)
    for other in others:
        make_booking(session, place, span(18, 20, day=other), actor=actor)
    booking = make_booking(session, place, span(10, 12, day=day), actor=actor)
    set_rules(session, place.instrument, quotas=[quota])
    closed(session, place, copy, span(0, 23, day=day), displace="move")
    assert booking.state == BookingState.CONFIRMED
    local = booking.starts.astimezone(ZoneInfo(place.facility.timezone))
    assert local.date() == MONDAY.date() + timedelta(days=moves_to)


def test_it_looks_as_far_ahead_as_the_owner_may(session, place, copy):
    set_rules(session, place.instrument, horizon_days=2, horizons=[{"days": 30, "relation": "external"}])
    booking = make_booking(session, place, span(10, 12))
    closed(session, place, copy, TimeSpan(MONDAY, MONDAY + timedelta(days=5)), displace="move")
    assert times(booking).start >= MONDAY + timedelta(days=5)


def test_the_change_over_after_a_session_that_is_over_gives_way(session, place, copy):
    set_rules(session, place.instrument, buffer_after_minutes=240)
    actor = make_actor(session)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    check_in(session, actor=actor, now=span(10, 12).start, booking=booking)
    ended = span(11, 12).start
    complete(session, actor=actor, now=ended, booking=booking)
    _closure, report = closed(session, place, copy, span(11.5, 13), displace="refuse", now=ended)
    assert report.bookings == ()
    assert sorted(occupancies(session), key=lambda one: one[1].start) == [
        (copy.id, span(10, 11), "booking"),
        (copy.id, span(11, 11.5), "change_over"),
        (copy.id, span(11.5, 13), "maintenance"),
    ]
