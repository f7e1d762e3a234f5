import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.access_requests.what_if_models import WhatIfRun
from infra_access.access_requests.what_if_runs import KEPT, start_run
from infra_access.core.authority import NETWORK
from infra_access.core.db import Database
from infra_access.http.models import IdempotencyKey
from infra_access.outbox.events import CLAIM_FOR, MAX_ATTEMPTS, Claimed, claim, publish
from infra_access.outbox.models import OutboxEvent
from infra_access.people.login_limits import count_attempt
from infra_access.people.models import LoginAttempt
from infra_access.worker.housekeeping import tidy
from infra_access.worker.loop import AT_A_TIME, run, run_once
from tests.factories.access_requests import SYSTEM
from tests.factories.people import make_account
from tests.factories.policy import make_document


def _publish(database: Database, now: datetime, count: int = 1) -> None:
    with database.writer() as session:
        for number in range(count):
            publish(session, "test.event", {"number": number}, now=now)


def _waiting(database: Database) -> int:
    with database.reader() as session:
        return (
            session.scalar(select(func.count()).select_from(OutboxEvent).where(OutboxEvent.delivered_at.is_(None))) or 0
        )


def test_it_delivers_what_is_due_in_order_and_then_nothing(database: Database, now: datetime) -> None:
    _publish(database, now, 3)
    _publish(database, now + timedelta(hours=1))
    seen: list[int] = []
    assert run_once(database, lambda event, _now: seen.append(event.payload["number"]), now) == 3
    assert run_once(database, lambda event, _now: seen.append(event.payload["number"]), now) == 0
    assert seen == [0, 1, 2]


def test_an_event_of_a_change_that_was_rolled_back_is_never_seen(database: Database, now: datetime) -> None:
    with Session(database.writers) as session:
        publish(session, "test.event", {}, now=now)
        session.rollback()
    assert run_once(database, lambda _event, _now: None, now) == 0


def test_a_failed_delivery_is_tried_later_and_holds_up_no_other(database: Database, now: datetime) -> None:
    _publish(database, now, 2)
    tries: Counter[int] = Counter()

    def deliver(event: Claimed, _now: datetime) -> None:
        tries[event.payload["number"]] += 1
        if event.payload["number"] == 0 and tries[0] == 1:
            raise ConnectionError("the mail server is away")

    run_once(database, deliver, now)
    assert run_once(database, deliver, now) == 0
    with database.reader() as session:
        assert "ConnectionError" in session.scalars(select(OutboxEvent.last_error).order_by(OutboxEvent.id)).all()[0]
    run_once(database, deliver, now + timedelta(minutes=1))
    assert tries == {0: 2, 1: 1}
    assert _waiting(database) == 0


def test_it_gives_up_in_the_end_and_says_so(database: Database, now: datetime) -> None:
    _publish(database, now)

    def fail(_event: Claimed, _now: datetime) -> None:
        raise ConnectionError("never")

    for day in range(MAX_ATTEMPTS + 2):
        run_once(database, fail, now + timedelta(days=day))
    with database.reader() as session:
        row = session.execute(select(OutboxEvent.attempts, OutboxEvent.failed_at)).one()
    assert row.attempts == MAX_ATTEMPTS
    assert row.failed_at is not None


def test_workers_side_by_side_deliver_each_event_once(database: Database, now: datetime) -> None:
    events = 60
    _publish(database, now, events)
    delivered: list[int] = []

    def work(_worker: int) -> None:
        while _waiting(database):
            run_once(database, lambda event, _now: delivered.append(event.payload["number"]), now)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert Counter(delivered) == dict.fromkeys(range(events), 1)


def test_a_claim_keeps_an_event_from_others_until_it_ends(database: Database, now: datetime) -> None:
    _publish(database, now)
    with database.writer() as session:
        assert len(claim(session, now=now)) == 1
    delivered: list[Claimed] = []
    run_once(database, lambda event, _now: delivered.append(event), now + CLAIM_FOR)
    assert delivered == []
    run_once(database, lambda event, _now: delivered.append(event), now + CLAIM_FOR + timedelta(seconds=1))
    assert [event.attempts for event in delivered] == [2]


def test_it_works_until_told_to_stop_and_outlives_errors(database: Database, now: datetime) -> None:
    _publish(database, now, AT_A_TIME + 3)
    stop = threading.Event()
    times = iter([now, now])
    seen: list[int] = []

    def clock() -> datetime:
        # The third look at the clock fails, as a database that is away would.
        value = next(times, None)
        if value is None:
            times_again.append(1)
            if len(times_again) == 1:
                raise OSError("away for a moment")
        return now

    times_again: list[int] = []

    def deliver(event: Claimed, _now: datetime) -> None:
        seen.append(event.payload["number"])
        if len(seen) == AT_A_TIME + 3:
            stop.set()

    quick = timedelta(milliseconds=5)
    thread = threading.Thread(
        target=run, args=(database, deliver, stop), kwargs={"now": clock, "pause": quick, "pause_after_error": quick}
    )
    thread.start()
    thread.join(20)
    stop.set()
    assert not thread.is_alive()
    assert seen == list(range(AT_A_TIME + 3))
    assert times_again


_SCRIPT = """
import sys, time
from datetime import datetime
from pathlib import Path
from infra_access.core.db import Database
from infra_access.worker.loop import run_once
database, box, now = Database.connect(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
def deliver(event, at):
    (box / str(event.payload["number"])).write_text("")
    time.sleep(0.02)
while run_once(database, deliver, now): pass
"""


def test_no_event_is_lost_when_a_worker_is_killed(
    database: Database, database_url: str, now: datetime, tmp_path: Path
) -> None:
    events = 40
    _publish(database, now, events)
    box = tmp_path / "box"
    box.mkdir()
    root = str(Path(__file__).parents[2])
    for _round in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, database_url, str(box), now.isoformat()],
            env={**os.environ, "PYTHONPATH": root},
        )
        before, deadline = len(list(box.iterdir())), time.monotonic() + 30
        while len(list(box.iterdir())) < before + 5 and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert 10 <= len(list(box.iterdir())) < events, "the workers must have been killed at work"
    assert _waiting(database) > 0
    after = now + CLAIM_FOR + timedelta(seconds=1)
    while run_once(database, lambda event, _now: (box / str(event.payload["number"])).touch(), after):
        pass
    assert len(list(box.iterdir())) == events
    assert _waiting(database) == 0


def test_it_tidies_what_had_its_time(database: Database, now: datetime) -> None:
    with database.writer() as session:
        account = make_account(session)
        for number, created in enumerate((now - timedelta(hours=24), now - timedelta(hours=23))):
            session.add(
                IdempotencyKey(
                    account_id=account.id, key=str(number), route="POST /x", body_hash="0" * 64, created_at=created
                )
            )
        count_attempt(session, email="a@example.org", source="x", now=now - timedelta(minutes=5))
        rules = make_document(session)
        for months, ended in ((1, now - KEPT), (2, now - KEPT + timedelta(days=1)), (3, None)):
            run = start_run(session, actor=SYSTEM, now=now, document=rules, scopes=(NETWORK,), months=months)
            run.finished_at = ended
    tidy(database, now=now)
    with database.reader() as session:
        assert list(session.scalars(select(IdempotencyKey.key))) == ["1"]
        assert _count(session) == 0
        assert sorted(session.scalars(select(WhatIfRun.months))) == [2, 3]


def _count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(LoginAttempt)) or 0
