"""How long the timeline of one large facility takes, and how many statements."""

import statistics
import time
from datetime import datetime, timedelta

from infra_access.catalogue.models import Facility
from infra_access.core.db import Database
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.timeline_queries import timeline_of
from tests.benchmarks.seeding import seed_facility
from tests.statements import count_statements

TIMES = 5


def measure(database: Database, *, instruments: int, now: datetime, hello_ms: float) -> str:
    """Make such a facility, read a week of it for a stranger, and return the line that tells what it took."""
    key = seed_facility(database, instruments)
    window = TimeSpan(now, now + timedelta(days=7))
    seconds = []
    for _time in range(TIMES):
        with database.reader() as session, count_statements(database) as sent:
            facility = session.get_one(Facility, key)
            began = time.perf_counter()
            shown = timeline_of(
                session, facility=facility, scopes=(), window=window, actor=None, now=now, limit=instruments
            )
            seconds.append(time.perf_counter() - began)
    assert len(shown.lanes) == instruments
    taken = statistics.median(seconds) * 1000
    hellos = taken / hello_ms
    return (
        f"timeline of {instruments} instruments of a facility, a week: {sent.count} statements, {taken:.0f} ms in "
        f"process, {hellos:.0f} times the median of a hello"
    )
