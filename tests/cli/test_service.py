import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from infra_access.cli import main
from infra_access.core import clock
from infra_access.core.db import Database
from infra_access.core.migrations import pending
from infra_access.people.accounts import sign_up
from tests.cli.conftest import INI, Run
from tests.factories.people import password_hash
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
HELLO = "tests.cli.hello:make_app"


def test_migrate_makes_an_sqlite_database_and_its_folder(tmp_path: Path) -> None:
    ini = tmp_path / "new.ini"
    url = f"sqlite:///{tmp_path}/var/new.db"
    ini.write_text(INI.format(url=url))
    refused = CliRunner().invoke(main, ["-c", str(ini), "account", "create", "a@example.org"])
    assert refused.exit_code == 1
    assert "infra-access migrate" in refused.stderr
    for _time in range(2):
        assert CliRunner().invoke(main, ["-c", str(ini), "migrate"]).exit_code == 0
    database = Database.connect(url)
    assert not pending(database)
    database.dispose()


def test_nothing_is_served_before_migrating(tmp_path: Path) -> None:
    ini = tmp_path / "new.ini"
    ini.write_text(INI.format(url=f"sqlite:///{tmp_path}/new.db"))
    for command in ("serve", "worker"):
        result = CliRunner().invoke(main, ["-c", str(ini), command])
        assert result.exit_code == 1
        assert "infra-access migrate" in result.stderr


def test_nothing_is_served_without_the_guard(run: Run, database: Database) -> None:
    with database.writer() as session:
        if database.is_sqlite:
            session.execute(text("DROP TRIGGER occupancy_no_overlap_update"))
        else:
            session.execute(text("ALTER TABLE occupancy DROP CONSTRAINT occupancy_no_overlap"))
    try:
        result = run("serve")
        assert result.exit_code == 1
        assert "guard against double bookings" in result.stderr
    finally:
        # The PostgreSQL database of the tests lives on.
        if not database.is_sqlite:
            with database.writer() as session:
                session.execute(
                    text(
                        "ALTER TABLE occupancy ADD CONSTRAINT occupancy_no_overlap EXCLUDE USING gist "
                        "(int8range(resource_id, resource_id, '[]') WITH &&, tstzrange(starts, ends) WITH &&)"
                    )
                )


def test_a_missing_ini_is_a_wrong_call(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["-c", str(tmp_path / "none.ini"), "migrate"])
    assert result.exit_code == 2
    assert "none.ini" in result.stderr


def test_an_ini_that_is_none_is_a_wrong_call(tmp_path: Path) -> None:
    for content in (b"no section", b"\xff\xfe", b"[app:main]\na = %(missing)s\n"):
        (tmp_path / "x.ini").write_bytes(content)
        result = CliRunner().invoke(main, ["-c", str(tmp_path / "x.ini"), "migrate"])
        assert result.exit_code in {1, 2}, result.output
        assert "Error: " in result.stderr
        assert "Traceback" not in result.output


def test_the_development_ini_is_read_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFRA_ACCESS_DATABASE_URL", f"sqlite:///{tmp_path}/x.db")
    result = CliRunner().invoke(main, ["-c", str(ROOT / "development.ini"), "migrate"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "x.db").exists()


def test_a_wrong_setting_is_named_without_a_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFRA_ACCESS_ENVIRONMENT", "production")
    result = run("migrate")
    assert result.exit_code == 1
    assert "secret: This is the development secret" in result.stderr


def test_demo_data_is_refused_in_production(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ENVIRONMENT": "production",
        "SECRET": "Zk3vN8qLw2Rt7Yb5Xc9Pd4Hf6Jg1Ms0A",
        "BASE_URL": "https://labs.example.org",
    }.items():
        monkeypatch.setenv(f"INFRA_ACCESS_{name}", value)
    result = run("demo")
    assert result.exit_code == 1
    assert "Demo data is refused in production" in result.stderr


def test_a_database_that_is_away_is_a_message(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFRA_ACCESS_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert "The database refused" in result.stderr
    assert "Traceback" not in result.output


def test_serve_answers_where_it_was_told_to_and_its_worker_sends_mails(
    ini: Path, database: Database, tmp_path: Path
) -> None:
    ini.write_text(ini.read_text().replace("infra_access:main", HELLO))
    with database.writer() as session:
        sign_up(session, now=clock.now(), email="a@example.org", name="A", password_hash=password_hash())
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", "from infra_access.cli import main; main()", "-c", str(ini), "serve", "--with-worker"],
        env={**os.environ, "INFRA_ACCESS_LISTEN": f"127.0.0.1:{port}", "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )
    try:
        assert _eventually(lambda: _get(port) == b"hello")
        assert _eventually(lambda: len(list((tmp_path / "mail").glob("*.eml"))) == 1)
    finally:
        process.send_signal(signal.SIGTERM)
        _out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors.decode()
    assert b"Traceback" not in errors


def test_the_worker_stops_when_told_to(ini: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "from infra_access.cli import main; main()", "-c", str(ini), "worker"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    assert b"running" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


def _get(port: int) -> bytes:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            return bytes(answer.read())
    except OSError:
        return b""


def _eventually(holds: object, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False
