"""Approvals: what waits for the reader's verdict, earliest deadline first, and giving one with its reason."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.approval_queries import ApprovalView, approval_by_public_id, approvals_of, inbox
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.core import clock
from infra_access.core.authority import Permission, may
from infra_access.core.errors import NotFound
from infra_access.core.i18n import Text, _
from infra_access.http.security import Context
from infra_access.measurement.reach import scopes_of
from infra_access.policy.canonical import restore_decision
from infra_access.policy.decisions import decisions_about
from infra_access.scheduling.booking_queries import booking_by_public_id
from infra_access.scheduling.verdicts import decide
from infra_access.web.booking_form import REFUSED, version_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import to, values_of
from infra_access.web.presenters.approval_rows import approval_rows
from infra_access.web.presenters.facts_read import facts_read
from infra_access.web.rendering import flash

_ROUTE = {"route_name": "approval", "renderer": "approval.jinja2"}
_STATES = ("pending", "decided")
_PAGE = 50


@view_config(
    route_name="approvals", renderer="approvals.jinja2", request_method="GET", permission=Permission.APPROVAL_LIST
)
def waiting(request: Request) -> dict[str, Any]:
    """Show what waits, or what was decided."""
    wanted = request.GET.get("state")
    state = wanted if wanted in _STATES else _STATES[0]
    cursor = request.GET.get("cursor") or None
    page = inbox(request.db, actor=request.actor, now=clock.now(), state=state, limit=_PAGE, cursor=cursor)
    query = {"state": state, "cursor": page.next}
    return {
        "state": state,
        "items": page.items,
        "next": request.route_path("approvals", _query=query) if page.next else None,
        "may_see_exchange": may(request.actor, Permission.RECIPROCITY_READ, scopes_of(request.actor)),
    }


@view_config(**_ROUTE, request_method="GET", permission=Permission.APPROVAL_LIST)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show what is asked beside what the policy says of it."""
    return {**_page(request, context.row), **to_fill_in()}


@view_config(**_ROUTE, request_method="POST", permission=Permission.APPROVAL_DECIDE)
def give(context: Context, request: Request) -> dict[str, Any] | Response:
    """Give the verdict; on what somebody changed meanwhile it is not taken."""
    entered = values_of(request)
    try:
        decided = decide(
            request.db,
            actor=request.actor,
            now=clock.now(),
            approval=context.row.approval,
            verdict=entered.get("verdict", ""),
            reason=entered.get("reason", ""),
            conditions=entered.get("conditions") or None,
            expected_version=version_in(entered),
        )
    except REFUSED as error:
        shown = to_correct(request, error)
        view = approval_by_public_id(request.db, context.row.approval.public_id, actor=request.actor)
        return {**_page(request, view), **shown}
    flash(request, "success", _SAID[ApprovalState(decided.state)])
    return to(request, "approvals")


_SAID: dict[ApprovalState, Text] = {
    ApprovalState.APPROVED: _("You approved it. The applicant is told; nothing more is needed of you."),
    ApprovalState.REFUSED: _("You refused it. The applicant is told your reason."),
    ApprovalState.CHANGES_REQUESTED: _("You asked for changes. It comes back to you when they are made."),
    ApprovalState.PAUSED: _("It is paused. Deadlines stand still until you go on with it."),
    ApprovalState.PENDING: _("It goes on. Deadlines are put off by the length of the pause."),
}


def _page(request: Request, view: ApprovalView) -> dict[str, Any]:
    approval = view.approval
    told = not view.is_own(request.actor)
    subject, booking = _subject(request, view)
    kept = decisions_about(request.db, subject_kind=approval.subject_kind, subject_id=approval.subject_public_id)
    reading = subject.access_request if subject else booking.booking if booking else None
    others = [
        one for one in approvals_of(request.db, approval.subject_kind, approval.subject_id) if one.id != approval.id
    ]
    return {
        "view": view,
        "approval": approval,
        "subject": subject,
        "booking": booking,
        "told": told,
        "may_decide": view.is_open and view.may_decide(request.actor),
        # What an officer reads of the policy is for those who decide, not for the applicant.
        "decision": restore_decision(kept[0].decision) if kept and told else None,
        "facts": facts_read(kept[0].facts) if kept and told else [],
        "others": approval_rows(others, reading.decision if reading else {}, told=told),
    }


def _subject(request: Request, view: ApprovalView) -> tuple[Any, Any]:
    """Return the request or the booking, as far as the reader may see it."""
    key = view.approval.subject_public_id
    try:
        if view.approval.subject_kind == "booking":
            return None, booking_by_public_id(request.db, key, actor=request.actor)
        return request_by_public_id(request.db, key, actor=request.actor), None
    except NotFound:
        return None, None
