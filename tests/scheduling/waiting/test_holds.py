"""A time that is kept is nobody else's for a while; then it is booked, given back, or lapses by itself."""

from datetime import timedelta

import pytest

from infra_access.core.errors import Conflict, Forbidden
from infra_access.scheduling.booking_queries import booking_by_public_id
from infra_access.scheduling.bookings import book_and_show
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.lapsing import release_lapsed
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.waiting.holds import confirm
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import (
    MONDAY,
    make_allocation,
    make_booking,
    make_companion,
    make_place,
    occupancies,
    set_rules,
    span,
    wishes,
)

LATER = MONDAY + timedelta(minutes=15)


def keep(session, place, wanted, *, actor=None, **more):
    owner = actor or make_actor(session)
    made = book_and_show(
        session, actor=owner, now=MONDAY, place=place, wishes=wishes(wanted), hold=True, **more
    ).booking
    return owner, made


@pytest.fixture
def place(session):
    make_policy(session)
    return make_place(session)


def test_a_kept_time_is_nobody_elses_until_it_lapses(session, place):
    _owner, held = keep(session, place, span(10, 12))
    assert (held.state, held.answer_by) == (BookingState.HELD, LATER)
    assert [kind for _resource, _span, kind in occupancies(session)] == ["booking"]
    with pytest.raises(Conflict):
        make_booking(session, place, span(11, 13))
    # Nobody has released it yet: whoever wants the time takes it all the same.
    taken = make_booking(session, place, span(11, 13), now=LATER)
    assert [found for _resource, found, _kind in occupancies(session)] == [span(11, 13)]
    assert taken.state == BookingState.CONFIRMED


def test_it_is_booked_within_its_time_by_its_owner_alone(session, place):
    owner, held = keep(session, place, span(10, 12))
    with pytest.raises(Forbidden):
        confirm(session, actor=make_actor(session), now=MONDAY, booking=held)
    confirm(session, actor=owner, now=LATER - timedelta(seconds=1), booking=held)
    assert (held.state, held.answer_by) == (BookingState.CONFIRMED, None)
    with pytest.raises(Conflict, match="kept"):
        confirm(session, actor=owner, now=MONDAY, booking=held)


def test_it_cannot_be_booked_once_it_lapsed_even_before_anybody_released_it(session, place):
    owner, held = keep(session, place, span(10, 12))
    with pytest.raises(Conflict, match="went back"):
        confirm(session, actor=owner, now=LATER, booking=held)
    assert held.state == BookingState.HELD


def test_the_rules_say_how_long_and_it_never_outlasts_the_start(session, place):
    set_rules(session, place.instrument, hold_minutes=1440)
    _owner, held = keep(session, place, span(10, 12, day=0))
    assert held.answer_by == held.starts


def test_it_is_given_back_without_notice(session, place):
    set_rules(session, place.instrument, cancel_notice_minutes=10_000)
    owner, held = keep(session, place, span(10, 12))
    cancel(session, actor=owner, now=MONDAY, booking=held)
    assert (held.state, occupancies(session)) == (BookingState.CANCELLED, [])


def test_one_person_keeps_three_times_at_most(session, place):
    owner = make_actor(session)
    for hour in (8, 10, 12):
        keep(session, place, span(hour, hour + 1), actor=owner)
    with pytest.raises(Conflict, match="keep 3 times already"):
        keep(session, place, span(14, 15), actor=owner)


def test_what_it_drew_goes_back_when_the_worker_releases_it(session, database, place):
    owner = make_actor(session)
    allocation = make_allocation(session, place, owner, amount=2)
    _owner, held = keep(session, place, span(10, 12), actor=owner, allocation=allocation.public_id)
    assert allocation.used == 2
    session.commit()
    assert release_lapsed(database, now=LATER - timedelta(seconds=1)) == 0
    assert release_lapsed(database, now=LATER) == 1
    assert release_lapsed(database, now=LATER) == 0
    session.expire_all()
    view = booking_by_public_id(session, held.public_id, actor=owner)
    assert (view.booking.state, allocation.used, occupancies(session)) == (BookingState.RELEASED, 0, [])


def test_moving_it_does_not_confirm_it_and_does_not_keep_it_longer(session, place):
    owner, held = keep(session, place, span(10, 12))
    for now in (MONDAY, LATER):
        with pytest.raises(Conflict) as caught:
            move(session, actor=owner, now=now, booking=held, wishes=wishes(span(14, 16)))
        assert caught.value.code == "booking.state"
    assert (held.state, held.answer_by, held.starts) == (BookingState.HELD, LATER, span(10, 12).start)


def test_a_room_kept_for_longer_than_the_session_is_booked_for_as_long(session, place):
    room = make_companion(session, place, kind="room", name="Preparation room")
    owner = make_actor(session)
    wanted = [Wish(span(10, 12)), Wish(span(9, 13), room.public_id)]
    held = book_and_show(session, actor=owner, now=MONDAY, place=place, wishes=wanted, hold=True).booking
    before = occupancies(session)
    confirm(session, actor=owner, now=MONDAY, booking=held)
    assert (held.state, held.starts, occupancies(session)) == (BookingState.CONFIRMED, span(9, 13).start, before)
    alone = book_and_show(
        session, actor=owner, now=MONDAY, place=place, wishes=[Wish(span(15, 16), room.public_id)], hold=True
    ).booking
    assert confirm(session, actor=owner, now=MONDAY, booking=alone).state == BookingState.CONFIRMED
