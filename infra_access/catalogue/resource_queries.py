"""What a facility has whose time can be taken, with what belongs together, for those who run it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from infra_access.catalogue.models import Facility, Instrument, InstrumentCompanion, Resource
from infra_access.catalogue.queries import unknown_record
from infra_access.catalogue.scopes import facility_scopes
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.authority import Actor, Permission, may
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A resource with the instrument that it is a copy of, the plant that closes it, and whose sessions take it too."""

    resource: Resource
    facility: Facility
    instrument: Instrument | None
    plant: Resource | None
    accompanies: tuple[Instrument, ...]


def resources_at(session: Session, facility: Facility, *, key: int | None = None) -> list[ResourceView]:
    """Return what a facility has, also what is out of use: plants, rooms and persons, then copies. Two statements."""
    plant = aliased(Resource)
    query = (
        select(Resource, Instrument, plant)
        .outerjoin(Instrument, Instrument.id == Resource.instrument_id)
        .outerjoin(plant, plant.id == Resource.plant_id)
        .where(Resource.facility_id == facility.id)
    )
    beside = (
        select(InstrumentCompanion.resource_id, Instrument)
        .join(Instrument, Instrument.id == InstrumentCompanion.instrument_id)
        .where(Instrument.facility_id == facility.id)
        .order_by(Instrument.name_key, Instrument.id)
    )
    if key is not None:
        query, beside = query.where(Resource.id == key), beside.where(InstrumentCompanion.resource_id == key)
    with_them: dict[int, list[Instrument]] = {}
    for one, instrument in session.execute(beside):
        with_them.setdefault(one, []).append(instrument)
    views = [
        ResourceView(row, facility, of, closes, tuple(with_them.get(row.id, ())))
        for row, of, closes in session.execute(query)
    ]
    order = [ResourceKind.PLANT, ResourceKind.ROOM, ResourceKind.PERSON, ResourceKind.INSTRUMENT]
    return sorted(
        views, key=lambda view: (order.index(ResourceKind(view.resource.kind)), view.resource.name, view.resource.id)
    )


def resource_by_public_id(session: Session, public_id: str, *, actor: Actor) -> ResourceView:
    """Return a resource, for the staff of its facility. Raises NotFound for everybody else."""
    row = session.execute(
        select(Resource, Facility)
        .join(Facility, Facility.id == Resource.facility_id)
        .where(Resource.public_id == public_id)
    ).first()
    if row is None or not may(actor, Permission.INSTRUMENT_UPDATE, facility_scopes(session, row[1])):
        raise unknown_record()
    (view,) = resources_at(session, row[1], key=row[0].id)
    return view


def companions_of(session: Session, instrument: Instrument) -> Sequence[Resource]:
    """Return the rooms and persons that every session on an instrument also takes, by name. One statement."""
    return session.scalars(
        select(Resource)
        .join(InstrumentCompanion, InstrumentCompanion.resource_id == Resource.id)
        .where(InstrumentCompanion.instrument_id == instrument.id)
        .order_by(Resource.name, Resource.id)
    ).all()


def resources_named(
    session: Session, public_ids: Sequence[str], *, facility_id: int, field: str = "resources"
) -> list[Resource]:
    """Return resources of a facility, in the order asked for. Raises Invalid for any other. One statement."""
    found = {
        row.public_id: row
        for row in session.scalars(
            select(Resource).where(Resource.public_id.in_(list(public_ids)), Resource.facility_id == facility_id)
        )
    }
    if any(one not in found for one in public_ids):
        message = _("There is no such resource at this facility.")
        raise Invalid("resource.unknown", message, fields={field: [message]})
    return [found[one] for one in public_ids]
