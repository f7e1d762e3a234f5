"""What a booking draws on: one pool of its period, and the source that pays what was quoted."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest

from infra_access.access_requests.routes import create_route
from infra_access.accounting.funding import lock_by_key
from infra_access.accounting.models import AccessPool
from infra_access.catalogue.models import Organisation
from infra_access.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.places import place_of
from tests.factories.access_requests import OPEN_TO_ALL, make_route
from tests.factories.accounting import NOW, SYSTEM, make_funding, make_period, make_pool, make_priced_world, make_quote
from tests.factories.catalogue import make_organisation
from tests.factories.people import make_account, make_actor, make_affiliation
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import make_allocation, make_booking, row_counts, span, wishes

STARTUPS = {"purpose": "set-aside", "serves": {"startup": True}}


@pytest.fixture
def world(session):
    return make_priced_world(session, rules=[OPEN_TO_ALL])


@pytest.fixture
def place(session, world):
    return place_of(session, world.instrument.id)


@pytest.fixture
def period(session, world):
    return make_period(session, world.facility, ends=NOW.replace(hour=0) + timedelta(days=20))


def used(session, *pools: AccessPool) -> list[Decimal]:
    for pool in pools:
        session.refresh(pool)
    return [pool.used for pool in pools]


def startup_person(session):
    """Return a person of a startup."""
    account = make_account(session)
    organisation = make_organisation(session, country="KE", facts={"startup": True, "sector": "company"})
    make_affiliation(session, account=account, organisation=organisation)
    return make_actor(session, account=account)


@contextmanager
def refused(session, kind: type[DomainError], code: str) -> Iterator[None]:
    """Expect a refusal with this code that writes nothing."""
    session.flush()
    before = row_counts(session)
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.code == code
    assert row_counts(session) == before


def test_a_booking_draws_on_the_open_call_until_exactly_nothing_is_left(session, world, place, period):
    pool = make_pool(session, period, world.instrument)

    booking = make_booking(session, place, span(8, 17))
    assert (booking.pool_id, booking.pool_units, used(session, pool)) == (pool.id, 9, [9])
    with refused(session, Conflict, "pool.empty"):
        make_booking(session, place, span(18, 19.25), actor=world.applicant)
    make_booking(session, place, span(18, 19))
    assert used(session, pool) == [10]
    with refused(session, Conflict, "pool.empty"):
        make_booking(session, place, span(20, 20.25), actor=world.applicant)


def test_the_refusal_says_what_is_left_and_when_set_asides_fall_back(session, world, place, period):
    pool = make_pool(session, period, world.instrument, amount=Decimal("1.5"))
    day = (NOW + timedelta(days=30)).date()
    make_pool(session, period, world.instrument, falls_back_on=day, falls_back_to=pool, **STARTUPS)

    with pytest.raises(Conflict, match=r"1\.50 are left in open-call.*falls back on 1 Apr 2026") as caught:
        make_booking(session, place, span(8, 10))

    assert caught.value.details == {
        "left": "1.50",
        "units": "2.00",
        "access_unit": "hour",
        "pool": pool.public_id,
        "falls_back_on": ["2026-04-01"],
    }


def test_a_set_aside_that_serves_the_applicant_is_used_first(session, world, place, period):
    open_call = make_pool(session, period, world.instrument)
    aside = make_pool(session, period, world.instrument, amount=Decimal(3), **STARTUPS)
    person = startup_person(session)

    make_booking(session, place, span(8, 10), actor=person)
    assert used(session, open_call, aside) == [0, 2]
    make_booking(session, place, span(10, 12), actor=person)
    assert used(session, open_call, aside) == [2, 2], "one hour is too little: exactly one pool pays"
    make_booking(session, place, span(12, 13))
    assert used(session, open_call, aside) == [3, 2], "nobody else draws on it"


def test_proprietary_use_draws_on_its_own_pool_or_is_refused(session, world, place, period):
    open_call = make_pool(session, period, world.instrument)
    quote = make_quote(session, world)
    with refused(session, Conflict, "pool.none"):
        make_booking(session, place, span(8, 10), actor=world.applicant, quote=quote.public_id)

    pool = make_pool(session, period, world.instrument, purpose="proprietary", access_unit="shift")
    booking = make_booking(session, place, span(8, 10), actor=world.applicant, quote=quote.public_id)

    assert (booking.pool_units, used(session, open_call, pool)) == (Decimal("0.25"), [0, Decimal("0.25")])


def test_people_of_the_house_draw_on_its_own_pool_where_there_is_one(session, world, place, period):
    account = make_account(session)
    house = session.get_one(Organisation, world.facility.organisation_id)
    make_affiliation(session, account=account, organisation=house)
    person = make_actor(session, account=account)
    open_call = make_pool(session, period, world.instrument)

    make_booking(session, place, span(8, 10), actor=person)
    in_house = make_pool(session, period, world.instrument, purpose="in-house")
    make_booking(session, place, span(10, 12), actor=person)

    assert used(session, open_call, in_house) == [2, 2]


def test_only_the_period_of_the_start_counts(session, world, place, period):
    pool = make_pool(session, period, world.instrument, amount=Decimal(0))
    booking = make_booking(session, place, span(8, 10, day=25))  # when it is over
    assert (booking.pool_id, booking.pool_units, used(session, pool)) == (None, 0, [0])
    with refused(session, Conflict, "pool.empty"):
        make_booking(session, place, span(23, 25, day=19), actor=world.applicant)  # from its last day into the next


def test_moving_takes_from_the_new_pool_and_gives_the_old_back(session, world, place, period):
    pool = make_pool(session, period, world.instrument, amount=Decimal(4))
    booking = make_booking(session, place, span(8, 12), actor=world.applicant)

    def to(*spans):
        move(session, actor=world.applicant, now=NOW, booking=booking, wishes=wishes(*spans))

    to(span(9, 13))
    assert used(session, pool) == [4], "its own units are not in its way"
    with refused(session, Conflict, "pool.empty"):
        to(span(9, 13.5))
    to(span(9, 10))
    assert used(session, pool) == [1]
    to(span(8, 16, day=25))
    assert (booking.pool_id, used(session, pool)) == (None, [0])


def test_cancelling_gives_pool_and_money_back(session, world, place, period):
    pool = make_pool(session, period, world.instrument, purpose="proprietary")
    funding, quote = make_funding(session, world.applicant), make_quote(session, world, units=Decimal("0.5"))
    booking = make_booking(
        session, place, span(8, 12), actor=world.applicant, quote=quote.public_id, funding=funding.public_id
    )
    assert (booking.quote_id, booking.funding_id, booking.funding_amount) == (quote.id, funding.id, 500)
    assert (used(session, pool), lock_by_key(session, funding.id).used) == ([4], 500)

    cancel(session, actor=world.applicant, now=NOW, booking=booking)

    assert (used(session, pool), lock_by_key(session, funding.id).used) == ([0], 0)
    make_booking(session, place, span(8, 12), actor=world.applicant, quote=quote.public_id)


def test_a_source_pays_the_quoted_price_until_exactly_nothing_is_left(session, world, place):
    funding = make_funding(session, world.applicant, limit_amount=Decimal("500.00"))

    def pay(units: str, *times):
        quote = make_quote(session, world, units=Decimal(units))
        session.flush()
        return lambda: make_booking(
            session, place, *times, actor=world.applicant, quote=quote.public_id, funding=funding.public_id
        )

    too_dear = pay("0.51", span(8, 9))
    with refused(session, Conflict, "funding.overdrawn"):
        too_dear()
    pay("0.5", span(8, 9))()
    assert lock_by_key(session, funding.id).used == 500
    one_more = pay("0.04", span(10, 10.25))
    with refused(session, Conflict, "funding.overdrawn"):
        one_more()


def test_a_quote_pays_for_one_booking_of_no_more_than_was_quoted(session, world, place):
    quote = make_quote(session, world, units=Decimal("0.5")).public_id

    stranger = make_actor(session)

    def book(*times, **overrides):
        return make_booking(session, place, *times, actor=world.applicant, **{"quote": quote} | overrides)

    with refused(session, Conflict, "quote.units"):
        book(span(8, 12.25))
    with refused(session, NotFound, "quote.unknown"):
        make_booking(session, place, span(8, 12), actor=stranger, quote=quote)
    with refused(session, Conflict, "quote.expired"):
        book(span(8, 12, day=32), now=NOW + timedelta(days=30))
    booking = book(span(8, 12))
    with refused(session, Conflict, "quote.used"):
        book(span(13, 14))
    with refused(session, Conflict, "quote.units"):
        move(session, actor=world.applicant, now=NOW, booking=booking, wishes=wishes(span(8, 13)))


def test_a_source_needs_a_quote_and_a_day_on_which_it_is_valid(session, world, place):
    funding = make_funding(session, world.applicant, valid_until=NOW.date() + timedelta(days=2))
    quote = make_quote(session, world).public_id

    def book(*times, **overrides):
        values = {"quote": quote, "funding": funding.public_id} | overrides
        return make_booking(session, place, *times, actor=world.applicant, **values)

    with refused(session, Invalid, "funding.needs_quote"):
        book(span(8, 9), quote=None)
    with refused(session, Conflict, "funding.invalid"):
        book(span(8, 9, day=3))
    dear = make_quote(session, world, units=Decimal(9)).public_id
    with refused(session, Conflict, "funding.overdrawn"):
        book(span(8, 9), quote=dear)


def test_a_booking_never_moves_to_a_day_on_which_its_source_does_not_pay(session, world, place):
    funding = make_funding(session, world.applicant, valid_until=NOW.date() + timedelta(days=2))
    quote = make_quote(session, world, units=Decimal("0.5"))
    booking = make_booking(
        session, place, span(8, 9), actor=world.applicant, quote=quote.public_id, funding=funding.public_id
    )
    with refused(session, Conflict, "funding.invalid"):
        move(session, actor=world.applicant, now=NOW, booking=booking, wishes=wishes(span(8, 9, day=3)))
    move(session, actor=world.applicant, now=NOW, booking=booking, wishes=wishes(span(8, 9, day=2)))
    assert lock_by_key(session, funding.id).used == 500


def test_a_quote_for_another_way_in_or_other_results_pays_for_nothing(session, world, place):
    """Each has its own price, and what was granted is charged by its own."""
    granted = make_allocation(session, place, world.applicant).public_id
    quote = make_quote(session, world).public_id
    with refused(session, Conflict, "quote.route"):
        make_booking(session, place, span(8, 10), actor=world.applicant, quote=quote, allocation=granted)
    other = make_quote(session, world, route=queue(session, world), units=Decimal(50), regime="open").public_id
    with refused(session, Conflict, "quote.route"):
        make_booking(session, place, span(8, 10), actor=world.applicant, quote=other)


def test_a_booking_moves_within_a_set_aside_that_fell_back(session, world, place, period):
    open_call = make_pool(session, period, world.instrument)
    day = NOW.date() + timedelta(days=1)
    aside = make_pool(session, period, world.instrument, falls_back_on=day, falls_back_to=open_call, **STARTUPS)
    person = startup_person(session)
    booking = make_booking(session, place, span(8, 10, day=8), actor=person)
    aside.amount, open_call.amount, aside.fell_back_at = Decimal(2), Decimal(18), NOW  # as the worker does
    session.flush()

    move(session, actor=person, now=NOW, booking=booking, wishes=wishes(span(12, 14, day=8)))
    assert (booking.pool_id, used(session, aside, open_call)) == (aside.id, [2, 0])
    move(session, actor=person, now=NOW, booking=booking, wishes=wishes(span(12, 13, day=8)))
    assert (used(session, aside, open_call), aside.amount, open_call.amount) == ([1, 0], 1, 19)
    cancel(session, actor=person, now=NOW, booking=booking)
    assert (used(session, aside, open_call), aside.amount, open_call.amount) == ([0, 0], 0, 20)


def test_a_quote_books_by_the_way_that_was_quoted_and_by_no_other(session, world, place):
    free = second_way(session, world)
    quote, another = make_quote(session, world), make_quote(session, world)
    booking = make_booking(session, place, span(10, 12), actor=world.applicant, quote=quote.public_id)
    assert (booking.route_id, booking.quote_id) == (world.route.id, quote.id)
    make_policy(session, raw_rule("closed", {"type": "deny"}), scope=("route", world.route.public_id))
    assert make_booking(session, place, span(8, 10), actor=world.applicant).route_id == free.id
    with refused(session, Forbidden, "policy.refused"):
        make_booking(session, place, span(14, 16), actor=world.applicant, quote=another.public_id)
    with refused(session, Forbidden, "policy.refused"):
        move(session, actor=world.applicant, now=NOW, booking=booking, wishes=wishes(span(12, 14)))


def second_way(session, world):
    """Return another way in to the same instrument, open to all, where teams pick."""
    return make_route(session, facility=world.facility, instruments=[world.instrument], name="Also open")


def queue(session, world):
    """Return a way in to the same instrument where samples are queued."""
    return create_route(
        session,
        actor=SYSTEM,
        now=NOW,
        facility=world.facility,
        name="Samples by mail",
        access_mode="wide",
        entry="continuous",
        time_given="queue",
        operated_by="staff",
        access_unit="sample",
        access_types=["mail-in"],
        regimes=["open"],
        instruments=[world.instrument],
    )
