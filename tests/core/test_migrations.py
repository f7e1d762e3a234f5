"""Whether a database is behind, told without alembic as alembic would tell it."""

from pathlib import Path

from alembic.script import ScriptDirectory

from infra_access.core.db import Database
from infra_access.core.migrations import newest, pending, script_location


def test_the_newest_revision_is_what_alembic_calls_the_head() -> None:
    assert newest() == set(ScriptDirectory(str(script_location())).get_heads())


def test_everything_is_pending_where_nothing_was_migrated(tmp_path: Path) -> None:
    database = Database.connect(f"sqlite:///{tmp_path}/empty.db")

    assert pending(database)

    database.dispose()
