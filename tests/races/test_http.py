"""The same race through a real server: one 201, and everyone else is told what is free."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from threading import Thread

import pytest
from sqlalchemy import func, select
from waitress import wasyncore
from waitress.server import create_server

from infra_access.config import make_app
from infra_access.core import clock
from infra_access.core.db import Database
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.models import Booking, Occupancy
from tests.factories.people import make_account, make_token
from tests.factories.policy import make_policy
from tests.factories.scheduling import make_companion, make_place
from tests.races.crowd import all_at_once

CROWD = 32
THREADS = 16


@pytest.fixture
def server(database_url) -> Iterator[tuple[Database, int]]:
    """Give a running server: its database and its port."""
    database = Database.connect(database_url, threads=THREADS)
    app = make_app(
        {
            "infra_access.database_url": database_url,
            "infra_access.secret": "tests",
            "infra_access.threads": str(THREADS),
        },
        database=database,
    )
    running = create_server(app, host="127.0.0.1", port=0, threads=THREADS)
    loop = Thread(target=running.run)
    loop.start()
    yield database, running.effective_port
    running.trigger.pull_trigger(lambda: wasyncore.close_all(running._map, ignore_all=True))
    loop.join(timeout=30)
    running.task_dispatcher.shutdown()
    database.dispose()


@pytest.fixture
def tokens(server) -> list[str]:
    """Return the tokens of thirty-two people; anyone signed in may book."""
    with server[0].writer() as session:
        make_policy(session)
        return [make_token(session, make_account(session), now=clock.now()) for _number in range(CROWD)]


def soon(start, end):
    """Return a span of the day after tomorrow (UTC), since the server reads the real clock."""
    day = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
    return TimeSpan(day + timedelta(hours=start), day + timedelta(hours=end))


def post(port, token, body, **headers):
    """Return a job that posts one booking and gives the status and the answer."""

    def job():
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(
                "POST",
                "/api/v1/bookings",
                json.dumps(body),
                {"Content-Type": "application/json", "Authorization": f"Bearer {token}", **headers},
            )
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    return job


def wish(place, span):
    return {"instrument": place.instrument.public_id, "start": span.start.isoformat(), "end": span.end.isoformat()}


def answers(results):
    return Counter(one[0] if isinstance(one, tuple) else repr(one) for one in results)


def held(database):
    with database.reader() as session:
        return tuple(session.scalar(select(func.count()).select_from(table)) for table in (Booking, Occupancy))


def test_one_of_many_clients_gets_the_slot(server, tokens):
    database, port = server
    with database.writer() as session:
        place = make_place(session)
    results = all_at_once([post(port, token, wish(place, soon(10, 12))) for token in tokens])
    assert answers(results) == {201: 1, 409: CROWD - 1}
    assert all(body["alternatives"] and body["code"] == "booking.overlap" for status, body in results if status == 409)
    assert held(database) == (1, 1)


def test_no_client_is_refused_a_span_that_nobody_else_wanted(server, tokens):
    database, port = server
    with database.writer() as session:
        place = make_place(session)
    jobs = [post(port, token, wish(place, soon(n, n + 1))) for n, token in enumerate(tokens[:16])]
    assert answers(all_at_once(jobs)) == {201: 16}
    assert held(database) == (16, 16)


def test_clients_of_two_instruments_share_one_person(server, tokens):
    database, port = server
    with database.writer() as session:
        first = make_place(session)
        places = [first, *(make_place(session, facility=first.facility) for _number in range(7))]
        make_companion(session, *places)
    jobs = [post(port, token, wish(place, soon(10, 12))) for token, place in zip(tokens, places, strict=False)]
    assert answers(all_at_once(jobs)) == {201: 1, 409: 7}
    assert held(database) == (1, 2)


def test_a_call_repeated_at_the_same_moment_books_once(server, tokens):
    database, port = server
    with database.writer() as session:
        place = make_place(session)
    job = post(port, tokens[0], wish(place, soon(10, 12)), **{"Idempotency-Key": "one click"})
    results = all_at_once([job] * 8)
    assert answers(results) == {201: 8}
    assert len({body["id"] for _status, body in results}) == 1
    assert held(database) == (1, 1)
