"""Thirty-two clients, two server processes, one slot: exactly one gets it, whatever way each of them takes.

Where they want time that nobody else does, all of them get it, as far as pool or voucher go.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.accounting.models import AccessPool, FundingSource
from infra_access.core import clock
from infra_access.core.db import Database
from infra_access.core.timespan import TimeSpan
from infra_access.people.actors import load_actor
from infra_access.people.models import Account
from infra_access.scheduling.models import Booking, Occupancy
from infra_access.scheduling.places import place_of
from tests import databases
from tests.factories.access_requests import OPEN_TO_ALL
from tests.factories.accounting import make_funding, make_period, make_pool, make_priced_world, make_quote
from tests.factories.people import make_token
from tests.factories.scheduling import make_place
from tests.factories.upkeep import make_ring
from tests.processes import SERVE, fleet
from tests.races import contests
from tests.races.contests import CROWD, OF_A_PLACE, Answer, Arena, Job, arena, booking, overlaps
from tests.races.crowd import all_at_once
from tests.races.staff_contests import DAY, STAFF_CONTESTS, closure

SLOTS = 200 if os.environ.get("SOAK") else 10
CONTESTS = {**contests.CONTESTS, **STAFF_CONTESTS}
WON = (200, 201)
UNGUARDED = (SERVE[0].replace("infra-access", "python"), "-m", "tests.races.unguarded")


def answered(jobs: Sequence[Job]) -> list[Answer]:
    """Run jobs all at once and return what each was answered; a job that raised fails the test."""
    results = all_at_once(jobs)
    failed = [one for one in results if isinstance(one, BaseException)]
    assert not failed, failed
    return [one for one in results if not isinstance(one, BaseException)]


def occupied_by(session: Session, booking: Booking) -> list[TimeSpan]:
    """Return the spans that a booking keeps busy."""
    rows = session.execute(select(Occupancy.starts, Occupancy.ends).where(Occupancy.booking_id == booking.id))
    return [TimeSpan(*row) for row in rows]


def slots(field: Arena) -> Iterator[TimeSpan]:
    """Give slots that nobody has fought for yet."""
    for number in range(SLOTS):
        if number % OF_A_PLACE == 0:
            field.move_on()
        yield field.slot(number % OF_A_PLACE)


@pytest.mark.parametrize("kind", CONTESTS)
def test_one_of_thirty_two_gets_each_slot(field: Arena, kind: str) -> None:
    statuses: Counter[int] = Counter()
    for slot in slots(field):
        answers = answered(CONTESTS[kind](field, slot))
        won = Counter(status for status, _body in answers)
        assert sum(won[status] for status in WON) == 1, (kind, slot, won)
        statuses += won
    print(f"{kind}: {SLOTS} slots, {dict(sorted(statuses.items()))}")
    assert all(status < 500 for status in statuses)
    assert overlaps(field.database) == 0


def test_maintenance_that_displaces_wins_each_slot_and_tells_whom_it_moved(field: Arena) -> None:
    moved = Counter[str]()
    for slot in slots(field):
        close, *others = answered(
            [closure(field, slot, "move"), *(field.book(token, slot) for token in field.people[1:])]
        )
        assert close[0] == 201, close
        statuses = Counter(status for status, _body in others)
        assert set(statuses) <= {201, 409}, statuses
        promised = {str(body["id"]) for status, body in others if status == 201}
        told = {str(one["booking"]): str(one["outcome"]) for one in close[1]["report"]["bookings"]}
        # Whoever was promised the time before it closed is in the report, and has another one.
        assert promised == told.keys(), (promised, told)
        moved += Counter(told.values())
        with field.database.reader() as session:
            for key in promised:
                booking = session.scalars(select(Booking).where(Booking.public_id == key)).one()
                assert booking.displaced_by_id is not None
                assert not TimeSpan(booking.starts, booking.ends).overlaps(slot)
                assert occupied_by(session, booking) == [TimeSpan(booking.starts, booking.ends)]
    print(f"maintenance that displaces: {SLOTS} slots, {dict(moved)}")
    assert overlaps(field.database) == 0


def test_nobody_is_refused_a_span_that_nobody_else_wanted(field: Arena) -> None:
    with field.database.writer() as session:
        _ring, beamlines = make_ring(session, beamlines=2)
    hour = timedelta(hours=1)
    first = field.slot(0).start
    hours = [TimeSpan(first + number * hour, first + (number + 1) * hour) for number in range(CROWD)]
    for round_ in range(SLOTS // 10):
        jobs = [
            field.book(token, TimeSpan(one.start + round_ * 2 * DAY, one.end + round_ * 2 * DAY), beamline)
            for token, one in zip(field.people, hours, strict=True)
            for beamline in beamlines
        ]
        answers = Counter(status for status, _body in answered(jobs))
        print(f"{len(jobs)} spans apart, of two instruments of one ring: {dict(answers)}")
        assert answers == {201: 2 * CROWD}
    assert overlaps(field.database) == 0


def test_a_crowd_gets_what_a_pool_holds_and_no_more(field: Arena) -> None:
    start, now = field.slot(0).start, clock.now()
    with field.database.writer() as session:
        place = make_place(session)
        period = make_period(session, place.facility, starts=now - 2 * DAY, ends=now + 60 * DAY)
        pool = make_pool(session, period, place.instrument, now=now).id
    hours = [start + timedelta(hours=number) for number in range(CROWD)]
    spans = [TimeSpan(one, one + timedelta(hours=1)) for one in hours]
    answers = answered([field.book(token, span, place) for token, span in zip(field.people, spans, strict=True)])
    with field.database.reader() as session:
        used = session.get_one(AccessPool, pool).used
    counted = Counter((status, body.get("code")) for status, body in answers)
    print(f"pool of 10 hours: {dict(counted)}, used {used}")
    assert counted == {(201, None): 10, (409, "pool.empty"): CROWD - 10}
    assert used == 10


def test_a_crowd_spends_what_a_voucher_holds_and_no_more(field: Arena) -> None:
    start, now = field.slot(0).start, clock.now()
    with field.database.writer() as session:
        world = make_priced_world(session, rules=[OPEN_TO_ALL])
        owner = load_actor(session, world.applicant.account_id, now=now)
        days = {"valid_from": now.date() - DAY, "valid_until": now.date() + 60 * DAY}
        funding = make_funding(session, owner, now=now, limit_amount=Decimal("910.00"), **days)
        quotes = [make_quote(session, world, now=now, units=Decimal("0.13")).public_id for _ in range(CROWD)]
        token = make_token(session, session.get_one(Account, world.applicant.account_id), now=now)
        place = place_of(session, world.instrument.id)
    hours = [start + timedelta(hours=number) for number in range(CROWD)]
    jobs = [
        field.book(token, TimeSpan(one, one + timedelta(hours=1)), place, quote=quote, funding=funding.public_id)
        for one, quote in zip(hours, quotes, strict=True)
    ]
    counted = Counter((status, body.get("code")) for status, body in answered(jobs))
    with field.database.reader() as session:
        used = session.get_one(FundingSource, funding.id).used
    print(f"voucher of 910 EUR, 130 an hour: {dict(counted)}, used {used}")
    assert counted == {(201, None): 7, (409, "funding.overdrawn"): CROWD - 7}
    assert used == 910


@pytest.fixture
def without_guard() -> Iterator[str]:
    """Give a database of its own that may lose its guard: the others of this process must keep theirs."""
    with databases.migrated_postgresql(f"infra_access_unguarded_{os.getpid()}") as url:
        yield url


def test_without_locks_and_guard_the_same_contest_reports_overlaps(without_guard: str) -> None:
    # SQLite has one writer at a time, who looks before it writes: there is nothing to take away but the checks.
    database = Database.connect(without_guard)
    with fleet(without_guard, command=UNGUARDED) as servers:
        unguarded = arena(database, servers.ports)
        winners = 0
        for number in range(10):
            results = all_at_once(booking(unguarded, unguarded.slot(number)))
            winners += sum(1 for one in results if not isinstance(one, BaseException) and one[0] in WON)
            if found := overlaps(database):
                break
    database.dispose()
    print(f"without guard: {winners} winners of {number + 1} slots, {found} overlaps")
    assert found > 0
