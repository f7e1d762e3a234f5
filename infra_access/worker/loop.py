"""The worker: claims due events, delivers each outside any transaction, and settles it.

Any number of workers may run; a claim keeps an event from the others until it ends. An event whose delivery fails is
kept for later; the worker itself outlives every error but being told to stop.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.core import clock
from infra_access.core.db import Database
from infra_access.outbox.events import Claimed, claim, postpone, settle
from infra_access.outbox.models import OutboxEvent
from infra_access.worker.jobs import Rota

log = logging.getLogger(__name__)

AT_A_TIME = 10
"""Few enough that even slow deliveries end before the claim does."""

PAUSE = timedelta(seconds=1)
PAUSE_AFTER_ERROR = timedelta(seconds=10)


def run_once(database: Database, deliver: Callable[[Claimed, datetime], None], now: datetime) -> int:
    """Deliver what is due now, up to AT_A_TIME events; return how many were claimed."""
    with database.reader() as session:
        if not _anything_due(session, now):
            # Looking costs no lock, so an idle worker never makes a writer wait.
            return 0
    with database.writer() as session:
        events = claim(session, now=now, limit=AT_A_TIME)
    for event in events:
        try:
            deliver(event, now)
        except Exception as error:
            log.exception("event %s (%s) was not delivered, attempt %s", event.id, event.kind, event.attempts)
            with database.writer() as session:
                postpone(session, event, now=now, error=f"{type(error).__name__}: {error}")
        else:
            with database.writer() as session:
                settle(session, event.id, now=now)
    return len(events)


def run(
    database: Database,
    deliver: Callable[[Claimed, datetime], None],
    stop: threading.Event,
    *,
    now: Callable[[], datetime] = clock.now,
    pause: timedelta = PAUSE,
    pause_after_error: timedelta = PAUSE_AFTER_ERROR,
) -> None:
    """Work until `stop` is set; a database that is away for a while is waited for."""
    rota = Rota()
    while not stop.is_set():
        try:
            handled = run_once(database, deliver, now())
            rota.run(database, now)
        except Exception:
            log.exception("the worker met an error and goes on")
            stop.wait(pause_after_error.total_seconds())
            continue
        if not handled:
            stop.wait(pause.total_seconds())


def _anything_due(session: Session, now: datetime) -> bool:
    due = select(OutboxEvent.id).where(
        OutboxEvent.delivered_at.is_(None), OutboxEvent.failed_at.is_(None), OutboxEvent.due_at <= now
    )
    return session.scalar(due.limit(1)) is not None
