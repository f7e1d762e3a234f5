"""Completing a request on its page, and reporting there what came of it."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.models import AccessRequest
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, Invalid, PreconditionFailed
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.outcomes.completing import complete
from infra_access.outcomes.reporting import add_outcome, remove_outcome, report_nothing
from infra_access.web.booking_form import version_in
from infra_access.web.corrections import to_correct
from infra_access.web.forms import ENTERED, day_in, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.repeats import posted_once
from infra_access.web.views.access_request import refused, request_page

_PAGE = {"renderer": "access_request.jinja2", "request_method": "POST"}
_OUTCOMES = {"route_name": "access_request_outcomes", "permission": Permission.OUTCOME_WRITE, **_PAGE}
_REFUSED = (Invalid, Conflict, PreconditionFailed)


@view_config(route_name="access_request_complete", permission=Permission.REQUEST_COMPLETE, **_PAGE)
def end(context: Context, request: Request) -> Response:
    """Complete it; what still stands on it is named."""
    row, entered = _asked(context), values_of(request)
    try:
        complete(
            request.db,
            actor=request.actor,
            now=clock.now(),
            access_request=row,
            reason=entered.get("reason", ""),
            expected_version=version_in(entered),
        )
    except _REFUSED as error:
        return refused(request, error)
    flash(request, "success", _("The request is completed. Nothing more can be booked on it. Say what came of it."))
    return _back(request, row)


@view_config(**_OUTCOMES)
def add(context: Context, request: Request) -> dict[str, Any] | Response:
    """Add an outcome, once however often the form is sent."""
    try:
        return posted_once(request, lambda: _added(context, request))
    except ENTERED as error:
        return {**request_page(context, request, clock.now()), **to_correct(request, error)}


@view_config(**_OUTCOMES, request_param="remove")
def remove(context: Context, request: Request) -> Response:
    """Take an outcome off the list."""
    row, entered = _asked(context), values_of(request)
    try:
        remove_outcome(
            request.db,
            actor=request.actor,
            now=clock.now(),
            access_request=row,
            public_id=entered.get("remove", ""),
            reason=entered.get("reason", ""),
        )
    except _REFUSED as error:
        return refused(request, error)
    flash(request, "info", _("It is off the list. It stays on record with your reason."))
    return _back(request, row)


@view_config(**_OUTCOMES, request_param="nothing")
def say_nothing_came(context: Context, request: Request) -> Response:
    """Say that nothing came of it, and why."""
    row, entered = _asked(context), values_of(request)
    reason = entered.get("reason", "")
    try:
        report_nothing(request.db, actor=request.actor, now=clock.now(), access_request=row, reason=reason)
    except _REFUSED as error:
        return refused(request, error)
    flash(request, "success", _("Your report is there. You can still add what comes later."))
    return _back(request, row)


def _added(context: Context, request: Request) -> Response:
    row, entered = _asked(context), values_of(request)
    day = entered.get("embargo_until")
    outcome = {
        "kind": entered.get("kind", ""),
        "title": entered.get("title", ""),
        "identifier": entered.get("identifier", ""),
        "licence": entered.get("licence") or None,
        "embargo_until": day_in(day, "embargo_until") if day else None,
        "instrument": entered.get("instrument") or None,
        "credit": entered.get("credit", ""),
    }
    add_outcome(request.db, actor=request.actor, now=clock.now(), access_request=row, outcome=outcome)
    flash(request, "success", _("It is reported. Thank you: others see what this equipment is good for."))
    return _back(request, row)


def _asked(context: Context) -> AccessRequest:
    row: AccessRequest = context.row.access_request
    return row


def _back(request: Request, row: AccessRequest) -> Response:
    return to(request, "access_request", id=row.public_id, _anchor="outcomes")
