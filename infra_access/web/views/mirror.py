"""Renewing the copy of the calendar of an instrument that is scheduled elsewhere, from a file of that system."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.input_floor import read_form
from infra_access.http.security import Context
from infra_access.scheduling.mirrors.mirroring import drop_mirrors, mirror
from infra_access.scheduling.mirrors.queries import mirrors_of
from infra_access.scheduling.mirrors.reading import MOST_BYTES
from infra_access.scheduling.places import Place
from infra_access.scheduling.plan import candidates
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, to, values_of
from infra_access.web.mirrors import copies_for
from infra_access.web.rendering import flash

_ROUTE = {"route_name": "instrument_mirror", "renderer": "mirror.jinja2", "permission": Permission.MAINTENANCE_WRITE}
_USUALLY_HOURS = 24


@view_config(**_ROUTE, request_method="GET")
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show how old the copies are, and the form."""
    place: Place = context.row
    known = mirrors_of(request.db, place.instrument.id)
    entered = {"source": known[0].mirror.source if known else "", "hours": str(_USUALLY_HOURS)}
    if known:
        entered["hours"] = str(max(1, known[0].mirror.stale_after_minutes // 60))
    return {**_page(request, place), **to_fill_in(entered)}


@view_config(**_ROUTE, request_method="POST", request_param="drop")
def drop(context: Context, request: Request) -> Response:
    """Remove the copies."""
    place: Place = context.row
    drop_mirrors(request.db, actor=request.actor, now=clock.now(), place=place)
    flash(request, "success", _("The copy is removed. Its times are free."))
    return to(request, "instrument_calendar", id=place.instrument.public_id)


@view_config(**_ROUTE, request_method="POST")
def renew(context: Context, request: Request) -> dict[str, Any] | Response:
    """Replace the copy."""
    place: Place = context.row
    entered = values_of(request)
    hours = entered.get("hours", "")
    try:
        copy = mirror(
            request.db,
            actor=request.actor,
            now=clock.now(),
            place=place,
            content=_file(request) or entered.get("content", ""),
            source=entered.get("source", ""),
            resource=entered.get("resource") or None,
            stale_after_minutes=int(hours) * 60 if hours.isascii() and hours.isdecimal() and len(hours) < 6 else 0,
        )
    except ENTERED as error:
        return {**_page(request, place), **to_correct(request, error)}
    numbers = {"events": copy.events, "left_out": copy.left_out}
    if copy.left_out:
        said = _("The copy is renewed with ${events} events; ${left_out} could not be read.", mapping=numbers)
    else:
        said = _("The copy is renewed with ${events} events.", mapping=numbers)
    flash(request, "info" if copy.left_out else "success", said)
    return to(request, "instrument_calendar", id=place.instrument.public_id)


def _file(request: Request) -> str:
    """Return the text of the file that was sent, if one was; letters that are no UTF-8 cannot matter to the times."""
    sent = read_form(request).get("file")
    file = getattr(sent, "file", None)
    return file.read(MOST_BYTES + 1).decode("utf-8", "replace") if file is not None else ""


def _page(request: Request, place: Place) -> dict[str, Any]:
    found, _companions = candidates(request.db, place.instrument)
    return {
        "place": place,
        "mirrors": copies_for(request, place.instrument, now=clock.now()),
        "may_drop": bool(mirrors_of(request.db, place.instrument.id)),
        "resources": [(one.public_id, one.name) for one in found] if len(found) > 1 else [],
    }
