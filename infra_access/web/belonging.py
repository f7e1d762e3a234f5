"""What belongs to rules for startups and small firms of a group of countries: which of it is set up, and the forms."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from infra_access.access_requests.facility_routes import routes_run_at
from infra_access.access_requests.models import AccessRoute
from infra_access.accounting.favouring import charged, favoured, set_asides
from infra_access.accounting.vocabularies import PoolPurpose
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.vocabularies import Regime, label
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.policy.models import PolicyDocument
from infra_access.policy.template_rules import development_group
from infra_access.web import whom_form

_LEADING = {
    "facility": select(Facility),
    "instrument": select(Facility).join(Instrument, Instrument.facility_id == Facility.id),
    "route": select(Facility).join(AccessRoute, AccessRoute.facility_id == Facility.id),
}
_NAMED = {"facility": Facility.public_id, "instrument": Instrument.public_id, "route": AccessRoute.public_id}


def belonging(context: Context, request: Request) -> dict[str, Any] | None:
    """Return which ways in let them in free of charge and which periods set time aside; None for other rules.

    Of rules for more than a facility only their group, since each facility sets these up itself.
    """
    document: PolicyDocument = context.row
    group = development_group(document.rules)
    if group is None:
        return None
    kind, key = document.scope_kind, document.scope_key
    if kind not in _LEADING:
        return {"group": group, "facility": None}
    facility = request.db.scalars(_LEADING[kind].where(_NAMED[kind] == key)).one()
    if not request.may(Permission.POOL_READ, context):
        return None
    now = clock.now()
    ways = [one for one in routes_run_at(request.db, facility, now=now) if one.view.route.active]
    if kind == "route":
        ways = [one for one in ways if one.view.route.public_id == key]
    elif kind == "instrument":
        ways = [one for one in ways if key in {row.public_id for row in one.instruments}]
    reached = None if kind == "facility" else {row.id for one in ways for row in one.instruments}
    periods = set_asides(request.db, actor=request.actor, now=now, facility=facility, group=group, instruments=reached)
    return {
        "group": group,
        "facility": facility,
        "ways": [_way(request, one.view.route, group) for one in ways],
        "periods": [
            {"said": one, "form": None if one.whole else _pool_form(request, facility, one.period.public_id, group)}
            for one in periods
        ],
        "may_reduce": request.may(Permission.ROUTE_WRITE, context),
        "may_set_aside": request.may(Permission.POOL_WRITE, context),
    }


def _way(request: Request, route: AccessRoute, group: str) -> dict[str, Any]:
    regimes = charged(route, group, clock.now())
    ground = request.localize(_("Free of charge for startups and SMEs of ${group}", mapping={"group": group}))
    query = {"percent": "100", "ground": ground, "reduced": regimes, **whom_form.filled_in(favoured(group))}
    form = request.route_path("facility_way", id=route.public_id, _query=query, _anchor="reductions")
    return {"route": route, "charged": [label(Regime(one)) for one in regimes], "form": form}


def _pool_form(request: Request, facility: Facility, period: str, group: str) -> str:
    name = request.localize(_("Startups and SMEs of ${group}", mapping={"group": group}))
    query = {
        "period": period,
        "name": name,
        "purpose": PoolPurpose.SET_ASIDE.value,
        **whom_form.filled_in(favoured(group)),
    }
    path: str = request.route_path("facility_pools", id=facility.public_id, _query=query, _anchor="new-pool")
    return path
