import re

from sqlalchemy import text

from infra_access.core.db import Database
from tests.cli.conftest import Run
from tests.factories.scheduling import make_place


def test_it_makes_the_windows_and_tells_how_many_a_second(run: Run, database: Database) -> None:
    with database.writer() as session:
        make_place(session, copies=2)
    result = run("free-windows", "rebuild")
    assert result.exit_code == 0
    assert re.match(r"2 windows of 2 resources written in \d+\.\d s, \d+ a second\.\n", result.stdout)
    assert "0 resources differed; 2 were due to be made anew." in result.stdout
    again = run("free-windows", "rebuild", "--check")
    assert again.exit_code == 0
    assert "2 windows of 2 resources compared" in again.stdout
    assert "0 resources differed; 0 were due" in again.stdout


def test_a_difference_makes_the_check_fail_until_they_are_made_anew(run: Run, database: Database) -> None:
    with database.writer() as session:
        make_place(session, copies=2)
    run("free-windows", "rebuild")
    with database.writer() as session:
        session.execute(text("DELETE FROM free_window WHERE resource_id = (SELECT min(id) FROM resource)"))
    failed = run("free-windows", "rebuild", "--check")
    assert failed.exit_code == 1
    assert "lacks 20" in failed.stderr
    assert "1 resources differed" in failed.stdout
    assert "without --check" in failed.stderr
    mended = run("free-windows", "rebuild")
    assert (mended.exit_code, "1 resources differed" in mended.stdout) == (0, True)
    assert run("free-windows", "rebuild", "--check").exit_code == 0
