"""The command line: one module per group of commands.

Exit status 0: done; 1: refused, with the message on standard error; 2: the command was called wrongly.
"""

from pathlib import Path

import click

from infra_access.cli.accounts import account, role, token
from infra_access.cli.audit import audit
from infra_access.cli.catalogue import import_group
from infra_access.cli.database import demo, migrate
from infra_access.cli.nationality import nationality
from infra_access.cli.refusals import RefusingGroup
from infra_access.cli.screening import screening
from infra_access.cli.service import serve, worker
from infra_access.cli.windows import free_windows


@click.group(cls=RefusingGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-c",
    "--config",
    default="development.ini",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The ini file with the settings; INFRA_ACCESS_<NAME> in the environment overrides each.",
)
@click.version_option(package_name="infra-access")
@click.pass_context
def main(context: click.Context, config: Path) -> None:
    """Run and administer Infra Access."""
    context.obj = config


for command in (
    migrate,
    serve,
    worker,
    demo,
    import_group,
    account,
    role,
    token,
    audit,
    free_windows,
    screening,
    nationality,
):
    main.add_command(command)
