"""Maintenance of a facility: what is closed ahead, closing something in two steps, and recording an outage."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.scheduling.upkeep.closure_queries import closures_of, resource_of, resources_of
from infra_access.scheduling.upkeep.closures import close, preview_closure, withdraw_closure
from infra_access.scheduling.upkeep.lost_time import record_outage
from infra_access.scheduling.upkeep.report import Report
from infra_access.scheduling.upkeep.vocabularies import CAUSES, KINDS, Displace
from infra_access.web.booking_form import REFUSED, span_in, version_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, to, values_of
from infra_access.web.presenters.maintenance import REPEATS, button_words, resource_words, rrule_in
from infra_access.web.rendering import flash

_PAGE = {
    "route_name": "facility_maintenance",
    "renderer": "maintenance.jinja2",
    "permission": Permission.MAINTENANCE_WRITE,
}

_DISPLACING = (
    (Displace.MOVE, _("Move them"), _("To the nearest time that is free; what has none is cancelled.")),
    (Displace.CANCEL, _("Cancel them"), _("What they drew goes back.")),
)


@view_config(**_PAGE, request_method="GET")
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show what is closed ahead, and the forms."""
    return _page(context, request)


@view_config(**_PAGE, request_method="POST")
def look(context: Context, request: Request) -> dict[str, Any]:
    """Show what closing it would come to; nothing is kept of it."""
    try:
        return _preview(context, request)
    except ENTERED as error:
        return {**_page(context, request), "closing": to_correct(request, error)}


@view_config(**_PAGE, request_method="POST", request_param="preview")
def close_it(context: Context, request: Request) -> dict[str, Any] | Response:
    """Close it as it was shown; where that changed meanwhile, show it once more."""
    entered = values_of(request)
    try:
        # What changed is shown as it stands, without what this had begun.
        with request.db.begin_nested():
            _closure, report = close(
                request.db,
                label=entered.get("label", ""),
                preview=entered["preview"],
                **_planned(context, request, entered),
            )
    except Conflict as error:
        refused = to_correct(request, error)
        return {**_preview(context, request), "closing": refused}
    except ENTERED as error:
        return {**_page(context, request), "closing": to_correct(request, error)}
    counts = {"moved": report.count("moved", "moved_pending"), "cancelled": report.count("cancelled")}
    if report.bookings:
        flash(
            request,
            "success",
            _(
                "It is closed. Moved: ${moved}, cancelled: ${cancelled}. Those concerned get a mail.",
                mapping=counts,
            ),
        )
    else:
        flash(request, "success", _("It is closed. No booking stood in its time."))
    return to(request, "facility_maintenance", id=context.row.public_id)


@view_config(
    route_name="facility_outages",
    renderer="maintenance.jinja2",
    permission=Permission.MAINTENANCE_WRITE,
    request_method="POST",
)
def outage(context: Context, request: Request) -> dict[str, Any] | Response:
    """Record an outage."""
    entered, facility = values_of(request), context.row
    try:
        found = record_outage(
            request.db,
            actor=request.actor,
            now=clock.now(),
            facility=facility,
            resource=resource_of(request.db, facility, entered.get("resource", "")),
            span=span_in(entered, facility.timezone),
            cause=entered.get("cause", ""),
            note=entered.get("note", ""),
        )
    except ENTERED as error:
        return {**_page(context, request), "outage": to_correct(request, error)}
    counts = {"hours": str(found.hours.normalize()), "sessions": len(found.lost)}
    flash(request, "success", _("Recorded: ${hours} hours lost in ${sessions} sessions.", mapping=counts))
    return to(request, "facility_maintenance", id=facility.public_id)


@view_config(
    route_name="closure_withdraw",
    renderer="maintenance.jinja2",
    permission=Permission.MAINTENANCE_WRITE,
    request_method="POST",
)
def withdraw(context: Context, request: Request) -> dict[str, Any] | Response:
    """Open it again."""
    view = context.row
    seen = version_in(values_of(request))
    try:
        withdraw_closure(request.db, actor=request.actor, now=clock.now(), closure=view.closure, expected_version=seen)
    except REFUSED as error:
        there = Context(view.facility, context.scopes)
        return {**_page(there, request), "closing": to_correct(request, error)}
    flash(request, "success", _("It is open again. Bookings that were moved stay where they are."))
    return to(request, "facility_maintenance", id=view.facility.public_id)


def _preview(context: Context, request: Request) -> dict[str, Any]:
    entered = values_of(request)
    report: Report = preview_closure(request.db, **_planned(context, request, entered))
    return {**_page(context, request), "closing": to_fill_in(entered), "report": report, "act": button_words(report)}


def _planned(context: Context, request: Request, entered: dict[str, str]) -> dict[str, Any]:
    facility = context.row
    return {
        "actor": request.actor,
        "now": clock.now(),
        "facility": facility,
        "resource": resource_of(request.db, facility, entered.get("resource", "")),
        "span": span_in(entered, facility.timezone),
        "kind": entered.get("kind", ""),
        "rrule": rrule_in(entered),
        "displace": entered.get("displace", ""),
    }


def _page(context: Context, request: Request) -> dict[str, Any]:
    facility, say = context.row, request.localize
    return {
        "facility": facility,
        "zone": facility.timezone,
        "ahead": closures_of(request.db, facility=facility, start=clock.now(), limit=100).items,
        "resources": [(key, say(words)) for key, words in resource_words(resources_of(request.db, facility))],
        "kinds": [(str(key), say(words)) for key, words in KINDS.items()],
        "causes": [(str(key), say(words)) for key, words in CAUSES.items()],
        "repeats": [(key, say(words)) for key, (_rule, words) in REPEATS.items()],
        "displacing": [(str(key), say(words), say(more)) for key, words, more in _DISPLACING],
        "closing": to_fill_in({"kind": "maintenance", "displace": Displace.MOVE}),
        "outage": to_fill_in(),
        "report": None,
        "act": "",
    }
