"""Everybody is offered the same slot and takes it: one gets it, and the others are told what is free instead."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from infra_access.core.db import Database
from infra_access.core.errors import Conflict
from infra_access.people.actors import load_actor
from infra_access.scheduling.models import Booking, Occupancy
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.together import Item, book_together
from tests.factories.find_time import asked
from tests.factories.people import make_account
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, make_place
from tests.races.crowd import all_at_once

CROWD = 12


@pytest.fixture
def crowded(database_url) -> Iterator[Database]:
    """Give the database with a connection for each of the crowd."""
    database = Database.connect(database_url, threads=CROWD)
    yield database
    database.dispose()


def test_of_all_who_are_offered_one_set_only_one_gets_it_and_gets_it_whole(crowded) -> None:
    with crowded.writer() as session:
        make_policy(session)
        places = [make_place(session) for _number in range(2)]
        people = [make_account(session) for _number in range(CROWD)]
        session.flush()
        named = tuple(place.instrument.public_id for place in places)
        keys = [place.instrument.id for place in places]
        accounts = [account.id for account in people]

    def taker(number):
        def job():
            with crowded.reader() as session:
                actor = load_actor(session, accounts[number], now=MONDAY)
                (offered,) = asked(session, actor, instruments=named, together=("same", 0, None), count=1).sets
            spans = {slot.subject.id: slot.span for slot in offered}
            # Half of them name the instruments the other way round.
            order = keys if number % 2 else keys[::-1]
            with crowded.writer() as session:
                items = [Item(place_of(session, key), Wish(spans[key])) for key in order]
                made = book_together(
                    session, actor=load_actor(session, accounts[number], now=MONDAY), now=MONDAY, items=items
                )
                return [one.public_id for one in made]

        return job

    results = all_at_once([taker(number) for number in range(CROWD)])
    won = [one for one in results if isinstance(one, list)]
    lost = [one for one in results if not isinstance(one, list)]
    assert all(isinstance(one, Conflict) for one in lost), lost
    with crowded.reader() as session:
        bookings = session.scalar(select(func.count(Booking.id)))
        occupied = session.scalar(select(func.count(Occupancy.id)))
        overlapping = session.execute(
            select(Occupancy.resource_id, Occupancy.starts)
            .group_by(Occupancy.resource_id, Occupancy.starts)
            .having(func.count() > 1)
        ).all()
    # Who asked after somebody had booked was offered the next time, and may have got it.
    assert won
    assert bookings == occupied == 2 * len(won)
    assert overlapping == []
