"""The ways in to a facility as its office opens and changes them, with their booking rules and calls."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import select

from infra_access.access_requests.facility_routes import RouteOf, rounds_of, routes_run_at
from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.routes import offer_units, open_round
from infra_access.access_requests.vocabularies import Entry
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.vocabularies import PublicationState
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import DomainError, PreconditionFailed
from infra_access.core.i18n import Text, _
from infra_access.http.security import Context
from infra_access.scheduling.rule_sets import said_in
from infra_access.scheduling.ways import change_way, instruments_of, open_way
from infra_access.web import reductions_form, rules_form, way_form
from infra_access.web.corrections import Entries, to_correct, to_fill_in
from infra_access.web.forms import ENTERED, seen_version, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once

MOST_INSTRUMENTS = 1_000
_ALL = {"route_name": "facility_ways", "renderer": "facility_ways.jinja2", "permission": Permission.ROUTE_WRITE}
_ONE = {"route_name": "facility_way", "renderer": "facility_way.jinja2", "permission": Permission.ROUTE_WRITE}
_REFUSED: tuple[type[DomainError], ...] = (*ENTERED, PreconditionFailed)


@view_config(**_ALL, request_method="GET")
def show_all(context: Context, request: Request) -> dict[str, Any]:
    """Show every way in, and the form of a new one."""
    return {**_list(context, request), **to_fill_in({"currency": "EUR"})}


@view_config(**_ALL, request_method="POST")
def add(context: Context, request: Request) -> dict[str, Any] | Response:
    """Open a way in."""
    try:
        return posted_once(request, lambda: _opened(request, context.row))
    except ENTERED as error:
        wrong = to_correct(request, error)
        wrong["errors"] = Entries(way_form.at_their_fields(wrong["errors"]))
        return {**_list(context, request), **wrong, "chosen": way_form.chosen(request)}


@view_config(**_ONE, request_method="GET")
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show one way in with its forms; a link here may fill in that of a reduction."""
    return _page(context, request)


@view_config(**_ONE, request_method="POST", request_param="save=way")
def save(context: Context, request: Request) -> dict[str, Any] | Response:
    """Change what it says."""
    found: RouteOf = context.row
    values = values_of(request)
    try:
        change_way(
            request.db,
            actor=request.actor,
            now=clock.now(),
            route=found.route,
            changes={**way_form.entered(request, values, found.route), "active": "active" in values},
            instruments=_instruments(request, found.facility, way_form.chosen(request)["instruments"]),
            expected_version=seen_version(values),
        )
    except _REFUSED as error:
        wrong = to_correct(request, error)
        wrong["errors"] = Entries(way_form.at_their_fields(wrong["errors"]))
        return _page(context, request, way=wrong, chosen=way_form.chosen(request))
    return _done(request, found.route, _("The way in is saved."))


@view_config(**_ONE, request_method="POST", request_param="save=reduction")
def reduce(context: Context, request: Request) -> dict[str, Any] | Response:
    """Reduce its price for some."""
    route: AccessRoute = context.row.route
    values = values_of(request)
    try:
        _repriced(request, route, reductions_form.with_one_more(request, route, values))
    except _REFUSED as error:
        wrong = to_correct(request, error)
        wrong["errors"] = Entries(reductions_form.at_their_fields(wrong["errors"]))
        return _page(context, request, reduction=wrong)
    return _done(request, route, _("The price is reduced. Quotes already given stay."))


@view_config(**_ONE, request_method="POST", request_param="remove_reduction")
def remove_reduction(context: Context, request: Request) -> dict[str, Any] | Response:
    """Take a reduction of its price out."""
    route: AccessRoute = context.row.route
    try:
        _repriced(request, route, reductions_form.without(route, values_of(request).get("remove_reduction", "")))
    except _REFUSED as error:
        return _page(context, request, reduction=to_correct(request, error))
    return _done(request, route, _("The reduction is taken out. Quotes already given stay."))


@view_config(**_ONE, request_method="POST", request_param="save=rules")
def save_rules(context: Context, request: Request) -> dict[str, Any] | Response:
    """Replace what it changes of the booking rules."""
    found: RouteOf = context.row
    values = rules_form.closed_up(values_of(request))
    try:
        change_way(
            request.db,
            actor=request.actor,
            now=clock.now(),
            route=found.route,
            changes={"booking_rules": rules_form.entered(values)},
            expected_version=seen_version(values),
        )
    except _REFUSED as error:
        errors = {
            key.removeprefix("booking_rules."): text for key, text in to_correct(request, error)["errors"].items()
        }
        given = {"entered": Entries(values), "errors": Entries(rules_form.at_their_fields(errors))}
        return _page(context, request, rules=given)
    return _done(request, found.route, _("The rules are saved. Bookings already made stay."))


@view_config(**_ONE, request_method="POST", request_param="save=call")
def announce(context: Context, request: Request) -> dict[str, Any] | Response:
    """Announce a call."""
    try:
        return posted_once(request, lambda: _announced(request, context.row))
    except ENTERED as error:
        return _page(context, request, call=to_correct(request, error))


@view_config(**_ONE, request_method="POST", request_param="save=units")
def save_units(context: Context, request: Request) -> dict[str, Any] | Response:
    """State how many access units a call has to give."""
    found: RouteOf = context.row
    values = values_of(request)
    try:
        offer_units(
            request.db,
            actor=request.actor,
            now=clock.now(),
            route=found.route,
            round_id=values.get("round", ""),
            units_offered=way_form.units_in(values),
        )
    except ENTERED as error:
        return _page(context, request, units=to_correct(request, error))
    return _done(request, found.route, _("What it has to give is saved. Requests already decided stay as they are."))


def _opened(request: Request, facility: Facility) -> Response:
    route = open_way(
        request.db,
        actor=request.actor,
        now=clock.now(),
        facility=facility,
        instruments=_instruments(request, facility, way_form.chosen(request)["instruments"]),
        **way_form.entered(request, values_of(request)),
    )
    return _done(request, route, _("${name} is open.", mapping={"name": route.name}))


def _announced(request: Request, found: RouteOf) -> Response:
    values = values_of(request)
    given: dict[str, Any] = way_form.call_in(values, found.facility.timezone)
    for name in ("opens_at", "closes_at"):
        given.setdefault(name, clock.now())
    made = open_round(
        request.db,
        actor=request.actor,
        now=clock.now(),
        route=found.route,
        name=values.get("call_name", ""),
        units_offered=way_form.units_in(values),
        **given,
    )
    return _done(request, found.route, _("${name} is announced.", mapping={"name": made.name}))


def _repriced(request: Request, route: AccessRoute, tariff: dict[str, Any]) -> None:
    change_way(
        request.db,
        actor=request.actor,
        now=clock.now(),
        route=route,
        changes={"tariff": tariff},
        expected_version=seen_version(values_of(request)),
    )


def _done(request: Request, route: AccessRoute, message: Text) -> Response:
    flash(request, "success", message)
    return to(request, "facility_way", id=route.public_id)


def _instruments(request: Request, facility: Facility, keys: list[str]) -> list[Instrument]:
    found = select(Instrument).where(Instrument.public_id.in_(keys), Instrument.facility_id == facility.id)
    return list(request.db.scalars(found.order_by(Instrument.id)))


def _offered(request: Request, facility: Facility) -> list[tuple[str, str]]:
    rows = request.db.execute(
        select(Instrument.public_id, Instrument.name)
        .where(Instrument.facility_id == facility.id, Instrument.publication != PublicationState.RETIRED)
        .order_by(Instrument.name_key, Instrument.id)
        .limit(MOST_INSTRUMENTS)
    )
    return [(key, name) for key, name in rows]


def _list(context: Context, request: Request) -> dict[str, Any]:
    facility: Facility = context.row
    return {
        "facility": facility,
        "ways": routes_run_at(request.db, facility, now=clock.now()),
        "given_words": way_form.GIVEN,
        "options": way_form.options(request, _offered(request, facility)),
        "chosen": {name: [] for name in way_form.MANY},
        "key": new_key(),
    }


def _page(context: Context, request: Request, **refused: Any) -> dict[str, Any]:
    found: RouteOf = context.row
    leads = instruments_of(request.db, found.route)
    filled = way_form.filled_in(found.route, leads)
    lists = {name: filled.pop(name) for name in way_form.MANY}
    rules = rules_form.filled_in(said_in(found.route.booking_rules))
    rounds = rounds_of(request.db, found.route)
    return {
        "found": found,
        "facility": found.facility,
        "may_rule": request.may(Permission.POLICY_WRITE, context),
        "has_rounds": found.route.entry == Entry.ROUNDS,
        "rounds": rounds,
        "offered": {one.public_id: way_form.units_out(one) for one in rounds},
        "options": way_form.options(request, _offered(request, found.facility)),
        "rule_options": rules_form.options(request),
        "numbers": rules_form.numbers_of(found.route.booking_rules),
        "quota_rows": rules_form.spare_rows(refused.get("rules", {}).get("entered", rules), "quotas"),
        "horizon_rows": rules_form.spare_rows(refused.get("rules", {}).get("entered", rules), "horizons"),
        "chosen": refused.get("chosen", lists),
        "way": refused.get("way", to_fill_in(filled)),
        **reductions_form.shown(request, found.route),
        "reduction": refused.get("reduction", to_fill_in(reductions_form.given(request))),
        "rules": refused.get("rules", to_fill_in(rules)),
        "call": refused.get("call", to_fill_in(way_form.call_filled_in(clock.now(), found.facility.timezone))),
        "units": refused.get("units", to_fill_in({})),
        "key": new_key(),
    }
