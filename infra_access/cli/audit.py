"""`audit`: checking that nobody rewrote the record."""

from pathlib import Path

import click
from sqlalchemy import func, select

from infra_access.audit.models import AuditEvent
from infra_access.audit.record import altered
from infra_access.cli.configured import database_of


@click.group()
def audit() -> None:
    """Look after the audit record."""


@audit.command()
@click.pass_obj
def verify(config: Path) -> None:
    """Recompute the hash of every event; exit with status 1 if one no longer fits."""
    with database_of(config) as database, database.reader() as session:
        count = session.scalar(select(func.count()).select_from(AuditEvent)) or 0
        wrong = list(altered(session))
    for public_id in wrong:
        click.echo(f"altered: event {public_id}", err=True)
    if wrong:
        raise click.ClickException(f"{len(wrong)} of {count} events were altered.")
    click.echo(f"{count} events, none altered.")
