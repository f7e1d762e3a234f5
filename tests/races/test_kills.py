"""A booking that was acknowledged survives kill -9 of the servers and of the database, under load, again and again."""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPException
from itertools import count
from pathlib import Path
from random import Random

import psycopg
from sqlalchemy import select

from infra_access.core import clock
from infra_access.core.db import Database
from infra_access.core.migrations import upgrade
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.models import Booking, Occupancy
from infra_access.scheduling.places import Place
from infra_access.scheduling.windows.keeping import keep_up
from infra_access.scheduling.windows.rebuilding import check
from tests import databases, postgres
from tests.factories.scheduling import make_place
from tests.processes import Fleet, fleet
from tests.races.contests import Arena, arena, overlaps

KILLS = 200 if os.environ.get("SOAK") else 10
CLIENTS = 6
PLACES = 8
PAUSE = 0.3
"""Seconds until a client whose server was killed tries the next slot."""

ENOUGH = 12
"""Acknowledged bookings between two kills, so that each kill has something to lose."""


@dataclass
class Load:
    """Clients who book one slot after another and remember what they were told, whatever happens to the servers."""

    arena: Arena
    places: Sequence[Place]
    acknowledged: list[str] = field(default_factory=list)
    refused: int = 0
    interrupted: int = 0
    _ending: threading.Event = field(default_factory=threading.Event)
    _slots: Iterator[int] = field(default_factory=count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep the clients at work within the block."""
        clients = [threading.Thread(target=self._client, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self._ending.set()
            for client in clients:
                client.join(timeout=90)

    def wait(self) -> None:
        """Wait until some more bookings were acknowledged. Raises RuntimeError after a minute without."""
        wanted = len(self.acknowledged) + ENOUGH
        for _try in range(1_200):
            if len(self.acknowledged) >= wanted:
                return
            time.sleep(0.05)
        raise RuntimeError("the servers acknowledged nothing for a minute")

    def _client(self, number: int) -> None:
        token, chance = self.arena.people[number], Random(number)
        while not self._ending.is_set():
            with self._lock:
                slot = next(self._slots)
            # A quarter of an hour each, on one place after the other; now and then one that may be taken already.
            slot -= chance.choice((0, 0, len(self.places)))
            start = self.arena.slot(0).start + (slot // len(self.places)) * timedelta(minutes=15)
            place = self.places[slot % len(self.places)]
            job = self.arena.book(token, TimeSpan(start, start + timedelta(minutes=15)), place)
            try:
                status, answer = job()
            except (OSError, HTTPException, ValueError):
                self.interrupted += 1
                time.sleep(PAUSE)
                continue
            if status == 201:
                self.acknowledged.append(str(answer["id"]))
            elif status == 409:
                self.refused += 1
            else:
                assert status == 503, (status, answer)
                self.interrupted += 1
                time.sleep(PAUSE)


def lost(database: Database, acknowledged: list[str]) -> list[str]:
    """Return the bookings that somebody was promised and that are not there, or have no time."""
    with database.reader() as session:
        there = set(
            session.scalars(
                select(Booking.public_id)
                .join(Occupancy, Occupancy.booking_id == Booking.id)
                .where(Booking.state == "confirmed")
            )
        )
    return [one for one in acknowledged if one not in there]


def differing(database: Database) -> int:
    """Count the resources whose free windows are not what is open and not taken, once the worker has caught up."""
    keep_up(database, now=clock.now())
    report = check(database)
    print(f"{report.windows} windows of {report.resources} resources, {len(report.differences)} differ")
    assert report.windows
    assert not report.stale
    return len(report.differences)


def load_of(database: Database, servers: Fleet) -> Load:
    """Make the people and the places of a load."""
    made = arena(database, servers.ports)
    with database.writer() as session:
        places = [make_place(session) for _number in range(PLACES)]
    keep_up(database, now=clock.now())  # so that the load cuts its time out of windows that are there
    return Load(made, places)


def killed(servers: Fleet, database: Database, kill_database: Callable[[], None] | None, kills: int) -> Load:
    """Kill servers and database in turn under load; return the load after the last start."""
    load = load_of(database, servers)
    with load.running():
        for number in range(kills):
            load.wait()
            if kill_database is not None and number % 2:
                kill_database()
            else:
                servers.kill()
                servers.start()
        load.wait()
    return load


@contextmanager
def own_postgresql(*settings: str) -> Iterator[tuple[str, Path]]:
    """Give a durable PostgreSQL server of our own, migrated, which the test may kill; `settings` are statements."""
    with tempfile.TemporaryDirectory(prefix="infra-access-kills-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        url = postgres.start(folder, durable=True)
        try:
            with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
                for setting in (*settings, "SELECT pg_reload_conf()"):
                    connection.execute(setting)
            upgrade(url)
            yield url, folder
        finally:
            postgres.stop(folder)


def restart(folder: Path, url: str) -> None:
    """Kill the database and bring it back at its port."""
    postgres.kill(folder)
    postgres.start(folder, durable=True, port=int(url.rpartition(":")[2].partition("/")[0]))


def test_what_sqlite_acknowledged_survives(tmp_path: Path) -> None:
    url = f"sqlite:///{databases.migrated_sqlite(tmp_path)}"
    database = Database.connect(url)
    with fleet(url, processes=1) as servers:
        load = killed(servers, database, None, KILLS)
    report("SQLite", load)
    assert lost(database, load.acknowledged) == []
    assert overlaps(database) == 0
    assert differing(database) == 0
    database.dispose()


def test_what_postgresql_acknowledged_survives() -> None:
    with own_postgresql() as (url, folder), fleet(url, processes=1) as servers:
        database = Database.connect(url)
        load = killed(servers, database, lambda: restart(folder, url), KILLS)
        database.dispose()
        report("PostgreSQL", load)
        assert lost(database, load.acknowledged) == []
        assert overlaps(database) == 0
        assert differing(database) == 0
        database.dispose()


def test_a_database_that_promises_before_it_writes_is_found_out() -> None:
    # The check must be able to fail: with these settings PostgreSQL answers before its log reached the system.
    careless = ("ALTER DATABASE postgres SET synchronous_commit = off", "ALTER SYSTEM SET wal_writer_delay = '10s'")
    missing: list[str] = []
    with own_postgresql(*careless) as (url, folder), fleet(url, processes=1) as servers:
        database = Database.connect(url)
        load = load_of(database, servers)
        with load.running():
            for _kill in range(KILLS):
                load.wait()
                database.dispose()
                restart(folder, url)
                if missing := lost(database, load.acknowledged):
                    break
        database.dispose()
    print(f"synchronous_commit=off: {len(missing)} of {len(load.acknowledged)} lost")
    assert missing


def report(name: str, load: Load) -> None:
    """Print what the load came to."""
    counted = f"{len(load.acknowledged)} acknowledged, {load.refused} refused, {load.interrupted} interrupted"
    print(f"{name}: {KILLS} kills, {counted}")
