"""What a booking would take, decided under the locks."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from infra_access.catalogue.models import Resource
from infra_access.catalogue.resources import add_resource
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling import plan
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.occupancies import take
from infra_access.scheduling.opening_hours import WeeklyHours
from infra_access.scheduling.plan import Wish
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    copies_of,
    make_companion,
    make_occupancy,
    make_place,
    set_rules,
    span,
    wishes,
)


def planned(session, place, wanted, **overrides):
    """Plan a booking under the rules in force."""
    values = {"now": MONDAY, "rules": plan.rules_of(session, place.instrument)}
    return plan.make(
        session, instrument=place.instrument, facility=place.facility, wishes=wanted, **(values | overrides)
    )


def refused(session, place, wanted, **overrides):
    with pytest.raises(Conflict) as caught:
        planned(session, place, wanted, **overrides)
    return caught.value


def free_instead(error):
    """Return the alternatives as UTC hours after the midnight of Tuesday."""
    midnight = span(0, 1).start
    return [
        tuple((_instant(one[key]) - midnight) / timedelta(hours=1) for key in ("start", "end"))
        for one in error.details["alternatives"]
    ]


def _instant(text):
    assert text.endswith("Z")
    return MONDAY.fromisoformat(text)


def test_the_later_level_of_rules_wins_key_by_key(session):
    place = make_place(session)
    set_rules(session, place.facility, min_minutes=30, max_minutes=240, granularity_minutes=30)
    set_rules(session, place.instrument, max_minutes=480)
    assert plan.rules_of(session, place.instrument, {"granularity_minutes": 60}) == BookingRules(
        min_minutes=30, max_minutes=480, granularity_minutes=60
    )


def test_any_copy_means_the_first_that_is_free(session):
    place = make_place(session, copies=3)
    first, second, _third = copies_of(session, place)
    make_occupancy(session, first, span(11, 13))
    made = planned(session, place, wishes(span(10, 12)))
    assert [line.resource_id for line in made.lines] == [second.id]


def test_a_named_copy_is_taken_or_refused_although_another_is_free(session):
    place = make_place(session, copies=2)
    first, second = copies_of(session, place)
    assert planned(session, place, wishes(span(10, 12), resource=second)).lines[0].resource_id == second.id
    make_occupancy(session, first, span(11, 13))
    error = refused(session, place, wishes(span(10, 12), resource=first))
    assert error.code == "booking.overlap"
    assert free_instead(error) == [(8.5, 10.5), (8.75, 10.75), (9, 11)]


def test_a_conflict_names_the_three_nearest_free_spans(session):
    place = make_place(session)
    set_rules(session, place.instrument, granularity_minutes=60)
    (copy,) = copies_of(session, place)
    make_occupancy(session, copy, span(9, 12))
    error = refused(session, place, wishes(span(10, 12)))
    assert free_instead(error) == [(7, 9), (12, 14), (13, 15)]
    assert "2026-03-03 11:00-13:00 (Europe/Berlin)" in str(error)


def test_alternatives_keep_to_the_opening_hours_the_rules_and_the_companions(session):
    place = make_place(session)
    contact = make_companion(session, place)
    set_hours(
        session,
        actor=SYSTEM,
        now=MONDAY,
        facility=place.facility,
        weekly=[WeeklyHours(day, 9 * 60, 17 * 60) for day in range(5)],  # 8 to 16 UTC
    )
    set_rules(session, place.instrument, granularity_minutes=60, horizon_days=2)
    (copy,) = copies_of(session, place)
    make_occupancy(session, copy, span(9, 12))
    make_occupancy(session, contact, span(12, 14))
    make_occupancy(session, copy, span(0, 24, day=0))
    make_occupancy(session, copy, span(8, 13, day=2))
    error = refused(session, place, wishes(span(10, 12)))
    assert free_instead(error) == [(14, 16), (37, 39), (38, 40)]


def test_it_names_no_alternative_before_the_shortest_notice(session):
    place = make_place(session)
    set_rules(session, place.instrument, granularity_minutes=60, lead_minutes=22 * 60)
    (copy,) = copies_of(session, place)
    make_occupancy(session, copy, span(8, 10))
    assert free_instead(refused(session, place, wishes(span(8, 9)))) == [(7, 8), (10, 11), (11, 12)]


def test_it_says_so_where_nothing_as_long_is_free(session):
    place = make_place(session)
    (copy,) = copies_of(session, place)
    make_occupancy(session, copy, TimeSpan(MONDAY, MONDAY + timedelta(days=60)))
    error = refused(session, place, wishes(span(10, 12)))
    assert error.details["alternatives"] == []
    assert "Nothing as long is free" in str(error)


def test_change_overs_of_neighbours_may_not_overlap(session):
    place = make_place(session)
    set_rules(session, place.instrument, buffer_before_minutes=30, buffer_after_minutes=60, granularity_minutes=30)
    made = planned(session, place, wishes(span(10, 12)))
    (copy,) = copies_of(session, place)
    assert [(taking.span, taking.kind) for taking in made.takings] == [
        (span(10, 12), "booking"),
        (span(9.5, 10), "change_over"),
        (span(12, 13), "change_over"),
    ]
    take(session, made.takings, booking_id=None)
    error = refused(session, place, wishes(span(13, 14)))
    assert free_instead(error) == [(13.5, 14.5), (14, 15), (14.5, 15.5)]
    assert planned(session, place, wishes(span(13.5, 14))).lines[0].resource_id == copy.id


def test_a_change_over_that_reaches_back_before_now_still_counts(session):
    place = make_place(session)
    (copy,) = copies_of(session, place)
    set_rules(session, place.instrument, buffer_before_minutes=120)
    make_occupancy(session, copy, TimeSpan(MONDAY - timedelta(hours=2), MONDAY - timedelta(hours=1)))
    soon = TimeSpan(MONDAY + timedelta(minutes=30), MONDAY + timedelta(minutes=90))
    assert len(free_instead(refused(session, place, wishes(soon)))) == 3


def test_two_lines_of_one_booking_need_their_change_over_too(session):
    place = make_place(session)
    set_rules(session, place.instrument, buffer_after_minutes=60)
    assert refused(session, place, wishes(span(10, 12), span(12, 13))).code == "booking.overlap"
    assert len(planned(session, place, wishes(span(10, 12), span(13, 14))).lines) == 2


def test_a_closed_plant_closes_what_depends_on_it(session):
    place = make_place(session)
    ring = add_resource(session, actor=SYSTEM, now=MONDAY, facility=place.facility, kind="plant", name="Ring")
    (copy,) = copies_of(session, place)
    copy.plant_id = ring.id
    make_occupancy(session, ring, span(11, 20), kind="maintenance")
    assert free_instead(refused(session, place, wishes(span(10, 12)))) == [(8.5, 10.5), (8.75, 10.75), (9, 11)]
    assert planned(session, place, wishes(span(9, 11))).lines[0].resource_id == copy.id


def test_a_companion_shared_by_two_instruments_serves_one_at_a_time(session):
    one = make_place(session)
    other = make_place(session, facility=one.facility)
    contact = make_companion(session, one, other)
    take(session, planned(session, one, wishes(span(10, 12))).takings, booking_id=None)
    error = refused(session, other, wishes(span(11, 13)))
    assert error.code == "booking.overlap"
    assert {line.resource_id for line in planned(session, other, wishes(span(12, 13))).lines} >= {contact.id}


def test_a_companion_is_taken_for_the_sessions_and_not_between_them(session):
    place = make_place(session)
    contact = make_companion(session, place)
    made = planned(session, place, wishes(span(10, 11), span(14, 15)))
    assert [line.span for line in made.lines if line.resource_id == contact.id] == [span(10, 11), span(14, 15)]


def test_a_companion_named_in_a_line_is_taken_for_that_line_only(session):
    place = make_place(session)
    contact = make_companion(session, place)
    made = planned(session, place, [Wish(span(10, 14)), Wish(span(10, 11), contact.public_id)])
    assert [line.span for line in made.lines if line.resource_id == contact.id] == [span(10, 11)]


def test_every_broken_rule_is_named_at_once(session):
    place = make_place(session)
    set_rules(session, place.instrument, max_minutes=60, lead_minutes=3 * 1440, granularity_minutes=60)
    set_hours(session, actor=SYSTEM, now=MONDAY, facility=place.facility, weekly=[WeeklyHours(4, 9 * 60, 17 * 60)])
    with pytest.raises(Invalid) as caught:
        planned(session, place, wishes(span(10.25, 12)))
    codes = [one["code"] for one in caught.value.details["broken"]]
    assert sorted(codes) == ["granularity", "lead", "max_length", "off_hours"]
    assert len(caught.value.fields["span"]) == 4


def test_off_hours_are_free_instead_only_for_whoever_asked_for_them(session):
    place = make_place(session)
    set_hours(
        session,
        actor=SYSTEM,
        now=MONDAY,
        facility=place.facility,
        weekly=[WeeklyHours(day, 9 * 60, 17 * 60) for day in range(7)],  # 8 to 16 UTC
    )
    set_rules(session, place.instrument, granularity_minutes=60, off_hours="allowed")
    (copy,) = copies_of(session, place)
    make_occupancy(session, copy, span(20, 21))
    make_occupancy(session, copy, span(15, 16))
    assert free_instead(refused(session, place, wishes(span(20, 21)))) == [(19, 20), (21, 22), (22, 23)]
    assert free_instead(refused(session, place, wishes(span(15, 16)))) == [(12, 13), (13, 14), (14, 15)]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ([], "booking.lines"),
        ([Wish(span(10, 11)), Wish(span(10, 11, day=400))], "booking.too_long"),
        ([Wish(span(10, 11), "0000000000000000")], "booking.resource"),
    ],
)
def test_it_refuses_lines_that_cannot_be_planned(session, wanted, code):
    with pytest.raises(Invalid) as caught:
        planned(session, make_place(session), wanted)
    assert caught.value.code == code


def test_a_resource_taken_out_of_use_cannot_be_booked(session):
    place = make_place(session)
    session.execute(update(Resource).values(active=False))
    assert refused(session, place, wishes(span(10, 12))).code == "instrument.no_resource"


def test_the_booking_being_moved_is_not_in_its_own_way(session):
    place = make_place(session)
    (copy,) = copies_of(session, place)
    make_occupancy(session, copy, span(10, 12))
    assert refused(session, place, wishes(span(11, 13)), booking_id=4711).code == "booking.overlap"


def test_a_far_conflict_is_answered_in_bounded_work(session):
    place = make_place(session)
    set_rules(session, place.instrument, granularity_minutes=1, min_minutes=1, horizon_days=3000)
    (copy,) = copies_of(session, place)
    for hour in range(300):
        make_occupancy(session, copy, span(hour, hour + 0.99, day=1000))
    error = refused(session, place, wishes(span(10, 12, day=1000)))
    assert len(error.details["alternatives"]) == 3


def test_lines_that_follow_each_other_on_one_copy_are_one_session(session):
    place = make_place(session, copies=2)
    set_rules(session, place.instrument, max_minutes=120)
    first, second = copies_of(session, place)
    halves = [span(10, 12), span(12, 14)]
    with pytest.raises(Invalid) as caught:
        planned(session, place, wishes(*halves, resource=first))
    assert [(one["code"], one["value"]) for one in caught.value.details["broken"]] == [("max_length", 240)]
    both = [*wishes(halves[0], resource=first), *wishes(halves[1], resource=second)]
    assert len(planned(session, place, both).lines) == 2
