"""One's own nationality, said where a rule asks for it; and the act of reading what a team said, for who decides."""

from collections.abc import Sequence
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.approvals.nationality import FIELD, MOST, declare, read
from infra_access.access_requests.approvals.nationality_queries import answers_to, facility_of, readings_of
from infra_access.access_requests.approvals.queries import ApprovalView
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.sealing import sealer_of
from infra_access.http.security import Context
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, many, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.views.approvals import approval_page
from infra_access.web.visitor import country_options
from infra_access.web.whose import whose_of

_OWN = {
    "route_name": "approval_nationality",
    "renderer": "nationality.jinja2",
    "permission": Permission.NATIONALITY_DECLARE,
}


@view_config(**_OWN, request_method="GET")
def ask(context: Context, request: Request) -> dict[str, Any]:
    """Say why it is asked, and who read it; what was said is not shown."""
    return {**_page(request, context.row), **to_fill_in()}


@view_config(**_OWN, request_method="POST")
def say(context: Context, request: Request) -> dict[str, Any] | Response:
    """Take it under seal."""
    approval, chosen = context.row.approval, many(request, FIELD)
    try:
        declare(
            request.db,
            actor=request.actor,
            now=clock.now(),
            approval=approval,
            nationalities=chosen,
            sealer=sealer_of(request),
        )
    except ENTERED as error:
        return {**_page(request, context.row, chosen), **to_correct(request, error)}
    flash(request, "success", _("Thank you. It is kept under seal; you can correct it while the decision waits."))
    return to(request, "approval_nationality", id=approval.public_id)


@view_config(
    route_name="approval_nationalities",
    renderer="approval.jinja2",
    request_method="POST",
    permission=Permission.NATIONALITY_READ,
)
def open_all(context: Context, request: Request) -> dict[str, Any] | Response:
    """Show what the team said, this once: the page is not found again by a redirect."""
    approval, entered = context.row.approval, values_of(request)
    try:
        opened = read(
            request.db,
            actor=request.actor,
            now=clock.now(),
            approval=approval,
            reason=entered.get("reading", ""),
            sealer=sealer_of(request),
        )
    except ENTERED as error:
        request.tm.doom()
        flash(request, "error", error.message)
        return to(request, "approval", id=approval.public_id)
    request.response.headers["Cache-Control"] = "no-store"
    return {**approval_page(request, context.row), **to_fill_in(), "opened": opened}


def _page(request: Request, view: ApprovalView, chosen: Sequence[str] = ()) -> dict[str, Any]:
    answers = answers_to(request.db, view)
    own = answers.of(request.actor)
    return {
        "view": view,
        "approval": view.approval,
        "whose": whose_of(request, view),
        "facility": facility_of(request.db, view),
        "asked": len(answers.asked),
        "answered": len(answers.asked) - len(answers.missing),
        "declared_at": own.declared_at if own else None,
        "readings": readings_of(request.db, view, request.actor),
        "countries": country_options(request.locale_name),
        "chosen": [*chosen, *[""] * MOST][:MOST],
    }
