"""The harness itself: each test starts from an empty, migrated database of each kind."""

from datetime import datetime

import pytest
from sqlalchemy import func, inspect, select, text

from infra_access.core.db import Database
from infra_access.core.migrations import pending
from infra_access.outbox.models import OutboxEvent
from tests import postgres
from tests.databases import copied_sqlite


def an_event(now: datetime) -> OutboxEvent:
    return OutboxEvent(kind="test", payload={}, created_at=now, due_at=now)


def test_it_is_migrated(database):
    assert not pending(database)


@pytest.mark.parametrize("turn", ["first", "second"])
def test_it_holds_nothing_of_the_test_before(database, now, turn):
    with database.writer() as session:
        assert session.scalar(select(func.count()).select_from(OutboxEvent)) == 0
        event = an_event(now)
        session.add(event)
        session.flush()

        assert event.id == 1


@pytest.mark.parametrize("turn", ["first", "second"])
def test_it_keeps_the_rows_of_the_migrations(database, turn):
    with database.writer() as session:
        assert session.scalar(text("SELECT count(*) FROM role")) > 0
        session.execute(text("DELETE FROM role"))


def test_the_session_rolls_back_what_the_test_did_not_commit(database, session, now):
    session.add(an_event(now))
    session.flush()
    session.rollback()

    with database.reader() as reader:
        assert reader.scalar(select(func.count()).select_from(OutboxEvent)) == 0


def test_both_kinds_have_the_same_tables(sqlite_template, postgresql_url, tmp_path):
    def names(url):
        database = Database.connect(url)
        tables = set(inspect(database.engine).get_table_names())
        database.dispose()
        return {name for name in tables if not name.startswith("instrument_search_")}

    assert names(copied_sqlite(sqlite_template, tmp_path)) == names(postgresql_url)


def test_a_durable_server_waits_for_the_disk():
    with postgres.running_server(durable=True) as url:
        database = Database.connect(url)
        with database.reader() as session:
            assert session.scalar(text("SHOW fsync")) == "on"
            assert session.scalar(text("SHOW lc_ctype")) == "C.UTF-8"
        database.dispose()
