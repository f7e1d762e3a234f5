"""Comparing all windows with what they should be, and writing them anew in bulk."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Resource
from infra_access.core.columns import table_of
from infra_access.core.db import Database
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.occupancies import lock_resources
from infra_access.scheduling.windows.kept import EVER, Kept, kept
from infra_access.scheduling.windows.models import FreeWindow
from infra_access.scheduling.windows.refreshing import set_heads, wanted
from infra_access.scheduling.windows.spans import range_at

AT_A_TIME = 200
"""Resources of one transaction."""

_window = table_of(FreeWindow)
_COLUMNS = "resource_id, starts, ends, instrument_id"


@dataclass(frozen=True, slots=True)
class Difference:
    """A resource whose windows were relied on and not right: those it lacked, and those that it should not have had."""

    resource_id: int
    missing: tuple[TimeSpan, ...]
    wrong: tuple[TimeSpan, ...]


@dataclass(slots=True)
class Report:
    """What was gone through, and what differed; of stale resources nothing is expected, so nothing differs."""

    resources: int
    windows: int
    stale: int
    differences: list[Difference]


def check(database: Database) -> Report:
    """Compare the windows that are kept with open minus occupied. It writes nothing and keeps nobody waiting."""
    report = Report(0, 0, 0, [])
    with _snapshot(database) as session:
        for keys in _chunks(session):
            _compare(session, list(kept(session, keys, EVER).values()), report)
    return report


def rebuild(database: Database, *, now: datetime) -> Report:
    """Write the windows of all resources anew, of the days kept at `now`; what had been wrong is in the report."""
    report = Report(0, 0, 0, [])
    with database.reader() as session:
        chunks = list(_chunks(session))
    span = range_at(now)
    for keys in chunks:
        with database.writer() as session:
            lock_resources(session, keys)
            found = list(kept(session, keys, EVER).values())
            before = report.windows
            _compare(session, found, report)
            work = [(one, span) for one in found if one.indexed]
            fresh = list(zip((one for one, _span in work), wanted(session, work), strict=True))
            session.execute(delete(_window).where(_window.c.resource_id.in_(keys)))
            _write(session, fresh)
            set_heads(session, found, span, now=now)
            report.windows = before + sum(len(windows) for _one, windows in fresh)
    return report


def _chunks(session: Session) -> Iterator[list[int]]:
    keys = iter(session.scalars(select(Resource.id).order_by(Resource.facility_id, Resource.id)).all())
    while chunk := list(islice(keys, AT_A_TIME)):
        yield chunk


def _snapshot(database: Database) -> Session:
    """Return a session that sees the database as it is at one moment; SQLite's readers all do."""
    readers = database.readers
    if not database.is_sqlite:
        readers = readers.execution_options(isolation_level="REPEATABLE READ")
    return Session(readers)


def _compare(session: Session, found: Sequence[Kept], report: Report) -> None:
    """Add to the report what these resources have, and what differs from what they should have."""
    report.resources += len(found)
    report.windows += sum(len(one.windows) for one in found)
    report.stale += sum(one.indexed and not one.current for one in found)
    work = [(one, one.span) for one in found if one.indexed and one.current and one.span is not None]
    expected = {one.resource_id: right for (one, _span), right in zip(work, wanted(session, work), strict=True)}
    for one in found:
        # Whatever is not indexed should have none; what is stale may have any.
        if one.resource_id in expected or not one.indexed:
            old, right = set(one.windows), set(expected.get(one.resource_id, ()))
            if old != right:
                difference = Difference(one.resource_id, tuple(sorted(right - old)), tuple(sorted(old - right)))
                report.differences.append(difference)


def _write(session: Session, fresh: Iterable[tuple[Kept, Sequence[TimeSpan]]]) -> None:
    """Write windows past SQLAlchemy, which would take longer over them than the database."""
    connection = session.connection()
    text = _Instants("T" if connection.dialect.name == "postgresql" else " ")
    rows = (
        (one.resource_id, text[span.start], text[span.end], one.instrument_id)
        for one, windows in fresh
        for span in windows
    )
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY free_window ({_COLUMNS}) FROM STDIN") as copy:
            copy.write("".join(f"{key}\t{start}Z\t{end}Z\t{_or_null(of)}\n" for key, start, end, of in rows))
    elif listed := list(rows):
        connection.exec_driver_sql(f"INSERT INTO free_window ({_COLUMNS}) VALUES (?, ?, ?, ?)", listed)


def _or_null(key: int | None) -> str:
    return r"\N" if key is None else str(key)


class _Instants(dict[datetime, str]):
    """Instants as the databases write them; those of one facility's hours come again for each of its resources."""

    def __init__(self, separator: str) -> None:
        super().__init__()
        self._separator = separator

    def __missing__(self, moment: datetime) -> str:
        self[moment] = text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(self._separator, "microseconds")
        return text
