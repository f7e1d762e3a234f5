"""`make bench`: requests per second, and ratios to a hello view of the same processes and to the same SQL run bare.

Two server processes of eight threads; client, servers and database share the machine's cores. Sizes by the
environment: BENCH_INSTRUMENTS (10,000), BENCH_CALLS (200 each of 8 clients).
"""

import os
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import psutil
import psycopg
from sqlalchemy import make_url, text

from infra_access import tables
from infra_access.core.db import Database
from infra_access.core.migrations import upgrade
from infra_access.scheduling.windows.rebuilding import rebuild
from tests import postgres
from tests.benchmarks import policies, timelines, what_ifs, windows
from tests.benchmarks.calls import Calls
from tests.benchmarks.growth import growth_line, small_results
from tests.benchmarks.load import Result
from tests.benchmarks.seeding import seed
from tests.benchmarks.table import CALLS, CLIENTS, Table
from tests.processes import fleet

HELLO = "hello view"
WEEK = "one instrument's week"
BOOKING = "create a booking"
FIND_TIME: Mapping[str, str | None] = {"find time by start": None, "find time with a technique": "NMR"}
PROCESSES = 2
INSTRUMENTS = int(os.environ.get("BENCH_INSTRUMENTS", "10000"))


def bare(database: Database, statement: str, times: int = 500) -> float:
    """Return how often a second one connection runs a statement."""
    with database.readers.connect() as connection:
        prepared = text(statement)
        connection.execute(prepared).all()
        began = time.perf_counter()
        for _ in range(times):
            connection.execute(prepared).all()
        return times / (time.perf_counter() - began)


def measure(url: str, small_url: str, name: str) -> None:
    """Print the table of one database; the one at `small_url` is for the tenth of the size."""
    upgrade(url)
    database = Database.connect(url)
    began = time.perf_counter()
    calls = Calls(seed(database, INSTRUMENTS), CALLS)
    print(f"\n{name}: {INSTRUMENTS} instruments seeded in {time.perf_counter() - began:.0f} s", flush=True)
    results = _operations(url, database, calls)
    with database.reader() as session:
        stored = session.scalar(text("SELECT count(*) FROM booking"))
    print(f"bookings stored {stored}, of them answered 201 in the measured run {results[BOOKING].statuses[201]}")
    occupied = "SELECT resource_id, starts, ends FROM occupancy WHERE resource_id = 1 AND starts < '2099-01-01'"
    rate = bare(database, occupied)
    weeks = rate / results[WEEK].rate
    print(f"bare SQL, one connection, a resource's occupancy: {rate:.0f}/s, {weeks:.1f} times the weeks over HTTP")
    sizes = (max(INSTRUMENTS // 10, 1), INSTRUMENTS)
    for label, small in small_results(small_url, sizes[0], FIND_TIME, PROCESSES).items():
        print(growth_line(label, small, results[label], sizes), flush=True)
    print(windows.measure(database, now=datetime.now(UTC)), flush=True)
    hello = results[HELLO].median_ms
    print(timelines.measure(database, instruments=1_000, now=datetime.now(UTC), hello_ms=hello), flush=True)
    print(timelines.measure(database, instruments=2_000, now=datetime.now(UTC), hello_ms=hello), flush=True)
    print(policies.measure(database), flush=True)
    print(what_ifs.measure(database), flush=True)
    database.dispose()


def _operations(url: str, database: Database, calls: Calls) -> dict[str, Result]:
    """Serve the database, print a line for each operation, and return what each came to."""
    results: dict[str, Result] = {}
    with fleet(url, processes=PROCESSES) as servers:
        table = Table(servers.ports)
        table.warm(calls.hello)
        results[HELLO] = table.row(HELLO, calls.hello)
        for label, make in (("search with facets", calls.search), (WEEK, calls.week)):
            table.warm(make)
            results[label] = table.row(label, make)
        table.row("the same week, unchanged (304)", calls.same_week(servers.ports[0]))
        # As the worker has it: the first booking of an instrument would otherwise make its windows of three months too.
        rebuild(database, now=datetime.now(UTC))
        table.warm(calls.book)
        calls.next_round()
        results[BOOKING] = table.row(BOOKING, calls.book)
        for label, technique in FIND_TIME.items():
            make = calls.find(technique)
            table.warm(make)
            results[label] = table.row(label, make)
        memory = max(psutil.Process(pid).memory_info().rss for pid in servers.pids) / 2**20
        print(f"memory of a server process after load: {memory:.0f} MB")
    return results


def main() -> None:
    """Measure both databases."""
    tables.load()
    print(f"{os.cpu_count()} cores; {PROCESSES} server processes x 8 threads; {CLIENTS} clients x {CALLS} calls")
    with tempfile.TemporaryDirectory() as folder:
        measure(f"sqlite:///{folder}/bench.db", f"sqlite:///{folder}/small.db", "SQLite")
    with postgres.running_server(durable=True) as url:
        given = make_url(url)
        with psycopg.connect(given.set(drivername="postgresql").render_as_string(False), autocommit=True) as connection:
            connection.execute("CREATE DATABASE small TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
        measure(url, given.set(database="small").render_as_string(False), "PostgreSQL (fsync on)")


if __name__ == "__main__":
    main()
