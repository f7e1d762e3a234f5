"""What is stale is noticed and made anew, by the worker or by the booking that touches it; the range rolls on."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from infra_access.catalogue.models import Facility, Resource
from infra_access.catalogue.resources import add_resource
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.models import FacilityCalendar
from infra_access.scheduling.occupancies import Taking, take
from infra_access.scheduling.opening_hours import DatedException, WeeklyHours
from infra_access.scheduling.windows import kept, refreshing, stamp
from infra_access.scheduling.windows.keeping import keep_up, lag
from infra_access.scheduling.windows.models import FreeWindow, FreeWindowHead
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import MONDAY, SYSTEM, copies_of, make_booking, make_companion, make_place, span
from tests.scheduling.windows.oracle import assert_right, kept_windows, right_windows

DAYTIME = [WeeklyHours(day, 8 * 60, 18 * 60) for day in range(5)]
NIGHTLY = [WeeklyHours(day, 20 * 60, 24 * 60) for day in range(7)]


@pytest.fixture
def place(database):
    """Return an instrument in Berlin with two copies and a local contact, open by day; its windows are up to date."""
    with database.writer() as session:
        make_policy(session, rules=[raw_rule("all", {"type": "permit"})])
        place = make_place(session, copies=2)
        make_companion(session, place)
        set_hours(session, actor=SYSTEM, now=MONDAY, facility=place.facility, weekly=DAYTIME)
    assert keep_up(database, now=MONDAY) == 3
    return place


def change_hours(session, place, weekly=NIGHTLY, **more):
    set_hours(session, actor=SYSTEM, now=MONDAY, facility=place.facility, weekly=weekly, **more)


def stale(database, now=MONDAY):
    with database.reader() as session:
        return lag(session, now=now).stale


def test_new_resources_get_windows_and_plants_none(database, place):
    with database.writer() as session:
        add_resource(session, actor=SYSTEM, now=MONDAY, facility=place.facility, kind="plant", name="Ring")
        room = add_resource(session, actor=SYSTEM, now=MONDAY, facility=place.facility, kind="room", name="Hutch")
    assert stale(database) == 1
    assert keep_up(database, now=MONDAY) == 1
    assert keep_up(database, now=MONDAY) == 0
    with database.reader() as session:
        assert_right(session, room)
        assert len(kept_windows(session)) == 4
        rows = session.execute(select(FreeWindow.resource_id, FreeWindow.instrument_id))
        instruments = {(key, instrument) for key, instrument in rows}
    assert instruments >= {(room.id, None), *((copy.id, place.instrument.id) for copy in copies_of(session, place))}


def test_changed_hours_are_caught_up_with(database, place):
    with database.writer() as session:
        change_hours(session, place, exceptions=[DatedException(span(0, 1, day=2).start.date())])
    assert stale(database) == 3
    assert keep_up(database, now=MONDAY) == 3
    assert stale(database) == 0
    with database.reader() as session:
        assert_right(session)
        assert {one.start.hour for windows in kept_windows(session).values() for one in windows} <= {18, 19}


@pytest.mark.parametrize("what", ["version", "stamp", "zone", "plant"])
def test_windows_made_of_something_else_are_stale(database, place, what, monkeypatch):
    with database.writer() as session:
        (first, _second) = copies_of(session, place)
        if what == "version":
            values = {"version": FacilityCalendar.version + 1}
            session.execute(update(FacilityCalendar).values(values))
        elif what == "stamp":
            for module in (kept, refreshing):
                monkeypatch.setattr(module, "calendar_stamp", lambda: "tz of next year")
        elif what == "zone":
            session.execute(update(Facility).values(timezone="Asia/Tokyo"))
        else:
            plant = add_resource(session, actor=SYSTEM, now=MONDAY, facility=place.facility, kind="plant", name="Ring")
            take(session, [Taking(plant.id, span(0, 24), "maintenance")], booking_id=None)
            session.execute(update(Resource).where(Resource.id == first.id).values(plant_id=plant.id))
    expected = 1 if what == "plant" else 3
    assert stale(database) == expected
    assert keep_up(database, now=MONDAY) == expected
    assert stale(database) == 0
    with database.reader() as session:
        assert_right(session)


def test_a_booking_makes_what_it_touches_anew_by_itself(database, place):
    with database.writer() as session:
        change_hours(session, place, weekly=[WeeklyHours(day, 6 * 60, 22 * 60) for day in range(7)])
        make_booking(session, place, span(10, 12))
    assert stale(database) == 1, "the copy and the contact are made anew, the other copy is not"
    with database.reader() as session:
        right, found = right_windows(session), kept_windows(session)
        _first, second = copies_of(session, place)
        assert {key for key in right if right[key] != found[key]} == {second.id}


def test_giving_back_leaves_stale_windows_to_the_worker(database, place):
    with database.writer() as session:
        booking = make_booking(session, place, span(10, 12))
        change_hours(session, place)
        before = kept_windows(session)
        refreshing.refresh(session, {copy.id: span(10, 12) for copy in copies_of(session, place)})
        assert kept_windows(session) == before
    assert booking.id
    keep_up(database, now=MONDAY)
    with database.reader() as session:
        assert_right(session)


def test_the_days_roll_on_and_the_past_goes(database, place):
    with database.writer() as session:
        make_booking(session, place, span(10, 12, day=30))
    later = MONDAY + timedelta(hours=14)
    assert stale(database, later) == 0, "whole days are kept, so nothing is due the same day"
    tuesday = MONDAY + timedelta(days=1)
    assert stale(database, tuesday) == keep_up(database, now=tuesday) == 3
    with database.reader() as session:
        assert_right(session)
        since, until = session.execute(select(FreeWindowHead.since, FreeWindowHead.until).distinct()).one()
        assert TimeSpan(since, until) == TimeSpan(span(0, 1).start, span(0, 1, day=92).start)
        assert session.scalar(select(func.min(FreeWindow.starts))) >= since
    keep_up(database, now=MONDAY + timedelta(days=400))
    with database.reader() as session:
        assert_right(session)


def test_what_is_out_of_use_loses_its_windows_and_gets_them_back(database, place):
    with database.writer() as session:
        first, _second = copies_of(session, place)
        session.execute(update(Resource).where(Resource.id == first.id).values(active=False))
    assert keep_up(database, now=MONDAY) == 1
    with database.writer() as session:
        assert first.id not in kept_windows(session)
        assert stale(database) == 0
        session.execute(update(Resource).where(Resource.id == first.id).values(active=True))
    assert keep_up(database, now=MONDAY) == 1
    with database.reader() as session:
        assert_right(session, first)


def test_a_turn_is_bounded_and_a_resource_that_fails_keeps_no_other_from_it(database, place, monkeypatch):
    with database.writer() as session:
        broken = make_place(session)
        whole = [make_place(session) for _number in range(3)]
        session.execute(update(Facility).where(Facility.id == broken.facility.id).values(timezone="Nowhere/Never"))
    monkeypatch.setattr("infra_access.scheduling.windows.keeping.AT_A_TIME", 1)
    with pytest.raises(ExceptionGroup) as failed:
        keep_up(database, now=MONDAY, most=2)
    assert len(failed.value.exceptions) == 1
    assert stale(database) == 2
    with pytest.raises(ExceptionGroup):
        keep_up(database, now=MONDAY)
    assert stale(database) == 1
    with database.reader() as session:
        keys = kept_windows(session).keys()
        assert {copy.id for one in whole for copy in copies_of(session, one)} <= keys


def test_the_lag_tells_how_many_and_since_when(database, place):
    with database.reader() as session:
        assert lag(session, now=MONDAY) == lag(session, now=MONDAY + timedelta(hours=1))
        assert (lag(session, now=MONDAY).stale, lag(session, now=MONDAY).oldest) == (0, None)
    with database.writer() as session:
        change_hours(session, place)
        found = lag(session, now=MONDAY)
        assert (found.stale, found.oldest) == (3, MONDAY)
        session.execute(delete(FreeWindowHead))
        found = lag(session, now=MONDAY)
        assert (found.stale, found.oldest) == (3, None)


def test_the_stamp_names_both_kinds_of_calendar_data(tmp_path, monkeypatch):
    zones = {"system": tmp_path / "system", "mac": tmp_path / "mac", "none": tmp_path / "none"}
    for folder in zones.values():
        folder.mkdir()
    (zones["system"] / "tzdata.zi").write_text("# version 2099z\nR A\n")
    (zones["mac"] / "+VERSION").write_text("2098y\n")
    found = []
    for folder in zones.values():
        monkeypatch.setattr("zoneinfo.TZPATH", (str(folder),))
        stamp.calendar_stamp.cache_clear()
        found.append(stamp.calendar_stamp())
    stamp.calendar_stamp.cache_clear()
    assert found[0].startswith("tz 2099z, holidays ")
    assert found[1].startswith("tz 2098y, holidays ")
    assert found[2].startswith("tz 20")
    assert len(set(found)) == 3
