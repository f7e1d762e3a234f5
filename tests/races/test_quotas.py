"""Sixteen bookings of one person or one organisation at once, on several instruments: never beyond a quota."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from infra_access.core.authority import Actor
from infra_access.core.db import Database
from infra_access.core.errors import DomainError, Invalid
from infra_access.people.models import Account
from infra_access.scheduling.bookings import book
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from tests.factories.catalogue import make_organisation
from tests.factories.people import make_account
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, make_place, set_rules, span, wishes
from tests.races.crowd import all_at_once

CROWD = 16
MOST = 5


@pytest.fixture
def crowded(database_url):
    """Give the database with a connection for each of the crowd."""
    database = Database.connect(database_url, threads=CROWD)
    yield database
    database.dispose()


@pytest.mark.parametrize(
    ("of", "amount"),
    [
        ("person", {"measure": "bookings", "amount": MOST}),
        ("organisation", {"measure": "minutes", "amount": MOST * 60}),
    ],
)
def test_a_quota_over_a_facility_holds_however_many_book_at_once(crowded, of, amount):
    with crowded.writer() as session:
        make_policy(session)
        places = [make_place(session)]
        places += [make_place(session, facility=places[0].facility) for _number in range(3)]
        set_rules(session, places[0].facility, quotas=[{"of": of, "per": "week", "on": "facility", **amount}])
        organisation = make_organisation(session)
        people = [make_account(session) for _number in range(1 if of == "person" else CROWD)]
        session.flush()
        actors = [
            Actor(one.id, one.public_id, one.name, organisation_ids=frozenset({organisation.id})) for one in people
        ]
        instruments = [place.instrument.id for place in places]

    def booker(number):
        def job():
            with crowded.writer() as session:
                actor = actors[number % len(actors)]
                # As the request does that brings the booking: both of one person hold a share of their account.
                session.execute(select(Account.id).where(Account.id == actor.account_id).with_for_update(read=True))
                start = 6 + number // len(instruments)
                return book(
                    session,
                    actor=actor,
                    now=MONDAY,
                    place=place_of(session, instruments[number % len(instruments)]),
                    wishes=wishes(span(start, start + 1)),
                ).public_id

        return job

    results = all_at_once([booker(number) for number in range(CROWD)])
    others = [one for one in results if not isinstance(one, str | DomainError)]
    assert others == []
    made = Counter("booked" if isinstance(one, str) else type(one).__name__ for one in results)
    assert made == {"booked": MOST, "Invalid": CROWD - MOST}
    assert all(
        {broken["code"] for broken in one.details["broken"]} == {f"quota.{of}.week"}
        for one in results
        if isinstance(one, Invalid)
    )
    with crowded.reader() as session:
        assert session.scalar(select(func.count()).select_from(Booking)) == MOST
