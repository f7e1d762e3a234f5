"""/facilities/{id}/periods and /pools: what a facility shares out, to whom, and what is left."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from infra_access.accounting.models import AccessPool
from infra_access.accounting.pool_queries import (
    PeriodView,
    PoolView,
    period_by_public_id,
    periods_of,
    pool_by_public_id,
)
from infra_access.accounting.pools import create_period, create_pool, update_period, update_pool
from infra_access.accounting.vocabularies import PoolPurpose
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Amount, Choice, Day, Free, Instant, Integer, Line, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.queries import instrument_by_public_id
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.ledger.units import HOURS_OF


class AccessPeriodBody(Body):
    """A new period."""

    name = Line(most=200, filled=True, required=True)
    start = Instant(required=True)
    end = Instant(required=True)


class PeriodChangeBody(Body):
    """What changes; what is left out stays."""

    name = Line(most=200, filled=True)
    start = Instant()
    end = Instant()


class PoolChangeBody(Body):
    """How much a pool has, and when and where its rest goes."""

    amount = Amount(required=True)
    falls_back_on = Day("Of a set-aside: when its rest goes to another pool.", allow_none=True)
    falls_back_to = PublicId("The pool that gets the rest.", allow_none=True)


class PoolBody(PoolChangeBody):
    """A new pool."""

    period = PublicId(required=True)
    name = Line(most=200, filled=True, required=True)
    purpose = Choice(PoolPurpose, required=True)
    access_unit = Choice(tuple(HOURS_OF), required=True)
    instruments = ListOf(PublicId(), least=1, required=True)
    serves = Free(
        'Of a set-aside: whom it serves, such as {"startup": true} or {"country_group": "LDC"}; all of it must be met, '
        'and one of the alternatives of any: {"any": [{"startup": true}, {"size": "small"}]}.'
    )


class PoolOut(Out):
    """A pool."""

    id = PublicId()
    name = Line(most=200)
    purpose = Choice(PoolPurpose)
    access_unit = Choice(tuple(HOURS_OF))
    amount = Amount(answered=True)
    used = Amount(answered=True)
    left = Amount(answered=True)
    instruments = ListOf(PublicId())
    serves = Free("Of a set-aside: whom it serves.")
    falls_back_on = Day(allow_none=True)
    falls_back_to = PublicId(allow_none=True)
    fell_back_at = Instant(allow_none=True)
    version = Integer(low=1)


class PeriodOut(Out):
    """A period with its pools."""

    id = PublicId()
    name = Line(most=200)
    start = Instant()
    end = Instant()
    pools = ListOf(Part(PoolOut))


@resource("api.facility_pools", "GET", permission=Permission.POOL_READ, out=page_of(PeriodOut))
def list_all(call: Call) -> Page[dict[str, Any]]:
    """List the periods of a facility with their pools, latest first."""
    return Page([_period(view) for view in periods_of(call.db, actor=call.actor, facility=call.row)], None)


@resource(
    "api.facility_periods",
    "POST",
    permission=Permission.POOL_WRITE,
    body=AccessPeriodBody,
    out=PeriodOut,
    status=201,
    errors=(409,),
)
def create_one_period(call: Call) -> Created:
    """Announce a period; two of a facility never overlap."""
    given = dict(call.body)
    period = create_period(
        call.db,
        actor=call.actor,
        now=call.now,
        facility=call.row,
        name=given["name"],
        starts=given["start"],
        ends=given["end"],
    )
    return Created(_period(PeriodView(period, ())), f"/api/v1/periods/{period.public_id}")


@resource(
    "api.facility_pools",
    "POST",
    permission=Permission.POOL_WRITE,
    body=PoolBody,
    out=PoolOut,
    status=201,
    errors=(409, 410),
)
def create_one(call: Call) -> Created:
    """Set apart an amount of time of a period for one purpose."""
    given = dict(call.body)
    facility: Facility = call.row
    pool = create_pool(
        call.db,
        actor=call.actor,
        now=call.now,
        period=period_by_public_id(call.db, given.pop("period"), facility=facility),
        instruments=_instruments(call, given.pop("instruments")),
        falls_back_to=_heir(call.db, facility, given.pop("falls_back_to", None)),
        **given,
    )
    return Created(_one(call, facility, pool), f"/api/v1/pools/{pool.public_id}")


@resource("api.period", "GET", permission=Permission.POOL_READ, out=PeriodOut)
def read_period(call: Call) -> dict[str, Any]:
    """Show a period with its pools."""
    return _one_period(call)


@resource("api.period", "PATCH", permission=Permission.POOL_WRITE, body=PeriodChangeBody, out=PeriodOut, errors=(409,))
def change_period(call: Call) -> dict[str, Any]:
    """Rename a period or give it other bounds; what is left out stays. A used one only becomes longer."""
    names = {"name": "name", "start": "starts", "end": "ends"}
    changes = {names[key]: value for key, value in call.body.items()}
    update_period(call.db, actor=call.actor, now=call.now, period=call.row.period, changes=changes)
    return _one_period(call)


@resource("api.pool", "GET", permission=Permission.POOL_READ, out=PoolOut)
def read(call: Call) -> dict[str, Any]:
    """Show a pool and what is left of it."""
    return _one(call, call.row.facility, call.row.pool)


@resource(
    "api.pool",
    "PATCH",
    permission=Permission.POOL_WRITE,
    body=PoolChangeBody,
    out=PoolOut,
    version="pool.version",
    errors=(409,),
)
def change(call: Call) -> dict[str, Any]:
    """Change how much a pool has, and when and where its rest goes; what is left out stays."""
    facility, found = call.row.facility, call.row.pool
    if "falls_back_to" in call.body:
        heir = _heir(call.db, facility, call.body["falls_back_to"])
    else:
        heir = call.db.get(AccessPool, found.falls_back_to_id) if found.falls_back_to_id else None
    pool = update_pool(
        call.db,
        pool=found,
        amount=call.body["amount"],
        falls_back_on=call.body.get("falls_back_on", found.falls_back_on),
        falls_back_to=heir,
        **call.changes,
    )
    return _one(call, facility, pool)


def _instruments(call: Call, ids: Sequence[str]) -> list[Instrument]:
    return [instrument_by_public_id(call.db, one, actor=call.actor) for one in ids]


def _heir(session: Session, facility: Facility, public_id: str | None) -> AccessPool | None:
    return pool_by_public_id(session, public_id, facility=facility) if public_id else None


def _one(call: Call, facility: Facility, pool: AccessPool) -> dict[str, Any]:
    views = periods_of(call.db, actor=call.actor, facility=facility)
    return next(_pool(view) for period in views for view in period.pools if view.pool.id == pool.id)


def _one_period(call: Call) -> dict[str, Any]:
    views = periods_of(call.db, actor=call.actor, facility=call.row.facility)
    return next(_period(view) for view in views if view.period.id == call.row.period.id)


def _period(view: PeriodView) -> dict[str, Any]:
    return {
        "id": view.period.public_id,
        "name": view.period.name,
        "start": view.period.starts,
        "end": view.period.ends,
        "pools": [_pool(pool) for pool in view.pools],
    }


def _pool(view: PoolView) -> dict[str, Any]:
    same = ("name", "purpose", "access_unit", "amount", "used", "serves", "falls_back_on", "fell_back_at", "version")
    return {name: getattr(view.pool, name) for name in same} | {
        "id": view.pool.public_id,
        "left": view.left,
        "instruments": [one.public_id for one in view.instruments],
        "falls_back_to": view.falls_back_to.public_id if view.falls_back_to else None,
    }
