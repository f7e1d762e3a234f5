"""The days of a request: on which the team cannot come, or would rather come."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.date_preferences import dates_of, set_dates
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, Invalid, PreconditionFailed
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.web.booking_form import version_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.dates_form import KINDS, dates_in, rows_of
from infra_access.web.forms import to, values_of
from infra_access.web.rendering import flash

_PAGE = {"route_name": "access_request_dates", "renderer": "request_dates.jinja2"}


@view_config(**_PAGE, request_method="GET", permission=Permission.REQUEST_READ)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show the days, for the requester as a form."""
    return {**_page(context, request), **to_fill_in()}


@view_config(**_PAGE, request_method="POST", permission=Permission.REQUEST_UPDATE)
def change(context: Context, request: Request) -> dict[str, Any] | Response:
    """Replace them."""
    row, entered = context.row.access_request, values_of(request)
    page = _page(context, request)
    try:
        set_dates(
            request.db,
            actor=request.actor,
            now=clock.now(),
            access_request=row,
            dates=dates_in(entered),
            expected_version=version_in(entered),
        )
    except (Invalid, Conflict, PreconditionFailed) as error:
        return {**page, **to_correct(request, error)}
    flash(request, "success", _("The days are kept. The facility sees them when it schedules."))
    return to(request, "access_request", id=row.public_id)


def _page(context: Context, request: Request) -> dict[str, Any]:
    view = context.row
    days = dates_of(request.db, [view.access_request.id])[view.access_request.id]
    return {
        "view": view,
        "days": days,
        "date_rows": rows_of(days),
        "mine": "requester" in context.relations,
        "kinds": KINDS,
    }
