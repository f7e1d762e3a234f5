"""Locks until the transaction ends: on a name, for what has no row of its own, and on a whole table, in turn."""

from collections.abc import Iterable

from sqlalchemy import Table, func, select, text
from sqlalchemy.orm import Session

_AT_ONCE = 500


def lock_names(session: Session, names: Iterable[str]) -> None:
    """Wait until no other transaction holds one of the names, and hold them all. One statement for each 500.

    Not the row of an account: a request holds a share of its own already, as may another of the same person, and
    neither could get more. Names are taken in order, so that two never wait for each other. SQLite's writer is alone.
    """
    if session.get_bind().dialect.name == "postgresql":
        wanted = sorted(set(names))
        # PostgreSQL answers at most 1,664 columns.
        for at in range(0, len(wanted), _AT_ONCE):
            locks = (func.pg_advisory_xact_lock(func.hashtextextended(name, 0)) for name in wanted[at : at + _AT_ONCE])
            session.execute(select(*locks))


def lock_table(session: Session, table: Table) -> None:
    """Wait until nobody holds a row of the table, and let nobody have one until the transaction ends; all may read.

    For withdrawing what every request shares a lock of, such as the rules in force: PostgreSQL gives a row to ever new
    sharers before it gives it to one that wants it alone, so that under a steady stream of requests its turn would
    never come. Locks of a table are given in the order of asking. SQLite's writer is alone.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))
