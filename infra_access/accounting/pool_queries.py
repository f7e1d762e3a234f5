"""Reading the periods of a facility and what is left in each of their pools."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.accounting.models import AccessPeriod, AccessPool, AccessPoolInstrument
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, may, require
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _

_MOST = 50


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool, the instruments that it pays for, and the pool that its rest goes to."""

    pool: AccessPool
    instruments: tuple[Instrument, ...]
    falls_back_to: AccessPool | None

    @property
    def left(self) -> Decimal:
        """Return what can still be drawn."""
        return self.pool.amount - self.pool.used


@dataclass(frozen=True, slots=True)
class PoolAt:
    """A pool, its period, and the facility that shares it out."""

    pool: AccessPool
    period: AccessPeriod
    facility: Facility


@dataclass(frozen=True, slots=True)
class PeriodView:
    """A period with its pools."""

    period: AccessPeriod
    pools: tuple[PoolView, ...]


def periods_of(session: Session, *, actor: Actor, facility: Facility) -> Sequence[PeriodView]:
    """Return the periods of a facility, latest first, up to fifty. Four statements."""
    require(actor, Permission.POOL_READ, facility_scopes(session, facility))
    periods = session.scalars(
        select(AccessPeriod)
        .where(AccessPeriod.facility_id == facility.id)
        .order_by(AccessPeriod.starts.desc())
        .limit(_MOST)
    ).all()
    keys = [period.id for period in periods]
    pools = session.scalars(select(AccessPool).where(AccessPool.period_id.in_(keys)).order_by(AccessPool.id)).all()
    by_key = {pool.id: pool for pool in pools}
    instruments: dict[int, list[Instrument]] = {}
    for pool_id, instrument in session.execute(
        select(AccessPoolInstrument.pool_id, Instrument)
        .join(Instrument, Instrument.id == AccessPoolInstrument.instrument_id)
        .where(AccessPoolInstrument.pool_id.in_(list(by_key)))
        .order_by(Instrument.name_key, Instrument.id)
    ):
        instruments.setdefault(pool_id, []).append(instrument)
    return [
        PeriodView(
            period,
            tuple(
                PoolView(pool, tuple(instruments.get(pool.id, ())), by_key.get(pool.falls_back_to_id or 0))
                for pool in pools
                if pool.period_id == period.id
            ),
        )
        for period in periods
    ]


@dataclass(frozen=True, slots=True)
class PeriodAt:
    """A period and the facility that announced it."""

    period: AccessPeriod
    facility: Facility


def period_of_any_facility(session: Session, public_id: str, *, actor: Actor | None) -> PeriodAt:
    """Return a period that the actor may see, with its facility. Raises NotFound `period.unknown`."""
    row = session.execute(
        select(AccessPeriod, Facility)
        .join(Facility, Facility.id == AccessPeriod.facility_id)
        .where(AccessPeriod.public_id == public_id)
    ).one_or_none()
    if row is None or not may(actor, Permission.POOL_READ, facility_scopes(session, row[1])):
        raise NotFound("period.unknown", _("There is no such period, or it is not yours to see."))
    return PeriodAt(*row)


def period_by_public_id(session: Session, public_id: str, *, facility: Facility) -> AccessPeriod:
    """Return a period of a facility. Raises NotFound `period.unknown`."""
    period = session.scalars(
        select(AccessPeriod).where(AccessPeriod.public_id == public_id, AccessPeriod.facility_id == facility.id)
    ).one_or_none()
    if period is None:
        raise NotFound("period.unknown", _("There is no such period at this facility."))
    return period


def pool_by_public_id(session: Session, public_id: str, *, facility: Facility) -> AccessPool:
    """Return a pool of a facility. Raises NotFound `pool.unknown`."""
    found = _pool_at(session, public_id)
    if found.facility.id != facility.id:
        raise _unknown()
    return found.pool


def pool_of_any_facility(session: Session, public_id: str, *, actor: Actor | None) -> PoolAt:
    """Return a pool that the actor may see, with the facility that shares it out. Raises NotFound `pool.unknown`."""
    found = _pool_at(session, public_id)
    if not may(actor, Permission.POOL_READ, facility_scopes(session, found.facility)):
        raise _unknown()
    return found


def _pool_at(session: Session, public_id: str) -> PoolAt:
    row = session.execute(
        select(AccessPool, AccessPeriod, Facility)
        .join(AccessPeriod, AccessPeriod.id == AccessPool.period_id)
        .join(Facility, Facility.id == AccessPeriod.facility_id)
        .where(AccessPool.public_id == public_id)
    ).one_or_none()
    if row is None:
        raise _unknown()
    return PoolAt(*row)


def _unknown() -> NotFound:
    return NotFound("pool.unknown", _("There is no such pool at this facility."))
