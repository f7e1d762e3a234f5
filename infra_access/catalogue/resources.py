"""Commands on resources: whatever's time can be taken."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Instrument, InstrumentCompanion, Resource
from infra_access.catalogue.scopes import facility_scopes, instrument_scopes
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _

MAX_COPIES = 100
_name = fields.line(200, required=True)


def copies_of(instrument: Instrument, *, copies: int = 1, names: Iterable[str] = ()) -> list[Resource]:
    """Return the resources of a new instrument: one for each name, else numbered ones, or one called as it is."""
    given = [_name(name, f"resources.{position}") for position, name in enumerate(names)]
    if not 1 <= (len(given) or copies) <= MAX_COPIES:
        message = _("An instrument has from 1 to ${most} copies.", mapping={"most": MAX_COPIES})
        raise fields.fault("copies.range", "resources" if given else "copies", message)
    short = instrument.name[:190]
    called = given or [short if copies == 1 else f"{short} {number}" for number in range(1, copies + 1)]
    return [
        Resource(
            facility_id=instrument.facility_id, instrument_id=instrument.id, kind=ResourceKind.INSTRUMENT, name=name
        )
        for name in called
    ]


def add_resource(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    kind: str,
    name: str,
    instrument: Instrument | None = None,
    account_id: int | None = None,
    plant: Resource | None = None,
) -> Resource:
    """Add a further copy, a room, a person or a plant; `plant` is the one that must run for it to be open."""
    require(actor, Permission.INSTRUMENT_CREATE, facility_scopes(session, facility))
    kind = fields.one_of(ResourceKind)(kind, "kind")
    for place in (instrument, plant):
        if place is not None and place.facility_id != facility.id:
            raise _elsewhere(place.name)
    if plant is not None and plant.kind != ResourceKind.PLANT:
        raise fields.fault("plant.kind", "plant", _("Only a plant can close other resources."))
    _lock_plant(session, plant)
    resource = Resource(
        facility_id=facility.id,
        instrument_id=instrument.id if instrument else None,
        account_id=account_id,
        plant_id=plant.id if plant else None,
        kind=kind,
        name=_name(name, "name"),
    )
    session.add(resource)
    session.flush()  # its public id is made then
    record(
        session,
        actor=actor,
        action="resource.create",
        object_kind="resource",
        object_id=resource.public_id,
        now=now,
        details={"kind": kind, "name": resource.name, "facility": facility.public_id},
    )
    return resource


def add_companion(
    session: Session, *, actor: Actor, now: datetime, instrument: Instrument, resource: Resource
) -> InstrumentCompanion:
    """Let every session on an instrument also take a room or a person of its facility."""
    require(actor, Permission.INSTRUMENT_UPDATE, instrument_scopes(session, instrument))
    if resource.facility_id != instrument.facility_id:
        raise _elsewhere(resource.name)
    if resource.kind not in {ResourceKind.ROOM, ResourceKind.PERSON}:
        raise fields.fault("companion.kind", "resource", _("Only a room or a person can accompany a session."))
    known = session.get(InstrumentCompanion, (instrument.id, resource.id))
    companion = known or InstrumentCompanion(instrument_id=instrument.id, resource_id=resource.id)
    session.add(companion)
    session.flush()
    record(
        session,
        actor=actor,
        action="instrument.add_companion",
        object_kind="instrument",
        object_id=instrument.public_id,
        now=now,
        details={"resource": resource.public_id},
    )
    return companion


def set_plant(session: Session, *, actor: Actor, now: datetime, resource: Resource, plant: Resource | None) -> Resource:
    """Name the plant that must run for a resource to be open, or none."""
    facility = session.get_one(Facility, resource.facility_id)
    require(actor, Permission.INSTRUMENT_UPDATE, facility_scopes(session, facility))
    if plant is not None:
        if plant.facility_id != resource.facility_id:
            raise _elsewhere(plant.name)
        if plant.kind != ResourceKind.PLANT or plant.id == resource.id:
            raise fields.fault("plant.kind", "plant", _("Only another resource that is a plant can close this one."))
    _lock_plant(session, plant)
    resource.plant_id = plant.id if plant else None
    session.flush()
    record(
        session,
        actor=actor,
        action="resource.set_plant",
        object_kind="resource",
        object_id=resource.public_id,
        now=now,
        details={"plant": plant.public_id if plant else None},
    )
    return resource


def _lock_plant(session: Session, plant: Resource | None) -> None:
    """Let no closure of the plant be made meanwhile: it closes what depends on it as it begins."""
    if plant is not None:
        session.execute(select(Resource.id).where(Resource.id == plant.id).with_for_update(key_share=True))


def _elsewhere(name: str) -> Conflict:
    message = _('"${name}" belongs to another facility. Choose one of this facility.', mapping={"name": name})
    return Conflict("resource.elsewhere", message)
