"""Many people book at once: one gets the slot, nobody is refused for nothing, and an allocation is never overdrawn."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from infra_access.access_requests.models import Allocation
from infra_access.audit.models import AuditEvent
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, DomainError
from infra_access.people.actors import load_actor
from infra_access.policy.models import PolicyDocument
from infra_access.policy.publishing import publish_document
from infra_access.scheduling.bookings import book
from infra_access.scheduling.changes import move
from infra_access.scheduling.models import Booking, BookingLine, Occupancy
from infra_access.scheduling.places import place_of
from tests.factories.people import make_account
from tests.factories.policy import make_document, make_policy, raw_rule
from tests.factories.scheduling import (
    MONDAY,
    SYSTEM,
    make_allocation,
    make_companion,
    make_place,
    occupancies,
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


@pytest.fixture
def people(crowded) -> list[int]:
    """Return the keys of thirty-two accounts; anyone signed in may book."""
    with crowded.writer() as session:
        make_policy(session)
        accounts = [make_account(session) for _number in range(CROWD)]
        session.flush()
        return [account.id for account in accounts]


def made(crowded, more):
    """Return a place, and as many more at the same facility."""
    with crowded.writer() as session:
        first = make_place(session)
        return [first, *(make_place(session, facility=first.facility) for _number in range(more))]


def booker(crowded, account_id, instrument_id, wanted, **overrides):
    """Return a job that books for one person in a transaction of its own."""

    def job():
        with crowded.writer() as session:
            return book(
                session,
                actor=load_actor(session, account_id, now=MONDAY),
                now=MONDAY,
                place=place_of(session, instrument_id),
                wishes=wishes(wanted),
                **overrides,
            ).public_id

    return job


def outcomes(results):
    return Counter(
        "booked"
        if not isinstance(one, BaseException)
        else one.code
        if isinstance(one, DomainError)
        else type(one).__name__
        for one in results
    )


def counts(crowded):
    with crowded.reader() as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table))
            for table in (Booking, BookingLine, Occupancy)
        } | {
            "created": session.scalar(
                select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "booking.created")
            )
        }


def test_one_of_many_gets_the_slot(crowded, people):
    (place,) = made(crowded, 0)
    results = all_at_once([booker(crowded, key, place.instrument.id, span(10, 12)) for key in people])
    assert outcomes(results) == {"booked": 1, "booking.overlap": CROWD - 1}
    assert all(one.details["alternatives"] for one in results if isinstance(one, Conflict))
    assert counts(crowded) == {"booking": 1, "booking_line": 1, "occupancy": 1, "created": 1}


def test_all_get_a_span_that_nobody_else_wanted(crowded, people):
    (place,) = made(crowded, 0)
    jobs = [booker(crowded, key, place.instrument.id, span(n, n + 1, day=2)) for n, key in enumerate(people[:16])]
    assert outcomes(all_at_once(jobs)) == {"booked": 16}
    assert counts(crowded) == {"booking": 16, "booking_line": 16, "occupancy": 16, "created": 16}


def test_a_person_shared_by_instruments_is_booked_once(crowded, people):
    places = made(crowded, 7)
    with crowded.writer() as session:
        make_companion(session, *places)
    jobs = [booker(crowded, people[n], place.instrument.id, span(10, 12)) for n, place in enumerate(places)]
    assert outcomes(all_at_once(jobs)) == {"booked": 1, "booking.overlap": 7}
    assert counts(crowded) == {"booking": 1, "booking_line": 2, "occupancy": 2, "created": 1}


def test_an_allocation_is_never_overdrawn(crowded, people):
    (place,) = made(crowded, 0)
    with crowded.writer() as session:
        allocation = make_allocation(session, place, load_actor(session, people[0], now=MONDAY), amount=5)
    jobs = [
        booker(crowded, people[0], place.instrument.id, span(n, n + 1, day=2), allocation=allocation.public_id)
        for n in range(12)
    ]
    assert outcomes(all_at_once(jobs)) == {"booked": 5, "allocation.overdrawn": 7}
    with crowded.reader() as session:
        assert session.scalar(select(Allocation.used)) == Decimal(5)
    assert counts(crowded) == {"booking": 5, "booking_line": 5, "occupancy": 5, "created": 5}


def test_moves_into_one_slot_let_one_in(crowded, people):
    (place,) = made(crowded, 0)
    for number, key in enumerate(people[:8]):
        booker(crowded, key, place.instrument.id, span(number, number + 1, day=2))()

    def mover(account_id):
        def job():
            with crowded.writer() as session:
                booking = session.scalars(select(Booking).where(Booking.account_id == account_id)).one()
                actor = load_actor(session, account_id, now=MONDAY)
                return move(session, actor=actor, now=MONDAY, booking=booking, wishes=wishes(span(20, 21))).public_id

        return job

    assert outcomes(all_at_once([mover(key) for key in people[:8]])) == {"booked": 1, "booking.overlap": 7}
    with crowded.reader() as session:
        held = [taken for _key, taken, _kind in occupancies(session)]
    assert len(set(held)) == 8


def test_no_booking_stands_that_the_policy_in_force_before_it_denied(crowded, people):
    """A booking and a publication each wait for the other, so every booking rests on the policy of its moment."""
    (place,) = made(crowded, 0)
    with crowded.writer() as session:
        key = make_document(session, rules=[raw_rule("closed", {"type": "deny"})]).id

    def publish():
        with crowded.writer() as session:
            document = session.get_one(PolicyDocument, key)
            publish_document(session, actor=SYSTEM, now=MONDAY, document=document)
        return "published"

    jobs = [booker(crowded, one, place.instrument.id, span(n, n + 1, day=2)) for n, one in enumerate(people[:15])]
    results = all_at_once([*jobs, publish])
    assert set(outcomes(results)) <= {"booked", "policy.refused"}
    late = booker(crowded, people[20], place.instrument.id, span(22, 23, day=2))
    assert outcomes(all_at_once([late])) == {"policy.refused": 1}
