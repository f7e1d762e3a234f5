"""Changing what a facility has: its names, the plant it depends on, and whether it is in use.

No booking is left without its resource: what is booked, held, drafted or closed is kept in use until it is over.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Resource
from infra_access.catalogue.resources import check_plant, clean_name, lock_plants
from infra_access.catalogue.scopes import facility_scopes
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.scheduling.models import Occupancy
from infra_access.scheduling.occupancies import lock_resources
from infra_access.scheduling.windows.refreshing import refresh_whole

FIELDS = frozenset({"name", "plant", "active"})


def update_resource(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    resource: Resource,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Resource:
    """Change `name`, `plant` (a Resource or None) or `active`; what is left out stays.

    Raises Conflict `resource.in_use` where something still stands in its time that is taken out of use, and
    `plant.bookings` where bookings stand in the closures of its new plant.
    """
    facility = session.get_one(Facility, resource.facility_id)
    require(actor, Permission.INSTRUMENT_UPDATE, facility_scopes(session, facility))
    if unknown := changes.keys() - FIELDS:
        raise fields.fault("field.unknown", min(unknown), _("There is no such field."))
    plant: Resource | None = changes.get("plant")
    if "plant" in changes:
        check_plant(resource.facility_id, resource.kind, plant)
        # A plant is locked before what depends on it, the one that it leaves too.
        lock_plants(session, resource.plant_id, plant.id if plant else None)
    if resource.kind == ResourceKind.PLANT:
        lock_plants(session, resource.id)
    lock_resources(session, [resource.id])
    session.refresh(resource)
    fields.check_version(resource.version, expected_version)
    if "name" in changes:
        resource.name = clean_name(changes["name"])
    if "plant" in changes:
        if plant is not None and plant.id != resource.plant_id:
            _refuse_closed(session, resource, plant, now)
        resource.plant_id = plant.id if plant else None
    if "active" in changes:
        active = fields.flag(changes["active"], "active")
        if resource.active and not active:
            _refuse_in_use(session, resource, now)
        resource.active = active
    session.flush()
    if changes.keys() & {"plant", "active"}:
        refresh_whole(session, [resource.id], now=now)
    record(
        session,
        actor=actor,
        action="resource.update",
        object_kind="resource",
        object_id=resource.public_id,
        now=now,
        details=dict(changes) | ({"plant": plant.public_id if plant else None} if "plant" in changes else {}),
    )
    return resource


def _refuse_in_use(session: Session, resource: Resource, now: datetime) -> None:
    count, last = session.execute(
        select(func.count(), func.max(Occupancy.ends)).where(
            Occupancy.resource_id == resource.id, Occupancy.ends > now, Occupancy.kind != "change_over"
        )
    ).one()
    if count:
        message = _(
            'Something still stands in the time of "${name}" (${count}), such as bookings or closures. '
            "Move or cancel them first.",
            mapping={"count": count, "name": resource.name},
        )
        raise Conflict("resource.in_use", message, details={"entries": count, "until": last.isoformat()})
    depends = session.scalar(select(func.count()).where(Resource.plant_id == resource.id, Resource.active.is_(True)))
    if depends:
        message = _(
            'Other resources depend on "${name}" (${count}). Let them depend on another plant, or on none, first.',
            mapping={"count": depends, "name": resource.name},
        )
        raise Conflict("resource.in_use", message, details={"dependants": depends})


def _refuse_closed(session: Session, resource: Resource, plant: Resource, now: datetime) -> None:
    closed = select(Occupancy.starts, Occupancy.ends).where(Occupancy.resource_id == plant.id).subquery()
    count = session.scalar(
        select(func.count(Occupancy.booking_id.distinct()))
        .join(closed, (closed.c.starts < Occupancy.ends) & (closed.c.ends > Occupancy.starts))
        .where(Occupancy.resource_id == resource.id, Occupancy.ends > now)
    )
    if count:
        message = _(
            'Bookings of "${name}" (${count}) stand in times in which "${plant}" is closed. Move or cancel them first.',
            mapping={"count": count, "name": resource.name, "plant": plant.name},
        )
        raise Conflict("plant.bookings", message, details={"bookings": count})
