"""Plants, closures and lost time for tests, made through the commands."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Resource
from infra_access.catalogue.resources import add_resource
from infra_access.core.timespan import TimeSpan
from infra_access.outbox.models import OutboxEvent
from infra_access.scheduling.places import Place
from infra_access.scheduling.upkeep.closures import close, preview_closure
from infra_access.scheduling.upkeep.models import Closure
from infra_access.scheduling.upkeep.report import Report
from infra_access.scheduling.upkeep.resources import update_resource
from tests.factories.scheduling import MONDAY, SYSTEM, copies_of, make_place


def make_ring(session: Session, *, beamlines: int = 3, copies: int = 1) -> tuple[Resource, list[Place]]:
    """Make a storage ring and the beamlines that need it."""
    first = make_place(session, copies=copies)
    places = [first, *(make_place(session, facility=first.facility, copies=copies) for _number in range(beamlines - 1))]
    ring = add_resource(session, actor=SYSTEM, now=MONDAY, facility=first.facility, kind="plant", name="Ring")
    for place in places:
        for copy in copies_of(session, place):
            update_resource(session, actor=SYSTEM, now=MONDAY, resource=copy, changes={"plant": ring})
    return ring, places


def previewed(session: Session, place: Place, resource: Resource, wanted: TimeSpan, **overrides: Any) -> Report:
    """Preview a closure."""
    values = {"actor": SYSTEM, "now": MONDAY, "facility": place.facility}
    return preview_closure(session, resource=resource, span=wanted, **(values | overrides))


def closed(
    session: Session, place: Place, resource: Resource, wanted: TimeSpan, **overrides: Any
) -> tuple[Closure, Report]:
    """Close a resource for a service."""
    values = {"actor": SYSTEM, "now": MONDAY, "facility": place.facility, "label": "Service"}
    return close(session, resource=resource, span=wanted, **(values | overrides))


def told(session: Session, kind: str) -> Sequence[dict[str, Any]]:
    """Return what the outbox tells of one kind, oldest first."""
    return [
        dict(one)
        for one in session.scalars(select(OutboxEvent.payload).where(OutboxEvent.kind == kind).order_by(OutboxEvent.id))
    ]
