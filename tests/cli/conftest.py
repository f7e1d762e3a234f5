"""A command line over an ini file of its own, on each kind of database."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from infra_access.cli import main

INI = """
[app:main]
paste.app_factory = infra_access:main
infra_access.environment = development
infra_access.secret = development-only-secret-that-production-refuses
infra_access.database_url = {url}
infra_access.mail = file:%(here)s/mail
infra_access.mail_from = no-reply@demo.example

[server:main]
use = egg:waitress#main
"""

Run = Callable[..., Result]


@pytest.fixture
def ini(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an ini file for the migrated database."""
    monkeypatch.delenv("INFRA_ACCESS_DATABASE_URL", raising=False)
    monkeypatch.delenv("INFRA_ACCESS_LISTEN", raising=False)
    path = tmp_path / "test.ini"
    path.write_text(INI.format(url=database_url))
    return path


@pytest.fixture
def run(ini: Path) -> Run:
    """Return what runs a command line and gives its status and output."""

    def invoke(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(main, ["-c", str(ini), *arguments], input=stdin)

    return invoke
