"""A copy of a calendar replaces the one before it, is never relied on, and tells its age."""

from datetime import timedelta

import pytest

from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.scheduling.calendar_queries import calendar_of
from infra_access.scheduling.mirrors.mirroring import drop_mirrors, mirror
from infra_access.scheduling.mirrors.queries import mirrors_of
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    copies_of,
    make_booking,
    make_occupancy,
    make_place,
    occupancies,
    span,
)

EVENT = "BEGIN:VEVENT\r\nDTSTART:202603{day}T{hour}0000Z\r\nDURATION:PT2H\r\nSUMMARY:Secret\r\nEND:VEVENT\r\n"


def calendar(*hours: int, day: str = "03") -> str:
    events = "".join(EVENT.format(day=day, hour=f"{hour:02}") for hour in hours)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//\r\n{events}END:VCALENDAR\r\n"


@pytest.fixture
def place(session):
    make_policy(session)
    return make_place(session, scheduling_authority="elsewhere")


def copied(session, place, content, **more):
    values = {"actor": SYSTEM, "now": MONDAY, "source": "Beamline portal"} | more
    return mirror(session, place=place, content=content, **values)


def test_what_is_busy_elsewhere_is_shown_without_a_word_and_the_next_copy_replaces_it(session, place):
    copied(session, place, calendar(10, 14))
    assert [(found, kind) for _key, found, kind in occupancies(session)] == [
        (span(10, 12), "external"),
        (span(14, 16), "external"),
    ]
    shown = calendar_of(session, place, span(0, 24), actor=SYSTEM)
    assert {one.label for one in shown.busy} == {""}
    copied(session, place, calendar(11))
    assert [found for _key, found, _kind in occupancies(session)] == [span(11, 13)]


def test_it_tells_its_age(session, place):
    copied(session, place, calendar(10), stale_after_minutes=60)
    [view] = mirrors_of(session, place.instrument.id)
    assert (view.mirror.source, view.mirror.refreshed_at, view.mirror.events) == ("Beamline portal", MONDAY, 1)
    assert not view.is_stale(MONDAY + timedelta(minutes=60))
    assert view.is_stale(MONDAY + timedelta(minutes=61))


def test_nobody_books_what_is_scheduled_elsewhere_even_where_it_seems_free(session, place):
    copied(session, place, calendar(10))
    with pytest.raises(Conflict, match="cannot be booked here"):
        make_booking(session, place, span(15, 16))


def test_what_the_facility_closed_here_stays_and_the_copy_goes_around_it(session, place):
    [resource] = copies_of(session, place)
    make_occupancy(session, resource, span(11, 13), kind="maintenance")
    copied(session, place, calendar(10, 12))
    assert [(found, kind) for _key, found, kind in occupancies(session)] == [
        (span(10, 11), "external"),
        (span(11, 13), "maintenance"),
        (span(13, 14), "external"),
    ]


def test_only_its_staff_may_bring_a_copy(session, place):
    with pytest.raises(Forbidden):
        copied(session, place, calendar(10), actor=make_actor(session))


def test_an_instrument_that_is_scheduled_here_takes_no_copy(session):
    with pytest.raises(Conflict, match="not scheduled elsewhere"):
        copied(session, make_place(session), calendar(10))


def test_of_several_copies_one_is_named(session):
    place = make_place(session, scheduling_authority="elsewhere", copies=2)
    with pytest.raises(Invalid) as refused:
        copied(session, place, calendar(10))
    assert refused.value.code == "mirror.resource"
    second = copies_of(session, place)[1]
    copied(session, place, calendar(10), resource=second.public_id)
    assert [key for key, _found, _kind in occupancies(session)] == [second.id]


def test_a_file_that_is_refused_leaves_the_copy_as_it_was(session, place):
    copied(session, place, calendar(10))
    with pytest.raises(Invalid):
        copied(session, place, "no calendar")
    assert [found for _key, found, _kind in occupancies(session)] == [span(10, 12)]


@pytest.mark.parametrize(("field", "value"), [("source", " "), ("stale_after_minutes", 4)])
def test_it_names_what_is_wrong(session, place, field, value):
    with pytest.raises(Invalid) as refused:
        copied(session, place, calendar(10), **{field: value})
    assert set(refused.value.fields) == {field}


def test_a_copy_is_dropped_so_that_its_time_can_be_booked_here(session, place):
    copied(session, place, calendar(10))
    place.instrument.scheduling_authority = "here"
    session.flush()
    with pytest.raises(Conflict):
        make_booking(session, place, span(10, 12))
    with pytest.raises(Forbidden):
        drop_mirrors(session, actor=make_actor(session), now=MONDAY, place=place)
    assert drop_mirrors(session, actor=SYSTEM, now=MONDAY, place=place) == 1
    assert (mirrors_of(session, place.instrument.id), occupancies(session)) == ([], [])
    make_booking(session, place, span(10, 12))
    assert drop_mirrors(session, actor=SYSTEM, now=MONDAY, place=place) == 0
