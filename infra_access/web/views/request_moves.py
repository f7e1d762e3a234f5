"""What follows a decision on a request: appealing, revoking, and corrections that staff propose."""

from collections.abc import Callable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.appeals import appeal
from infra_access.access_requests.corrections import answer, correction_by_public_id, propose
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from infra_access.core.i18n import Text, _
from infra_access.http.security import Context
from infra_access.outcomes.revoking import revoke_access
from infra_access.web.booking_form import version_in
from infra_access.web.forms import day_in, to, values_of
from infra_access.web.presenters.correction_rows import period_of
from infra_access.web.rendering import flash

_REFUSED = (Invalid, Conflict, PreconditionFailed, Forbidden)
_POST = {"request_method": "POST", "renderer": "access_request.jinja2"}


@view_config(route_name="access_request_appeal", permission=Permission.REQUEST_UPDATE, **_POST)
def object_to(context: Context, request: Request) -> Response:
    """Appeal against a refusal or a revocation."""
    return _done(
        context,
        request,
        lambda common: appeal(request.db, **common),
        _("Your appeal was sent. Somebody who did not decide before looks at it."),
    )


@view_config(route_name="access_request_revoke", permission=Permission.REQUEST_REVOKE, **_POST)
def take_away(context: Context, request: Request) -> Response:
    """Revoke what was granted; what was booked and ordered on it is cancelled."""
    return _done(
        context,
        request,
        lambda common: revoke_access(request.db, **common),
        _("Access is revoked, and what was booked and ordered on it is cancelled. The team is told your reason."),
    )


@view_config(route_name="access_request_corrections", permission=Permission.REQUEST_CORRECT, **_POST)
def suggest(context: Context, request: Request) -> Response:
    """Propose changes to the applicant."""

    def proposed(common: dict[str, Any]) -> None:
        common.pop("expected_version")
        propose(request.db, changes=_changes(context, values_of(request)), **common)

    return _done(context, request, proposed, _("Your proposal was sent to the applicant."))


@view_config(route_name="access_request_correction", permission=Permission.REQUEST_UPDATE, **_POST)
def respond(context: Context, request: Request) -> Response:
    """Accept a proposed change or decline it."""
    accept = values_of(request).get("answer") == "accept"

    def answered(common: dict[str, Any]) -> None:
        common.pop("reason")
        found = correction_by_public_id(request.db, common["access_request"], request.matchdict["correction"])
        answer(request.db, correction=found, accept=accept, **common)

    said = _("The change is made. What rests on it is asked again.") if accept else _("The proposal is declined.")
    return _done(context, request, answered, said)


def _changes(context: Context, entered: dict[str, str]) -> dict[str, Any]:
    """Return what was filled in of the fields on offer. Raises Invalid."""
    changes: dict[str, Any] = {name: entered[name] for name in ("summary", "quantity") if entered.get(name)}
    first, last = entered.get("first", ""), entered.get("last", "")
    if first or last:
        days = (day_in(first, "first"), day_in(last, "last"))
        changes["period"] = period_of(days, context.row.facility.timezone)
    return changes


def _done(context: Context, request: Request, command: Callable[[dict[str, Any]], object], said: Text) -> Response:
    row, entered = context.row.access_request, values_of(request)
    common = {
        "actor": request.actor,
        "now": clock.now(),
        "access_request": row,
        "reason": entered.get("reason", ""),
        "expected_version": version_in(entered),
    }
    try:
        command(common)
    except _REFUSED as error:
        request.tm.doom()
        flash(request, "error", error.message)
    else:
        flash(request, "success", said)
    return to(request, "access_request", id=row.public_id)
