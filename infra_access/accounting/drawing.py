"""Drawing access units on pools: one pool for each booking, under its row's lock, never beyond it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NoReturn

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from infra_access.accounting.models import AccessPeriod, AccessPool, AccessPoolInstrument
from infra_access.accounting.pricing import meets
from infra_access.accounting.vocabularies import PoolPurpose
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.units import units_of
from infra_access.policy.facts import Facts

_LOCKED = (
    select(AccessPool)
    .where(AccessPool.id.in_(bindparam("pools", expanding=True)))
    .order_by(AccessPool.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The locked pool that a booking draws on, and how much, in the pool's own unit."""

    pool: AccessPool
    units: Decimal


def choose(
    session: Session,
    *,
    pools: Sequence[int],
    spans: Sequence[TimeSpan],
    proprietary: bool,
    internal: bool,
    applicant: Facts,
    now: datetime,
    held: tuple[int, Decimal] | None = None,
) -> Drawn | None:
    """Lock pools, by ascending key, and return the one that a booking of these spans draws on.

    `pools` are those for its instrument; those of the period in which it starts count, and where there are none it
    draws on none. `held` is what it draws on already, which is as good as given back. Raises Conflict `pool.empty`,
    which says what is left and when set-asides fall back, or `pool.none` where no pool is for such a booking.
    """
    locked = _lock(session, {*pools, *([held[0]] if held else [])})
    start = min(span.start for span in spans)
    running = _running(session, pools, start)
    current = [pool for pool in locked if pool.id in running]
    if not current:
        return None
    fitting = _fitting(current, proprietary=proprietary, internal=internal, applicant=applicant, now=now)
    if not fitting:
        message = _("In this period no units are set apart for such use of this instrument. Ask the facility.")
        raise Conflict("pool.none", message)
    offers = []
    for pool in fitting:
        left = pool.amount - pool.used + (held[1] if held and held[0] == pool.id else 0)
        units = units_of(spans, pool.access_unit)
        if units <= left:
            return Drawn(pool, units)
        offers.append((pool, units, left))
    _refuse(offers, current)


def lock_pools_of(session: Session, instruments: Collection[int]) -> None:
    """Lock every pool that shares out time of some instruments, and those that they fall back to, by ascending key."""
    pools = (
        select(AccessPool.id, AccessPool.falls_back_to_id)
        .join(AccessPoolInstrument, AccessPoolInstrument.pool_id == AccessPool.id)
        .where(AccessPoolInstrument.instrument_id.in_(sorted(instruments)))
    )
    keys = {key for row in session.execute(pools) for key in row if key is not None}
    if keys:
        _lock(session, keys)


def take(session: Session, drawn: Drawn, *, held: Decimal = Decimal(0)) -> None:
    """Take the units of a pool that was chosen; `held` of them were taken already, and what is too much goes back."""
    more = drawn.units - held
    if more < 0:
        give_back(session, drawn.pool.id, -more)
    else:
        drawn.pool.used += more
        session.flush()


def give_back(session: Session, pool_id: int, units: Decimal) -> None:
    """Give units back; a set-aside that fell back passes them on to the pool that got the rest."""
    if not units:
        return
    session.flush()
    heir = session.scalar(select(AccessPool.falls_back_to_id).where(AccessPool.id == pool_id))
    pools = {pool.id: pool for pool in _lock(session, {pool_id, *([heir] if heir else [])})}
    pool = pools[pool_id]
    pool.used = max(pool.used - units, Decimal(0))
    if pool.fell_back_at is not None and heir:
        pool.amount -= units
        pools[heir].amount += units
    session.flush()


def _lock(session: Session, keys: set[int]) -> Sequence[AccessPool]:
    session.flush()
    return session.scalars(_LOCKED, {"pools": sorted(keys)}).all()


def _running(session: Session, pools: Sequence[int], start: datetime) -> set[int]:
    return set(
        session.scalars(
            select(AccessPool.id)
            .join(AccessPeriod, AccessPeriod.id == AccessPool.period_id)
            .where(AccessPool.id.in_(pools), AccessPeriod.starts <= start, AccessPeriod.ends > start)
        )
    )


def _fitting(
    pools: Sequence[AccessPool], *, proprietary: bool, internal: bool, applicant: Facts, now: datetime
) -> list[AccessPool]:
    """Return the pools that such a booking may draw on, the first to be used first."""
    by_purpose = {purpose: [pool for pool in pools if pool.purpose == purpose] for purpose in PoolPurpose}
    if proprietary:
        return by_purpose[PoolPurpose.PROPRIETARY]
    if internal and by_purpose[PoolPurpose.IN_HOUSE]:
        return by_purpose[PoolPurpose.IN_HOUSE]
    serving = [pool for pool in by_purpose[PoolPurpose.SET_ASIDE] if meets(pool.serves, applicant, now)]
    serving.sort(key=lambda pool: (pool.falls_back_on or date.max, pool.id))
    return serving + by_purpose[PoolPurpose.OPEN_CALL]


def _refuse(offers: Sequence[tuple[AccessPool, Decimal, Decimal]], pools: Sequence[AccessPool]) -> NoReturn:
    pool, units, left = max(offers, key=lambda offer: offer[2] / offer[1])
    to_come = [
        one.falls_back_on
        for one in pools
        if one.falls_back_on
        and one.fell_back_at is None
        and one.used < one.amount
        and one not in [offer[0] for offer in offers]
    ]
    mapping = {"units": str(units), "unit": pool.access_unit, "left": str(left), "pool": pool.name}
    message = _(
        "This takes ${units} access units (${unit}), and ${left} are left in ${pool} for this period. "
        "Choose a shorter time or another period.",
        mapping=mapping,
    )
    if to_come:
        message = _(
            "This takes ${units} access units (${unit}), and ${left} are left in ${pool} for this period. "
            "What is set aside and unused falls back on ${day}.",
            mapping=mapping | {"day": min(to_come)},
        )
    details = {"left": str(left), "units": str(units), "access_unit": pool.access_unit, "pool": pool.public_id}
    raise Conflict("pool.empty", message, details=details | {"falls_back_on": [day.isoformat() for day in to_come]})
