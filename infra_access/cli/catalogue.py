"""`import`: taking in catalogues that others keep."""

from pathlib import Path

import click

from infra_access.catalogue.import_report import ImportReport
from infra_access.catalogue.importing import import_uniquip
from infra_access.cli.configured import database_of
from infra_access.core import clock
from infra_access.core.authority import system_actor
from infra_access.core.i18n import plain

_ACTOR = system_actor("command line")


@click.group("import")
def import_group() -> None:
    """Take in a catalogue from a file."""


@import_group.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", help="The owner, by ROR id or name; one not yet known is made, self-declared.")
@click.option("--country", help="Two letters, such as KE; needed for an organisation not yet known.")
@click.option("--timezone", help="An IANA name; without it, the country's only zone or its capital's.")
@click.option("--draft", is_flag=True, help="Keep what is new as drafts instead of publishing it.")
@click.option("--dry-run", is_flag=True, help="Report what would happen, and write nothing.")
@click.pass_obj
def uniquip(
    config: Path,
    file: Path,
    organisation: str | None,
    country: str | None,
    timezone: str | None,
    draft: bool,
    dry_run: bool,
) -> None:
    """Import a UNIQUIP file; exit with status 1 if a row has an error, having written nothing."""
    with database_of(config) as database, database.writer() as session:
        report = import_uniquip(
            session,
            actor=_ACTOR,
            now=clock.now(),
            content=file.read_bytes(),
            filename=file.name,
            organisation_name_or_ror=organisation,
            country=country,
            timezone=timezone,
            publish=not draft,
            dry_run=dry_run,
        )
    _print(report)
    if report.errors:
        raise click.ClickException(f"{len(report.errors)} errors: this file would be refused.")


def _print(report: ImportReport) -> None:
    """Print what became of each row, what could not be mapped, and the counts."""
    for row in report.rows:
        changed = f" ({', '.join(row.changed)})" if row.changed else ""
        click.echo(f"row {row.number}: {row.outcome.value} {row.kind} {row.name}{changed}")
    for problem in report.problems:
        place = "file" if problem.row_number is None else f"row {problem.row_number}"
        field = f", {problem.field}" if problem.field else ""
        click.echo(f"{problem.severity.value}: {place}{field}: {plain(problem.message)}", err=True)
    counts = ", ".join(f"{count} {name}" for name, count in report.counts.items())
    statuses = ", ".join(f"{count} {name}" for name, count in sorted(report.statuses.items()))
    click.echo(f"{report.filename}: {len(report.rows)} rows for {report.organisation}: {counts}.")
    click.echo(f"Operational status of the instruments: {statuses or 'none'}.")
    if report.dry_run:
        click.echo("This was a dry run: nothing was written.")
