"""What several races ask for."""

from collections.abc import Iterator

import pytest

from infra_access.core.db import Database
from tests import databases
from tests.processes import fleet
from tests.races.contests import Arena, arena


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def field(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Give two servers of one database and everybody who fights there."""
    if request.param == "sqlite":
        url = f"sqlite:///{databases.migrated_sqlite(tmp_path_factory.mktemp('contests'))}"
    else:
        url = request.getfixturevalue("postgresql_url")
        databases.set_back(url)
    database = Database.connect(url)
    with fleet(url) as servers:
        yield arena(database, servers.ports)
    database.dispose()
