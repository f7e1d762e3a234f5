"""Periods and pools: what a facility shares out, to whom, and where unused set-asides go."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infra_access.access_requests.route_fields import conditions
from infra_access.accounting.models import AccessPeriod, AccessPool, AccessPoolInstrument
from infra_access.accounting.vocabularies import PoolPurpose
from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.ledger.units import HOURS_OF

MOST = Decimal(10**7)
_NAME = {"name": fields.line(200, required=True)}
_TIME_UNITS = ", ".join(HOURS_OF)


def create_period(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    name: str,
    starts: datetime,
    ends: datetime,
) -> AccessPeriod:
    """Announce a span of time for which a facility shares out its units. Raises Conflict where two would overlap."""
    require(actor, Permission.POOL_WRITE, facility_scopes(session, facility))
    name = fields.cleaned({"name": name}, _NAME)["name"]
    _refuse_overlap(session, facility, starts, ends)
    period = AccessPeriod(facility_id=facility.id, name=name, starts=starts, ends=ends)
    session.add(period)
    session.flush()
    _record(session, actor, "access_period.created", "access_period", period.public_id, now, _bounds(period))
    return period


def update_period(
    session: Session, *, actor: Actor, now: datetime, period: AccessPeriod, changes: Mapping[str, Any]
) -> AccessPeriod:
    """Change `name`, `starts` or `ends` of a period; what is left out stays.

    Raises Conflict `period.overlap`, and `period.used` where something was drawn on its pools and it would leave out
    time that it had: whose booking that was would belong to no period any more.
    """
    facility = session.get_one(Facility, period.facility_id)
    require(actor, Permission.POOL_WRITE, facility_scopes(session, facility))
    name = fields.cleaned({"name": changes.get("name", period.name)}, _NAME)["name"]
    starts, ends = changes.get("starts", period.starts), changes.get("ends", period.ends)
    _refuse_overlap(session, facility, starts, ends, but=period.id)
    if starts > period.starts or ends < period.ends:
        drawn = select(AccessPool.name).where(AccessPool.period_id == period.id, AccessPool.used > 0)
        # Locked, so that nothing is drawn while it becomes shorter.
        locked = select(AccessPool.id).where(AccessPool.period_id == period.id).order_by(AccessPool.id)
        session.execute(locked.with_for_update(key_share=True))
        if pool := session.scalars(drawn.limit(1)).first():
            message = _(
                "${pool} of this period is drawn on already. Make the period longer, or cancel those bookings first.",
                mapping={"pool": pool},
            )
            raise Conflict("period.used", message)
    period.name, period.starts, period.ends = name, starts, ends
    session.flush()
    _record(session, actor, "access_period.updated", "access_period", period.public_id, now, _bounds(period))
    return period


def create_pool(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    period: AccessPeriod,
    name: str,
    purpose: str,
    access_unit: str,
    amount: Decimal,
    instruments: Sequence[Instrument],
    serves: Mapping[str, Any] | None = None,
    falls_back_on: date | None = None,
    falls_back_to: AccessPool | None = None,
) -> AccessPool:
    """Set apart an amount of time on instruments for one purpose.

    A set-aside says whom it serves; what of it is unused on `falls_back_on` goes to another pool of the same period and
    unit. Bookings made before have drawn on nothing. Raises Invalid naming the field at fault.
    """
    facility = session.get_one(Facility, period.facility_id)
    require(actor, Permission.POOL_WRITE, facility_scopes(session, facility))
    values = fields.cleaned({"name": name, "purpose": purpose}, {**_NAME, "purpose": fields.one_of(PoolPurpose)})
    if access_unit not in HOURS_OF:
        message = _("A pool is counted in time: one of ${units}.", mapping={"units": _TIME_UNITS})
        raise fields.fault("pool.unit", "access_unit", message)
    _refuse_amount(amount)
    _refuse_instruments(facility, instruments)
    kept = _serves(values["purpose"], serves)
    _refuse_taken(session, period, values["name"])
    pool = AccessPool(
        period_id=period.id, access_unit=access_unit, amount=amount, used=Decimal(0), serves=kept, **values
    )
    _set_heir(pool, falls_back_on, falls_back_to, today=_today(facility, now))
    session.add(pool)
    session.flush()
    _set_instruments(session, pool, instruments)
    _record(session, actor, "access_pool.created", "access_pool", pool.public_id, now, _described(pool))
    return pool


def update_pool(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    pool: AccessPool,
    amount: Decimal,
    falls_back_on: date | None,
    falls_back_to: AccessPool | None,
    expected_version: int | None = None,
) -> AccessPool:
    """Change how much a pool has, and when and where its rest goes. Raises Conflict `pool.used` below what is drawn."""
    period = session.get_one(AccessPeriod, pool.period_id)
    facility = session.get_one(Facility, period.facility_id)
    require(actor, Permission.POOL_WRITE, facility_scopes(session, facility))
    session.refresh(pool, with_for_update={"key_share": True})
    fields.check_version(pool.version, expected_version)
    _refuse_amount(amount)
    if pool.fell_back_at is not None:
        raise Conflict("pool.fell_back", _("What was unused here has gone to another pool. Change that one."))
    if amount < pool.used:
        message = _("${used} are booked or used already.", mapping={"used": str(pool.used)})
        raise Conflict("pool.used", message, details={"used": str(pool.used)})
    pool.amount = amount
    _set_heir(pool, falls_back_on, falls_back_to, today=_today(facility, now))
    session.flush()
    _record(session, actor, "access_pool.updated", "access_pool", pool.public_id, now, _described(pool))
    return pool


def _refuse_overlap(
    session: Session, facility: Facility, starts: datetime, ends: datetime, *, but: int | None = None
) -> None:
    if starts >= ends:
        raise fields.fault("time.order", "ends", _("This lies before the beginning."))
    # Of two made at once, one must see the other: a booking belongs to exactly one period.
    session.scalars(select(Facility.id).where(Facility.id == facility.id).with_for_update(key_share=True)).one()
    others = select(AccessPeriod.name).where(
        AccessPeriod.facility_id == facility.id, AccessPeriod.starts < ends, AccessPeriod.ends > starts
    )
    taken = session.scalars(others.where(AccessPeriod.id != but) if but else others).first()
    if taken is not None:
        message = _("This overlaps ${name}. Periods of a facility follow each other.", mapping={"name": taken})
        raise Conflict("period.overlap", message)


def _bounds(period: AccessPeriod) -> dict[str, str]:
    return {"name": period.name, "starts": period.starts.isoformat(), "ends": period.ends.isoformat()}


def _refuse_amount(amount: Decimal) -> None:
    if not amount.is_finite() or not 0 <= amount <= MOST or amount != round(amount, 2):
        message = _("Give an amount from 0 to ${most}, with at most two decimals.", mapping={"most": str(MOST)})
        raise fields.fault("pool.amount", "amount", message)


def _refuse_instruments(facility: Facility, instruments: Sequence[Instrument]) -> None:
    if not instruments or any(one.facility_id != facility.id for one in instruments):
        raise fields.fault("pool.instruments", "instruments", _("Name one or more instruments of this facility."))


def _refuse_taken(session: Session, period: AccessPeriod, name: str) -> None:
    found = select(AccessPool.id).where(AccessPool.period_id == period.id, AccessPool.name == name)
    if session.scalar(found) is not None:
        raise fields.fault("pool.name", "name", _("This period has a pool of that name already."))


def _serves(purpose: str, serves: Mapping[str, Any] | None) -> dict[str, Any]:
    if purpose == PoolPurpose.SET_ASIDE:
        return conditions(serves or {}, "serves")
    if serves:
        raise fields.fault("pool.serves", "serves", _("Only a set-aside serves some applicants and not others."))
    return {}


def _today(facility: Facility, now: datetime) -> date:
    return now.astimezone(ZoneInfo(facility.timezone)).date()


def _set_heir(pool: AccessPool, day: date | None, heir: AccessPool | None, *, today: date) -> None:
    if day is not None and day != pool.falls_back_on and day < today:
        raise fields.fault("pool.falls_back", "falls_back_on", _("This day is past. Choose today or a later one."))
    if (day is None) != (heir is None):
        raise fields.fault("pool.falls_back", "falls_back_on", _("Name both the day and the pool that gets the rest."))
    if heir is not None and (
        pool.purpose != PoolPurpose.SET_ASIDE
        or heir.purpose == PoolPurpose.SET_ASIDE
        or (heir.period_id, heir.access_unit) != (pool.period_id, pool.access_unit)
    ):
        message = _("The rest of a set-aside goes to a pool of the same period and unit that is no set-aside.")
        raise fields.fault("pool.falls_back", "falls_back_to", message)
    pool.falls_back_on, pool.falls_back_to_id = day, heir.id if heir else None


def _set_instruments(session: Session, pool: AccessPool, instruments: Sequence[Instrument]) -> None:
    session.execute(
        insert(AccessPoolInstrument),
        [{"pool_id": pool.id, "instrument_id": key} for key in sorted({one.id for one in instruments})],
    )


def _described(pool: AccessPool) -> dict[str, Any]:
    return {
        "name": pool.name,
        "purpose": pool.purpose,
        "amount": str(pool.amount),
        "access_unit": pool.access_unit,
        "falls_back_on": pool.falls_back_on.isoformat() if pool.falls_back_on else None,
    }


def _record(
    session: Session, actor: Actor, action: str, kind: str, public_id: str, now: datetime, details: dict[str, Any]
) -> None:
    record(session, actor=actor, action=action, object_kind=kind, object_id=public_id, now=now, details=details)
