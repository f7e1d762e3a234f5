"""Asking the index of free windows which instruments may be free, and from when; the truth decides afterwards.

Two questions, since a window that began before the asked start may still have room: which instruments are free at an
instant, and which windows begin after it. Few instruments are looked up one by one; of many, the windows are read in
their order until enough were found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Float,
    Interval,
    Select,
    and_,
    any_,
    bindparam,
    func,
    lateral,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from infra_access.catalogue.models import Resource
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.windows.models import FreeWindow

_FIRST_CHUNK = 64
_GROWTH = 8
_MOST_CHUNK = 8_192
_FIRST_ROWS = 128
_MOST_ROWS = 32_768
_AHEAD = 2
"""Windows of one copy that are looked up at first, where few instruments are asked for."""


@dataclass(frozen=True, slots=True)
class Hit:
    """From when an instrument may be free."""

    since: datetime
    instrument_id: int


def free_at(session: Session, instruments: Iterator[int], at: datetime, length: timedelta) -> Iterator[list[Hit]]:
    """Yield the instruments with a window open at `at` that has room; they are asked for in ever larger parts."""
    size = _FIRST_CHUNK
    statement = _OPEN_AT[session.get_bind().dialect.name]
    while some := list(islice(instruments, size)):
        keys = set(session.scalars(statement, {"at": at, "room": at + length, "instruments": some}))
        # In the order in which they were asked for, which no database keeps.
        yield [Hit(at, key) for key in some if key in keys]
        size = min(size * _GROWTH, _MOST_CHUNK)


def free_later(session: Session, window: TimeSpan, length: timedelta) -> Iterator[list[Hit]]:
    """Yield all windows that begin within a span and have room, by start; each list is one more part of them."""
    statement = _BEGINNING[session.get_bind().dialect.name]
    rows, known = _FIRST_ROWS, 0
    asked = {"since": window.start, "until": window.end - length, "length": _length(session, length)}
    while True:
        found = session.execute(statement, {**asked, "most": rows}).all()
        # Read again from the beginning, a few times more each time: what was seen is left out.
        yield [Hit(starts, key) for key, starts in found[known:] if key is not None]
        if len(found) < rows or rows >= _MOST_ROWS:
            return
        known, rows = len(found), rows * _GROWTH


def free_later_of(
    session: Session, instruments: Sequence[int], window: TimeSpan, length: timedelta
) -> Iterator[list[Hit]]:
    """Yield the windows of a few instruments that begin within a span and have room, by start."""
    asked = {
        "since": window.start,
        "until": window.end - length,
        "length": _length(session, length),
        "instruments": list(instruments),
    }
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        yield [Hit(starts, key) for key, starts in session.execute(_NEXT_OF_EACH, asked)]
    # Where the next windows of each copy did not do, all of them.
    yield [Hit(starts, key) for key, starts in session.execute(_ALL_OF_THEM[dialect], asked) if key is not None]


def _length(session: Session, length: timedelta) -> Any:
    return length if session.get_bind().dialect.name == "postgresql" else length / timedelta(days=1)


# Built once: making a statement anew costs as much as running it.
_w = aliased(FreeWindow)


def _among(column: Any, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a key is one of `instruments`: on PostgreSQL one array, however many they are."""
    if dialect == "postgresql":
        listed = bindparam("instruments", type_=ARRAY(BigInteger))
        return column == any_(listed)  # type: ignore[no-any-return]
    return column.in_(bindparam("instruments", expanding=True))  # type: ignore[no-any-return]


def _roomy(window: Any, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a window is as long as asked. Days are compared roughly on SQLite, and then truly."""
    if dialect == "postgresql":
        return window.ends - window.starts >= bindparam("length", type_=Interval)  # type: ignore[no-any-return]
    days = func.julianday(window.ends, type_=Float) - func.julianday(window.starts, type_=Float)
    return days >= bindparam("length", type_=Float) - 1e-6


def _copies(dialect: str) -> ColumnElement[bool]:
    return and_(
        _among(Resource.instrument_id, dialect),
        Resource.active.is_(True),
        Resource.kind == ResourceKind.INSTRUMENT,
    )


def _make_open_at(dialect: str) -> Select[Any]:
    # Windows of one resource never overlap: only the last that began by then can be open.
    ends = (
        select(_w.ends)
        .where(_w.resource_id == Resource.id, _w.starts <= bindparam("at"))
        .order_by(_w.starts.desc())
        .limit(1)
        .correlate(Resource)
        .scalar_subquery()
    )
    return select(Resource.instrument_id).where(_copies(dialect), ends >= bindparam("room"))


def _begins(window: Any) -> ColumnElement[bool]:
    return and_(window.starts > bindparam("since"), window.starts <= bindparam("until"))


def _make_beginning(dialect: str) -> Select[int | None, datetime]:
    return (
        select(FreeWindow.instrument_id, FreeWindow.starts)
        .where(_begins(FreeWindow), _roomy(FreeWindow, dialect), FreeWindow.instrument_id.is_not(None))
        .order_by(FreeWindow.starts)
        .limit(bindparam("most"))
    )


def _make_all_of_them(dialect: str) -> Select[int | None, datetime]:
    return (
        select(FreeWindow.instrument_id, FreeWindow.starts)
        .where(_among(FreeWindow.instrument_id, dialect), _begins(FreeWindow), _roomy(FreeWindow, dialect))
        .order_by(FreeWindow.starts)
    )


def _make_next_of_each() -> Select[Any]:
    after = lateral(
        select(_w.starts)
        .where(_w.resource_id == Resource.id, _begins(_w), _roomy(_w, "postgresql"))
        .order_by(_w.starts)
        .limit(_AHEAD)
        .correlate(Resource)
    )
    return (
        select(Resource.instrument_id, after.c.starts)
        .join(after, true())
        .where(_copies("postgresql"))
        .order_by(after.c.starts)
    )


_DIALECTS = ("sqlite", "postgresql")
_OPEN_AT = {dialect: _make_open_at(dialect) for dialect in _DIALECTS}
_BEGINNING = {dialect: _make_beginning(dialect) for dialect in _DIALECTS}
_ALL_OF_THEM = {dialect: _make_all_of_them(dialect) for dialect in _DIALECTS}
_NEXT_OF_EACH = _make_next_of_each()
