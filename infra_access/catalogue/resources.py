"""Commands on resources: whatever's time can be taken."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
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
    """Add a further copy of `instrument`, a room, a person or a plant; `plant` must run for it to be open."""
    require(actor, Permission.INSTRUMENT_CREATE, facility_scopes(session, facility))
    kind = fields.one_of(ResourceKind)(kind, "kind")
    if (instrument is not None) != (kind == ResourceKind.INSTRUMENT):
        message = _("A copy belongs to an instrument, and nothing else does. Name the instrument only for a copy.")
        raise fields.fault("resource.instrument", "instrument", message)
    if instrument is not None:
        if instrument.facility_id != facility.id:
            raise _elsewhere(instrument.name)
        _refuse_more_copies(session, instrument)
    check_plant(facility.id, kind, plant)
    lock_plants(session, plant.id if plant else None)
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


def set_companions(
    session: Session, *, actor: Actor, now: datetime, instrument: Instrument, resources: Sequence[Resource]
) -> None:
    """Say which rooms and persons every session on an instrument also takes; bookings already made stay as they are."""
    require(actor, Permission.INSTRUMENT_UPDATE, instrument_scopes(session, instrument))
    for resource in resources:
        if resource.facility_id != instrument.facility_id:
            raise _elsewhere(resource.name)
        if resource.kind not in {ResourceKind.ROOM, ResourceKind.PERSON}:
            raise fields.fault("companion.kind", "resources", _("Only a room or a person can accompany a session."))
    session.execute(delete(InstrumentCompanion).where(InstrumentCompanion.instrument_id == instrument.id))
    keys = sorted({resource.id for resource in resources})
    session.add_all(InstrumentCompanion(instrument_id=instrument.id, resource_id=key) for key in keys)
    session.flush()
    record(
        session,
        actor=actor,
        action="instrument.set_companions",
        object_kind="instrument",
        object_id=instrument.public_id,
        now=now,
        details={"resources": sorted({resource.public_id for resource in resources})},
    )


def check_plant(facility_id: int, kind: str, plant: Resource | None) -> None:
    """Raise unless `plant` can close a resource of a kind; a plant depends on no other, so that one look suffices."""
    if plant is None:
        return
    if plant.facility_id != facility_id:
        raise _elsewhere(plant.name)
    if plant.kind != ResourceKind.PLANT or not plant.active:
        raise fields.fault("plant.kind", "plant", _("Only a plant in use can close other resources."))
    if kind == ResourceKind.PLANT:
        raise fields.fault("plant.chain", "plant", _("A plant cannot depend on another plant."))


def clean_name(name: object) -> str:
    """Return the name of a resource as it is stored. Raises Invalid."""
    return str(_name(name, "name"))


def lock_plants(session: Session, *keys: int | None) -> None:
    """Let no closure of these plants be made meanwhile: it closes what depends on them as it begins."""
    for key in sorted({key for key in keys if key is not None}):
        session.execute(select(Resource.id).where(Resource.id == key).with_for_update(key_share=True))


def _refuse_more_copies(session: Session, instrument: Instrument) -> None:
    there = session.scalar(select(func.count()).where(Resource.instrument_id == instrument.id)) or 0
    if there >= MAX_COPIES:
        message = _("An instrument has from 1 to ${most} copies.", mapping={"most": MAX_COPIES})
        raise fields.fault("copies.range", "instrument", message)


def _elsewhere(name: str) -> Conflict:
    message = _('"${name}" belongs to another facility. Choose one of this facility.', mapping={"name": name})
    return Conflict("resource.elsewhere", message)
