"""`make bench`: requests per second, and ratios to a hello view of the same processes and to the same SQL run bare.

Two server processes of eight threads; client, servers and database share the machine's cores. Sizes by the
environment: BENCH_INSTRUMENTS (10,000), BENCH_CALLS (200 each of 8 clients).
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import psutil
from sqlalchemy import text

from infra_access import tables
from infra_access.core.db import Database
from infra_access.core.migrations import upgrade
from tests import postgres
from tests.benchmarks.load import Call, Result, run
from tests.benchmarks.seeding import seed

ROOT = Path(__file__).parents[2]
WEEK = "one instrument's week"
PROCESSES = 2
CLIENTS = 8
CALLS = int(os.environ.get("BENCH_CALLS", "200"))
INSTRUMENTS = int(os.environ.get("BENCH_INSTRUMENTS", "10000"))


def free_port() -> int:
    """Return a port of the loopback address that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def servers(url: str) -> Iterator[tuple[list[int], list[int]]]:
    """Serve the database with PROCESSES processes; yields their ports and process ids."""
    ports = [free_port() for _ in range(PROCESSES)]
    started = [
        subprocess.Popen(
            [str(Path(sys.executable).parent / "infra-access"), "-c", str(ROOT / "development.ini"), "serve"],
            env={**os.environ, "INFRA_ACCESS_DATABASE_URL": url, "INFRA_ACCESS_LISTEN": f"127.0.0.1:{port}"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        for port in ports
    ]
    try:
        for port in ports:
            wait_for(port)
        yield ports, [process.pid for process in started]
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(timeout=20)


def wait_for(port: int) -> None:
    """Wait until a server answers, a minute at most."""
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")


def bare(database: Database, statement: str, times: int = 500) -> float:
    """Return how often a second one connection runs a statement."""
    with database.readers.connect() as connection:
        prepared = text(statement)
        connection.execute(prepared).all()
        began = time.perf_counter()
        for _ in range(times):
            connection.execute(prepared).all()
        return times / (time.perf_counter() - began)


def measure(url: str, name: str) -> None:
    """Print the table of one database."""
    upgrade(url)
    tables.load()
    database = Database.connect(url)
    began = time.perf_counter()
    seeded = seed(database, INSTRUMENTS)
    print(f"\n{name}: {INSTRUMENTS} instruments seeded in {time.perf_counter() - began:.0f} s", flush=True)
    headers = {"Authorization": f"Bearer {seeded.token}", "Content-Type": "application/json"}
    monday = (datetime.now(UTC) + timedelta(days=7)).replace(hour=8, minute=0, second=0, microsecond=0)
    until = monday + timedelta(days=7)
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    ids: Sequence[str] = seeded.instruments

    def hello(_client: int, _number: int) -> Call:
        return "GET", "/healthz", None, {}

    def search(_client: int, number: int) -> Call:
        word = ("exafs", "nmr", "instrument", "tomography", "sequencing")[number % 5]
        return "GET", f"/api/v1/instruments?q={word}&limit=20", None, {}

    def week(client: int, number: int) -> Call:
        one = ids[(client * CALLS + number) % len(ids)]
        return "GET", f"/api/v1/instruments/{one}/availability?start={monday:{stamp}}&end={until:{stamp}}", None, {}

    def book(client: int, number: int) -> Call:
        one = ids[(client * CALLS + number) % len(ids)]
        start = monday + timedelta(hours=round_of[0])
        body = {"instrument": one, "start": f"{start:{stamp}}", "end": f"{start + timedelta(hours=1):{stamp}}"}
        return "POST", "/api/v1/bookings", orjson.dumps(body), headers

    round_of = [0]
    with servers(url) as (ports, pids):
        run(ports, CLIENTS, 25, hello)
        base = run(ports, CLIENTS, CALLS, hello)
        print(f"{'operation':34}{'calls/s':>9}{'median ms':>11}{'p99 ms':>9}{'hello /':>9}  answers")
        row("hello view", base, base)
        results: dict[str, Result] = {}
        for label, make, warm in (
            ("search with facets", search, 5),
            (WEEK, week, 5),
            ("create a booking", book, 5),
        ):
            run(ports, CLIENTS, warm, make)
            round_of[0] += 2
            results[label] = run(ports, CLIENTS, CALLS, make)
            row(label, results[label], base)
        memory = max(psutil.Process(pid).memory_info().rss for pid in pids) / 2**20
        print(f"memory of a server process after load: {memory:.0f} MB")
    with database.reader() as session:
        stored = session.scalar(text("SELECT count(*) FROM booking"))
    made = results["create a booking"].statuses[201]
    print(f"bookings stored {stored}, of them answered 201 in the measured run {made}")
    occupied = "SELECT resource_id, starts, ends FROM occupancy WHERE resource_id = 1 AND starts < '2099-01-01'"
    rate = bare(database, occupied)
    weeks = rate / results[WEEK].rate
    print(f"bare SQL, one connection, a resource's occupancy: {rate:.0f}/s, {weeks:.1f} times the weeks over HTTP")
    database.dispose()


def row(label: str, result: Result, base: Result) -> None:
    """Print one line of the table."""
    answers = ", ".join(f"{status} x {count}" for status, count in sorted(result.statuses.items()))
    figures = f"{result.rate:9.0f}{result.median_ms:11.1f}{result.p99_ms:9.1f}{base.rate / result.rate:9.1f}"
    print(f"{label:34}{figures}  {answers}", flush=True)


def main() -> None:
    """Measure both databases."""
    print(f"{os.cpu_count()} cores; {PROCESSES} server processes x 8 threads; {CLIENTS} clients x {CALLS} calls")
    with tempfile.TemporaryDirectory() as folder:
        measure(f"sqlite:///{folder}/bench.db", "SQLite")
    with postgres.running_server(durable=True) as url:
        measure(url, "PostgreSQL (fsync on)")


if __name__ == "__main__":
    main()
