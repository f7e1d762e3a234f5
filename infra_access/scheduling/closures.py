"""Closing a resource for maintenance, and opening it again.

A closed plant closes what depends on it. Bookings are never displaced in silence: while one stands in the way,
the closure is refused and names how many, so that somebody moves or cancels them first.
"""

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue.models import Facility, Resource
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_line
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.models import Occupancy
from infra_access.scheduling.occupancies import Taking, lock_resources, occupied, take


def close(
    session: Session, *, actor: Actor, now: datetime, facility: Facility, resource: Resource, span: TimeSpan, label: str
) -> None:
    """Close a resource for a span. Raises Conflict while bookings stand in it."""
    _require(session, actor, facility, resource)
    label = clean_line(label, field="label", max_length=200)
    dependants = list(
        session.scalars(select(Resource.id).where(or_(Resource.id == resource.id, Resource.plant_id == resource.id)))
    )
    lock_resources(session, dependants)
    standing = {one.booking_id for one in occupied(session, dependants, span) if one.booking_id is not None}
    if standing:
        raise Conflict(
            "closure.bookings",
            _("${count} bookings stand in this time. Move or cancel them first.", mapping={"count": len(standing)}),
            details={"bookings": len(standing)},
        )
    take(session, [Taking(resource.id, span, "maintenance")], booking_id=None, label=label)
    record(
        session,
        actor=actor,
        action="resource.closed",
        object_kind="resource",
        object_id=resource.public_id,
        now=now,
        details={"start": span.start.isoformat(), "end": span.end.isoformat(), "label": label},
    )


def reopen(
    session: Session, *, actor: Actor, now: datetime, facility: Facility, resource: Resource, span: TimeSpan
) -> None:
    """Take back the closures of a resource that lie within a span."""
    _require(session, actor, facility, resource)
    lock_resources(session, [resource.id])
    session.execute(
        delete(Occupancy).where(
            Occupancy.resource_id == resource.id,
            Occupancy.kind == "maintenance",
            Occupancy.starts >= span.start,
            Occupancy.ends <= span.end,
        )
    )
    record(
        session,
        actor=actor,
        action="resource.reopened",
        object_kind="resource",
        object_id=resource.public_id,
        now=now,
        details={"start": span.start.isoformat(), "end": span.end.isoformat()},
    )


def _require(session: Session, actor: Actor, facility: Facility, resource: Resource) -> None:
    require(actor, Permission.MAINTENANCE_WRITE, facility_scopes(session, facility))
    if resource.facility_id != facility.id:
        message = _("This resource belongs to another facility.")
        raise Invalid("closure.resource", message, fields={"resource": [message]})
