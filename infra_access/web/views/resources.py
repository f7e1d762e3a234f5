"""What a facility has whose time can be taken: plants, rooms, persons and copies, and what goes with each session."""

from collections.abc import Mapping
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.catalogue.models import Facility, Instrument, Resource
from infra_access.catalogue.queries import instrument_by_public_id
from infra_access.catalogue.resource_queries import (
    ResourceView,
    companions_of,
    resources_at,
    resources_named,
)
from infra_access.catalogue.resources import add_resource, set_companions
from infra_access.catalogue.vocabularies import ResourceKind, label
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import PreconditionFailed
from infra_access.core.i18n import Text, _
from infra_access.http.security import Context
from infra_access.scheduling.places import Place
from infra_access.scheduling.upkeep.resources import update_resource
from infra_access.web.booking_form import version_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, many, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once

KINDS: Mapping[str, Text] = {
    ResourceKind.ROOM: _("Room"),
    ResourceKind.PERSON: _("Person, such as a local contact"),
    ResourceKind.PLANT: _("Plant, such as an accelerator that instruments depend on"),
    ResourceKind.INSTRUMENT: _("Copy of an instrument"),
}
_ALL = {"route_name": "facility_resources", "renderer": "resources.jinja2"}
_ONE = {"route_name": "facility_resource", "renderer": "resource.jinja2", "permission": Permission.INSTRUMENT_UPDATE}
_WITH = {
    "route_name": "instrument_companions",
    "renderer": "companions.jinja2",
    "permission": Permission.INSTRUMENT_UPDATE,
}


@view_config(**_ALL, request_method="GET", permission=Permission.INSTRUMENT_UPDATE)
def show_all(context: Context, request: Request) -> dict[str, Any]:
    """Show what the facility has, and a form to add something."""
    return {**_list(context, request), **to_fill_in()}


@view_config(**_ALL, request_method="POST", permission=Permission.INSTRUMENT_CREATE)
def add(context: Context, request: Request) -> dict[str, Any] | Response:
    """Add a plant, a room, a person or a copy."""
    try:
        return posted_once(request, lambda: _added(context.row, request))
    except ENTERED as error:
        return {**_list(context, request), **to_correct(request, error)}


@view_config(**_ONE, request_method="GET")
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show the form of one resource."""
    view: ResourceView = context.row
    entered = {
        "name": view.resource.name,
        "plant": view.plant.public_id if view.plant else "",
        "active": "yes" if view.resource.active else "",
    }
    return {**_form(request, view), **to_fill_in(entered)}


@view_config(**_ONE, request_method="POST")
def change(context: Context, request: Request) -> dict[str, Any] | Response:
    """Change its name, its plant, or whether it is in use."""
    view: ResourceView = context.row
    entered = values_of(request)
    changes: dict[str, Any] = {"name": entered.get("name", ""), "active": "active" in entered}
    try:
        if view.resource.kind != ResourceKind.PLANT:
            changes["plant"] = _plant(request, view.facility, entered.get("plant", ""))
        update_resource(
            request.db,
            actor=request.actor,
            now=clock.now(),
            resource=view.resource,
            changes=changes,
            expected_version=version_in(entered),
        )
    except (*ENTERED, PreconditionFailed) as error:
        return {**_form(request, view), **to_correct(request, error)}
    return _saved(request, view.facility, view.resource.name)


@view_config(**_WITH, request_method="GET")
def show_companions(context: Context, request: Request) -> dict[str, Any]:
    """Show which rooms and persons every session on an instrument also takes."""
    place: Place = context.row
    chosen = [one.public_id for one in companions_of(request.db, place.instrument)]
    return {**_companions(request, place), **to_fill_in(), "chosen": chosen}


@view_config(**_WITH, request_method="POST")
def change_companions(context: Context, request: Request) -> dict[str, Any] | Response:
    """Say which ones they are."""
    place: Place = context.row
    chosen = many(request, "resources")
    try:
        found = resources_named(request.db, chosen, facility_id=place.facility.id)
        set_companions(request.db, actor=request.actor, now=clock.now(), instrument=place.instrument, resources=found)
    except ENTERED as error:
        return {**_companions(request, place), **to_correct(request, error), "chosen": chosen}
    return _saved(request, place.facility, place.instrument.name)


def _added(facility: Facility, request: Request) -> Response:
    entered = values_of(request)
    instrument = entered.get("instrument", "")
    row = add_resource(
        request.db,
        actor=request.actor,
        now=clock.now(),
        facility=facility,
        kind=entered.get("kind", ""),
        name=entered.get("name", ""),
        instrument=instrument_by_public_id(request.db, instrument, actor=request.actor) if instrument else None,
        plant=_plant(request, facility, entered.get("plant", "")),
    )
    return _saved(request, facility, row.name)


def _plant(request: Request, facility: Facility, public_id: str) -> Resource | None:
    if not public_id:
        return None
    return resources_named(request.db, [public_id], facility_id=facility.id, field="plant")[0]


def _saved(request: Request, facility: Facility, name: str) -> Response:
    flash(request, "success", _("${name} is saved.", mapping={"name": name}))
    return to(request, "facility_resources", id=facility.public_id)


def _list(context: Context, request: Request) -> dict[str, Any]:
    facility: Facility = context.row
    views = resources_at(request.db, facility)
    instruments: dict[int, Instrument] = {view.instrument.id: view.instrument for view in views if view.instrument}
    beside: dict[int, list[Resource]] = {key: [] for key in instruments}
    for view in views:
        for one in view.accompanies:
            beside.setdefault(one.id, []).append(view.resource)
            instruments.setdefault(one.id, one)
    ordered = sorted(instruments.values(), key=lambda one: (one.name_key, one.id))
    return {
        "facility": facility,
        "own": [view for view in views if view.resource.kind != ResourceKind.INSTRUMENT],
        "instruments": [(one, [view for view in views if view.instrument is one], beside[one.id]) for one in ordered],
        "kinds": [(key, request.localize(words)) for key, words in KINDS.items()],
        "kind_words": {one.value: label(one) for one in ResourceKind},
        "instrument_options": [(one.public_id, one.name) for one in ordered],
        "plants": _plants(views),
        "may_add": request.may(Permission.INSTRUMENT_CREATE, context),
        "key": new_key(),
    }


def _form(request: Request, view: ResourceView) -> dict[str, Any]:
    return {
        "view": view,
        "facility": view.facility,
        "kind": KINDS[view.resource.kind],
        "is_plant": view.resource.kind == ResourceKind.PLANT,
        "plants": _plants(resources_at(request.db, view.facility)),
    }


def _companions(request: Request, place: Place) -> dict[str, Any]:
    views = resources_at(request.db, place.facility)
    return {
        "instrument": place.instrument,
        "facility": place.facility,
        "options": [
            (view.resource.public_id, view.resource.name)
            for view in views
            if view.resource.kind in {ResourceKind.ROOM, ResourceKind.PERSON}
        ],
    }


def _plants(views: list[ResourceView]) -> list[tuple[str, str]]:
    return [
        (view.resource.public_id, view.resource.name)
        for view in views
        if view.resource.kind == ResourceKind.PLANT and view.resource.active
    ]
