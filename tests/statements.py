"""Counting the SQL statements of a block, so that a list cannot grow one for each row."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from infra_access.core.db import Database


class Statements(list[str]):
    """The statements sent so far."""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self)


@contextmanager
def count_statements(database: Database) -> Iterator[Statements]:
    """Give the statements that the block sends to the database, transactions' own ones left out."""
    sent = Statements()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            sent.append(statement)

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in database.engines:
            event.remove(engine, "before_cursor_execute", note)
