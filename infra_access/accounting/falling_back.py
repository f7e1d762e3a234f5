"""What is set aside and unused goes on a stated day to the pool that was named, once, whoever does it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.accounting.models import AccessPeriod, AccessPool
from infra_access.audit.record import record
from infra_access.catalogue.models import Facility
from infra_access.core.apart import each_apart
from infra_access.core.authority import system_actor
from infra_access.core.db import Database

_WORKER = system_actor("worker")


def fall_back(database: Database, *, now: datetime) -> int:
    """Move what is unused of each set-aside whose day has come where it stands; return how many were moved.

    Each in a transaction of its own, under its lock, so that two workers move it once. Raises ExceptionGroup of all
    that failed.
    """
    with database.reader() as session:
        due = [
            pool
            for pool, day, zone in session.execute(
                select(AccessPool.id, AccessPool.falls_back_on, Facility.timezone)
                .join(AccessPeriod, AccessPeriod.id == AccessPool.period_id)
                .join(Facility, Facility.id == AccessPeriod.facility_id)
                .where(
                    AccessPool.fell_back_at.is_(None),
                    AccessPool.falls_back_to_id.is_not(None),
                    # No place is further ahead of UTC than a day.
                    AccessPool.falls_back_on <= now.date() + timedelta(days=1),
                )
                .order_by(AccessPool.id)
            )
            if _has_come(day, zone, now)
        ]
    return each_apart(due, lambda pool: _move(database, pool, now), "set-asides did not fall back")


def _move(database: Database, key: int, now: datetime) -> bool:
    with database.writer() as session:
        heir_id = session.scalar(select(AccessPool.falls_back_to_id).where(AccessPool.id == key))
        rows = session.scalars(
            select(AccessPool)
            .where(AccessPool.id.in_([key, heir_id]))
            .order_by(AccessPool.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        pools = {pool.id: pool for pool in rows}
        pool = pools[key]
        # The office may have changed the pool, its heir or its day since it was found.
        if pool.fell_back_at is not None or pool.falls_back_to_id not in pools or not _is_due(session, pool, now):
            return False
        heir, rest = pools[pool.falls_back_to_id], pool.amount - pool.used
        pool.amount -= rest
        heir.amount += rest
        pool.fell_back_at = now
        record(
            session,
            actor=_WORKER,
            action="access_pool.fell_back",
            object_kind="access_pool",
            object_id=pool.public_id,
            now=now,
            details={"amount": str(rest), "to": heir.public_id},
        )
    return True


def _is_due(session: Session, pool: AccessPool, now: datetime) -> bool:
    zone = session.scalars(
        select(Facility.timezone)
        .join(AccessPeriod, AccessPeriod.facility_id == Facility.id)
        .where(AccessPeriod.id == pool.period_id)
    ).one()
    return _has_come(pool.falls_back_on, zone, now)


def _has_come(day: date | None, zone: str, now: datetime) -> bool:
    return day is not None and day <= now.astimezone(ZoneInfo(zone)).date()
