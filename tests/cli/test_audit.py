from sqlalchemy import text

from infra_access.core.db import Database
from tests.cli.conftest import Run


def test_it_counts_the_events_and_finds_none_altered(run: Run) -> None:
    run("account", "create", "a@example.org")
    result = run("audit", "verify")
    assert (result.exit_code, result.stdout) == (0, "1 events, none altered.\n")


def test_it_names_an_altered_event_and_fails(run: Run, database: Database) -> None:
    run("account", "create", "a@example.org")
    with database.writer() as session:
        session.execute(text("UPDATE audit_event SET actor_label = 'somebody else'"))
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert "altered: event " in result.stderr
    assert "1 of 1 events were altered." in result.stderr
