"""What a finished booking comes to: used and lost are what was booked, parts sum to the whole, the rest goes back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from infra_access.access_requests.models import Allocation
from infra_access.accounting.funding import lock_by_key
from infra_access.accounting.ledger import correct
from infra_access.ledger.models import UsageLine
from infra_access.scheduling.places import place_of
from infra_access.scheduling.settling import settle_booking
from tests.factories.access_requests import OPEN_TO_ALL
from tests.factories.accounting import SYSTEM, make_funding, make_period, make_pool, make_priced_world, make_quote
from tests.factories.scheduling import make_allocation, make_booking, span

LATER = span(0, 1, day=5).start


@pytest.fixture
def world(session):
    return make_priced_world(session, rules=[OPEN_TO_ALL])


@pytest.fixture
def place(session, world):
    return place_of(session, world.instrument.id)


@pytest.fixture
def paid(session, world, place):
    """Return a booking of four hours that was quoted at 500.01 EUR, with its source and its pool."""
    tariff = {"proprietary": {"amount": "125.0025", "currency": "EUR", "per": "hour"}}
    world.route.tariff = tariff
    pool = make_pool(session, make_period(session, world.facility), world.instrument, purpose="proprietary")
    funding = make_funding(session, world.applicant)
    quote = make_quote(session, world, units=Decimal("0.5"))
    assert quote.price == Decimal("500.01")
    booking = make_booking(
        session, place, span(8, 12), actor=world.applicant, quote=quote.public_id, funding=funding.public_id
    )
    return booking, funding, pool


def settle(session, booking, *lost, now=LATER, **overrides):
    return settle_booking(session, now=now, actor=SYSTEM, booking=booking, lost=lost, **overrides)


def told(lines):
    """Return kind, units, list value and price of lines."""
    return [(line.kind, str(line.units), str(line.list_value), str(line.price)) for line in lines]


def left(session, paid) -> tuple[Decimal, Decimal]:
    """Return what is drawn on the source and on the pool."""
    _booking, funding, pool = paid
    session.refresh(pool)
    return lock_by_key(session, funding.id).used, pool.used


def test_a_session_as_booked_costs_what_was_quoted(session, paid):
    booking = paid[0]
    (line,) = settle(session, booking)

    assert told([line]) == [("used", "0.50", "500.01", "500.01")]
    assert (line.booking_id, line.funding_id, line.month, line.currency) == (booking.id, paid[1].id, "2026-03", "EUR")
    assert left(session, paid) == (Decimal("500.01"), 4)


def test_lost_time_is_not_charged_and_the_parts_sum_to_the_whole(session, paid):
    lines = settle(session, paid[0], span(9, 10), span(9.5, 10.25), span(20, 30))

    # An hour and a quarter of four: 2.75 h are 0.34375 shifts, rounded up.
    assert told(lines) == [("used", "0.35", "350.01", "350.01"), ("lost", "0.15", "150.00", "0.00")]
    assert sum(line.units for line in lines) == Decimal("0.5")
    assert sum(line.list_value for line in lines) == Decimal("500.01")
    assert left(session, paid) == (Decimal("350.01"), Decimal("2.75"))


def test_a_session_lost_altogether_costs_nothing(session, paid):
    assert told(settle(session, paid[0], span(0, 24))) == [("lost", "0.50", "500.01", "0.00")]
    assert left(session, paid) == (0, 0)


def test_an_early_end_gives_the_rest_back(session, paid):
    booking = paid[0]
    booking.ended_at = booking.starts + timedelta(hours=1)

    assert told(settle(session, booking)) == [("used", "0.13", "130.00", "130.00")]
    assert left(session, paid) == (Decimal("130.00"), 1)


def test_nobody_came_until_the_time_was_freed(session, paid):
    booking = paid[0]
    booking.ended_at = booking.starts + timedelta(minutes=30)

    assert told(settle(session, booking, kind="no-show")) == [("no-show", "0.07", "70.00", "70.00")]
    assert left(session, paid) == (Decimal("70.00"), Decimal("0.5"))


def test_time_found_lost_later_is_put_right_by_further_lines(session, paid):
    (first,) = settle(session, paid[0])

    later = settle(session, paid[0], span(8, 9))
    assert told(later) == [("adjusted", "-0.12", "-120.00", "-120.00"), ("lost", "0.12", "120.00", "0.00")]
    assert later[0].corrects_id == first.id
    more = settle(session, paid[0], span(8, 10))
    assert told(more) == [("adjusted", "-0.13", "-130.00", "-130.00"), ("adjusted", "0.13", "130.00", "0.00")]
    assert more[1].corrects_id == later[1].id
    assert settle(session, paid[0], span(8, 10)) == [], "nothing has changed since"
    assert left(session, paid) == (Decimal("250.01"), 2)


def test_nine_hours_of_lost_beam_show_in_delivered_and_lost_units(session, world, place):
    booking = make_booking(session, place, span(0, 24), actor=world.applicant)

    assert told(settle(session, booking, span(3, 12))) == [
        ("used", "15.00", "0.00", "0.00"),
        ("lost", "9.00", "0.00", "0.00"),
    ]


def test_what_was_granted_is_priced_by_the_tariff_and_the_rest_goes_back(session, world, place):
    allocation = make_allocation(session, place, world.applicant)
    booking = make_booking(session, place, span(8, 12), actor=world.applicant, allocation=allocation.public_id)
    booking.ended_at = booking.starts + timedelta(hours=3)

    lines = settle(session, booking, span(8, 9))

    assert told(lines) == [("used", "2.00", "0.00", "0.00"), ("lost", "1.00", "0.00", "0.00")]
    assert lines[0].ground.startswith("Free of charge")
    assert (session.get_one(Allocation, allocation.id).used, booking.units) == (2, 2)


def test_runs_count_as_long_as_any_time_of_them_was_left(session, world, place):
    allocation = make_allocation(session, place, world.applicant, access_unit="run")
    booking = make_booking(
        session, place, span(8, 10), span(12, 14), actor=world.applicant, allocation=allocation.public_id
    )

    assert [(line.kind, line.units) for line in settle(session, booking, span(8, 9), span(12, 14))] == [
        ("used", 1),
        ("lost", 1),
    ]
    assert session.get_one(Allocation, allocation.id).used == 1


def test_time_lost_after_a_correction_takes_no_more_back_than_stands_and_charges_nothing_again(session, paid, world):
    """What the source has left is what the ledger has not taken, however the two are mixed."""
    (line,) = settle(session, paid[0])
    correct(session, actor=SYSTEM, now=LATER, line=line, units=Decimal(0), price=Decimal("-200.01"), note="Goodwill")
    assert left(session, paid)[0] == Decimal("300.00")

    assert told(settle(session, paid[0], span(8, 9)))[-1] == ("lost", "0.12", "120.00", "0.00")
    assert left(session, paid)[0] == Decimal("300.00"), "an hour less comes to more than what is charged now"
    settle(session, paid[0], span(8, 10))
    assert left(session, paid)[0] == Decimal("250.01")
    settle(session, paid[0], span(8, 12))
    assert left(session, paid)[0] == 0
    assert session.scalar(select(func.sum(UsageLine.price)).where(UsageLine.booking_id == paid[0].id)) == 0


@pytest.mark.parametrize("regimes", [["open", "proprietary"], ["proprietary"]])
def test_whoever_comes_by_an_open_way_without_a_quote_pays_its_tariff(session, world, place, regimes):
    world.route.tariff = {
        "open": {"amount": "40", "currency": "SGD", "per": "hour"},
        "proprietary": {
            "amount": "800",
            "currency": "SGD",
            "per": "shift",
            "reductions": [{"when": {"startup": True}, "percent": "50", "ground": "Half price for startups"}],
        },
    }
    world.route.regimes = regimes
    booking = make_booking(session, place, span(8, 12), actor=world.applicant)
    booking.ended_at = booking.starts + timedelta(hours=3)

    (line,) = settle(session, booking)

    costs = ("120.00", "120.00") if "open" in regimes else ("300.00", "300.00")
    assert (str(line.list_value), str(line.price), line.currency) == (*costs, "SGD")
    assert (line.units, line.access_unit) == (3, "hour")
