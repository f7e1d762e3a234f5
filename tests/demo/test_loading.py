"""The demonstration goes through the commands whole, on both databases, and a second load adds nothing."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from infra_access.access_requests.models import PolicyOverride
from infra_access.access_requests.override_queries import list_overrides
from infra_access.audit.models import AuditEvent
from infra_access.core.db import Database
from infra_access.demo.dataset import dataset
from infra_access.demo.loading import load_demo
from infra_access.people.actors import load_actor
from infra_access.people.models import Account
from infra_access.scheduling.models import Booking


# Which day it is does not matter to the kind of database, so each matters once.
@pytest.mark.parametrize(
    ("database_url", "day"),
    [("sqlite", 2), ("sqlite", 4), ("sqlite", 8), ("postgresql", 4)],
    ids=["sqlite-Monday", "sqlite-Wednesday", "sqlite-Sunday", "postgresql-Wednesday"],
    indirect=["database_url"],
)
def test_it_loads_whole_on_any_day_and_only_once(database: Database, day: int) -> None:
    now = datetime(2026, 3, day, 6, 0, tzinfo=UTC)

    first = load_demo(database, now=now)
    before = _counts(database)

    data = dataset()
    assert _report(database, now) == {
        (entry.request, entry.rule, "in_force" if entry.confirmed_by else "waiting")
        for entry in data.activity.overrides
    }
    # The weekly series is five more; what the facility was asked for, proposed or drafted comes on top.
    assert before[0] >= len(data.activity.bookings) + 5
    assert load_demo(database, now=now) == first
    assert _counts(database) == before


def _counts(database: Database) -> tuple[int, int]:
    with database.reader() as session:
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in (Booking, AuditEvent))  # type: ignore[return-value]


def _report(database: Database, now: datetime) -> set[tuple[str, str, str]]:
    """Return what the auditor reads of exceptions: request by its key, rule, state."""
    keys = {entry.title: entry.key for entry in dataset().activity.requests}
    with database.reader() as session:
        auditor = session.scalars(select(Account).where(Account.email == "auditor@demo.example")).one()
        actor = load_actor(session, auditor.id, now=now)
        page = list_overrides(session, actor=actor, now=now)
        assert page.next is None
        assert len(page.items) == session.scalar(select(func.count()).select_from(PolicyOverride)) > 0
        return {(keys[one.access_request.title], one.override.rule, str(one.state)) for one in page.items}
