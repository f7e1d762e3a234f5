"""Bringing a database to a revision, from code: the command line, the tests and the demo all call this.

The revisions lie in `alembic/` beside the ini files, outside the package (a package of that name would shadow the
library), so they are found from the package's own place or from the working directory. Only what changes a database
imports alembic: each server process asks whether anything is pending, and would keep 9 MB of it ever after.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from infra_access.core.db import Database
from infra_access.core.errors import Unavailable
from infra_access.core.i18n import _

if TYPE_CHECKING:
    from alembic.config import Config

_NAMED = re.compile(r"^(revision|down_revision) *=(.*)$", re.MULTILINE)
_KEY = re.compile(r"[\"']([^\"']+)[\"']")


def script_location() -> Path:
    """Return the folder of the revisions. Raises Unavailable where there is none."""
    for base in (Path(__file__).resolve().parents[2], Path.cwd()):
        if (base / "alembic" / "env.py").is_file():
            return base / "alembic"
    raise Unavailable(
        "migrations.missing",
        _("The folder alembic/ was not found. Run this command from the folder that holds development.ini."),
    )


def configuration(database_url: str) -> "Config":
    """Return alembic's configuration for one database, without an ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(script_location()))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the database up to `revision`; creates what is missing, and sets the guards anew."""
    from alembic import command

    command.upgrade(configuration(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Bring the database down to `revision`."""
    from alembic import command

    command.downgrade(configuration(database_url), revision)


def newest() -> set[str]:
    """Return the revisions that no other follows, as their files say: one, or several that somebody has yet to join."""
    made: set[str] = set()
    followed: set[str] = set()
    for path in (script_location() / "versions").glob("*.py"):
        for name, value in _NAMED.findall(path.read_text(encoding="utf-8")):
            (made if name == "revision" else followed).update(_KEY.findall(value))
    return made - followed


def pending(database: Database) -> bool:
    """Tell whether the database is behind the newest revision."""
    with database.readers.connect() as connection:
        if not connection.dialect.has_table(connection, "alembic_version"):
            return True
        return set(connection.scalars(text("SELECT version_num FROM alembic_version"))) != newest()
