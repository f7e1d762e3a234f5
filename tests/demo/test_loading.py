"""The demonstration goes through the commands whole, on both databases, and a second load adds nothing."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from infra_access.audit.models import AuditEvent
from infra_access.core.db import Database
from infra_access.demo.dataset import dataset
from infra_access.demo.loading import load_demo
from infra_access.scheduling.models import Booking


@pytest.mark.parametrize("day", [2, 4, 8], ids=["Monday", "Wednesday", "Sunday"])
def test_it_loads_whole_on_any_day_and_only_once(database: Database, day: int) -> None:
    now = datetime(2026, 3, day, 6, 0, tzinfo=UTC)

    first = load_demo(database, now=now)
    before = _counts(database)

    data = dataset()
    # The weekly series is five more; what the facility was asked for, proposed or drafted comes on top.
    assert before[0] >= len(data.activity.bookings) + 5
    assert load_demo(database, now=now) == first
    assert _counts(database) == before


def _counts(database: Database) -> tuple[int, int]:
    with database.reader() as session:
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in (Booking, AuditEvent))  # type: ignore[return-value]
