"""`account`, `role` and `token`: the first people of a new service, and programs that call it."""

import sys
from datetime import timedelta
from pathlib import Path

import click

from infra_access.cli.configured import database_of, settings_of
from infra_access.core import clock
from infra_access.core.authority import NETWORK, system_actor
from infra_access.people.accounts import account_by_email, create_account
from infra_access.people.assurances import note_assurance
from infra_access.people.links import LASTS, make_link
from infra_access.people.passwords import check_password, hash_password
from infra_access.people.roles import grant_role, scope_named
from infra_access.people.tokens import create_token

_ACTOR = system_actor("command line")


@click.group()
def account() -> None:
    """Make accounts."""


@account.command("create")
@click.argument("email")
@click.option("--name", help="The person's name; without it, the part of the address before the @.")
@click.option("--country", help="The two letters of the country where the person works.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, its first line.")
@click.pass_obj
def create(config: Path, email: str, name: str | None, country: str | None, password_stdin: bool) -> None:
    """Make an account for EMAIL; without a password, print a one-time link to set one."""
    settings = settings_of(config)
    shown = name or email.partition("@")[0]
    password_hash = None
    if password_stdin:
        password = _password_from_stdin()
        check_password(password, email=email, name=shown)
        password_hash = hash_password(password)
    now = clock.now()
    with database_of(config) as database, database.writer() as session:
        made = create_account(
            session,
            actor=_ACTOR,
            now=now,
            email=email,
            name=shown,
            password_hash=password_hash,
            country_of_work=country,
        )
        link = None if password_hash else make_link(session, made, now=now)
    click.echo(f"Made the account {made.public_id} for {made.email}.", err=True)
    if link:
        click.echo(f"{settings.base_url}/set-password/{link}")
        click.echo(f"The link works once, within {LASTS / timedelta(days=1):.0f} days.", err=True)


@account.command("assurance")
@click.argument("email")
@click.argument("code")
@click.option("--source", required=True, help="Who vouches, or what was seen, such as a passport seen on site.")
@click.option("--days", type=click.IntRange(1, 3_660), help="How long it counts; without it, until it is withdrawn.")
@click.pass_obj
def assurance(config: Path, email: str, code: str, source: str, days: int | None) -> None:
    """Note that somebody vouches for the person with the address EMAIL, by a CODE such as identity-high."""
    now = clock.now()
    until = None if days is None else now + timedelta(days=days)
    with database_of(config) as database, database.writer() as session:
        noted = note_assurance(
            session, actor=_ACTOR, now=now, person=email, code=code, source=source, scope=NETWORK, valid_until=until
        )
        click.echo(f"{email} now has the assurance {noted.code}.")


def _password_from_stdin() -> str:
    try:
        return sys.stdin.buffer.readline(10_000).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise click.ClickException("The password on standard input is not UTF-8 text.") from error


@click.group()
def role() -> None:
    """Give roles."""


@role.command("grant")
@click.argument("email")
@click.argument("name", metavar="ROLE")
@click.option(
    "--scope",
    default="network",
    show_default=True,
    help="network, country:KE, or the id of an organisation, facility or instrument.",
)
@click.pass_obj
def grant(config: Path, email: str, name: str, scope: str) -> None:
    """Give the person with the address EMAIL a ROLE within a scope."""
    with database_of(config) as database, database.writer() as session:
        kind, key = scope_named(session, scope)
        given = grant_role(
            session,
            actor=_ACTOR,
            now=clock.now(),
            account=account_by_email(session, email),
            role=name,
            scope_kind=kind,
            scope_key=key,
        )
    click.echo(f"{email} is now {given.role} for {given.scope_kind} {given.scope_key}".rstrip() + ".")


@click.group()
def token() -> None:
    """Make API tokens."""


@token.command("create")
@click.argument("email")
@click.option("--scope", required=True, type=click.Choice(["read", "write"]), help="What the token may do.")
@click.option("--name", default="command line", show_default=True, help="What the token is for.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 365), help="How long it lasts.")
@click.pass_obj
def create_for(config: Path, email: str, scope: str, name: str, days: int) -> None:
    """Make an API token of the person with the address EMAIL and print it; it cannot be shown again."""
    with database_of(config) as database, database.writer() as session:
        owner = account_by_email(session, email)
        _token, secret = create_token(
            session, actor=_ACTOR, now=clock.now(), name=name, scope=scope, expires_in_days=days, account=owner
        )
    click.echo(secret)
