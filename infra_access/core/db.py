"""Engines and sessions for SQLite and PostgreSQL, with readers and writers kept apart.

SQLite must know before the first statement whether a transaction will write: a reader that turns writer meets
"database is locked". So there are two views of one engine. A writer begins with BEGIN IMMEDIATE; a reader may not
write at all, which both databases enforce (`query_only`, `default_transaction_read_only`), so that a GET cannot write
by accident. On PostgreSQL readers have connections of their own and no transactions: READ COMMITTED sees each statement
at its own moment anyway, and to begin and end one takes two ways to the server, as much as to read a row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.orm import Session

BUSY_TIMEOUT_MS = 15_000
POOL_MARGIN = 4
"""Connections beyond one a thread: for the record of a refusal and the worker's own claims."""

_RETRYABLE_SQLSTATES = {"40001", "40P01", "55P03", "23505"}
_SQLITE_OUTAGES = tuple(
    f"SQLITE_{name}" for name in ("BUSY", "LOCKED", "CANTOPEN", "IOERR", "FULL", "NOMEM", "PROTOCOL")
)


@dataclass(frozen=True, slots=True)
class Database:
    """One database. `engine` is that of the writers; `engines` are all that have connections of their own."""

    engine: Engine
    readers: Engine
    writers: Engine
    engines: tuple[Engine, ...]

    @classmethod
    def connect(cls, url: str, *, threads: int = 8) -> "Database":
        """Return the database at an SQLAlchemy URL, with room for `threads` threads. Nothing connects yet."""
        if make_url(url).get_backend_name() == "sqlite":
            engine = _sqlite(url, threads)
            return cls(engine, engine.execution_options(writes=False), engine.execution_options(writes=True), (engine,))
        engine, readers = _postgresql(url, threads), _postgresql(url, threads, reads=True)
        return cls(engine, readers, engine.execution_options(writes=True), (engine, readers))

    @property
    def is_sqlite(self) -> bool:
        """Tell which of the two databases this is."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reader(self) -> Iterator[Session]:
        """Give a session that can only read; it ends with a roll-back."""
        with Session(self.readers, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writer(self) -> Iterator[Session]:
        """Give a session that commits at the end, or rolls back if the block raises."""
        with Session(self.writers, expire_on_commit=False) as session, session.begin():
            yield session

    def dispose(self) -> None:
        """Close every connection."""
        for engine in self.engines:
            engine.dispose()


def _postgresql(url: str, threads: int, *, reads: bool = False) -> Engine:
    parsed = make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(
        parsed,
        pool_size=threads + POOL_MARGIN,
        max_overflow=0,
        pool_pre_ping=False,
        isolation_level="AUTOCOMMIT" if reads else None,
        connect_args={
            "options": f"-c timezone=UTC -c lock_timeout=10s{' -c default_transaction_read_only=on' * reads}"
        },
    )


def _sqlite(url: str, threads: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=threads + POOL_MARGIN,
        max_overflow=0,
        # None hands BEGIN to us: the driver's own begins deferred, and only before some statements.
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _sqlite_settings)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_settings(connection: SqliteConnection, _record: Any) -> None:
    cursor = connection.cursor()
    for setting in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        # KiB for each of a dozen connections, above what the system keeps of the file anyway.
        "cache_size=-512",
    ):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def is_retryable(error: BaseException | None) -> bool:
    """Tell whether a driver's error means that the same transaction may succeed if run again.

    Serialization failure, deadlock, lock time-out (PostgreSQL); "locked" and "busy" (SQLite). So is a key that was
    free when it was looked for and taken by another just before it was written (PostgreSQL): the next run finds it.
    """
    if error is None:
        return False
    if getattr(error, "sqlstate", None) in _RETRYABLE_SQLSTATES:
        return True
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def is_outage(error: BaseException | None) -> bool:
    """Tell whether a driver's operational error means that the database cannot serve at present.

    SQLite reports our own defects as operational errors too, such as a write within a read.
    """
    name = getattr(error, "sqlite_errorname", None)
    return name is None or name.startswith(_SQLITE_OUTAGES)


def on_retryable(database: Database, mark: Any) -> None:
    """Call `mark(exception)` for each retryable error of this database, before anyone sees it."""

    def listener(context: ExceptionContext) -> None:
        if is_retryable(context.original_exception):
            mark(context.sqlalchemy_exception or context.original_exception)

    for engine in database.engines:
        event.listen(engine, "handle_error", listener)


@contextmanager
def read_in_parts(session: Session) -> Iterator[None]:
    """Let statements of the block give their rows in parts (`yield_per`), for which PostgreSQL needs a transaction."""
    raw = session.connection().connection.dbapi_connection
    if not getattr(raw, "autocommit", False) or session.get_bind().dialect.name != "postgresql":
        yield
        return
    session.execute(text("BEGIN READ ONLY"))
    try:
        yield
    finally:
        session.execute(text("ROLLBACK"))


def violated_constraint(error: BaseException) -> str | None:
    """Return the name of the constraint or guard that refused a write, or None if it was something else.

    SQLite names none of its own, so its guard raises its name as the message.
    """
    original = getattr(error, "orig", error)
    diagnostics = getattr(original, "diag", None)
    if diagnostics is not None:
        name = diagnostics.constraint_name
        return str(name) if name else None
    text = str(original)
    return text.removeprefix("guard:").strip() if text.startswith("guard:") else (text or None)
