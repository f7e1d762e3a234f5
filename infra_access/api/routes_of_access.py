"""/facilities/{id}/routes and /routes/{id}: the ways in to a facility, as its office opens and changes them."""

from collections.abc import Sequence
from typing import Any

from infra_access.access_requests.facility_routes import RouteAt, rounds_of, routes_run_at
from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.routes import offer_units, open_round
from infra_access.access_requests.vocabularies import Entry, OperatedBy, TimeGiven
from infra_access.api.booking_rules import BookingRulesBody
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Amount, Choice, Flag, Free, Instant, Integer, Line, ListOf, Part, PublicId
from infra_access.api.instrument_access import RoundOut, RouteOut, round_shown, route_shown
from infra_access.api.schemas import Body, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.models import Instrument
from infra_access.catalogue.queries import instrument_by_public_id
from infra_access.catalogue.vocabularies import AccessMode, AccessType, AccessUnit, Regime
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.scheduling.ways import change_way, open_way


class RouteFields(Body):
    """What a way in says."""

    name = Line(most=200, filled=True)
    names = Free("Names by language.")
    serves = Free("Whom it serves, by language.")
    access_mode = Choice(AccessMode)
    time_given = Choice(TimeGiven, "Who chooses the time: teams, the facility, or nobody (a queue).")
    operated_by = Choice(OperatedBy)
    access_types = ListOf(Choice(AccessType), least=1)
    regimes = ListOf(Choice(Regime), least=1)
    tariff = Free(
        "The price by regime: amount, currency, and the access unit that it is for (per). Its reductions have percent, "
        'ground, and when: {"country_group": "LDC", "any": [{"startup": true}, {"size": "small"}]}.'
    )
    terms = Free(
        "Title, version, text and points of the terms, by regime, those for samples under mta, what rules ask for "
        "under agreement:CODE. A change needs a new version. Points: ip, sharing, publication, cost_shares, "
        "risk_shares, confidentiality, liability."
    )
    stages = ListOf(Line(most=100, filled=True))
    booking_rules = Part(BookingRulesBody)
    report_due_days = Integer(low=0, high=3660)
    turnaround_days = Integer("Of a queue: results within so many days.", low=1, high=3660, allow_none=True)
    instruments = ListOf(PublicId(), least=1, most=1_000)


class RouteChangeBody(RouteFields):
    """What changes; what is left out stays. Requests, allocations and quotes keep what they rest on."""

    active = Flag("Whether it takes requests.")


class RouteBody(RouteFields):
    """A new way in; one that is continuous takes requests at once."""

    name = Line(most=200, filled=True, required=True)
    access_mode = Choice(AccessMode, required=True)
    entry = Choice(Entry, "Always open, or in rounds.", required=True)
    time_given = Choice(TimeGiven, "Who chooses the time: teams, the facility, or nobody (a queue).", required=True)
    operated_by = Choice(OperatedBy, required=True)
    access_unit = Choice(AccessUnit, required=True)
    access_types = ListOf(Choice(AccessType), least=1, required=True)
    regimes = ListOf(Choice(Regime), least=1, required=True)
    instruments = ListOf(PublicId(), least=1, most=1_000, required=True)


class RoundBody(Body):
    """A call: from when until when it takes requests, until when these are decided, and which time it is for."""

    name = Line(most=200, filled=True, required=True)
    opens_at = Instant(required=True)
    closes_at = Instant(required=True)
    decided_by = Instant(allow_none=True)
    period_start = Instant(allow_none=True)
    period_end = Instant(allow_none=True)
    units_offered = Amount("How many access units of the way in it has to give.", allow_none=True)


class RoundChangeBody(Body):
    """What a call has to give, from now on."""

    units_offered = Amount(
        "How many access units of the way in, in each year if it never closes; null where nobody says.",
        allow_none=True,
        required=True,
    )


class RouteAtOut(RouteOut):
    """A way in as its facility sees it."""

    active = Flag()
    instruments = ListOf(PublicId())
    version = Integer(low=1)


@resource("api.facility_routes", "GET", permission=Permission.ROUTE_WRITE, out=page_of(RouteAtOut), errors=(410,))
def list_all(call: Call) -> Page[dict[str, Any]]:
    """List the ways in to a facility, also those that are closed."""
    return Page([_shown(call, one) for one in routes_run_at(call.db, call.row, now=call.now)], None)


@resource(
    "api.facility_routes",
    "POST",
    permission=Permission.ROUTE_WRITE,
    body=RouteBody,
    out=RouteAtOut,
    status=201,
    errors=(404, 410),
)
def create(call: Call) -> Created:
    """Open a way in to instruments of a facility."""
    given = dict(call.body)
    route = open_way(
        call.db,
        actor=call.actor,
        now=call.now,
        facility=call.row,
        instruments=_instruments(call, given.pop("instruments")),
        **given,
    )
    return Created(_one(call, route), f"/api/v1/routes/{route.public_id}")


@resource("api.route", "GET", permission=Permission.ROUTE_WRITE, out=RouteAtOut, version="route.version")
def read(call: Call) -> dict[str, Any]:
    """Show a way in."""
    return _one(call, call.row.route)


@resource(
    "api.route",
    "PATCH",
    permission=Permission.ROUTE_WRITE,
    body=RouteChangeBody,
    out=RouteAtOut,
    version="route.version",
)
def change(call: Call) -> dict[str, Any]:
    """Change a way in from now on."""
    given = dict(call.body)
    wanted = given.pop("instruments", None)
    route = change_way(
        call.db,
        route=call.row.route,
        changes=given,
        instruments=None if wanted is None else _instruments(call, wanted),
        **call.changes,
    )
    return _one(call, route)


@resource(
    "api.route_rounds",
    "GET",
    permission=Permission.ROUTE_WRITE,
    out=page_of(RoundOut),
)
def list_rounds(call: Call) -> Page[dict[str, Any]]:
    """List the calls of a way in, latest first."""
    return Page([round_shown(one) for one in rounds_of(call.db, call.row.route)], None)


@resource(
    "api.route_rounds",
    "POST",
    permission=Permission.ROUTE_WRITE,
    body=RoundBody,
    out=RoundOut,
    status=201,
    errors=(409,),
)
def announce(call: Call) -> Created:
    """Announce a call on a way in of rounds."""
    route: AccessRoute = call.row.route
    made = open_round(call.db, actor=call.actor, now=call.now, route=route, **call.body)
    return Created(round_shown(made), f"/api/v1/routes/{route.public_id}/rounds")


@resource(
    "api.route_round",
    "PATCH",
    permission=Permission.ROUTE_WRITE,
    body=RoundChangeBody,
    out=RoundOut,
)
def change_round(call: Call) -> dict[str, Any]:
    """State how many access units a call has to give; requests already decided stay as they are."""
    route: AccessRoute = call.row.route
    changed = offer_units(
        call.db, actor=call.actor, now=call.now, route=route, round_id=call.request.matchdict["round"], **call.body
    )
    return round_shown(changed)


def _instruments(call: Call, ids: Sequence[str]) -> list[Instrument]:
    return [instrument_by_public_id(call.db, one, actor=call.actor) for one in ids]


def _one(call: Call, route: AccessRoute) -> dict[str, Any]:
    (one,) = routes_run_at(call.db, route=route, now=call.now)
    return _shown(call, one)


def _shown(call: Call, one: RouteAt) -> dict[str, Any]:
    route = one.view.route
    return route_shown(one.view) | {
        "active": route.active,
        "version": route.version,
        "instruments": [instrument.public_id for instrument in one.instruments],
    }
