"""`import`: taking in catalogues and bookings that others keep."""

from contextlib import nullcontext
from pathlib import Path

import click
from sqlalchemy.orm import Session

from infra_access.catalogue.import_report import ImportReport
from infra_access.catalogue.importing import import_uniquip
from infra_access.catalogue.models import Facility
from infra_access.catalogue.queries import facility_by_public_id
from infra_access.cli.configured import database_of
from infra_access.core import clock
from infra_access.core.authority import system_actor
from infra_access.core.db import Database
from infra_access.core.errors import DomainError
from infra_access.core.i18n import plain
from infra_access.scheduling.importing import BookingRow, Outcome, booking_rows, import_booking

_ACTOR = system_actor("command line")


@click.group("import")
def import_group() -> None:
    """Take in a catalogue, or bookings, from a file."""


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


@import_group.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--facility", required=True, help="The id of the facility whose bookings they are.")
@click.option("--dry-run", is_flag=True, help="Report what would happen, and write nothing.")
@click.pass_obj
def bookings(config: Path, file: Path, facility: str, dry_run: bool) -> None:
    """Import bookings from a CSV or XLSX file; exit with status 1 if one was refused. The others are booked.

    Columns: instrument (id or name), email (of whom it is for), start, end (by the clock of the facility, or with an
    offset), and perhaps title and allocation. What was booked already is left as it is.
    """
    rows = booking_rows(file.read_bytes())
    refused = 0
    with database_of(config) as database:
        with database.reader() as session:
            place = facility_by_public_id(session, facility, actor=_ACTOR)
        with database.writer() if dry_run else nullcontext() as whole:
            for row in rows:
                try:
                    outcome = _taken_in(database, whole, place, row)
                    click.echo(f"row {row.number}: {outcome.value}: {row.instrument}, {row.start}, {row.email}")
                except DomainError as error:
                    refused += 1
                    _refused(row.number, error)
            if whole is not None:
                whole.rollback()
    click.echo(f"{file.name}: {len(rows)} bookings, {refused} refused.")
    if dry_run:
        click.echo("This was a dry run: nothing was written.")
    if refused:
        raise click.ClickException(f"{refused} of {len(rows)} bookings are refused; send them again once put right.")


def _taken_in(database: Database, whole: Session | None, facility: Facility, row: BookingRow) -> Outcome:
    """Import a row in a transaction of its own, or as a part of the whole."""
    if whole is None:
        with database.writer() as session:
            return import_booking(session, actor=_ACTOR, now=clock.now(), facility=facility, row=row)
    with whole.begin_nested():
        return import_booking(whole, actor=_ACTOR, now=clock.now(), facility=facility, row=row)


def _refused(number: int, error: DomainError) -> None:
    """Print why a row is refused: each rule that it breaks, or the one reason."""
    broken = [one["message"] for one in error.details.get("broken", ())] or [error.message]
    for message in broken:
        click.echo(f"refused: row {number}: {plain(message)}", err=True)


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
