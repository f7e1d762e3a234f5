"""How fast free windows are made, of every facility open each day but for one hour of the night."""

import time
from datetime import datetime

from sqlalchemy import insert, select, text

from infra_access.catalogue.models import Facility
from infra_access.core.db import Database
from infra_access.scheduling.models import OpeningHours
from infra_access.scheduling.windows.rebuilding import check, rebuild

_EMPTIED = {
    True: ("DELETE FROM free_window", "DELETE FROM free_window_head"),
    False: ("TRUNCATE free_window, free_window_head",),
}


def measure(database: Database, *, now: datetime) -> str:
    """Give all facilities such hours, make all windows twice, and return the line that tells how long it took.

    The first time from nothing, the second time over those that are there, comparing them.
    """
    with database.writer() as session:
        keys = session.scalars(select(Facility.id)).all()
        stretches = [(day, *stretch) for day in range(7) for stretch in (("00:00", "03:00"), ("04:00", "24:00"))]
        rows = [
            {"facility_id": key, "weekday": day, "opens": opens, "closes": closes}
            for key in keys
            for day, opens, closes in stretches
        ]
        session.execute(insert(OpeningHours), rows)
        for statement in _EMPTIED[database.is_sqlite]:
            session.execute(text(statement))
    seconds = []
    for _time in range(2):
        began = time.perf_counter()
        report = rebuild(database, now=now)
        seconds.append(time.perf_counter() - began)
    began = time.perf_counter()
    differing = len(check(database).differences)
    return (
        f"free windows: {report.windows} made in {seconds[0]:.1f} s, {report.windows / seconds[0]:.0f}/s; "
        f"made again over the old ones in {seconds[1]:.1f} s; "
        f"compared in {time.perf_counter() - began:.1f} s, {differing} resources differ"
    )
