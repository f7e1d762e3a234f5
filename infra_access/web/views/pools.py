"""The periods of a facility and its pools: what is left, whom set-asides serve, and when they fall back."""

from datetime import timedelta
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import select

from infra_access.accounting.pool_queries import PoolView, period_by_public_id, periods_of, pool_by_public_id
from infra_access.accounting.pools import create_period, create_pool, update_period, update_pool
from infra_access.accounting.vocabularies import PoolPurpose
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.vocabularies import label
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.core.zones import day_start
from infra_access.http.security import Context
from infra_access.ledger.units import HOURS_OF
from infra_access.web import whom_form
from infra_access.web.accounting_forms import decimal_in
from infra_access.web.corrections import Entries, to_correct, to_fill_in
from infra_access.web.forms import ENTERED, day_in, days_in, many, seen_version, to, values_of
from infra_access.web.presenters.money import PURPOSES, number
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once

_GIVEN = ("period", "name", "purpose", "country_group", "startup")
_PAGE = {"route_name": "facility_pools", "renderer": "pools.jinja2"}


@view_config(**_PAGE, request_method="GET", permission=Permission.POOL_READ)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show the periods, latest first, each with its pools; a link here may fill in the form of a new pool."""
    given = {name: request.GET.get(name) for name in _GIVEN}
    return {**_page(context, request), **to_fill_in(given)}


@view_config(**_PAGE, request_method="POST", request_param="period_name", permission=Permission.POOL_WRITE)
def add_period(context: Context, request: Request) -> dict[str, Any] | Response:
    """Announce a period."""
    return _posted(context, request, _new_period)


@view_config(**_PAGE, request_method="POST", request_param="purpose", permission=Permission.POOL_WRITE)
def add_pool(context: Context, request: Request) -> dict[str, Any] | Response:
    """Set time of a period apart."""
    return _posted(context, request, _new_pool)


@view_config(**_PAGE, request_method="POST", request_param="pool", permission=Permission.POOL_WRITE)
def change_pool(context: Context, request: Request) -> dict[str, Any] | Response:
    """Change how much a pool has."""
    return _posted(context, request, _changed_pool)


@view_config(**_PAGE, request_method="POST", request_param="change_period", permission=Permission.POOL_WRITE)
def change_period(context: Context, request: Request) -> dict[str, Any] | Response:
    """Rename a period, or give it other days."""
    return _posted(context, request, _changed_period)


def _posted(context: Context, request: Request, run: Any) -> dict[str, Any] | Response:
    try:
        return posted_once(request, lambda: run(request, context.row, values_of(request)))
    except ENTERED as error:
        wrong = to_correct(request, error)
        wrong["errors"] = Entries(whom_form.at_its_fields(wrong["errors"], "serves"))
        return {**_page(context, request), **wrong}


def _new_period(request: Request, facility: Facility, entered: dict[str, str]) -> Response:
    first, last = days_in(entered.get("first_day", ""), entered.get("last_day", ""), ("first_day", "last_day"))
    period = create_period(
        request.db,
        actor=request.actor,
        now=clock.now(),
        facility=facility,
        name=entered.get("period_name", ""),
        starts=day_start(first, facility.timezone),
        ends=day_start(last + timedelta(days=1), facility.timezone),
    )
    return _done(request, facility, period.name)


def _changed_period(request: Request, facility: Facility, entered: dict[str, str]) -> Response:
    first, last = days_in(entered.get("new_first_day", ""), entered.get("new_last_day", ""), ("first_day", "last_day"))
    period = update_period(
        request.db,
        actor=request.actor,
        now=clock.now(),
        period=period_by_public_id(request.db, entered.get("change_period", ""), facility=facility),
        changes={
            "name": entered.get("new_period_name", ""),
            "starts": day_start(first, facility.timezone),
            "ends": day_start(last + timedelta(days=1), facility.timezone),
        },
    )
    return _done(request, facility, period.name)


def _new_pool(request: Request, facility: Facility, entered: dict[str, str]) -> Response:
    heir = entered.get("falls_back_to")
    pool = create_pool(
        request.db,
        actor=request.actor,
        now=clock.now(),
        period=period_by_public_id(request.db, entered.get("period", ""), facility=facility),
        name=entered.get("name", ""),
        purpose=entered.get("purpose", ""),
        access_unit=entered.get("access_unit", ""),
        amount=decimal_in(entered, "amount"),
        instruments=_chosen(request, facility),
        serves=whom_form.whom(entered, many(request, "size")),
        falls_back_on=day_in(entered.get("falls_back_on", ""), "falls_back_on")
        if entered.get("falls_back_on")
        else None,
        falls_back_to=pool_by_public_id(request.db, heir, facility=facility) if heir else None,
    )
    return _done(request, facility, pool.name)


def _changed_pool(request: Request, facility: Facility, entered: dict[str, str]) -> Response:
    pool = pool_by_public_id(request.db, entered.get("pool", ""), facility=facility)
    heir = next((one for one in _others(request, facility) if one.id == pool.falls_back_to_id), None)
    update_pool(
        request.db,
        actor=request.actor,
        now=clock.now(),
        pool=pool,
        amount=decimal_in(entered, "new_amount"),
        falls_back_on=pool.falls_back_on,
        falls_back_to=heir,
        expected_version=seen_version(entered),
    )
    return _done(request, facility, pool.name)


def _others(request: Request, facility: Facility) -> list[Any]:
    views = periods_of(request.db, actor=request.actor, facility=facility)
    return [view.pool for period in views for view in period.pools]


def _chosen(request: Request, facility: Facility) -> list[Instrument]:
    wanted = many(request, "instruments")
    found = select(Instrument).where(Instrument.public_id.in_(wanted), Instrument.facility_id == facility.id)
    return list(request.db.scalars(found.order_by(Instrument.id)))


def _done(request: Request, facility: Facility, name: str) -> Response:
    flash(request, "success", _("${name} is saved.", mapping={"name": name}))
    return to(request, "facility_pools", id=facility.public_id)


def _page(context: Context, request: Request) -> dict[str, Any]:
    facility: Facility = context.row
    periods = periods_of(request.db, actor=request.actor, facility=facility)
    instruments = request.db.execute(
        select(Instrument.public_id, Instrument.name)
        .where(Instrument.facility_id == facility.id)
        .order_by(Instrument.name_key)
        .limit(200)
    ).all()
    return {
        "facility": facility,
        "periods": [(one.period, [_shown(request, view) for view in one.pools]) for one in periods],
        "may_write": request.may(Permission.POOL_WRITE, context),
        "purposes": [(one.value, request.localize(PURPOSES[one])) for one in PoolPurpose],
        "units": [(one.value, request.localize(label(one))) for one in HOURS_OF],
        "instruments": [tuple(row) for row in instruments],
        "heirs": [
            (view.pool.public_id, f"{one.period.name}: {view.pool.name}")
            for one in periods
            for view in one.pools
            if view.pool.purpose != PoolPurpose.SET_ASIDE
        ],
        "chosen": many(request, "instruments") if request.method == "POST" else [],
        "sizes": whom_form.options(request),
        "chosen_sizes": many(request, "size") if request.method == "POST" else request.GET.getall("size"),
        "key": new_key(),
        "nothing": Entries(),
    }


def _shown(request: Request, view: PoolView) -> dict[str, Any]:
    locale, pool = request.locale_name, view.pool
    return {
        "pool": pool,
        "purpose": PURPOSES[pool.purpose],
        "left": number(view.left, locale),
        "instruments": view.instruments,
        "heir": view.falls_back_to,
    }
