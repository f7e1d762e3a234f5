"""How often a log-in may fail: exact, whatever number of processes answer.

Each try is written before its password is looked at and taken back if it fits, so that tries running side by side
count too. Rivals on one key wait for each other: an advisory lock on PostgreSQL, the one writer on SQLite.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from infra_access.core.errors import TooMany
from infra_access.core.i18n import _
from infra_access.people.models import LoginAttempt

WINDOW = timedelta(minutes=5)
PER_ADDRESS = 10
PER_SOURCE = 30


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that counts as failed until `forgive` takes it back."""

    keys: tuple[str, ...]
    ids: tuple[int, ...]


def count_attempt(session: Session, *, email: str, source: str, now: datetime) -> Attempt:
    """Count a try against the address and the source; commit before the password is looked at.

    Raises TooMany `login.too_many` with `retry_after` in seconds, and then counts nothing.
    """
    limits = sorted({_key("address", email): PER_ADDRESS, _key("source", source): PER_SOURCE}.items())
    # In one order everywhere, so that two tries never wait for each other crosswise.
    _lock(session, [key for key, _limit in limits])
    waits = [wait for key, limit in limits if (wait := _wait(session, key, limit, now)) is not None]
    if waits:
        seconds = max(1, ceil(max(waits).total_seconds()))
        raise TooMany(
            "login.too_many",
            _(
                "Too many log-ins have failed. Please try again in ${minutes} minutes.",
                mapping={"minutes": ceil(seconds / 60)},
            ),
            details={"retry_after": seconds},
        )
    rows = [{"key": key, "at": now} for key, _limit in limits]
    ids = session.scalars(insert(LoginAttempt).returning(LoginAttempt.id), rows).all()
    return Attempt(tuple(key for key, _limit in limits), tuple(ids))


def forgive(session: Session, attempt: Attempt) -> None:
    """Take back a try whose password fitted."""
    session.execute(delete(LoginAttempt).where(LoginAttempt.id.in_(attempt.ids)))


def forget_old_attempts(session: Session, *, now: datetime) -> int:
    """Delete what no limit counts any more; return how many rows."""
    ids = session.scalars(delete(LoginAttempt).where(LoginAttempt.at <= now - WINDOW).returning(LoginAttempt.id)).all()
    return len(ids)


def _lock(session: Session, keys: list[str]) -> None:
    if session.get_bind().dialect.name == "postgresql":
        for key in keys:
            session.execute(select(func.pg_advisory_xact_lock(int(key[:15], 16))))


def _wait(session: Session, key: str, limit: int, now: datetime) -> timedelta | None:
    """Return how long until the oldest counted try leaves the window, or None while there is room."""
    oldest = session.scalar(
        select(LoginAttempt.at)
        .where(LoginAttempt.key == key, LoginAttempt.at > now - WINDOW)
        .order_by(LoginAttempt.at.desc())
        .offset(limit - 1)
        .limit(1)
    )
    return None if oldest is None else oldest + WINDOW - now


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode("utf-8", "replace")).hexdigest()
