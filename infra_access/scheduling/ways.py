"""Opening and changing a way in: what it changes of the booking rules must go with those of its instruments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import routes
from infra_access.access_requests.models import AccessRoute, AccessRouteInstrument
from infra_access.catalogue.models import Facility, Instrument
from infra_access.core.authority import Actor
from infra_access.core.errors import Invalid
from infra_access.scheduling.rule_sets import check_route_rules


def open_way(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    instruments: Sequence[Instrument],
    booking_rules: Mapping[str, Any] | None = None,
    **rest: Any,
) -> AccessRoute:
    """Open a way in as `create_route` does. Raises Invalid also for booking rules that do not fit."""
    rules = dict(booking_rules or {})
    with session.begin_nested():  # what is refused leaves nothing, whoever catches it
        route = routes.create_route(
            session, actor=actor, now=now, facility=facility, instruments=instruments, booking_rules=rules, **rest
        )
        _check(session, instruments, rules)
    return route


def change_way(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    route: AccessRoute,
    changes: Mapping[str, Any],
    instruments: Sequence[Instrument] | None = None,
    expected_version: int | None = None,
) -> AccessRoute:
    """Change a way in as `update_route` does, under the same check of its booking rules."""
    with session.begin_nested():
        routes.update_route(
            session,
            actor=actor,
            now=now,
            route=route,
            changes=changes,
            instruments=instruments,
            expected_version=expected_version,
        )
        _check(session, instruments_of(session, route), route.booking_rules)
    return route


def instruments_of(session: Session, route: AccessRoute) -> Sequence[Instrument]:
    """Return the instruments that a way leads to, by name. One statement."""
    return session.scalars(
        select(Instrument)
        .join(AccessRouteInstrument, AccessRouteInstrument.instrument_id == Instrument.id)
        .where(AccessRouteInstrument.route_id == route.id)
        .order_by(Instrument.name_key, Instrument.id)
    ).all()


def _check(session: Session, instruments: Sequence[Instrument], rules: Mapping[str, Any]) -> None:
    try:
        check_route_rules(session, instruments, rules)
    except Invalid as error:
        named = {f"booking_rules.{key}": messages for key, messages in error.fields.items()}
        raise Invalid(error.code, error.message, fields=named, details=error.details) from error
