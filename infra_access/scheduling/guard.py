"""The database's own refusal of two occupancies of one resource at one time.

PostgreSQL: an exclusion constraint. SQLite: two triggers that look at the one nearest neighbour, which suffices as
long as the stored rows do not overlap, and stays fast whatever the calendar's length. A batch migration on SQLite
drops triggers with the table it rebuilds, so the guard is set anew after every upgrade.
"""

from sqlalchemy import Connection, text

from infra_access.scheduling.models import OCCUPANCY_GUARD

_NEIGHBOUR = """
    SELECT CASE WHEN (
        SELECT ends FROM occupancy
        WHERE resource_id = NEW.resource_id AND starts < NEW.ends AND id <> COALESCE(NEW.id, -1)
        ORDER BY starts DESC LIMIT 1
    ) > NEW.starts THEN RAISE(ABORT, 'guard:{name}') END;
"""

_EVENTS = {
    f"{OCCUPANCY_GUARD}_insert": "BEFORE INSERT ON occupancy",
    f"{OCCUPANCY_GUARD}_update": "BEFORE UPDATE OF resource_id, starts, ends ON occupancy",
}


def install(connection: Connection) -> None:
    """Set the guard anew where it is missing; SQLite's also where it stands, since its text may have changed.

    Raises RuntimeError where rows overlap already: the guard looks at new rows only, so it would seem to hold.
    """
    if connection.dialect.name == "sqlite":
        remove(connection)
        _refuse_overlaps(connection)
        for name, when in _EVENTS.items():
            body = _NEIGHBOUR.format(name=OCCUPANCY_GUARD)
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {when} FOR EACH ROW BEGIN {body} END")
    elif missing(connection):
        _refuse_overlaps(connection)
        connection.exec_driver_sql(
            f"ALTER TABLE occupancy ADD CONSTRAINT {OCCUPANCY_GUARD} EXCLUDE USING gist "
            "(int8range(resource_id, resource_id, '[]') WITH &&, tstzrange(starts, ends) WITH &&)"
        )


def _refuse_overlaps(connection: Connection) -> None:
    found = connection.exec_driver_sql(
        "SELECT resource_id FROM (SELECT resource_id, starts, "
        "MAX(ends) OVER (PARTITION BY resource_id ORDER BY starts, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        " AS furthest FROM occupancy) AS neighbours WHERE furthest > starts LIMIT 1"
    ).scalar()
    if found is not None:
        raise RuntimeError(f"occupancies of the resource with key {found} overlap; mend them before the guard is set")


def remove(connection: Connection) -> None:
    """Drop the guard's triggers on SQLite, before a downgrade drops the table."""
    if connection.dialect.name == "sqlite":
        for name in _EVENTS:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")


def missing(connection: Connection) -> list[str]:
    """Return the names of the guard's parts that the database lacks; empty means that it is guarded."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'occupancy'")
        )
        return sorted(set(_EVENTS) - set(rows.scalars()))
    found = connection.execute(
        text("SELECT 1 FROM pg_constraint WHERE conname = :name AND contype = 'x'"), {"name": OCCUPANCY_GUARD}
    )
    return [] if found.first() else [OCCUPANCY_GUARD]
