"""Approvals: what waits for the reader's verdict, earliest deadline first, and giving one with its reason."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.appealed import appealed_in
from infra_access.access_requests.approvals.narrower import Narrower
from infra_access.access_requests.approvals.nationality_queries import answers_to, relations_to
from infra_access.access_requests.approvals.queries import ApprovalView, approval_by_public_id, approvals_of, inbox
from infra_access.access_requests.approvals.reviews import takes_review
from infra_access.access_requests.approvals.screened import approval_to_screen
from infra_access.access_requests.approvals.stepping_back import step_back
from infra_access.access_requests.awaited import held_since, names_of
from infra_access.access_requests.deciding import possible_holds
from infra_access.access_requests.renewing import may_be_renewed, renew
from infra_access.access_requests.request_queries import request_by_public_id, requests_by_case
from infra_access.access_requests.vocabularies import ON_HOLD, UNGIVEN, ApprovalState, Verdict
from infra_access.core import clock
from infra_access.core.authority import Permission, may
from infra_access.core.errors import Forbidden, Invalid, NotFound
from infra_access.core.i18n import Text, _
from infra_access.core.zones import day_start
from infra_access.http.localisation import cldr
from infra_access.http.security import Context
from infra_access.measurement.reach import scopes_of
from infra_access.outcomes.verdicts import MOST_ALIKE, decide, decide_alike
from infra_access.policy.canonical import as_case, restore_decision
from infra_access.policy.decisions import decisions_about
from infra_access.scheduling.booking_queries import booking_by_public_id
from infra_access.scheduling.screened import decide_on_names
from infra_access.web.accounting_forms import decimal_in
from infra_access.web.booking_form import REFUSED, version_in
from infra_access.web.corrections import Entries, to_correct, to_fill_in
from infra_access.web.forms import day_in, many, to, values_of
from infra_access.web.presenters.approval_rows import approval_rows
from infra_access.web.presenters.export_control import export_control
from infra_access.web.presenters.facts_read import facts_read
from infra_access.web.presenters.opinions import opinion_rows
from infra_access.web.rendering import flash
from infra_access.web.whose import places, places_of_request, whose_of

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
        "whose": {view.approval.public_id: whose_of(request, view) for view in page.items},
        "alike": groups_alike(page.items) if state == "pending" else frozenset(),
        "next": request.route_path("approvals", _query=query) if page.next else None,
        "may_see_exchange": may(request.actor, Permission.RECIPROCITY_READ, scopes_of(request.actor)),
    }


@view_config(route_name="approvals", request_method="GET", request_param="case", permission=Permission.APPROVAL_LIST)
def find(request: Request) -> Response:
    """Lead to the request of a case number, where the reader may read it."""
    case = as_case(request.GET["case"])
    found = requests_by_case(request.db, actor=request.actor, case=case).items
    if not found:
        message = _("You can read no request with the case number ${case}.", mapping={"case": case})
        flash(request, "info", message)
        return to(request, "approvals")
    return to(request, "access_request", id=found[0].access_request.public_id)


@view_config(**_ROUTE, request_method="GET", permission=Permission.APPROVAL_LIST)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show what is asked beside what the policy says of it."""
    return {**approval_page(request, context.row), **to_fill_in()}


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
            narrower=_narrower(request, context.row, entered),
            expected_version=version_in(entered),
        )
    except REFUSED as error:
        shown = to_correct(request, error)
        view = approval_by_public_id(request.db, context.row.approval.public_id, actor=request.actor)
        return {**approval_page(request, view), **shown, "left_out": many(request, "left_out")}
    again = entered.get("verdict") == Verdict.APPROVE and decided.state in UNGIVEN
    flash(request, *(("info", _AGAIN) if again else ("success", _SAID[ApprovalState(decided.state)])))
    return to(request, "approvals")


@view_config(route_name="approvals_alike", request_method="POST", permission=Permission.APPROVAL_LIST)
def give_alike(request: Request) -> Response:
    """Give one verdict on several approvals that one rule asks for, all or none."""
    entered, chosen = values_of(request), many(request, "approvals")
    try:
        if not chosen:
            message = _("Choose at least one approval.")
            raise Invalid("approvals.none", message, fields={"approvals": [message]})
        decided = decide_alike(
            request.db,
            actor=request.actor,
            now=clock.now(),
            approvals=chosen[:MOST_ALIKE],
            verdict=entered.get("verdict", ""),
            reason=entered.get("reason", ""),
        )
    except (*REFUSED, Forbidden, NotFound) as error:
        request.tm.doom()
        flash(request, "error", error.message)
        return to(request, "approvals")
    flash(request, "success", _("Decided: ${number}. Each applicant is told.", mapping={"number": len(decided)}))
    return to(request, "approvals")


@view_config(
    route_name="approval_renewal",
    renderer="approval.jinja2",
    request_method="POST",
    permission=Permission.APPROVAL_DECIDE,
)
def renew_consent(context: Context, request: Request) -> dict[str, Any] | Response:
    """Renew a consent until the end of a later day."""
    approval, entered = context.row.approval, values_of(request)
    try:
        review_at = _after(request, context.row, entered, "review_at")
        if review_at is None:
            message = _("Choose the day on which you look at it again.")
            raise Invalid("review.missing", message, fields={"review_at": [message]})
        renew(
            request.db,
            actor=request.actor,
            now=clock.now(),
            approval=approval,
            review_at=review_at,
            reason=entered.get("reason", ""),
            expected_version=version_in(entered),
        )
    except REFUSED as error:
        shown = to_correct(request, error)
        view = approval_by_public_id(request.db, approval.public_id, actor=request.actor)
        return {**approval_page(request, view), **shown}
    flash(request, "success", _("You renewed it. The team is told. You are reminded before that day."))
    return to(request, "approval", id=approval.public_id)


@view_config(
    route_name="approval_step_back",
    renderer="approval.jinja2",
    request_method="POST",
    permission=Permission.APPROVAL_DECIDE,
)
def decline_to_decide(context: Context, request: Request) -> Response:
    """Step back for a conflict of interest."""
    approval = context.row.approval
    try:
        reason = values_of(request).get("reason", "")
        step_back(request.db, actor=request.actor, now=clock.now(), approval=approval, reason=reason)
    except REFUSED as error:
        request.tm.doom()
        flash(request, "error", error.message)
        return to(request, "approval", id=approval.public_id)
    flash(request, "info", _("You stepped back. Others in your role are asked."))
    return to(request, "approvals")


def _narrower(request: Request, view: ApprovalView, entered: dict[str, str]) -> Narrower:
    """Return what is granted at most; a day is one of the facility, and included. Raises Invalid."""
    units = decimal_in(entered, "most_units") if entered.get("most_units") else None
    left_out = tuple(many(request, "left_out"))
    if view.approval.subject_kind != "access_request":
        return Narrower(units, left_out=left_out)
    until, review_at = (_after(request, view, entered, name) for name in ("until", "review_at"))
    return Narrower(units, until, review_at, left_out)


def _after(request: Request, view: ApprovalView, entered: dict[str, str], name: str) -> datetime | None:
    """Return the end of a day at the facility, if one was entered. Raises Invalid."""
    if not entered.get(name):
        return None
    zone = request_by_public_id(request.db, view.approval.subject_public_id, actor=request.actor).facility.timezone
    return day_start(day_in(entered[name], name) + timedelta(days=1), zone)


@view_config(
    route_name="approval_screening",
    renderer="approval.jinja2",
    request_method="POST",
    permission=Permission.SCREENING_DECIDE,
)
def compare(context: Context, request: Request) -> dict[str, Any] | Response:
    """Decide whether those who take part are who is listed."""
    approval, entered = context.row.approval, values_of(request)
    try:
        decide_on_names(
            request.db,
            actor=request.actor,
            now=clock.now(),
            approval=approval,
            candidates=many(request, "candidates"),
            verdict=entered.get("same", ""),
            reason=entered.get("why", ""),
        )
    except REFUSED as error:
        shown = to_correct(request, error)
        # The verdict has a field of that name too, on the same page.
        shown["errors"] = Entries({_AS_ENTERED.get(key, key): text for key, text in shown["errors"].items()})
        view = approval_to_screen(request.db, approval.public_id, actor=request.actor)
        return {**approval_page(request, view), **shown, "chosen": many(request, "candidates")}
    flash(request, "success", _("Your decision on the names is kept. The applicant does not learn of it."))
    return to(request, "approval", id=approval.public_id, _anchor="export")


_AS_ENTERED = {"reason": "why", "verdict": "same", "candidates.0": "candidates"}

_SAID: dict[ApprovalState, Text] = {
    ApprovalState.APPROVED: _("You approved it. The applicant is told; nothing more is needed of you."),
    ApprovalState.REFUSED: _("You refused it. The applicant is told your reason."),
    ApprovalState.CHANGES_REQUESTED: _("You asked for changes. It comes back to you when they are made."),
    ApprovalState.PAUSED: _("It is paused. Deadlines stand still until you go on with it."),
    ApprovalState.RESERVED: _("It is on the reserve list. Approve it when there is room."),
    ApprovalState.DEFERRED: _("It is moved to the next round, and comes back to you when that opens."),
    ApprovalState.PENDING: _("It goes on. Deadlines are put off by the length of the pause."),
}
_AGAIN: Text = _("Your yes does not count yet: by now the rules ask more of the team first. It comes back to you.")


def approval_page(request: Request, view: ApprovalView) -> dict[str, Any]:
    """Return what the page of an approval shows; its forms come on top."""
    approval = view.approval
    told, asked = not view.is_own(request.actor), relations_to(view, request.actor)
    subject, booking = _subject(request, view)
    kept = decisions_about(request.db, subject_kind=approval.subject_kind, subject_id=approval.subject_public_id)
    reading = subject.access_request if subject else booking.booking if booking else None
    reviewed = subject is not None and may_be_renewed(approval, subject.access_request)
    # Whoever looks at an appeal reads what was said of the request itself.
    read_already = subject.approvals if subject else None
    every = read_already or approvals_of(request.db, approval.subject_kind, approval.subject_id)
    stopped = subject is not None and held_since(subject.access_request) is not None
    known = names_of(booking.facility, ()) if booking else {}
    return {
        "view": view,
        "whose": whose_of(request, view),
        "approval": approval,
        "subject": subject,
        "booking": booking,
        "told": told,
        "takes_review": takes_review(approval),
        "reviewed": reviewed,
        "may_renew": reviewed and view.may_decide(request.actor),
        "holds": possible_holds(request.db, subject.access_request, clock.now()) if subject else (),
        "held": stopped or approval.state in ON_HOLD,
        "appeals": [one for one in [appealed_in(approval, named=None if told else view.named)] if one],
        "may_decide": view.is_open and view.may_decide(request.actor),
        # What an officer reads of the policy is for those who decide, not for the applicant.
        "decision": restore_decision(kept[0].decision) if kept and told else None,
        "facts": facts_read(kept[0].facts, cldr(request.locale_name)) if kept and told else [],
        "export": export_control(request.db, view, subject, actor=request.actor),
        "opinions": opinion_rows(request.db, view, actor=request.actor, now=clock.now()),
        "chosen": (),
        "left_out": (),
        "asked": answers_to(request.db, view) if view.is_open and "approver" in asked else None,
        "opened": None,
        "others": approval_rows(
            every,
            reading.decision if reading else {},
            places=places_of_request(request, subject) if subject else places(request, every, known),
            told=told,
            asked=not told,
            held=stopped,
            beside=approval,
        ),
    }


def groups_alike(items: Sequence[ApprovalView]) -> frozenset[str]:
    """Return the public ids of those that at least one other waits with under the same rule and role."""
    alike = [one for one in items if one.approval.subject_kind != "appeal" and not one.approval.needs_review]
    grounds = Counter((one.approval.rule, one.approval.role) for one in alike)
    return frozenset(
        one.approval.public_id for one in alike if one.is_open and grounds[one.approval.rule, one.approval.role] > 1
    )


def _subject(request: Request, view: ApprovalView) -> tuple[Any, Any]:
    """Return the request or the booking, as far as the reader may see it."""
    key = view.approval.subject_public_id
    try:
        if view.approval.subject_kind == "booking":
            return None, booking_by_public_id(request.db, key, actor=request.actor)
        return request_by_public_id(request.db, key, actor=request.actor), None
    except NotFound:
        return None, None
