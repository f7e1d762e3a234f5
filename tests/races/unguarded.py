"""A server as it would be without locks and without the database's guard: what the contests must be able to find.

python -m tests.races.unguarded; the database is that of INFRA_ACCESS_DATABASE_URL, a PostgreSQL of the tests.
"""

import os

from sqlalchemy import create_engine, text

from infra_access.cli import main
from infra_access.scheduling import guard, plan
from infra_access.scheduling.models import OCCUPANCY_GUARD
from tests.processes import ROOT


def unguard() -> None:
    """Drop the constraint, and read the resources without their locks."""
    engine = create_engine(os.environ["INFRA_ACCESS_DATABASE_URL"])
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE occupancy DROP CONSTRAINT IF EXISTS {OCCUPANCY_GUARD}"))
    engine.dispose()
    plan._LOCKED_CANDIDATES = plan._LOCKED_CANDIDATES.with_for_update(read=True, key_share=True)
    guard.missing = lambda _connection: []


if __name__ == "__main__":
    unguard()
    main(["-c", str(ROOT / "development.ini"), "serve"])
