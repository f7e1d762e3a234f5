"""/facilities/{id}/resources, /resources/{id} and an instrument's companions: whatever's time can be taken."""

from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Flag, Integer, Line, ListOf, PublicId
from infra_access.api.schemas import Body, Out, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.queries import instrument_by_public_id
from infra_access.catalogue.resource_queries import ResourceView, companions_of, resources_at, resources_named
from infra_access.catalogue.resources import MAX_COPIES, add_resource, set_companions
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.scheduling.places import Place
from infra_access.scheduling.upkeep.resources import update_resource

_PLANT = "The plant that must run for it to be open; a closed one closes it too."


class ResourceBody(Body):
    """A further copy of an instrument, a room, a person or a plant."""

    kind = Choice(ResourceKind, required=True)
    name = Line(most=200, filled=True, required=True)
    instrument = PublicId("Of a copy: which instrument it is a copy of.", allow_none=True)
    plant = PublicId(_PLANT, allow_none=True)


class ResourceChangeBody(Body):
    """What changes; what is left out stays."""

    name = Line(most=200, filled=True)
    plant = PublicId(_PLANT, allow_none=True)
    active = Flag("Whether it is in use.")


class ResourceAtOut(Out):
    """A resource of a facility."""

    id = PublicId()
    kind = Choice(ResourceKind)
    name = Line(most=200)
    active = Flag()
    instrument = PublicId("Which instrument it is a copy of.", allow_none=True)
    plant = PublicId(allow_none=True)
    accompanies = ListOf(PublicId(), "The instruments whose every session also takes it.")
    version = Integer(low=1)


class CompanionsBody(Body):
    """The rooms and persons that every session also takes."""

    resources = ListOf(PublicId(), required=True, most=MAX_COPIES)


@resource(
    "api.facility_resources",
    "GET",
    permission=Permission.INSTRUMENT_UPDATE,
    out=page_of(ResourceAtOut),
    errors=(410,),
)
def list_all(call: Call) -> Page[dict[str, Any]]:
    """List the plants, rooms, persons and copies of a facility, also those out of use."""
    return Page([shown(view) for view in resources_at(call.db, call.row)], None)


@resource(
    "api.facility_resources",
    "POST",
    permission=Permission.INSTRUMENT_CREATE,
    body=ResourceBody,
    out=ResourceAtOut,
    status=201,
    errors=(409, 410),
)
def create(call: Call) -> Created:
    """Add a copy, a room, a person or a plant."""
    facility, given = call.row, dict(call.body)
    instrument, plant = given.get("instrument"), given.get("plant")
    row = add_resource(
        call.db,
        actor=call.actor,
        now=call.now,
        facility=facility,
        kind=given["kind"],
        name=given["name"],
        instrument=instrument_by_public_id(call.db, instrument, actor=call.actor) if instrument else None,
        plant=resources_named(call.db, [plant], facility_id=facility.id, field="plant")[0] if plant else None,
    )
    (view,) = resources_at(call.db, facility, key=row.id)
    return Created(shown(view), f"/api/v1/resources/{row.public_id}")


@resource("api.resource", "GET", permission=Permission.INSTRUMENT_UPDATE, out=ResourceAtOut)
def read(call: Call) -> dict[str, Any]:
    """Show a resource."""
    return shown(call.row)


@resource(
    "api.resource", "PATCH", permission=Permission.INSTRUMENT_UPDATE, body=ResourceChangeBody, out=ResourceAtOut,
    version="resource.version", errors=(409,),
)  # fmt: skip
def change(call: Call) -> dict[str, Any]:
    """Change a resource's name, its plant, or whether it is in use; what is booked stays in use."""
    view: ResourceView = call.row
    changes = dict(call.body)
    if changes.get("plant"):
        (changes["plant"],) = resources_named(call.db, [changes["plant"]], facility_id=view.facility.id, field="plant")
    update_resource(call.db, resource=view.resource, changes=changes, **call.changes)
    (after,) = resources_at(call.db, view.facility, key=view.resource.id)
    return shown(after)


@resource(
    "api.instrument_companions",
    "GET",
    permission=Permission.INSTRUMENT_UPDATE,
    out=page_of(ResourceAtOut),
    errors=(410,),
)
def list_companions(call: Call) -> Page[dict[str, Any]]:
    """List the rooms and persons that every session on an instrument also takes."""
    return Page(_companions(call), None)


@resource(
    "api.instrument_companions",
    "PUT",
    permission=Permission.INSTRUMENT_UPDATE,
    body=CompanionsBody,
    out=page_of(ResourceAtOut),
    errors=(409, 410),
)
def replace_companions(call: Call) -> Page[dict[str, Any]]:
    """Replace the rooms and persons that every session also takes; bookings already made stay as they are."""
    place: Place = call.row
    found = resources_named(call.db, call.body["resources"], facility_id=place.facility.id)
    set_companions(call.db, actor=call.actor, now=call.now, instrument=place.instrument, resources=found)
    return Page(_companions(call), None)


def _companions(call: Call) -> list[dict[str, Any]]:
    place: Place = call.row
    views = {view.resource.id: view for view in resources_at(call.db, place.facility)}
    return [shown(views[row.id]) for row in companions_of(call.db, place.instrument)]


def shown(view: ResourceView) -> dict[str, Any]:
    """Return a resource as the contract shows it."""
    row = view.resource
    return {
        "id": row.public_id,
        "kind": row.kind,
        "name": row.name,
        "active": row.active,
        "instrument": view.instrument.public_id if view.instrument else None,
        "plant": view.plant.public_id if view.plant else None,
        "version": row.version,
        "accompanies": [one.public_id for one in view.accompanies],
    }
