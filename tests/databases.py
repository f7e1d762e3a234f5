"""Empty, migrated databases for the tests: each test has one of its own, at the price of a copy or a few deletes.

SQLite: one file is migrated for each worker process and copied for each test. PostgreSQL: one database is migrated for
each worker process and set back before each test to what the migrations left.
"""

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from infra_access.core.migrations import upgrade
from tests import postgres

_RUN_FOLDER = "INFRA_ACCESS_TEST_RUN"


def open_run() -> None:
    """Make the folder that all worker processes of this run share; only the first process does."""
    if _RUN_FOLDER not in os.environ:
        folder = tempfile.mkdtemp(prefix="infra-access-tests-")
        Path(folder).chmod(0o755)
        os.environ[_RUN_FOLDER] = folder


def close_run() -> None:
    """Stop the server of this run, if a test has started it, and remove the shared folder."""
    folder = Path(os.environ.pop(_RUN_FOLDER))
    postgres.stop(folder / "postgresql")
    shutil.rmtree(folder)


def server_url() -> str:
    """Return the URL of the PostgreSQL server of this run: the one that was given, else our own, started once."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        return _with_driver(given)
    folder = Path(os.environ[_RUN_FOLDER])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = folder / "url"
        if not known.exists():
            known.write_text(postgres.start(folder / "postgresql"))
        return known.read_text()


def migrated_sqlite(folder: Path) -> Path:
    """Return a migrated SQLite file to copy from."""
    template = folder / "template.sqlite"
    upgrade(f"sqlite:///{template}")
    with sqlite3.connect(template) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return template


def copied_sqlite(template: Path, folder: Path) -> str:
    """Return the URL of a copy of the migrated file, in place of one that was left there."""
    for leftover in folder.glob("test.sqlite*"):
        leftover.unlink()
    copy = folder / "test.sqlite"
    shutil.copyfile(template, copy)
    return f"sqlite:///{copy}"


@contextmanager
def migrated_postgresql(name: str) -> Iterator[str]:
    """Give the URL of a migrated PostgreSQL database of this name, which ends with the block."""
    server = make_url(server_url())
    url = server.set(database=name).render_as_string(hide_password=False)
    with _admin(server_url()) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'").format(
                sql.Identifier(name)
            )
        )
    upgrade(url)
    _keep_pristine(url)
    yield url
    with _admin(server_url()) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def set_back(url: str) -> None:
    """Set a PostgreSQL database back to what the migrations left: rows and sequences.

    As a replica, so that neither foreign keys nor the triggers of append-only tables stand in the way; only tables
    with rows are touched, which takes a few milliseconds where TRUNCATE of all would take a hundred.
    """
    with _admin(url) as connection, connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("SET LOCAL lock_timeout = '10s'")
        tables = _names(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        seeded = set(_names(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'pristine'"))
        for table in _with_rows(connection, [name for name in tables if name != "alembic_version"]) | seeded:
            connection.execute(sql.SQL("DELETE FROM public.{}").format(sql.Identifier(table)))
        for table in sorted(seeded):
            connection.execute(
                sql.SQL("INSERT INTO public.{0} OVERRIDING SYSTEM VALUE SELECT * FROM pristine.{0}").format(
                    sql.Identifier(table)
                )
            )
        connection.execute(
            "SELECT setval(format('%I.%I', now.schemaname, now.sequencename), coalesce(kept.at, now.start_value),"
            " kept.at IS NOT NULL) FROM pg_sequences now LEFT JOIN pristine_sequences.kept kept"
            " ON kept.name = now.sequencename WHERE now.schemaname = 'public'"
            " AND now.last_value IS DISTINCT FROM kept.at"
        )


def _keep_pristine(url: str) -> None:
    """Keep a copy of the rows that the migrations themselves inserted, and of where each sequence stood."""
    with _admin(url) as connection:
        connection.execute("CREATE SCHEMA pristine")
        connection.execute("CREATE SCHEMA pristine_sequences")
        connection.execute(
            "CREATE TABLE pristine_sequences.kept AS SELECT sequencename AS name, last_value AS at"
            " FROM pg_sequences WHERE schemaname = 'public'"
        )
        tables = _names(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in _with_rows(connection, [name for name in tables if name != "alembic_version"]):
            connection.execute(sql.SQL("CREATE TABLE pristine.{0} AS TABLE public.{0}").format(sql.Identifier(table)))


def _with_rows(connection: psycopg.Connection, tables: list[str]) -> set[str]:
    if not tables:
        return set()
    asks = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM public.{})").format(sql.Literal(name), sql.Identifier(name))
        for name in tables
    ]
    return {row[0] for row in connection.execute(sql.SQL(" UNION ALL ").join(asks))}


def _names(connection: psycopg.Connection, query: str) -> list[str]:
    return [row[0] for row in connection.execute(query)]


@contextmanager
def _admin(url: str) -> Iterator[psycopg.Connection]:
    """Give a connection that commits each statement, and close it."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(plain, autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def _with_driver(url: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
