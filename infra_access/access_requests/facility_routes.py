"""The ways in to a facility as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRound, AccessRoute, AccessRouteInstrument
from infra_access.access_requests.routes import RouteView, with_rounds
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, may
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _


@dataclass(frozen=True, slots=True)
class RouteAt:
    """A way in with its rounds of the moment and the instruments that it leads to, by name."""

    view: RouteView
    instruments: tuple[Instrument, ...]


@dataclass(frozen=True, slots=True)
class RouteOf:
    """A way in and the facility that runs it."""

    route: AccessRoute
    facility: Facility


def routes_at(session: Session, facility: Facility) -> list[AccessRoute]:
    """Return the active routes of a facility in the order in which they were opened. One statement."""
    return list(
        session.scalars(
            select(AccessRoute)
            .where(AccessRoute.facility_id == facility.id, AccessRoute.active)
            .order_by(AccessRoute.id)
        )
    )


def routes_run_at(
    session: Session, facility: Facility | None = None, *, route: AccessRoute | None = None, now: datetime
) -> list[RouteAt]:
    """Return all routes of a facility, closed ones last, or the one given. Three statements."""
    wanted = AccessRoute.id == route.id if route else AccessRoute.facility_id == (facility.id if facility else None)
    found = session.scalars(select(AccessRoute).where(wanted).order_by(AccessRoute.active.desc(), AccessRoute.id)).all()
    leads: dict[int, list[Instrument]] = {one.id: [] for one in found}
    for key, instrument in session.execute(
        select(AccessRouteInstrument.route_id, Instrument)
        .join(Instrument, Instrument.id == AccessRouteInstrument.instrument_id)
        .where(AccessRouteInstrument.route_id.in_(leads))
        .order_by(Instrument.name_key, Instrument.id)
    ):
        leads[key].append(instrument)
    return [RouteAt(view, tuple(leads[view.route.id])) for view in with_rounds(session, found, now=now)]


def rounds_of(session: Session, route: AccessRoute) -> Sequence[AccessRound]:
    """Return the calls of a route, latest first. One statement."""
    return session.scalars(
        select(AccessRound)
        .where(AccessRound.route_id == route.id)
        .order_by(AccessRound.opens_at.desc(), AccessRound.id.desc())
    ).all()


def route_run_by(session: Session, public_id: str, *, actor: Actor) -> RouteOf:
    """Return a route, for the office of its facility. Raises NotFound for everybody else."""
    row = session.execute(
        select(AccessRoute, Facility)
        .join(Facility, Facility.id == AccessRoute.facility_id)
        .where(AccessRoute.public_id == public_id)
    ).first()
    if row is None or not may(actor, Permission.ROUTE_WRITE, facility_scopes(session, row[1])):
        raise NotFound("access_route.unknown", _("There is no such access route."))
    return RouteOf(row[0], row[1])
