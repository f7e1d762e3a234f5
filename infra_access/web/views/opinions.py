"""Opinions from outside: asking on the page of an approval, and answering on a page that needs no account."""

from typing import Any

from pyramid.csrf import check_csrf_token
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from infra_access.access_requests.approvals.queries import approval_by_public_id
from infra_access.access_requests.opinions.asking import ask_opinion, withdraw_opinion
from infra_access.access_requests.opinions.by_link import AskedByLink, give_opinion
from infra_access.access_requests.opinions.queries import opinion_by_public_id
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, to, values_of
from infra_access.web.presenters.opinions import RECOMMENDATIONS
from infra_access.web.rendering import flash
from infra_access.web.views.approvals import approval_page
from infra_access.web.views.send_samples import whole_number

_LINK = {"route_name": "opinion", "renderer": "opinion.jinja2", "permission": NO_PERMISSION_REQUIRED}


@view_config(
    route_name="approval_opinions",
    renderer="approval.jinja2",
    request_method="POST",
    permission=Permission.APPROVAL_DECIDE,
)
def ask(context: Context, request: Request) -> dict[str, Any] | Response:
    """Ask an expert for an opinion."""
    approval, entered = context.row.approval, values_of(request)
    try:
        ask_opinion(
            request.db,
            actor=request.actor,
            now=clock.now(),
            approval=approval,
            **{field: entered.get(field, "") for field in ("email", "name", "question", "summary")},
            days=whole_number(entered.get("days", "")),
        )
    except ENTERED as error:
        shown = to_correct(request, error)
        view = approval_by_public_id(request.db, approval.public_id, actor=request.actor)
        return {**approval_page(request, view), **shown}
    flash(request, "success", _("The question is on its way by mail. You may decide before the answer is there."))
    return to(request, "approval", id=approval.public_id, _anchor="opinions")


@view_config(route_name="opinion_withdraw", request_method="POST", permission=Permission.APPROVAL_DECIDE)
def withdraw(context: Context, request: Request) -> Response:
    """Withdraw a question."""
    approval = context.row.approval
    opinion = opinion_by_public_id(request.db, approval, request.matchdict["opinion"])
    try:
        withdraw_opinion(request.db, actor=request.actor, now=clock.now(), approval=approval, opinion=opinion)
    except Conflict as error:
        request.tm.doom()
        flash(request, "error", error.message)
    else:
        flash(request, "info", _("The question is withdrawn. Its link says so."))
    return to(request, "approval", id=approval.public_id, _anchor="opinions")


@view_config(**_LINK, request_method="GET")
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show the question and the form, or that it was answered."""
    return {**_page(context.row, request), **to_fill_in()}


@view_config(**_LINK, request_method="POST", require_csrf=False)
def give(context: Context, request: Request) -> dict[str, Any] | Response:
    """Take the answer, once.

    The page sends no referrer, so that browsers name no origin either, which the usual check demands over HTTPS. What
    is checked is the token of the form; the address holds a secret of its own.
    """
    check_csrf_token(request)
    entered = values_of(request)
    try:
        give_opinion(
            request.db,
            now=clock.now(),
            token=request.matchdict["token"],
            **{field: entered.get(field, "") for field in ("recommendation", "reasons", "conflict")},
            no_conflict=entered.get("no_conflict") == "yes",
        )
    except Invalid as error:
        return {**_page(context.row, request), **to_correct(request, error)}
    return to(request, "opinion", token=request.matchdict["token"])


def _page(asked: AskedByLink, request: Request) -> dict[str, Any]:
    return {"asked": asked, "recommendations": [(key, request.localize(said)) for key, said in RECOMMENDATIONS.items()]}
