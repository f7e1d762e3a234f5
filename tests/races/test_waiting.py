"""What one person may keep or wait for is counted one after the other, however many calls they make at once."""

from collections import Counter
from collections.abc import Iterator

import pytest

from infra_access.core.db import Database
from infra_access.scheduling.bookings import book_and_show
from infra_access.scheduling.waiting.keeping import MOST_HELD
from infra_access.scheduling.waiting.wait_list import MOST, join
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, make_place, span, wishes
from tests.races.crowd import all_at_once

CROWD = 12


@pytest.fixture
def crowded(database_url) -> Iterator[Database]:
    """Give the database with a connection for each of the crowd."""
    database = Database.connect(database_url, threads=CROWD)
    yield database
    database.dispose()


@pytest.fixture
def person(crowded):
    with crowded.writer() as session:
        make_policy(session)
        return make_actor(session)


@pytest.fixture
def places(crowded, person):
    with crowded.writer() as session:
        return [make_place(session) for _number in range(CROWD)]


def outcomes(results):
    return Counter("done" if not isinstance(one, BaseException) else getattr(one, "code", repr(one)) for one in results)


def test_one_person_keeps_no_more_than_allowed_at_once(crowded, person, places):
    def keep(place):
        with crowded.writer() as session:
            book_and_show(session, actor=person, now=MONDAY, place=place, wishes=wishes(span(10, 12)), hold=True)

    results = all_at_once([lambda place=place: keep(place) for place in places])
    assert outcomes(results) == {"done": MOST_HELD, "hold.too_many": CROWD - MOST_HELD}


def test_one_person_waits_for_no_more_than_allowed_at_once(crowded, person, places):
    window = span(8, 18)

    def wait(place):
        with crowded.writer() as session:
            join(
                session,
                actor=person,
                now=MONDAY,
                place=place,
                earliest=window.start,
                latest=window.end,
                minutes=60,
            )

    results = all_at_once([lambda place=place: wait(place) for place in places])
    assert outcomes(results) == {"done": MOST, "wait.too_many": CROWD - MOST}
