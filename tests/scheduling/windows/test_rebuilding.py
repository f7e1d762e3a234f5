"""Everything made anew in bulk, and any difference from open minus occupied found."""

import pytest
from sqlalchemy import delete, func, insert, select, update

from infra_access.catalogue.resources import add_resource
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.occupancies import Taking, take
from infra_access.scheduling.opening_hours import WeeklyHours
from infra_access.scheduling.windows.keeping import keep_up, lag
from infra_access.scheduling.windows.models import FreeWindow
from infra_access.scheduling.windows.rebuilding import check, rebuild
from tests.factories.scheduling import MONDAY, SYSTEM, copies_of, make_companion, make_place, span
from tests.scheduling.windows.oracle import assert_right, kept_windows


@pytest.fixture
def places(database):
    """Return instruments of two facilities with a plant and a local contact, some of their time taken."""
    with database.writer() as session:
        places = [make_place(session, copies=2), make_place(session)]
        make_companion(session, places[0])
        hours = [WeeklyHours(day, 8 * 60, 18 * 60) for day in range(5)]
        set_hours(session, actor=SYSTEM, now=MONDAY, facility=places[0].facility, weekly=hours)
        first, second = copies_of(session, places[0])
        plant = add_resource(session, actor=SYSTEM, now=MONDAY, facility=places[0].facility, kind="plant", name="Ring")
        second.plant_id = plant.id
        take(session, [Taking(first.id, span(9, 11)), Taking(plant.id, span(12, 14, day=3))], booking_id=None)
    return places


def test_it_makes_all_windows_and_they_are_right(database, places):
    report = rebuild(database, now=MONDAY)
    with database.reader() as session:
        assert_right(session, *copies_of(session, places[0]), *copies_of(session, places[1]))
        found = kept_windows(session)
        assert report.windows == sum(map(len, found.values()))
        assert lag(session, now=MONDAY).stale == 0
    assert (report.resources, report.stale, report.differences) == (5, 4, [])
    assert keep_up(database, now=MONDAY) == 0
    again = rebuild(database, now=MONDAY)
    assert (again.windows, again.stale, again.differences) == (report.windows, 0, [])
    compared = check(database)
    assert (compared.windows, compared.stale, compared.differences) == (report.windows, 0, [])
    with database.reader() as session:
        assert kept_windows(session) == found


def plant_difference(session, resource):
    """Take a window away and put one where the resource is taken; return both."""
    (lost,) = [one for one in kept_windows(session)[resource.id] if one.start == span(11, 17).start]
    session.execute(delete(FreeWindow).where(FreeWindow.resource_id == resource.id, FreeWindow.starts == lost.start))
    added = {"resource_id": resource.id, "starts": span(9, 10).start, "ends": span(9, 10).end}
    session.execute(insert(FreeWindow), [added])
    return lost, span(9, 10)


def test_it_finds_and_mends_a_planted_difference(database, places):
    rebuild(database, now=MONDAY)
    with database.writer() as session:
        first, _second = copies_of(session, places[0])
        lost, added = plant_difference(session, first)
    for look in (check, lambda database: rebuild(database, now=MONDAY)):
        (difference,) = look(database).differences
        assert (difference.resource_id, difference.missing, difference.wrong) == (first.id, (lost,), (added,))
    assert check(database).differences == []


def test_windows_of_what_has_none_are_a_difference_and_stale_ones_are_not(database, places):
    rebuild(database, now=MONDAY)
    with database.writer() as session:
        plant = add_resource(session, actor=SYSTEM, now=MONDAY, facility=places[1].facility, kind="plant", name="Linac")
        added = {"resource_id": plant.id, "starts": span(9, 10).start, "ends": span(9, 10).end}
        session.execute(insert(FreeWindow), [added])
        set_hours(session, actor=SYSTEM, now=MONDAY, facility=places[0].facility, weekly=[])
    report = check(database)
    assert [one.resource_id for one in report.differences] == [plant.id]
    assert report.stale == 3
    rebuild(database, now=MONDAY)
    assert check(database).differences == []
    with database.reader() as session:
        assert_right(session)


def test_instants_are_stored_as_the_columns_write_them(database, places):
    """What is written in bulk is found by what is written one by one."""
    rebuild(database, now=MONDAY)
    with database.writer() as session:
        (copy,) = copies_of(session, places[1])
        whole = TimeSpan(span(0, 1, day=0).start, span(0, 1, day=91).start)
        assert kept_windows(session)[copy.id] == [whole]
        known = FreeWindow.resource_id == copy.id, FreeWindow.starts == whole.start, FreeWindow.ends == whole.end
        assert session.scalar(select(func.count()).select_from(FreeWindow).where(*known)) == 1
        assert session.execute(update(FreeWindow).where(*known).values(ends=whole.end)).rowcount == 1
