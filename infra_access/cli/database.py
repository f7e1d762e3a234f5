"""`migrate` and `demo`: bringing the database up to date, and filling it to look around in."""

from pathlib import Path

import click

from infra_access.cli.configured import database_of, settings_of
from infra_access.core import clock
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.migrations import upgrade


@click.command()
@click.pass_obj
def migrate(config: Path) -> None:
    """Bring the database up to date; creates it on SQLite."""
    settings = settings_of(config)
    upgrade(settings.database_url)
    click.echo("The database is up to date.")


@click.command()
@click.pass_obj
def demo(config: Path) -> None:
    """Fill the database with demo data; run again, it adds only what is missing."""
    if settings_of(config).is_production:
        raise Conflict("demo.production", _("Demo data is refused in production: nobody could tell it from real data."))
    from infra_access.demo.loading import MAIN_ACCOUNTS, PASSWORD, load_demo

    with database_of(config) as database:
        counts = load_demo(database, now=clock.now())
    click.echo("There are now " + ", ".join(f"{count} {name}" for name, count in counts.items()) + ".")
    click.echo(f"Sign in with the password {PASSWORD} as:")
    for name in MAIN_ACCOUNTS:
        click.echo(f"  {name}@demo.example")
