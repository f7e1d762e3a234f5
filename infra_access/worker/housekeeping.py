"""Deleting what is kept only for a while: log-in attempts, answers to repeated calls, and what drafts would change."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from infra_access.access_requests.what_if_runs import forget_old_runs
from infra_access.core.db import Database
from infra_access.http.models import IdempotencyKey
from infra_access.people.login_limits import forget_old_attempts

ANSWERS_KEPT = timedelta(hours=24)


def tidy(database: Database, *, now: datetime) -> None:
    """Delete what has had its time."""
    with database.writer() as session:
        forget_old_attempts(session, now=now)
        forget_old_runs(session, now=now)
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= now - ANSWERS_KEPT))
