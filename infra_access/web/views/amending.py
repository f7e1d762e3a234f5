"""Changing a request: the form filled in with what it says, and which approvals a change asks again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.drafting import amend
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.request_queries import RequestView
from infra_access.access_requests.routes import with_rounds
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.web.booking_form import REFUSED, version_in
from infra_access.web.corrections import to_fill_in
from infra_access.web.eligibility import missing_by
from infra_access.web.forms import many, to, values_of
from infra_access.web.outlook import outlook
from infra_access.web.presenters.amendments import asked_again
from infra_access.web.presenters.decisions import kept
from infra_access.web.rendering import flash
from infra_access.web.request_form import (
    Rows,
    asked_for,
    entered_of,
    rows_in,
    rows_of,
    to_correct_request,
    values_in,
    with_rows_changed,
)
from infra_access.web.request_options import form_options
from infra_access.web.sending import send

_ROUTE = {
    "route_name": "access_request_edit",
    "renderer": "request_form.jinja2",
    "permission": Permission.REQUEST_UPDATE,
}


@view_config(**_ROUTE, request_method="GET")
def form(context: Context, request: Request) -> dict[str, Any]:
    """Show the form."""
    view: RequestView = context.row
    chosen = [one.public_id for one in view.instruments]
    page = _page(request, view, rows_of(request.db, view), clock.now(), chosen)
    return page | to_fill_in(entered_of(view, view.facility.timezone))


@view_config(**_ROUTE, request_method="POST")
def save(context: Context, request: Request) -> dict[str, Any] | Response:
    """Save the changes; a draft can be sent with them."""
    view: RequestView = context.row
    now, entered = clock.now(), values_of(request)
    rows = rows_in(entered)
    try:
        values = values_in(
            request.db,
            entered,
            rows,
            instruments=many(request, "instruments"),
            assurances=many(request, "assurances"),
            zone=view.facility.timezone,
            view=view,
        )
        saved = amend(
            request.db,
            actor=request.actor,
            now=now,
            access_request=view.access_request,
            changes=values,
            expected_version=version_in(entered),
        )
    except REFUSED as error:
        page = _page(request, view, rows, now, many(request, "instruments"))
        return page | to_correct_request(request, error) | {"refused": kept(error.details.get("decision"))}
    if "send" in entered:
        send(request, saved, now=now)
    else:
        flash(request, "success", _("The changes are saved."))
    return to(request, "access_request", id=saved.public_id)


@view_config(**_ROUTE, request_method="POST", request_param="rows")
def rows(context: Context, request: Request) -> dict[str, Any]:
    """Show the form with a row more or less; nothing is saved."""
    entered = values_of(request)
    changed = with_rows_changed(rows_in(entered), entered["rows"])
    return _page(request, context.row, changed, clock.now(), many(request, "instruments")) | to_fill_in(entered)


def _page(request: Request, view: RequestView, rows: Rows, now: datetime, chosen: Sequence[str]) -> dict[str, Any]:
    row = view.access_request
    way = with_rounds(request.db, [view.route], now=now)[0]
    open_state = row.state in (RequestState.DRAFT, RequestState.CHANGES_REQUESTED)
    missing = list(outlook(request, view, now=now).missing) if open_state else []
    if view.instruments:
        missing += missing_by(request, view.instruments[0].id, view.route, now=now)
    entered = values_of(request) if request.method == "POST" else {}
    return {
        "edited": view,
        "sendable": open_state,
        "asked": asked_for(missing, row.project, entered),
        "calls_off": asked_again(view) if row.state != RequestState.DRAFT else [],
        "refused": None,
        "found_slot": None,
        "date_rows": [],
        **form_options(request, way, view.facility, rows, chosen, now=now),
    }
