"""`free-windows`: the index of free time, compared with the truth and made anew."""

from pathlib import Path

import click

from infra_access.cli.configured import database_of
from infra_access.core import clock
from infra_access.scheduling.windows.rebuilding import Difference
from infra_access.scheduling.windows.rebuilding import check as check_windows
from infra_access.scheduling.windows.rebuilding import rebuild as rebuild_windows

SHOWN = 20


@click.group("free-windows")
def free_windows() -> None:
    """Look after the index of free time, by which people search."""


@free_windows.command()
@click.option("--check", is_flag=True, help="Only compare; exit with status 1 if a window is not right.")
@click.pass_obj
def rebuild(config: Path, check: bool) -> None:
    """Write all free windows anew, and report what differed from open time minus what is occupied."""
    with database_of(config) as database:
        began = clock.now()
        report = check_windows(database) if check else rebuild_windows(database, now=began)
        seconds = (clock.now() - began).total_seconds()
    for difference in report.differences[:SHOWN]:
        click.echo(_line(difference), err=True)
    done = "compared" if check else "written"
    click.echo(
        f"{report.windows} windows of {report.resources} resources {done} in {seconds:.1f} s, "
        f"{report.windows / max(seconds, 0.001):.0f} a second."
    )
    click.echo(f"{len(report.differences)} resources differed; {report.stale} were due to be made anew.")
    if check and report.differences:
        raise click.ClickException("The free windows are not right. Run the command without --check.")


def _line(difference: Difference) -> str:
    lacking = ", ".join(
        f"{span.start:%Y-%m-%dT%H:%MZ} to {span.end:%Y-%m-%dT%H:%MZ}" for span in difference.missing[:3]
    )
    wrong = ", ".join(f"{span.start:%Y-%m-%dT%H:%MZ} to {span.end:%Y-%m-%dT%H:%MZ}" for span in difference.wrong[:3])
    return f"resource {difference.resource_id}: lacks {lacking or 'nothing'}; should not have {wrong or 'any'}"
