"""One holder for each slot, whoever races: the plan under its locks, and the guard beneath it."""

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from infra_access.catalogue.models import Resource
from infra_access.core.db import Database
from infra_access.core.errors import Conflict
from infra_access.scheduling import plan
from infra_access.scheduling.models import Occupancy
from infra_access.scheduling.occupancies import Taking, take
from infra_access.scheduling.places import place_of
from infra_access.scheduling.upkeep.closures import close
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    copies_of,
    make_companion,
    make_place,
    occupancies,
    set_rules,
    span,
    wishes,
)
from tests.races.crowd import all_at_once

CROWD = 32


@pytest.fixture
def crowded(database_url) -> Iterator[Database]:
    """Give the database with a connection for each of the crowd."""
    database = Database.connect(database_url, threads=CROWD)
    yield database
    database.dispose()


def planner(database, instrument_id, wanted):
    """Return a job that plans and takes one span of any copy, in its own transaction."""

    def job():
        with database.writer() as session:
            place = place_of(session, instrument_id)
            made = plan.make(
                session,
                instrument=place.instrument,
                facility=place.facility,
                wishes=wishes(wanted),
                rules=plan.rules_of(session, place.instrument),
                now=MONDAY,
            )
            take(session, made.takings, booking_id=None)
        return wanted

    return job


def outcomes(results):
    return Counter("taken" if not isinstance(one, BaseException) else type(one).__name__ for one in results)


def overlaps(database):
    with database.reader() as session:
        held = occupancies(session)
    return [(a, b) for n, a in enumerate(held) for b in held[n + 1 :] if a[0] == b[0] and a[1].overlaps(b[1])]


def test_one_of_many_gets_the_slot_and_the_others_are_told_what_is_free(crowded):
    with crowded.writer() as session:
        place = make_place(session)
    results = all_at_once([planner(crowded, place.instrument.id, span(10, 12))] * CROWD)
    assert outcomes(results) == {"taken": 1, "Conflict": CROWD - 1}
    refusals = [one for one in results if isinstance(one, Conflict)]
    assert all(one.code == "booking.overlap" and len(one.details["alternatives"]) == 3 for one in refusals)
    assert overlaps(crowded) == []


def test_nobody_is_refused_a_span_that_nobody_else_wanted(crowded):
    with crowded.writer() as session:
        place = make_place(session)
    jobs = [planner(crowded, place.instrument.id, span(8 + hour, 9 + hour, day=2)) for hour in range(16)]
    assert outcomes(all_at_once(jobs)) == {"taken": 16}
    assert overlaps(crowded) == []


def test_the_change_over_between_neighbours_is_contested_too(crowded):
    with crowded.writer() as session:
        place = make_place(session)
        set_rules(session, place.instrument, buffer_after_minutes=30)
    jobs = [planner(crowded, place.instrument.id, span(8 + hour, 9 + hour, day=2)) for hour in range(8)]
    results = all_at_once(jobs)
    assert set(outcomes(results)) == {"taken", "Conflict"}
    assert overlaps(crowded) == []


def test_as_many_win_as_there_are_copies(crowded):
    with crowded.writer() as session:
        place = make_place(session, copies=5)
    results = all_at_once([planner(crowded, place.instrument.id, span(10, 12))] * CROWD)
    assert outcomes(results) == {"taken": 5, "Conflict": CROWD - 5}
    assert overlaps(crowded) == []


def test_instruments_that_share_only_a_person_get_that_person_one_at_a_time(crowded):
    with crowded.writer() as session:
        first = make_place(session)
        places = [first, *(make_place(session, facility=first.facility) for _number in range(7))]
        contact = make_companion(session, *places)
    jobs = [planner(crowded, place.instrument.id, span(10, 12)) for place in places]
    assert outcomes(all_at_once(jobs)) == {"taken": 1, "Conflict": 7}
    with crowded.reader() as session:
        holders = session.scalars(select(Occupancy.resource_id).order_by(Occupancy.resource_id)).all()
    assert len(holders) == 2
    assert contact.id in holders


def test_a_closure_and_bookings_never_both_stand(crowded):
    with crowded.writer() as session:
        place = make_place(session)
        (copy,) = copies_of(session, place)

    def closing():
        with crowded.writer() as session:
            there = place_of(session, place.instrument.id)
            close(
                session,
                actor=SYSTEM,
                now=MONDAY,
                facility=there.facility,
                resource=session.get_one(Resource, copy.id),
                span=span(9, 13),
                label="Service",
            )

    results = all_at_once([planner(crowded, place.instrument.id, span(10, 12))] * 7 + [closing])
    assert outcomes(results) == {"taken": 1, "Conflict": 7}
    assert overlaps(crowded) == []


def test_the_guard_alone_lets_one_through(crowded):
    """Whoever forgets to lock and to look still cannot take what is taken."""
    with crowded.writer() as session:
        (copy,) = copies_of(session, make_place(session))

    def careless():
        with crowded.writer() as session:
            take(session, [Taking(copy.id, span(10, 12))], booking_id=None)

    assert outcomes(all_at_once([careless] * CROWD)) == {"taken": 1, "Conflict": CROWD - 1}
    assert overlaps(crowded) == []
