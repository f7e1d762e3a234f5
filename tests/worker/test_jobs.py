from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from infra_access.core import clock
from infra_access.core.db import Database
from infra_access.worker import what_ifs
from infra_access.worker.jobs import Job, Rota
from infra_access.worker.what_ifs import try_drafts


def _noting(seen: list[str], name: str, fails: Callable[[], bool] = lambda: False) -> Job:
    def work(_database: Database, *, now: datetime) -> None:
        seen.append(f"{name} {now:%H:%M}")
        if fails():
            raise OSError(name)

    return Job(timedelta(minutes=10), work)


def test_each_job_is_done_at_once_and_then_by_its_own_interval(database: Database, now: datetime) -> None:
    seen: list[str] = []
    rota = Rota([_noting(seen, "a"), Job(timedelta(hours=1), _noting(seen, "b").work)])
    for minutes in (0, 9, 10, 19, 60):
        rota.run(database, lambda minutes=minutes: now.replace(hour=12, minute=0) + timedelta(minutes=minutes))
    assert seen == ["a 12:00", "b 12:00", "a 12:10", "a 13:00", "b 13:00"]


def test_a_job_that_fails_keeps_no_other_from_its_turn_and_is_tried_again(database: Database, now: datetime) -> None:
    seen: list[str] = []
    rota = Rota([_noting(seen, "a", lambda: len(seen) < 2), _noting(seen, "b")])
    at = now.replace(hour=12, minute=0)
    with pytest.raises(ExceptionGroup) as failed:
        rota.run(database, lambda: at)
    assert [str(error) for error in failed.value.exceptions] == ["a"]
    rota.run(database, lambda: at)
    rota.run(database, lambda: at)
    assert seen == ["a 12:00", "b 12:00", "a 12:00"]


def test_drafts_are_tried_in_turns_and_then_others_have_theirs(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, at = iter((1, 1, 1, 1, 0)), iter(range(0, 100, 3))
    monkeypatch.setattr(what_ifs, "work_on_runs", lambda _database, *, now: next(parts))
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=next(at)))
    assert [try_drafts(database, now=now) for _turn in range(3)] == [2, 2, 0]
