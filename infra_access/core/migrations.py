"""Bringing a database to a revision, from code: the command line, the tests and the demo all call this.

The revisions lie in `alembic/` beside the ini files, outside the package (a package of that name would shadow the
library), so they are found from the package's own place or from the working directory.
"""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from alembic import command
from infra_access.core.db import Database
from infra_access.core.errors import Unavailable
from infra_access.core.i18n import _


def script_location() -> Path:
    """Return the folder of the revisions. Raises Unavailable where there is none."""
    for base in (Path(__file__).resolve().parents[2], Path.cwd()):
        if (base / "alembic" / "env.py").is_file():
            return base / "alembic"
    raise Unavailable(
        "migrations.missing",
        _("The folder alembic/ was not found. Run this command from the folder that holds development.ini."),
    )


def configuration(database_url: str) -> Config:
    """Return alembic's configuration for one database, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(script_location()))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the database up to `revision`; creates what is missing, and sets the guards anew."""
    command.upgrade(configuration(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Bring the database down to `revision`."""
    command.downgrade(configuration(database_url), revision)


def pending(database: Database) -> bool:
    """Tell whether the database is behind the newest revision."""
    head = ScriptDirectory(str(script_location())).get_current_head()
    with database.readers.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() != head
