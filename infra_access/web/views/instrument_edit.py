"""Changing an instrument: how it runs, what it is, whom to ask, and who sees it."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.catalogue.instruments import update_instrument
from infra_access.catalogue.models import Instrument
from infra_access.catalogue.queries import access_types_of, techniques_of
from infra_access.catalogue.vocabularies import (
    AccessType,
    OperationalStatus,
    PublicationState,
    SchedulingAuthority,
    label,
)
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Forbidden, PreconditionFailed
from infra_access.core.i18n import Text, _
from infra_access.http.security import Context
from infra_access.scheduling.places import Place
from infra_access.web.corrections import Entries, to_correct, to_fill_in
from infra_access.web.forms import ENTERED, many, seen_version, to, values_of
from infra_access.web.rendering import flash

_LINES = ("name", "description", "manufacturer", "model", "website", "contact_name", "contact_email")
_OPTIONAL = frozenset({"manufacturer", "model", "website", "contact_email"})
_LISTS = ("techniques", "hazards", "control_codes", "tags")
_CHOSEN = ("status", "scheduling_authority", "publication")
_AUTHORITY: dict[str, Text] = {
    SchedulingAuthority.HERE: _("Here: people book it in this calendar"),
    SchedulingAuthority.ELSEWHERE: _("In another system: here people ask for a time"),
    SchedulingAuthority.NONE: _("Nowhere: people ask the facility"),
}
_PUBLICATION: dict[str, Text] = {
    PublicationState.DRAFT: _("A draft: only you and your colleagues see it"),
    PublicationState.PUBLISHED: _("Published: everybody sees it"),
    PublicationState.RETIRED: _("Retired: nobody finds it any more, and its address says that it is gone"),
}
_ROUTE = {
    "route_name": "instrument_edit",
    "renderer": "instrument_edit.jinja2",
    "permission": Permission.INSTRUMENT_UPDATE,
}


@view_config(**_ROUTE, request_method="GET")
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show the form as the instrument stands."""
    place: Place = context.row
    instrument = place.instrument
    entered = {name: getattr(instrument, name) or "" for name in (*_LINES, *_CHOSEN)}
    entered |= {name: ", ".join(getattr(instrument, name)) for name in ("hazards", "control_codes", "tags")}
    techniques = techniques_of(request.db, [instrument.id])[instrument.id]
    entered["techniques"] = ", ".join(name for _key, name in techniques)
    chosen = access_types_of(request.db, [instrument.id])[instrument.id]
    return {**_page(context, request, chosen), **to_fill_in(entered)}


@view_config(**_ROUTE, request_method="POST")
def change(context: Context, request: Request) -> dict[str, Any] | Response:
    """Change it; whoever has booked time is told of another status."""
    place: Place = context.row
    entered, before = values_of(request), place.instrument.status
    try:
        instrument = update_instrument(
            request.db,
            actor=request.actor,
            now=clock.now(),
            instrument=place.instrument,
            changes=_changes(request, entered),
            expected_version=seen_version(entered) or 0,
        )
    except (*ENTERED, PreconditionFailed, Forbidden) as error:
        with request.db.no_autoflush:
            shown = to_correct(request, error)
            shown["errors"] = Entries(_beside_lists(shown["errors"]))
            return {**_page(context, request, many(request, "access_types")), **shown}
    if instrument.status != before:
        values = {"name": instrument.name, "status": request.localize(label(OperationalStatus(instrument.status)))}
        flash(request, "success", _("${name} is now: ${status}. Those who have booked it get a mail.", mapping=values))
    else:
        flash(request, "success", _("${name} is saved.", mapping={"name": instrument.name}))
    if instrument.publication == PublicationState.RETIRED:
        return to(request, "manage", _query={"facility": place.facility.public_id})
    return to(request, "instrument", id=instrument.public_id)


def _beside_lists(errors: dict[str, str]) -> dict[str, str]:
    """Return the faults with those of an item of a list, which is one field here, at the field."""
    found: dict[str, str] = {}
    for name, message in errors.items():
        field = name.partition(".")[0]
        found.setdefault(field if field in _LISTS else name, message)
    return found


def _changes(request: Request, entered: dict[str, str]) -> dict[str, Any]:
    changes: dict[str, Any] = {name: entered.get(name, "") for name in (*_LINES, *_CHOSEN)}
    changes |= {name: None for name in _OPTIONAL if not changes[name].strip()}
    changes |= {
        name: [one.strip() for one in entered[name].split(",") if one.strip()] for name in _LISTS if name in entered
    }
    return changes | {"access_types": many(request, "access_types"), "status_note": entered.get("status_note", "")}


def _page(context: Context, request: Request, chosen: list[str]) -> dict[str, Any]:
    place: Place = context.row
    instrument: Instrument = place.instrument
    return {
        "place": place,
        "may_rule": request.may(Permission.POLICY_WRITE, context),
        "version": instrument.version,
        "chosen": chosen,
        "statuses": [(str(one), request.localize(label(one))) for one in OperationalStatus],
        "access_types": [(str(one), request.localize(label(one))) for one in AccessType],
        "authorities": [(key, request.localize(words)) for key, words in _AUTHORITY.items()],
        "publications": [(key, request.localize(words)) for key, words in _PUBLICATION.items()],
    }
