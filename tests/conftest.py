"""What every test may ask for: a database of each kind, a session, an instant, and the real input."""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from pyramid.router import Router
from sqlalchemy.orm import Session

from infra_access.config import make_app
from infra_access.core.db import Database
from tests import databases

settings.register_profile("default", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.register_profile("soak", deadline=None, max_examples=10_000)
settings.load_profile("soak" if os.environ.get("SOAK") else "default")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare what the processes of this run share."""
    if not hasattr(config, "workerinput"):
        databases.open_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop and remove what the processes of this run shared."""
    if not hasattr(config, "workerinput"):
        databases.close_run()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite file, made once for each worker process; copy it, never change it."""
    return databases.migrated_sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Give the worker process's own migrated PostgreSQL database; `database_url` sets it back for each test."""
    with databases.migrated_postgresql(f"infra_access_test_{os.getpid()}") as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the worker process's SQLite file lies, made anew for each test."""
    return tmp_path_factory.mktemp("databases")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty, migrated database: the test runs once on each kind."""
    if request.param == "sqlite":
        template, folder = (request.getfixturevalue(name) for name in ("sqlite_template", "sqlite_folder"))
        return databases.copied_sqlite(template, folder)
    url: str = request.getfixturevalue("postgresql_url")
    databases.set_back(url)
    return url


@pytest.fixture(scope="session")
def connected() -> dict[str, Database]:
    """Return the databases that tests have used, by their URLs."""
    return {}


@pytest.fixture
def database(database_url: str, connected: dict[str, Database]) -> Iterator[Database]:
    """Give an empty, migrated database of each kind, and close its connections afterwards.

    Its pool is a new one in each test, and so is all that the program remembers by that. What SQLAlchemy compiled is
    kept, which would take a third of the time of all tests.
    """
    if database_url not in connected:
        connected[database_url] = Database.connect(database_url)
    database = connected[database_url]
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def applications() -> dict[frozenset[tuple[str, str]], Router]:
    """Return the applications that tests have used, by their settings."""
    return {}


@pytest.fixture
def application_with(
    database: Database, database_url: str, applications: dict[frozenset[tuple[str, str]], Router]
) -> Callable[[Mapping[str, str]], Router]:
    """Return how to have the application over the test's database with other settings than its own.

    Each is put together once in a worker process, its templates compiled once: that would take a third of the time of
    all tests. What it remembers of the database goes with the pool, which is a new one in each test.
    """

    def made(settings: Mapping[str, str]) -> Router:
        whole = {**settings, "infra_access.database_url": database_url}
        key = frozenset(whole.items())
        if key not in applications:
            applications[key] = make_app(whole, database=database)
        return applications[key]

    return made


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """Give a session that may write; what the test does not commit is rolled back."""
    with Session(database.writers, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def now() -> datetime:
    """Return the instant at which tests happen: a Monday, 09:00 UTC."""
    return datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real input beside the project, or skip where this machine has none."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real input not present")
    return folder
