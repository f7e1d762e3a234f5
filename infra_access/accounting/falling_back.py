"""What is set aside and unused goes on a stated day to the pool that was named, once, whoever does it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from infra_access.accounting.models import AccessPeriod, AccessPool
from infra_access.audit.record import record
from infra_access.catalogue.models import Facility
from infra_access.core.authority import system_actor
from infra_access.core.db import Database

_WORKER = system_actor("worker")


def fall_back(database: Database, *, now: datetime) -> int:
    """Move what is unused of each set-aside whose day has come where it stands; return how many were moved.

    Each in a transaction of its own, under its lock, so that two workers move it once.
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
            if day is not None and day <= now.astimezone(ZoneInfo(zone)).date()
        ]
    return sum(_move(database, pool, now) for pool in due)


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
        if pool.fell_back_at is not None or pool.falls_back_to_id not in pools:
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
