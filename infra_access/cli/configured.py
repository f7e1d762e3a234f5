"""What each command gets from the ini: the settings, and the database of them."""

import configparser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from plaster import get_loader

from infra_access import tables
from infra_access.core.db import Database
from infra_access.core.errors import Unavailable
from infra_access.core.i18n import _
from infra_access.core.migrations import pending
from infra_access.settings import Settings, prepare_folders


def settings_of(config: Path) -> Settings:
    """Return the settings of an ini file. Raises Invalid; ClickException where there is no such file."""
    if not config.is_file():
        raise click.UsageError(f"There is no file {config}. Name the ini with -c, before the command.")
    try:
        section = get_loader(str(config.resolve()), protocols=["wsgi"]).get_settings("app:main")
    except (configparser.Error, LookupError, UnicodeDecodeError) as error:
        raise click.UsageError(f"The file {config} cannot be read as settings: {error}") from error
    settings = Settings.from_ini(section)
    prepare_folders(settings)
    return settings


@contextmanager
def database_of(config: Path) -> Iterator[Database]:
    """Give the migrated database of an ini file. Raises Unavailable `migrations.pending`."""
    settings = settings_of(config)
    tables.load()
    database = Database.connect(settings.database_url, threads=2)
    try:
        require_migrated(database)
        yield database
    finally:
        database.dispose()


def require_migrated(database: Database) -> None:
    """Refuse a database that is older than the program. Raises Unavailable `migrations.pending`."""
    if pending(database):
        raise Unavailable(
            "migrations.pending",
            _("The database is not up to date. Run `infra-access migrate` with the same -c, then try again."),
        )
