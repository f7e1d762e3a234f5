"""Ways in: routes with their rounds. A continuous route has one round that never closes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from infra_access.access_requests.models import AccessRound, AccessRoute, AccessRouteInstrument
from infra_access.access_requests.route_fields import CLEANERS, units
from infra_access.access_requests.terms.versions import check_versions, keep_versions
from infra_access.access_requests.vocabularies import Entry, TimeGiven
from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import facility_scopes
from infra_access.catalogue.vocabularies import AccessType
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, NotFound
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.policy.facts import Facts, Gap
from infra_access.policy.rules import Action

_CHANGEABLE: Mapping[str, fields.Cleaner] = {
    **{name: check for name, check in CLEANERS.items() if name not in {"entry", "access_unit"}},
    "active": fields.flag,
}
_WANTED = ("request.regime", "request.access_type")


@dataclass(frozen=True, slots=True)
class RouteView:
    """A route with the round that is open at the moment asked, and the one that opens next."""

    route: AccessRoute
    open_round: AccessRound | None
    next_round: AccessRound | None


def create_route(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    name: str,
    access_mode: str,
    entry: str,
    time_given: str,
    operated_by: str,
    access_unit: str,
    access_types: Iterable[str],
    regimes: Iterable[str],
    instruments: Sequence[Instrument],
    tariff: Mapping[str, Any] | None = None,
    terms: Mapping[str, Any] | None = None,
    serves: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    stages: Iterable[str] = (),
    booking_rules: Mapping[str, Any] | None = None,
    report_due_days: int = 90,
    turnaround_days: int | None = None,
) -> AccessRoute:
    """Open a way in to instruments of a facility; a continuous route takes requests from now on.

    `turnaround_days` is what a queue promises: results so many days of the calendar after the samples arrived.

    Whoever publishes terms with a route offers them for the facility: where no approval of the facility is due, their
    offer is the host's acceptance. Raises Invalid naming the fields at fault, Forbidden.
    """
    require(actor, Permission.ROUTE_WRITE, facility_scopes(session, facility))
    values = fields.cleaned(
        {
            "name": name,
            "names": names or {},
            "serves": serves or {},
            "access_mode": access_mode,
            "entry": entry,
            "time_given": time_given,
            "operated_by": operated_by,
            "access_unit": access_unit,
            "access_types": access_types,
            "regimes": regimes,
            "stages": stages,
            "tariff": tariff or {},
            "terms": terms or {},
            "booking_rules": booking_rules or {},
            "report_due_days": report_due_days,
            "turnaround_days": turnaround_days,
        },
        CLEANERS,
    )
    _check_together(values)
    _check_instruments(facility, instruments)
    for offered in values["terms"].values():
        offered["offered_by"] = actor.account_id
    route = AccessRoute(public_id=new_public_id(), facility_id=facility.id, **values)
    session.add(route)
    session.flush()  # its instruments and its round need its key
    _lead_to(session, route, instruments)
    keep_versions(session, route, route.terms, now=now)
    if route.entry == Entry.CONTINUOUS:
        session.add(AccessRound(route_id=route.id, name=route.name, opens_at=now))
    session.flush()
    _record(session, actor, "access_route.created", route, now, {"name": route.name, "entry": route.entry})
    return route


def update_route(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    route: AccessRoute,
    changes: Mapping[str, Any],
    instruments: Sequence[Instrument] | None = None,
    expected_version: int | None = None,
) -> AccessRoute:
    """Change a way in from now on; requests and quotes keep what they rest on. Closed ways (`active`) take no requests.

    What it counts in and whether it has rounds stays: allocations and calls are made of these. Terms that change need
    another version.
    """
    facility = session.get_one(Facility, route.facility_id)
    require(actor, Permission.ROUTE_WRITE, facility_scopes(session, facility))
    fields.check_version(route.version, expected_version)
    values = fields.cleaned(changes, _CHANGEABLE)
    _check_together({name: getattr(route, name) for name in CLEANERS} | values)
    before = dict(route.terms)
    check_versions(session, route, values.get("terms", {}))
    for offered in values.get("terms", {}).values():
        offered["offered_by"] = actor.account_id
    changed = sorted(name for name, value in values.items() if getattr(route, name) != value)
    for name in changed:
        setattr(route, name, values[name])
    if instruments is not None:
        _check_instruments(facility, instruments)
        session.execute(delete(AccessRouteInstrument).where(AccessRouteInstrument.route_id == route.id))
        _lead_to(session, route, instruments)
        flag_modified(route, "name")  # where it leads is a part of its version too
        changed.append("instruments")
    session.flush()
    if "terms" in changed:
        keep_versions(session, route, before, route.terms, now=now)
    _record(session, actor, "access_route.changed", route, now, {"changed": changed, "active": route.active})
    return route


def _check_together(values: Mapping[str, Any]) -> None:
    if values["turnaround_days"] is not None and values["time_given"] != TimeGiven.QUEUE:
        message = _("Only a way in with a queue promises when results come. Leave this out, or choose the queue.")
        raise fields.fault("route.turnaround", "turnaround_days", message)
    for field in ("access_types", "regimes"):
        if not values[field]:
            raise fields.fault("list.empty", field, _("Name at least one."))


def _check_instruments(facility: Facility, instruments: Sequence[Instrument]) -> None:
    if not instruments or any(instrument.facility_id != facility.id for instrument in instruments):
        message = _("A route leads to one or more instruments of its own facility.")
        raise fields.fault("route.instruments", "instruments", message)


def _lead_to(session: Session, route: AccessRoute, instruments: Sequence[Instrument]) -> None:
    session.execute(
        insert(AccessRouteInstrument),
        [{"route_id": route.id, "instrument_id": key} for key in sorted({one.id for one in instruments})],
    )


def open_round(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    route: AccessRoute,
    name: str,
    opens_at: datetime,
    closes_at: datetime,
    decided_by: datetime | None = None,
    period_start: datetime | None = None,
    period_end: datetime | None = None,
    units_offered: Decimal | str | None = None,
) -> AccessRound:
    """Announce a call on a route of rounds: from when until when it takes requests, what it is for and how much."""
    facility = session.get_one(Facility, route.facility_id)
    require(actor, Permission.ROUTE_WRITE, facility_scopes(session, facility))
    if route.entry != Entry.ROUNDS:
        raise Conflict("route.continuous", _("This route takes requests at any time, so it has no calls."))
    instants = {
        "opens_at": opens_at,
        "closes_at": closes_at,
        "decided_by": decided_by,
        "period_start": period_start,
        "period_end": period_end,
    }
    earlier: datetime | None = None
    for field, instant in instants.items():
        if instant is None:
            continue
        if instant.tzinfo is None:
            raise fields.fault("time.naive", field, _("Give this time with its offset from UTC."))
        if (earlier is not None and instant < earlier) or (field == "closes_at" and instant == earlier):
            raise fields.fault("time.order", field, _("This lies before the step that comes first."))
        earlier = instant
    call = AccessRound(
        public_id=new_public_id(),
        route_id=route.id,
        name=fields.line(200, required=True)(name, "name"),
        units_offered=units(units_offered, "units_offered"),
        **instants,
    )
    session.add(call)
    session.flush()
    _record(session, actor, "access_round.opened", route, now, {"round": call.public_id, "name": call.name})
    return call


def offer_units(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    route: AccessRoute,
    round_id: str,
    units_offered: Decimal | str | None,
) -> AccessRound:
    """State how many access units a call has to give, or that nobody says; what was decided by it stays.

    That of a continuous route has as many in each year. Raises Invalid, NotFound `access_round.unknown`, Forbidden.
    """
    facility = session.get_one(Facility, route.facility_id)
    require(actor, Permission.ROUTE_WRITE, facility_scopes(session, facility))
    call = session.scalars(
        select(AccessRound).where(AccessRound.route_id == route.id, AccessRound.public_id == round_id)
    ).one_or_none()
    if call is None:
        raise NotFound("access_round.unknown", _("There is no such call."))
    call.units_offered = units(units_offered, "units_offered")
    session.flush()
    stated = None if call.units_offered is None else format(call.units_offered, "f")
    _record(session, actor, "access_round.units_offered", route, now, {"round": call.public_id, "units": stated})
    return call


def route_by_public_id(session: Session, public_id: str) -> AccessRoute:
    """Return a route. Raises NotFound `access_route.unknown`."""
    route = session.scalars(select(AccessRoute).where(AccessRoute.public_id == public_id)).one_or_none()
    if route is None:
        raise NotFound("access_route.unknown", _("There is no such access route."))
    return route


def routes_of(session: Session, instrument_id: int, *, now: datetime) -> list[RouteView]:
    """Return the ways in to an instrument, open ones first. Two statements."""
    routes = session.scalars(
        select(AccessRoute)
        .join(AccessRouteInstrument, AccessRouteInstrument.route_id == AccessRoute.id)
        .where(AccessRouteInstrument.instrument_id == instrument_id, AccessRoute.active)
        .order_by(AccessRoute.id)
    ).all()
    return sorted(with_rounds(session, routes, now=now), key=lambda view: view.open_round is None)


def with_rounds(session: Session, routes: Sequence[AccessRoute], *, now: datetime) -> list[RouteView]:
    """Return the routes with their rounds of the moment. One statement."""
    rounds = session.scalars(
        select(AccessRound)
        .where(
            AccessRound.route_id.in_([route.id for route in routes]),
            or_(AccessRound.closes_at.is_(None), AccessRound.closes_at > now),
        )
        .order_by(AccessRound.opens_at, AccessRound.id)
    ).all()
    views = []
    for route in routes:
        own = [one for one in rounds if one.route_id == route.id]
        is_open = next((one for one in own if one.opens_at <= now), None)
        views.append(RouteView(route, is_open, next((one for one in own if one.opens_at > now), None)))
    return views


def current_round(session: Session, route: AccessRoute, now: datetime) -> AccessRound | None:
    """Return the round of a route that takes requests now, if any."""
    return with_rounds(session, [route], now=now)[0].open_round


def _record(
    session: Session, actor: Actor, action: str, route: AccessRoute, now: datetime, details: dict[str, Any]
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="access_route",
        object_id=route.public_id,
        now=now,
        details=details,
    )


def route_ids_of(session: Session, instrument_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the public ids of the active routes to each instrument, by its key, oldest first. One statement.

    Routes between two calls count: whoever asks what is possible there may prepare a request.
    """
    return routes_offering(session, instrument_ids)


def routes_offering(
    session: Session,
    instrument_ids: Iterable[int],
    applicant: Facts | None = None,
    now: datetime | None = None,
    *,
    access_type: AccessType | None = None,
) -> dict[int, list[str]]:
    """Return the same as `route_ids_of`, without the routes that do not offer what the applicant says to want.

    A regime or an access type that nobody has named leaves out no route, and `access_type` all that do not offer it.
    One statement.
    """
    rows = session.execute(
        select(
            AccessRouteInstrument.instrument_id, AccessRoute.public_id, AccessRoute.regimes, AccessRoute.access_types
        )
        .join(AccessRoute, AccessRoute.id == AccessRouteInstrument.route_id)
        .where(AccessRouteInstrument.instrument_id.in_(list(instrument_ids)), AccessRoute.active.is_(True))
        .order_by(AccessRoute.id)
    )
    wanted = [applicant.value(path, now) if applicant and now else Gap.UNKNOWN for path in _WANTED]
    found: dict[int, list[str]] = {}
    for instrument_id, route, *offers in rows:
        offered_too = access_type is None or access_type in offers[1]
        if offered_too and all(isinstance(w, Gap) or w in offered for w, offered in zip(wanted, offers, strict=True)):
            found.setdefault(instrument_id, []).append(route)
    return found


def used_by(route: AccessRoute) -> Action:
    """Return what people do once they were let in by a route: book, or send samples."""
    return Action.MAIL_IN if route.time_given == TimeGiven.QUEUE else Action.BOOK


def is_direct() -> ColumnElement[bool]:
    """Return the condition for the routes to book by without a request: always open, teams pick."""
    return and_(
        AccessRoute.active.is_(True),
        AccessRoute.entry == Entry.CONTINUOUS,
        AccessRoute.time_given == TimeGiven.TEAM_PICKS,
    )


def direct_route_ids(session: Session, instrument_id: int) -> list[str]:
    """Return the public ids of the routes to book by without a request: always open, teams pick. One statement."""
    return list(
        session.scalars(
            select(AccessRoute.public_id)
            .join(AccessRouteInstrument, AccessRouteInstrument.route_id == AccessRoute.id)
            .where(
                AccessRouteInstrument.instrument_id == instrument_id,
                is_direct(),
            )
            .order_by(AccessRoute.id)
        )
    )
