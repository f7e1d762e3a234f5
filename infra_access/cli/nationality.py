"""`nationality`: what people said under seal, sealed anew after the keys were changed."""

from pathlib import Path

import click

from infra_access.access_requests.approvals.nationality import reseal as reseal_all
from infra_access.cli.configured import database_of, settings_of
from infra_access.core import clock
from infra_access.core.authority import system_actor

_ACTOR = system_actor("command line")


@click.group()
def nationality() -> None:
    """Look after the seal of what people said of their nationality; nothing here shows it."""


@nationality.command()
@click.pass_obj
def reseal(config: Path) -> None:
    """Seal everything anew with the first of the keys, so that the others can be taken out."""
    sealer = settings_of(config).sealer
    with database_of(config) as database, database.writer() as session:
        done, unreadable = reseal_all(session, actor=_ACTOR, now=clock.now(), sealer=sealer)
    click.echo(f"Sealed anew: {done}.")
    if unreadable:
        raise click.ClickException(
            f"None of the keys opens {unreadable} more, which stay as they are. Put their key in too, then try again."
        )
