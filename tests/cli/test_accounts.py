from sqlalchemy import select

from infra_access.core import clock
from infra_access.core.authority import NETWORK
from infra_access.core.db import Database
from infra_access.people.accounts import account_by_email
from infra_access.people.actors import load_actor
from infra_access.people.assurances import assurances_of
from infra_access.people.links import use_link
from infra_access.people.models import OneTimeLink
from infra_access.people.passwords import verify_password
from infra_access.people.tokens import identify_token
from tests.cli.conftest import Run

PASSWORD = "correct horse battery"


def test_an_account_is_made_with_a_password_from_standard_input(run: Run, database: Database) -> None:
    result = run(
        "account", "create", "Wanjiku@Example.org", "--country", "KE", "--password-stdin", stdin=f"{PASSWORD}\n"
    )
    assert (result.exit_code, result.stdout) == (0, "")
    with database.reader() as session:
        account = account_by_email(session, "wanjiku@example.org")
    assert (account.name, account.country_of_work, account.state) == ("Wanjiku", "KE", "active")
    assert verify_password(account.password_hash, PASSWORD)


def test_without_a_password_it_prints_a_link_that_works_once(run: Run, database: Database) -> None:
    result = run("account", "create", "wanjiku@example.org", "--name", "Wanjiku M")
    assert result.exit_code == 0
    base, _slash, token = result.stdout.strip().rpartition("/")
    assert base == "http://127.0.0.1:6543/set-password"
    with database.writer() as session:
        assert session.scalars(select(OneTimeLink)).one().token_hash != token
        assert use_link(session, now=clock.now(), token=token, password_hash="hash").name == "Wanjiku M"


def test_a_refusal_is_a_message_and_status_one_and_nothing_is_written(run: Run, database: Database) -> None:
    assert run("account", "create", "wanjiku@example.org").exit_code == 0
    for arguments, stdin in [
        (["wanjiku@example.org"], ""),
        (["nobody"], ""),
        (["a@example.org", "--country", "XX"], ""),
        (["a@example.org", "--password-stdin"], "short\n"),
        (["a@example.org", "--password-stdin"], ""),
    ]:
        result = run("account", "create", *arguments, stdin=stdin)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ")
        assert result.stdout == ""
        assert "Traceback" not in result.output
    with database.reader() as session:
        assert len(session.scalars(select(OneTimeLink)).all()) == 1


def test_a_role_is_given_within_a_named_scope(run: Run, database: Database) -> None:
    run("account", "create", "a@example.org", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert run("role", "grant", "a@example.org", "platform_admin").exit_code == 0
    assert run("role", "grant", "a@example.org", "access_administrator", "--scope", "country:KE").exit_code == 0
    with database.reader() as session:
        account = account_by_email(session, "a@example.org")
        actor = load_actor(session, account.id, now=clock.now())
    assert actor.holds("platform_admin", (NETWORK,))
    assert actor.scope_keys("access_administrator", "country") == {"KE"}


def test_a_role_or_scope_or_person_that_does_not_exist_is_refused(run: Run) -> None:
    run("account", "create", "a@example.org", "--password-stdin", stdin=f"{PASSWORD}\n")
    for arguments in (
        ["a@example.org", "emperor"],
        ["a@example.org", "auditor", "--scope", "nothing"],
        ["a@example.org", "auditor", "--scope", "country:ZZ"],
        ["b@example.org", "auditor"],
    ):
        assert run("role", "grant", *arguments).exit_code == 1


def test_a_token_is_printed_alone(run: Run, database: Database) -> None:
    run("account", "create", "a@example.org", "--password-stdin", stdin=f"{PASSWORD}\n")
    result = run("token", "create", "a@example.org", "--scope", "write")
    assert result.exit_code == 0
    secret = result.stdout.removesuffix("\n")
    assert secret.startswith("ia_")
    assert len(secret) == 46
    with database.reader() as session:
        actor = identify_token(session, secret, clock.now())
    assert actor is not None
    assert actor.token_scope == "write"


def test_a_wrong_call_is_status_two(run: Run) -> None:
    for arguments in (
        ["token", "create", "a@example.org"],
        ["token", "create", "a@example.org", "--scope", "admin"],
        ["x"],
    ):
        assert run(*arguments).exit_code == 2


def test_an_assurance_is_noted_of_whoever_has_an_account(run: Run, database: Database) -> None:
    run("account", "create", "a@example.org", "--password-stdin", stdin=f"{PASSWORD}\n")
    noted = ["account", "assurance", "a@example.org", "identity-high", "--source", "Passport seen", "--days", "365"]
    assert run(*noted).exit_code == 0
    assert run("account", "assurance", "b@example.org", "identity-high", "--source", "Passport seen").exit_code == 1
    with database.reader() as session:
        account = account_by_email(session, "a@example.org")
        assert [one.source for one in assurances_of(session, account.id, at=clock.now())] == ["Passport seen"]
