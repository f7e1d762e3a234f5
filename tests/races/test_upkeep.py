"""Maintenance against bookers, two workers over one no-show, and a check-in at the same moment: nobody loses twice."""

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from infra_access.catalogue.models import Facility, Resource
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, DomainError
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.models import UsageLine
from infra_access.people.actors import load_actor
from infra_access.scheduling.attendance import check_in
from infra_access.scheduling.bookings import book
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from infra_access.scheduling.upkeep.closures import close
from infra_access.scheduling.upkeep.resources import update_resource
from infra_access.worker.sessions import attend
from tests.factories.people import make_account
from tests.factories.policy import make_policy
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    copies_of,
    make_booking,
    make_place,
    occupancies,
    set_rules,
    span,
    wishes,
)
from tests.factories.upkeep import make_ring, told
from tests.races.crowd import all_at_once

BOOKERS = 16


@pytest.fixture
def crowded(database_url) -> Iterator[Database]:
    database = Database.connect(database_url, threads=BOOKERS + 2)
    yield database
    database.dispose()


def closer(database, resource_id, how):
    def job():
        with database.writer() as session:
            ring = session.get_one(Resource, resource_id)
            _closure, report = close(
                session,
                actor=SYSTEM,
                now=MONDAY,
                facility=session.get_one(Facility, ring.facility_id),
                resource=ring,
                span=span(8, 18),
                label="Service",
                displace=how,
            )
            return report

    return job


def booker(database, account_id, instrument_id, wanted):
    def job():
        with database.writer() as session:
            owner, place = load_actor(session, account_id, now=MONDAY), place_of(session, instrument_id)
            return book(session, actor=owner, now=MONDAY, place=place, wishes=wishes(wanted)).public_id

    return job


@pytest.mark.parametrize("how", ["refuse", "move"])
def test_a_plant_closes_against_bookers_of_its_dependants_and_nobody_is_displaced_in_silence(crowded, how):
    with crowded.writer() as session:
        make_policy(session)
        ring, beamlines = make_ring(session, beamlines=4)
        people = [make_account(session) for _number in range(BOOKERS)]
        session.flush()
        people, places, ring_id = [one.id for one in people], [one.instrument.id for one in beamlines], ring.id
    jobs = [booker(crowded, key, places[n % 4], span(9 + n // 4, 10 + n // 4)) for n, key in enumerate(people)]
    *booked, closed = all_at_once([*jobs, closer(crowded, ring_id, how)])
    assert all(isinstance(one, str | Conflict) for one in booked), booked
    with crowded.reader() as session:
        held, whole = occupancies(session), span(8, 18)
        bookings = session.scalars(select(Booking)).all()
        displaced = {one["booking"] for kind in ("displaced", "cancelled") for one in told(session, f"booking.{kind}")}
    shut = [taken for key, taken, _kind in held if key == ring_id]
    inside = [one for one in bookings if TimeSpan(one.starts, one.ends).overlaps(whole)]
    if isinstance(closed, Conflict):
        assert (shut, len(inside)) == ([], sum(isinstance(one, str) for one in booked))
    else:
        assert not isinstance(closed, BaseException), closed
        assert shut == [whole]
        assert not [one for one in inside if one.state != BookingState.CANCELLED]
        assert {one.booking for one in closed.bookings} == displaced
    rows = [(key, taken) for key, taken, _kind in held]
    assert not [(a, b) for n, a in enumerate(rows) for b in rows[n + 1 :] if a[0] == b[0] and a[1].overlaps(b[1])]


def test_a_dependant_added_meanwhile_is_closed_too_or_its_booking_moves(crowded):
    with crowded.writer() as session:
        make_policy(session)
        ring, (first,) = make_ring(session, beamlines=1)
        late = make_place(session, facility=first.facility)
        (copy,) = copies_of(session, late)
        person = make_account(session)
        session.flush()
        keys = (ring.id, copy.id, late.instrument.id, person.id)

    def depend():
        with crowded.writer() as session:
            ring, copy = session.get_one(Resource, keys[0]), session.get_one(Resource, keys[1])
            update_resource(session, actor=SYSTEM, now=MONDAY, resource=copy, changes={"plant": ring})
        return booker(crowded, keys[3], keys[2], span(9, 10))()

    booked, closed = all_at_once([depend, closer(crowded, keys[0], "move")])
    assert not isinstance(closed, BaseException), closed
    with crowded.reader() as session:
        inside = [one for key, one, _kind in occupancies(session) if key == keys[1] and one.overlaps(span(8, 18))]
    assert isinstance(booked, str | Conflict)
    assert inside == []


def test_two_workers_mark_a_no_show_once(crowded):
    with crowded.writer() as session:
        make_policy(session)
        place = make_place(session)
        set_rules(session, place.instrument, no_show_grace_minutes=30)
        keys = [make_booking(session, place, span(at, at + 1)).id for at in (9, 10, 11)]
    at = span(12, 13).start
    results = all_at_once([lambda: attend(crowded, now=at)] * 2)
    assert sum(results) == len(keys)
    with crowded.reader() as session:
        states = session.scalars(select(Booking.state)).all()
        assert states == [BookingState.NO_SHOW] * 3
        assert session.scalar(select(func.count()).select_from(UsageLine)) == 3
        assert len(told(session, "booking.no_show")) == 3


def test_a_check_in_at_the_moment_of_the_grace_wins_or_loses_cleanly(crowded):
    with crowded.writer() as session:
        make_policy(session)
        place = make_place(session)
        set_rules(session, place.instrument, no_show_grace_minutes=30)
        bookings = [make_booking(session, place, span(9, 12, day=day)) for day in range(1, 7)]
        keys = [(one.id, one.account_id) for one in bookings]
    outcomes = Counter()
    for day, (key, owner) in enumerate(keys, start=1):
        at = span(9.5, 10, day=day).start

        def come(key=key, owner=owner, at=at):
            with crowded.writer() as session:
                booking = session.get_one(Booking, key)
                return check_in(session, actor=load_actor(session, owner, now=at), now=at, booking=booking).state

        came, _marked = all_at_once([come, lambda at=at: attend(crowded, now=at)])
        with crowded.reader() as session:
            state = session.get_one(Booking, key).state
        assert state == (BookingState.NO_SHOW if isinstance(came, DomainError) else came)
        outcomes[state] += 1
    with crowded.reader() as session:
        assert len(told(session, "booking.no_show")) == outcomes[BookingState.NO_SHOW]
    assert outcomes[BookingState.NO_SHOW] + outcomes[BookingState.CHECKED_IN] == len(keys)
