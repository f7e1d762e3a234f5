"""Clearing a gate of a booking on its page, and taking the clearance back."""

from collections.abc import Callable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from infra_access.core.i18n import Text, _
from infra_access.http.security import Context
from infra_access.scheduling.gates.clearing import clear, take_back
from infra_access.scheduling.models import Booking
from infra_access.web.booking_form import version_in
from infra_access.web.forms import to, values_of
from infra_access.web.rendering import flash

_REFUSED = (Invalid, Conflict, Forbidden, PreconditionFailed)
_PAPER = ("note", "title", "number", "sha256")


@view_config(route_name="booking_gates", request_method="POST", permission=Permission.GATE_CLEAR)
def meet(context: Context, request: Request) -> Response:
    """Clear a gate."""
    entered = values_of(request)
    paper = {name: entered[name] for name in _PAPER if entered.get(name)}
    return _changed(context, request, clear, _("Noted: this is met."), **paper)


@view_config(route_name="booking_gates_reopen", request_method="POST", permission=Permission.GATE_CLEAR)
def reopen(context: Context, request: Request) -> Response:
    """Take a clearance back."""
    return _changed(context, request, take_back, _("Taken back: the session waits for this again."))


def _changed(context: Context, request: Request, command: Callable[..., Booking], said: Text, **more: Any) -> Response:
    booking, entered = context.row.booking, values_of(request)
    number = entered.get("sample", "")
    try:
        command(
            request.db,
            actor=request.actor,
            now=clock.now(),
            booking=booking,
            gate=entered.get("gate", ""),
            person=entered.get("person") or None,
            sample=int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else None,
            expected_version=version_in(entered),
            **more,
        )
    except _REFUSED as error:
        request.tm.doom()
        flash(request, "error", next((texts[0] for texts in error.fields.values()), error.message))
        return to(request, "booking", id=booking.public_id, _anchor="gates")
    flash(request, "success", said)
    return to(request, "booking", id=booking.public_id, _anchor="gates")
