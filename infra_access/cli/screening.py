"""Sanction lists: `import sanctions`, and which are in use or no longer."""

from pathlib import Path

import click

from infra_access.cli.catalogue import import_group
from infra_access.cli.configured import database_of
from infra_access.core import clock
from infra_access.core.authority import system_actor
from infra_access.screening.loading import lists_in_use, load_list, remove_list
from infra_access.screening.models import ScreeningList

_ACTOR = system_actor("command line")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@import_group.command()
@click.argument("file", type=_FILE)
@click.option("--aliases", type=_FILE, help="ALT.CSV of OFAC, with the further names of its SDN.CSV.")
@click.option("--name", help="By which the list is known; the current one of that name is superseded.")
@click.option("--dry-run", is_flag=True, help="Check the file, and write nothing.")
@click.pass_obj
def sanctions(config: Path, file: Path, aliases: Path | None, name: str | None, dry_run: bool) -> None:
    """Take in a sanction list: the simple CSV of OpenSanctions, or SDN.CSV of OFAC. The file itself says which.

    Export control officers compare names with it before they approve; a like name alone never refuses anybody.
    """
    with database_of(config) as database, database.writer() as session, file.open("rb") as content:
        more = aliases.open("rb") if aliases else None
        try:
            row = load_list(session, actor=_ACTOR, now=clock.now(), content=content, aliases=more, name=name)
        finally:
            if more is not None:
                more.close()
        said = _said(row)
        if dry_run:
            session.rollback()
    click.echo(said)
    if dry_run:
        click.echo("This was a dry run: nothing was written.")


@click.group()
def screening() -> None:
    """See which sanction lists are in use, and remove one."""


@screening.command("lists")
@click.pass_obj
def lists(config: Path) -> None:
    """Print the lists in use, with their hash."""
    with database_of(config) as database, database.reader() as session:
        found = [_said(row) for row in lists_in_use(session)]
    click.echo("\n".join(found) or "No list is in use.")


@screening.command()
@click.argument("name")
@click.pass_obj
def remove(config: Path, name: str) -> None:
    """Take a list out of use; that it was used stays known."""
    with database_of(config) as database, database.writer() as session:
        row = remove_list(session, actor=_ACTOR, now=clock.now(), name=name)
        said = f"{row.name}: removed."
    click.echo(said)


def _said(row: ScreeningList) -> str:
    passed = row.entries - row.compared
    return (
        f"{row.name} ({row.format}): {row.entries} entries, of which {passed} are neither a person nor an "
        f"organisation, loaded {row.loaded_at:%Y-%m-%d %H:%M} UTC, SHA-256 {row.sha256}"
    )
