"""Several inserts in one statement, for rows that nobody reads before the transaction ends.

A statement costs more than the row that it writes: the way to the database and back, twice through two libraries. So a
command may say that its records (what was decided, done and is to be told) are written at its end, all at once. SQLite
is no way off, and gets them one by one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import CTE, Select, Table, bindparam, insert, literal, select
from sqlalchemy.orm import Session

_WAITING = "infra_access.written_together"
_MOST = 12
"""How many rows go into one statement; more are no longer one way among many."""

Rows = tuple[Table, Sequence[Mapping[str, Any]]]


def write(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns, now, or at the end of the block that writes together."""
    waiting: list[Rows] | None = session.info.get(_WAITING)
    if waiting is None:
        session.execute(_insert(table), rows)
    else:
        waiting.append((table, rows))


@contextmanager
def written_together(session: Session) -> Iterator[None]:
    """Let what `write` is given within the block be written at its end, in that order; nothing if the block raises.

    Within the block nothing may read those rows, and no savepoint may begin.
    """
    waiting: list[Rows] = []
    session.info[_WAITING] = waiting
    try:
        yield
    finally:
        del session.info[_WAITING]
    if session.get_bind().dialect.name == "postgresql" and sum(len(rows) for _table, rows in waiting) <= _MOST:
        _write_at_once(session, [(table, _whole(table, row)) for table, rows in waiting for row in rows])
        return
    for table, rows in waiting:
        session.execute(_insert(table), rows)


@lru_cache(maxsize=100)
def _insert(table: Table) -> Any:
    return insert(table)


def _write_at_once(session: Session, rows: Sequence[tuple[Table, Mapping[str, Any]]]) -> None:
    if not rows:
        return
    statement = _statement(tuple((table, tuple(row)) for table, row in rows))
    session.execute(statement, {f"{name}_{at}": row[name] for at, (_table, row) in enumerate(rows) for name in row})


@lru_cache(maxsize=100)
def _statement(shape: tuple[tuple[Table, tuple[str, ...]], ...]) -> Select[*tuple[Any, ...]]:
    """Return the statement that inserts a row of each table with these columns; built once for each shape."""
    made: list[CTE] = []
    latest: dict[Table, CTE] = {}
    for at, (table, names) in enumerate(shape):
        values = select(*(bindparam(f"{name}_{at}", type_=table.c[name].type).label(name) for name in names))
        # PostgreSQL runs such parts in any order, but one that reads another runs after it: keys rise as given.
        after = values.select_from(latest[table]) if table in latest else values
        latest[table] = insert(table).from_select(names, after).returning(literal(1).label("one")).cte(f"row_{at}")
        made.append(latest[table])
    return select(literal(1)).add_cte(*made)


def _whole(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with the values that its columns have by default, which an insert of its own would fill in."""
    defaults = {name: make(None) if make else value for name, make, value in _defaults(table) if name not in row}
    return {**row, **defaults}


@lru_cache(maxsize=100)
def _defaults(table: Table) -> Sequence[tuple[str, Callable[[Any], Any] | None, Any]]:
    """Return the columns that have a default: what makes its value, or the value."""
    found: list[tuple[str, Callable[[Any], Any] | None, Any]] = []
    for column in table.columns:
        if column.default is not None and hasattr(column.default, "arg"):
            made, value = column.default.is_callable, column.default.arg
            found.append((column.name, value if made else None, None if made else value))
    return found
