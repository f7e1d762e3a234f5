"""The windows equal open minus occupied after whatever takes time or gives it back."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from infra_access.catalogue.models import Resource
from infra_access.catalogue.resources import add_resource
from infra_access.core.errors import Conflict
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.bookings import book
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.models import Booking
from infra_access.scheduling.occupancies import Taking, give_back, lock_resources, take
from infra_access.scheduling.opening_hours import WeeklyHours
from infra_access.scheduling.windows.models import FreeWindow
from infra_access.scheduling.windows.refreshing import refresh_whole
from tests.factories.people import make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    copies_of,
    make_booking,
    make_companion,
    make_place,
    set_rules,
    span,
    wishes,
)
from tests.scheduling.windows.oracle import assert_right, kept_windows

DAYTIME = [WeeklyHours(day, 8 * 60, 18 * 60) for day in range(5)]


@pytest.fixture
def place(session):
    """Return an instrument in Berlin with two copies and a local contact, open by day, with time to change over."""
    make_policy(session, rules=[raw_rule("all", {"type": "permit"})])
    place = make_place(session, copies=2)
    make_companion(session, place)
    set_rules(session, place.instrument, buffer_after_minutes=30)
    set_hours(session, actor=SYSTEM, now=MONDAY, facility=place.facility, weekly=DAYTIME)
    return place


def everything(session):
    return session.scalars(select(Resource)).all()


def make_plant(session, place):
    """Make a plant on which both copies of the place depend."""
    plant = add_resource(session, actor=SYSTEM, now=MONDAY, facility=place.facility, kind="plant", name="Ring")
    for copy in copies_of(session, place):
        copy.plant_id = plant.id
    session.flush()
    return plant


def make_owner(session, place):
    """Return the key of a booking that occupies nothing yet."""
    number = session.scalar(select(func.count()).select_from(Booking)) or 0
    booking = Booking(
        instrument_id=place.instrument.id,
        account_id=make_actor(session).account_id,
        starts=MONDAY,
        ends=MONDAY + timedelta(hours=1),
        state="confirmed",
        uid=f"{number}@tests",
        created_at=MONDAY,
        changed_at=MONDAY,
    )
    session.add(booking)
    session.flush()
    return booking.id


def windows_on(session, resource, day=1):
    """Return the windows of a resource that lie on a day, as UTC hours."""
    whole = span(0, 24, day=day)
    inside = [one.clip(whole) for one in kept_windows(session)[resource.id]]
    return [
        ((one.start - whole.start) / timedelta(hours=1), (one.end - whole.start) / timedelta(hours=1))
        for one in inside
        if one is not None
    ]


def test_booking_moving_and_cancelling_keep_them_right(session, place):
    first, second = copies_of(session, place)
    actor = make_actor(session)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    assert windows_on(session, first) == [(7, 10), (12.5, 17)]
    assert_right(session, first)
    make_booking(session, place, span(10, 12, day=2))
    move(session, actor=actor, now=MONDAY, booking=booking, wishes=wishes(span(13, 15, day=2)))
    assert windows_on(session, first) == [(7, 17)]
    assert windows_on(session, first, day=2) == [(7, 10), (12.5, 13), (15.5, 17)]
    assert_right(session, first)
    cancel(session, actor=actor, now=MONDAY, booking=booking)
    assert windows_on(session, first, day=2) == [(7, 10), (12.5, 17)]
    assert_right(session, first)
    assert second.id not in kept_windows(session), "nobody has touched it yet"


def test_a_booking_of_several_lines_is_cut_out_of_every_resource(session, place):
    first, second = copies_of(session, place)
    wanted = [*wishes(span(9, 11), resource=first), *wishes(span(10, 12), span(13, 14), resource=second)]
    booking = book(session, actor=make_actor(session), now=MONDAY, place=place, wishes=wanted)
    assert_right(session, *(one for one in everything(session)))
    give_back(session, booking.id, after=span(12, 13).start)
    assert_right(session, first, second)
    give_back(session, booking.id)
    assert windows_on(session, first) == windows_on(session, second) == [(7, 17)]


def test_a_closed_plant_leaves_what_depends_on_it_no_free_time(session, place):
    first, second = copies_of(session, place)
    plant = make_plant(session, place)
    refresh_whole(session, [one.id for one in everything(session)], now=MONDAY)
    assert plant.id not in kept_windows(session)
    take(session, [Taking(first.id, span(9, 10))], booking_id=None)
    shutdown = make_owner(session, place)
    lock_resources(session, [plant.id])
    take(session, [Taking(plant.id, span(0, 15), "maintenance")], booking_id=shutdown, label="Shutdown")
    assert windows_on(session, first) == windows_on(session, second) == [(15, 17)]
    assert_right(session, first, second)
    give_back(session, shutdown)
    assert windows_on(session, first) == [(7, 9), (10, 17)]
    assert windows_on(session, second) == [(7, 17)]
    assert_right(session, first, second)


def test_what_gives_back_says_whose_and_returns_what(session, place):
    with pytest.raises(ValueError, match="whose"):
        give_back(session)
    booking = make_booking(session, place, span(10, 12))
    freed = give_back(session, booking.id)
    assert sorted((one.kind, one.span) for one in freed) == [
        ("booking", span(10, 12)),
        ("booking", span(10, 12)),
        ("change_over", span(12, 12.5)),
    ]
    assert give_back(session, booking.id) == []


def test_what_the_guard_refuses_leaves_the_windows_as_they_were(session, place):
    first, second = copies_of(session, place)
    refresh_whole(session, [first.id, second.id], now=MONDAY)
    take(session, [Taking(second.id, span(10, 12))], booking_id=None)
    before = kept_windows(session)
    with pytest.raises(Conflict):
        take(session, [Taking(first.id, span(9, 13)), Taking(second.id, span(11, 13))], booking_id=None)
    assert kept_windows(session) == before
    assert_right(session, first, second)


def test_neighbours_are_joined_across_the_edges_of_what_is_freed(session, place):
    first, _second = copies_of(session, place)
    refresh_whole(session, [first.id], now=MONDAY)
    actor = make_actor(session)
    set_rules(session, place.instrument, buffer_after_minutes=0)
    bookings = [make_booking(session, place, span(hour, hour + 1), actor=actor) for hour in (9, 10, 11)]
    assert windows_on(session, first) == [(7, 9), (12, 17)]
    cancel(session, actor=actor, now=MONDAY, booking=bookings[1])
    assert windows_on(session, first) == [(7, 9), (10, 11), (12, 17)]
    cancel(session, actor=actor, now=MONDAY, booking=bookings[0])
    assert windows_on(session, first) == [(7, 11), (12, 17)]
    cancel(session, actor=actor, now=MONDAY, booking=bookings[2])
    assert windows_on(session, first) == [(7, 17)]
    assert session.scalar(select(func.count()).select_from(FreeWindow).where(FreeWindow.resource_id == first.id)) == 65


def test_beyond_the_days_that_are_kept_nothing_is(session, place):
    first, _second = copies_of(session, place)
    refresh_whole(session, [first.id], now=MONDAY)
    before = kept_windows(session)[first.id]
    beyond, across = make_owner(session, place), make_owner(session, place)
    take(session, [Taking(first.id, span(10, 12, day=95))], booking_id=beyond)
    assert kept_windows(session)[first.id] == before
    take(session, [Taking(first.id, TimeSpan(span(12, 13, day=88).start, span(0, 1, day=93).start))], booking_id=across)
    assert_right(session, first)
    for owner in (beyond, across):
        give_back(session, owner)
        assert_right(session, first)
    assert kept_windows(session)[first.id] == before


quarter = st.integers(min_value=-8, max_value=92 * 96 + 8)
steps = st.lists(
    st.tuples(st.sampled_from(["first", "second", "plant", "back"]), quarter, st.integers(min_value=1, max_value=300)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_whatever_is_taken_and_given_back_they_are_open_minus_occupied(session, place, steps):
    first, second = copies_of(session, place)
    midnight = MONDAY.replace(hour=0)
    with session.begin_nested() as savepoint:
        plant = make_plant(session, place)
        refresh_whole(session, [first.id, second.id], now=MONDAY)
        resources = {"first": first, "second": second, "plant": plant}
        held = []
        for what, start, quarters in steps:
            if what == "back":
                if held:
                    give_back(session, held.pop(start % len(held)))
            else:
                begin = midnight + timedelta(minutes=15 * start)
                owner = make_owner(session, place)
                try:
                    wanted = TimeSpan(begin, begin + timedelta(minutes=15 * quarters))
                    take(session, [Taking(resources[what].id, wanted)], booking_id=owner)
                    held.append(owner)
                except Conflict:
                    pass
            assert_right(session, first, second)
        savepoint.rollback()
    session.expire_all()
