"""An access request: what is asked, what is missing, who holds it; and sending, withdrawing, accepting, writing."""

from datetime import datetime
from functools import partial
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.appeals import WITHIN
from infra_access.access_requests.approvals.reviews import carries
from infra_access.access_requests.awaited import held_since
from infra_access.access_requests.circles import refusal_of_near
from infra_access.access_requests.consents import is_drawable
from infra_access.access_requests.conversations.speaking import ask, conversations_of
from infra_access.access_requests.corrections import corrections_of
from infra_access.access_requests.gates.judging import samples_of
from infra_access.access_requests.lifecycle import NEXT, RequestState, RequestTransition, can_move
from infra_access.access_requests.request_queries import RequestView
from infra_access.access_requests.terms.agreements import accept
from infra_access.access_requests.terms.asked_besides import offer_agreement
from infra_access.access_requests.vocabularies import AllocationState, TimeGiven
from infra_access.core import clock
from infra_access.core.authority import Permission, may
from infra_access.core.errors import Conflict, DomainError, Invalid, PreconditionFailed
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.outcomes.withdrawing import withdraw_access
from infra_access.scheduling.details import hidden_of
from infra_access.web.booking_form import version_in
from infra_access.web.corrections import to_fill_in
from infra_access.web.forms import to, values_of
from infra_access.web.outcomes_section import outcomes_section
from infra_access.web.outlook import excepted_by, outlook
from infra_access.web.presenters.approval_rows import approval_rows
from infra_access.web.presenters.correction_rows import correction_rows
from infra_access.web.presenters.decisions import kept
from infra_access.web.presenters.gates import anchor_of
from infra_access.web.presenters.limits import limit_sentences
from infra_access.web.presenters.request import granted, look_of, moves, next_words
from infra_access.web.presenters.request_steps import steps_of
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key
from infra_access.web.request_gates import gates_seen
from infra_access.web.sending import send
from infra_access.web.signing import offers_of, terms_of
from infra_access.web.talking import begin
from infra_access.web.whose import places_of_request

_PAGE = {"renderer": "access_request.jinja2", "request_method": "POST"}
_UNSENT = frozenset({RequestState.DRAFT, RequestState.CHANGES_REQUESTED, RequestState.REOPENED})
_REFUSED = (Invalid, Conflict, PreconditionFailed)


@view_config(
    route_name="access_request",
    renderer="access_request.jinja2",
    request_method="GET",
    permission=Permission.REQUEST_READ,
)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show a request."""
    return {**request_page(context, request, clock.now()), **to_fill_in()}


@view_config(route_name="access_request_submit", permission=Permission.REQUEST_UPDATE, **_PAGE)
def submit(context: Context, request: Request) -> Response:
    """Send it; where something is missing, the page says what."""
    row = context.row.access_request
    try:
        entered = values_of(request)
        expected, why = version_in(entered), entered.get("exception", "")
        send(request, row, now=clock.now(), expected_version=expected, exception=why)
    except PreconditionFailed as error:
        return refused(request, error)
    return to(request, "access_request", id=row.public_id)


@view_config(route_name="access_request_withdraw", permission=Permission.REQUEST_UPDATE, **_PAGE)
def take_back(context: Context, request: Request) -> Response:
    """Withdraw it."""
    row, entered = context.row.access_request, values_of(request)
    try:
        withdraw_access(
            request.db,
            actor=request.actor,
            now=clock.now(),
            access_request=row,
            reason=entered.get("reason", ""),
            expected_version=version_in(entered),
        )
    except _REFUSED as error:
        return refused(request, error)
    flash(request, "info", _("The request is withdrawn. Whoever had to decide on it is told. You may begin a new one."))
    return to(request, "access_request", id=row.public_id)


@view_config(route_name="access_request_accept", permission=Permission.AGREEMENT_ACCEPT, **_PAGE)
def sign(context: Context, request: Request) -> Response:
    """Accept the terms that were read."""
    row = context.row.access_request
    try:
        accepted = accept(
            request.db,
            actor=request.actor,
            now=clock.now(),
            access_request=row,
            text_hash=values_of(request).get("text_hash", ""),
        )
    except _REFUSED as error:
        return refused(request, error)
    told = {"next": request.localize(NEXT[RequestState(row.state)])}
    flash(request, "success", _("The terms are accepted for your side. ${next}", mapping=told))
    return to(request, "access_request", id=row.public_id, _anchor=anchor_of(accepted.agreement.kind))


@view_config(route_name="access_request_offer", permission=Permission.AGREEMENT_OFFER, **_PAGE)
def offer(context: Context, request: Request) -> Response:
    """Offer what a rule asks for beside the terms."""
    row, code = context.row.access_request, values_of(request).get("code", "")
    try:
        offer_agreement(request.db, actor=request.actor, now=clock.now(), access_request=row, code=code)
    except _REFUSED as error:
        return refused(request, error)
    flash(request, "success", _("It is offered. Whoever signs for the applicant is told. Your side accepts it too."))
    return to(request, "access_request", id=row.public_id, _anchor=anchor_of(code))


@view_config(route_name="access_request_message", permission=Permission.CONVERSATION_START, **_PAGE)
def write(context: Context, request: Request) -> dict[str, Any] | Response:
    """Begin a conversation on it, or on one of its samples."""
    row, mark = context.row.access_request, values_of(request).get("sample")
    numbers = {one.mark: one.number for one in samples_of(row.project)}
    sample = numbers.get(mark, 0) if mark else None
    page = partial(request_page, context, request, clock.now())
    return begin(request, ask, page, access_request=row, sample=sample)


def refused(request: Request, error: DomainError) -> Response:
    """Return to the page as it stands now, with what was refused and why."""
    request.tm.doom()
    flash(request, "error", error.message)
    return to(request, "access_request", id=request.matchdict["id"])


def request_page(context: Context, request: Request, now: datetime) -> dict[str, Any]:
    """Return what the page shows; its forms come on top."""
    view: RequestView = context.row
    row, locale, zone = view.access_request, request.locale_name, view.facility.timezone
    decision = outlook(request, view, now=now) if row.state in _UNSENT else kept(row.decision)
    staff = view.is_staff and may(request.actor, Permission.CONVERSATION_READ, context.scopes)
    tone, icon = look_of(row.state)
    gates = gates_seen(request, view, now=now)
    stopped = held_since(row)
    rows = partial(
        approval_rows,
        decision=row.decision,
        places=places_of_request(request, view),
        told=view.is_staff,
        asked="team" in view.relations,
        held=stopped is not None,
    )
    return {
        "view": view,
        "zone": zone,
        "tone": tone,
        "icon": icon,
        "next": next_words(view),
        "moves": moves(view),
        "steps": steps_of(view),
        "approvals": rows(view.approvals),
        "appealed_to": rows([one.approval for one in view.appeals]),
        "held_since": stopped,
        "decision": decision,
        "excepted_by": excepted_by(request, view, decision, now=now),
        "unsent": row.state in _UNSENT,
        "limits": [request.localize(one) for one in limit_sentences(decision.limits, locale)] if decision else [],
        "staff": staff,
        "conversations": conversations_of(request.db, row, staff=staff),
        "samples": {one.mark: one for one in samples_of(row.project)},
        "gates": gates,
        "offers": offers_of(view, gates) if may(request.actor, Permission.AGREEMENT_OFFER, context.scopes) else [],
        "granted": granted(view.allocation, locale),
        "bookable": view.allocation is not None
        and is_drawable(view.allocation, now)
        and view.route.time_given == TimeGiven.TEAM_PICKS
        and "team" in view.relations,
        "carried": carries(row),
        "own": "requester" in view.relations,
        "state_words": view.state_words,
        "corrections": correction_rows(corrections_of(request.db, row), row, zone, locale),
        "may_appeal": "requester" in view.relations
        and can_move(RequestState(row.state), RequestTransition.APPEAL)
        and now <= row.state_since + WITHIN,
        **_of_staff(context, request, now, staff=staff),
        "hidden": hidden_of(request.db, view.instruments, actor=request.actor, now=now),
        "section": outcomes_section(context, request, now),
        "key": new_key(),
        "texts": terms_of(request, view, now=now),
    }


def _of_staff(context: Context, request: Request, now: datetime, *, staff: bool) -> dict[str, Any]:
    """Return what the staff may do about it, and why somebody near to it may not."""
    view: RequestView = context.row
    state = RequestState(view.access_request.state)
    corrects = staff and can_move(state, RequestTransition.AMEND)
    corrects = corrects and may(request.actor, Permission.REQUEST_CORRECT, context.scopes)
    revokes = view.is_staff and can_move(state, RequestTransition.REVOKE)
    revokes = revokes and view.allocation is not None and view.allocation.state != AllocationState.ENDED
    revokes = revokes and may(request.actor, Permission.REQUEST_REVOKE, context.scopes)
    permission = Permission.REQUEST_REVOKE if revokes else Permission.REQUEST_CORRECT
    by = {"actor": request.actor, "scopes": context.scopes, "permission": permission, "now": now}
    refusal = refusal_of_near(request.db, view.access_request, **by) if corrects or revokes else None
    return {
        "may_correct": corrects and refusal is None,
        "may_revoke": revokes and refusal is None,
        "hindered": refusal.message if refusal is not None else "",
    }
