"""When an instrument is free, and what one may know of the rest."""

from datetime import timedelta

import pytest

from infra_access.core.errors import Invalid
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.availability import BusySpan
from infra_access.scheduling.calendar_queries import calendar_of, next_free, window_of
from infra_access.scheduling.upkeep.closures import close
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    copies_of,
    make_booking,
    make_companion,
    make_occupancy,
    make_place,
    span,
)

WINDOW = span(8, 20)


@pytest.fixture
def place(session):
    make_policy(session)
    return make_place(session)


def test_it_is_free_where_some_copy_and_every_companion_are_free(session):
    place = make_place(session, copies=2)
    first, second = copies_of(session, place)
    contact = make_companion(session, place)
    make_occupancy(session, first, span(8, 12))
    make_occupancy(session, second, span(10, 14))
    make_occupancy(session, contact, span(16, 17))
    calendar = calendar_of(session, place, WINDOW, actor=None)
    assert calendar.timezone == "Europe/Berlin"
    assert calendar.free == (span(8, 10), span(12, 16), span(17, 20))


def test_a_title_is_seen_by_its_owner_and_the_instruments_staff_only(session, place):
    owner = make_actor(session)
    make_booking(session, place, span(10, 12), actor=owner, title="Steel")
    (copy,) = copies_of(session, place)
    close(session, actor=SYSTEM, now=MONDAY, facility=place.facility, resource=copy, span=span(14, 15), label="Leak")
    staff = make_actor(session, ("instrument_scientist", ("instrument", place.instrument.public_id)))
    elsewhere = make_actor(session, ("facility_manager", ("facility", make_place(session).facility.public_id)))
    seen = {
        name: [busy.label for busy in calendar_of(session, place, WINDOW, actor=actor).busy]
        for name, actor in (
            ("visitor", None),
            ("stranger", make_actor(session)),
            ("elsewhere", elsewhere),
            ("owner", owner),
            ("staff", staff),
        )
    }
    assert seen == {
        "visitor": ["", ""],
        "stranger": ["", ""],
        "elsewhere": ["", ""],
        "owner": ["Steel", ""],
        "staff": ["Steel", "Leak"],
    }


def test_staff_of_one_instrument_learn_no_title_through_a_shared_companion(session, place):
    other = make_place(session, facility=place.facility)
    make_companion(session, place, other)
    make_booking(session, other, span(10, 12), title="Theirs")
    staff = make_actor(session, ("instrument_scientist", ("instrument", place.instrument.public_id)))
    assert calendar_of(session, place, WINDOW, actor=staff).busy == (BusySpan(span(10, 12), "booking", ""),)


def test_the_first_free_spans_have_room_from_an_instant_on(session):
    place = make_place(session)
    (copy,) = copies_of(session, place)
    make_occupancy(session, copy, span(10, 12))
    calendar = calendar_of(session, place, WINDOW, actor=None)
    assert next_free(calendar, timedelta(hours=2), after=span(9, 10).start) == [span(12, 20)]


def test_a_window_is_forward_and_bounded():
    for end in (MONDAY, MONDAY - timedelta(hours=1), MONDAY + timedelta(days=93)):
        with pytest.raises(Invalid):
            window_of(MONDAY, end)
    assert window_of(MONDAY, MONDAY + timedelta(days=92)) == TimeSpan(MONDAY, MONDAY + timedelta(days=92))
