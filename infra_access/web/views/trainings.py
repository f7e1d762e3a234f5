"""The trainings that a facility recorded: the list, recording one, and withdrawing one."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.training_records import record_training
from infra_access.catalogue.models import Facility
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, DomainError, Forbidden
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.people.trainings import recorded_at, training_by_public_id, unknown_training, withdraw_training
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, day_in, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once

_PAGE = {"route_name": "facility_trainings", "renderer": "facility_trainings.jinja2"}
_REFUSED: tuple[type[DomainError], ...] = (*ENTERED, Conflict, Forbidden)


@view_config(**_PAGE, request_method="GET", permission=Permission.TRAINING_READ)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show what was recorded, the latest first, and a form."""
    return {**_page(context, request), **to_fill_in({"issuer": context.row.name})}


@view_config(**_PAGE, request_method="POST", permission=Permission.TRAINING_WRITE)
def add(context: Context, request: Request) -> dict[str, Any] | Response:
    """Record a training."""
    try:
        return posted_once(request, lambda: _added(context, request))
    except _REFUSED as error:
        return {**_page(context, request), **to_correct(request, error)}


@view_config(**_PAGE, request_method="POST", request_param="withdraw", permission=Permission.TRAINING_WRITE)
def withdraw(context: Context, request: Request) -> dict[str, Any] | Response:
    """Withdraw a training of this facility."""
    entered = values_of(request)
    found = training_by_public_id(request.db, entered["withdraw"])
    if found.training.facility_id != context.row.id:
        raise unknown_training()
    try:
        withdraw_training(
            request.db,
            actor=request.actor,
            now=clock.now(),
            training=found.training,
            reason=entered.get("reason", ""),
        )
    except _REFUSED as error:
        return {**_page(context, request), **to_correct(request, error), "wrong": entered["withdraw"]}
    flash(request, "info", _("The training counts no longer. What waits for it waits again."))
    return to(request, "facility_trainings", id=context.row.public_id)


def _added(context: Context, request: Request) -> Response:
    entered = values_of(request)
    expires = entered.get("expires_on", "")
    record_training(
        request.db,
        actor=request.actor,
        now=clock.now(),
        facility=context.row,
        email=entered.get("email", ""),
        code=entered.get("code", ""),
        issuer=entered.get("issuer", ""),
        completed_on=day_in(entered.get("completed_on", ""), "completed_on"),
        expires_on=day_in(expires, "expires_on") if expires else None,
    )
    flash(request, "success", _("The training is recorded, and counts at once."))
    return to(request, "facility_trainings", id=context.row.public_id)


def _page(context: Context, request: Request) -> dict[str, Any]:
    facility: Facility = context.row
    page = recorded_at(request.db, facility, cursor=request.GET.get("cursor") or None)
    following = {"cursor": page.next} if page.next else None
    return {
        "facility": facility,
        "trainings": page.items,
        "next": request.route_path("facility_trainings", id=facility.public_id, _query=following)
        if following
        else None,
        "may_write": request.may(Permission.TRAINING_WRITE, context),
        "wrong": "",
        "key": new_key(),
    }
