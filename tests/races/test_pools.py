"""Many at once draw on one pool, one voucher, one row of numbers: never below zero, never one number twice."""

import os
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from infra_access.access_requests.models import AccessRoute
from infra_access.accounting.ledger import close_month, correct
from infra_access.accounting.ledger_queries import totals_of
from infra_access.accounting.models import AccessPool, FundingSource, Quote
from infra_access.accounting.quotes import give_quote
from infra_access.catalogue.models import Facility, Instrument
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.models import ClosedMonth, UsageLine
from infra_access.people.actors import load_actor
from infra_access.scheduling.bookings import book
from infra_access.scheduling.changes import cancel
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from infra_access.scheduling.settling import settle_booking
from tests.factories.access_requests import OPEN_TO_ALL, World
from tests.factories.accounting import (
    NOW,
    SYSTEM,
    make_funding,
    make_period,
    make_pool,
    make_priced_world,
    make_quote,
    make_usage,
)
from tests.factories.scheduling import make_booking, span, wishes
from tests.races.crowd import all_at_once

CROWD = 32
ROUNDS = range(20 if os.environ.get("SOAK") else 1)
HOUR = Decimal("0.13")
"""An hour in shifts, rounded up; it costs 130 EUR."""


@pytest.fixture
def crowded(database_url) -> Iterator[Database]:
    """Give the database with a connection for each of the crowd."""
    database = Database.connect(database_url, threads=CROWD)
    yield database
    database.dispose()


@pytest.fixture
def world(crowded) -> World:
    with crowded.writer() as session:
        return make_priced_world(session, rules=[OPEN_TO_ALL])


def hour(number: int) -> TimeSpan:
    """Return an hour of its own for each of the crowd, so that only what pays for it is contested."""
    return span(8 + number % 8, 9 + number % 8, day=1 + number // 8)


def booker(database: Database, world: World, number: int, **payment: str) -> Callable[[], int]:
    """Return a job that books an hour for the applicant."""

    def job() -> int:
        with database.writer() as session:
            actor = load_actor(session, world.applicant.account_id or 0, now=NOW)
            place = place_of(session, world.instrument.id)
            return book(session, actor=actor, now=NOW, place=place, wishes=wishes(hour(number)), **payment).id

    return job


def canceller(database: Database, key: int) -> Callable[[], None]:
    """Return a job that cancels a booking."""

    def job() -> None:
        with database.writer() as session:
            cancel(session, actor=SYSTEM, now=NOW, booking=session.get_one(Booking, key))

    return job


def winners(outcomes: list[int | BaseException], code: str) -> list[int]:
    """Return the bookings that were made; everybody else was refused with this code."""
    won = [one for one in outcomes if isinstance(one, int)]
    assert {getattr(one, "code", one) for one in outcomes if not isinstance(one, int)} == {code}
    return won


@pytest.mark.parametrize("_round", ROUNDS)
def test_a_crowd_never_overdraws_a_pool_and_gives_all_of_it_back(crowded, world, _round):
    with crowded.writer() as session:
        pool = make_pool(session, make_period(session, world.facility), world.instrument).id

    won = winners(all_at_once([booker(crowded, world, number) for number in range(CROWD)]), "pool.empty")

    with crowded.reader() as session:
        drawn = session.scalar(select(func.sum(Booking.pool_units)).where(Booking.pool_id == pool))
        assert session.get_one(AccessPool, pool).used == drawn == len(won) == 10
    assert all_at_once([canceller(crowded, key) for key in won]) == [None] * 10
    with crowded.reader() as session:
        assert session.get_one(AccessPool, pool).used == 0


@pytest.mark.parametrize("_round", ROUNDS)
def test_a_crowd_never_overdraws_a_voucher_and_gives_all_of_it_back(crowded, world, _round):
    with crowded.writer() as session:
        applicant = load_actor(session, world.applicant.account_id, now=NOW)
        funding = make_funding(session, applicant, limit_amount=Decimal("910.00")).public_id
        quotes = [make_quote(session, world, units=HOUR).public_id for _ in range(CROWD)]

    jobs = [booker(crowded, world, number, quote=quotes[number], funding=funding) for number in range(CROWD)]
    won = winners(all_at_once(jobs), "funding.overdrawn")

    def used() -> Decimal:
        with crowded.reader() as session:
            return session.scalars(select(FundingSource.used)).one()

    with crowded.reader() as session:
        assert used() == session.scalar(select(func.sum(Booking.funding_amount))) == 910
    assert len(won) == 7
    assert all_at_once([canceller(crowded, key) for key in won]) == [None] * 7
    assert used() == 0


def test_a_quote_is_used_by_one_of_a_crowd(crowded, world):
    with crowded.writer() as session:
        quote = make_quote(session, world, units=HOUR).public_id

    won = winners(all_at_once([booker(crowded, world, number, quote=quote) for number in range(8)]), "quote.used")

    assert len(won) == 1


@pytest.mark.parametrize("_round", ROUNDS)
def test_quotes_are_numbered_without_gap_or_double_though_some_are_given_up(crowded, world, _round):
    def ask(number: int) -> Callable[[], None]:
        def job() -> None:
            with crowded.writer() as session:
                give_quote(
                    session,
                    actor=load_actor(session, world.applicant.account_id, now=NOW),
                    now=NOW,
                    instrument=session.get_one(Instrument, world.instrument.id),
                    facility=session.get_one(Facility, world.facility.id),
                    route=session.get_one(AccessRoute, world.route.id),
                    regime="open",
                    units=Decimal(1),
                )
                if number % 4 == 0:
                    raise Conflict("given.up", "The person went away.")

        return job

    all_at_once([ask(number) for number in range(16)])

    with crowded.reader() as session:
        assert sorted(session.scalars(select(Quote.number))) == [f"2026-{number:04d}" for number in range(1, 13)]


def test_no_line_slips_into_a_month_while_it_is_closed(crowded, world):
    with crowded.writer() as session:
        booking = make_booking(session, place_of(session, world.instrument.id), hour(1), actor=world.applicant).id
    april = NOW.replace(month=4)

    def write() -> None:
        with crowded.writer() as session:
            make_usage(session, world, booking, now=april, ended=NOW)

    def close() -> None:
        with crowded.writer() as session:
            facility = session.get_one(Facility, world.facility.id)
            close_month(session, actor=SYSTEM, now=april, facility=facility, month="2026-03")

    outcomes = all_at_once([*[write] * 6, close, close, *[write] * 6])

    assert [one.code for one in outcomes if isinstance(one, Conflict)] == ["month.closed"]
    with crowded.reader() as session:
        closed = session.scalars(select(ClosedMonth)).one()
        assert closed.totals == {
            total.currency: total.as_json() for total in totals_of(session, world.facility.id, "2026-03")
        }
        assert session.scalar(select(func.count()).select_from(UsageLine)) == 12


@pytest.mark.parametrize("_round", range(10))
def test_time_found_lost_while_a_line_is_corrected_takes_back_no_more_than_stands(crowded, world, _round):
    with crowded.writer() as session:
        funding = make_funding(session, world.applicant)
        quote = make_quote(session, world, units=HOUR)
        booking = make_booking(
            session,
            place_of(session, world.instrument.id),
            hour(1),
            actor=world.applicant,
            quote=quote.public_id,
            funding=funding.public_id,
        )
        key, whole = booking.id, TimeSpan(booking.starts, booking.ends)
        (line,) = settle_booking(session, now=NOW, actor=SYSTEM, booking=booking, lost=[])
        line_id, price = line.id, line.price

    def put_right() -> None:
        with crowded.writer() as session:
            found = session.get_one(UsageLine, line_id)
            correct(session, actor=SYSTEM, now=NOW, line=found, units=Decimal(0), price=-price, note="Goodwill")

    def lose() -> None:
        with crowded.writer() as session:
            held = session.scalars(select(Booking).where(Booking.id == key).with_for_update(key_share=True)).one()
            settle_booking(session, now=NOW, actor=SYSTEM, booking=held, lost=[whole])

    results = all_at_once([put_right, lose])

    # Whoever comes second is told, or finds nothing left to take back.
    assert not [one for one in results if isinstance(one, BaseException) and not isinstance(one, Invalid)], results
    with crowded.reader() as session:
        assert price > 0
        assert session.scalar(select(func.sum(UsageLine.price)).where(UsageLine.booking_id == key)) == 0
        assert session.get_one(FundingSource, funding.id).used == 0
