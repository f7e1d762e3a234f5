"""Run the migrations on one connection, then set the database's guards anew.

SQLite rebuilds a table to alter it. With foreign keys on, dropping the old one would delete its children, and a
pragma inside a transaction is ignored: so they are switched off before the transaction and checked after it.
"""

from typing import Any

from sqlalchemy import Connection

from alembic import context
from infra_access.access_requests.approvals import guard as approvals_guard
from infra_access.core.columns import Base, UtcDateTime
from infra_access.core.db import Database
from infra_access.scheduling import guard
from infra_access.tables import load

load()

SEARCH_TABLES = "instrument_search"


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave the search index out of comparisons: it has no model, and SQLite adds shadow tables to it."""
    return not (kind == "table" and (name or "").startswith(SEARCH_TABLES))


def render_item(kind: str, item: Any, _autogen: Any) -> str | bool:
    """Write our own column type as the plain one, so that a revision never imports the package."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    """Migrate within one transaction."""
    sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=sqlite,
        include_name=include_name,
        render_item=render_item,
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()
        if connection.dialect.has_table(connection, "occupancy"):
            guard.install(connection)
        if connection.dialect.has_table(connection, "approval"):
            approvals_guard.install(connection)
        if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
            raise RuntimeError(f"the migration would leave rows without their parents: {broken[:5]}")


def main() -> None:
    """Connect to the configured database and migrate it."""
    config = context.config
    url = config.attributes.get("database_url") or config.get_main_option("sqlalchemy.url")
    if not url:
        raise RuntimeError("no database URL: call infra-access migrate, which reads the settings")
    database = Database.connect(url)
    try:
        with database.writers.connect() as connection:
            if database.is_sqlite:
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.execute("PRAGMA foreign_keys=OFF")
            run(connection)
            connection.commit()
    finally:
        database.dispose()


main()
