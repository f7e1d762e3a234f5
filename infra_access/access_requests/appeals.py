"""Appeals against a refusal or a revocation: looked at by an administrator of access who did not decide before.

An appeal is an approval of its own kind. A yes reopens the request, which goes to review again at once where the
access rules let it, by when it was sent; where something is missing or a rule refuses it, the team sends it again once
that is settled.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from infra_access.access_requests import review
from infra_access.access_requests.appealed import APPEAL, remember
from infra_access.access_requests.approvals import verdicts
from infra_access.access_requests.approvals.counting import is_waiting
from infra_access.access_requests.approvals.queries import approvals_of, deciders_of
from infra_access.access_requests.content import content_of
from infra_access.access_requests.lifecycle import RequestState, RequestTransition, move
from infra_access.access_requests.models import AccessRequest, AccessRoute, Approval
from infra_access.access_requests.standing import advance, locked, own_relations, team_of, tell
from infra_access.access_requests.terms import agreements
from infra_access.access_requests.vocabularies import Outcome
from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.decision import ApprovalDue
from infra_access.core.errors import Conflict, NotFound
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text
from infra_access.people.actors import load_actor

WITHIN = timedelta(days=60)
"""So long after the decision it can be appealed."""

_DUE = ApprovalDue(
    role="access_administrator",
    scope="country",
    rule=APPEAL,
    message=_("The team appeals against a decision on its request. You did not decide before."),
    expected_days=14,
    latest_days=30,
)


def appeal(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    reason: str,
    expected_version: int | None = None,
) -> AccessRequest:
    """Appeal against a refusal or a revocation, saying why.

    Raises Conflict `access_request.state`, `appeal.late` after 60 days, `approval.nobody` where everybody who could
    look at it decided before; Forbidden, Invalid.
    """
    require(actor, Permission.REQUEST_UPDATE, (), own_relations(access_request, actor))
    access_request = locked(session, access_request, expected_version)
    move(RequestState(access_request.state), RequestTransition.APPEAL)
    reason = clean_text(reason, field="reason", max_length=5_000, required=True)
    if now > access_request.state_since + WITHIN:
        message = _(
            "A decision can be appealed within ${days} days. You may begin a new request.",
            mapping={"days": WITHIN.days},
        )
        raise Conflict("appeal.late", message)
    (asked,) = verdicts.ask(
        session,
        subject_kind=APPEAL,
        subject_id=access_request.id,
        subject_public_id=access_request.public_id,
        applicant_id=access_request.requester_id,
        instrument_ids=content_of(session, access_request).instruments,
        due=[_DUE],
        now=now,
        team=sorted(team_of(session, access_request) | deciders_of(session, access_request)),
    )
    remember(session, asked, access_request, approvals_of(session, "access_request", access_request.id), grounds=reason)
    advance(access_request, RequestTransition.APPEAL, now, reason)
    _record(session, actor, "access_request.appealed", access_request, now, {"reason": reason})
    return access_request


def decide(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    approval: Approval,
    access_request: AccessRequest,
    verdict: str,
    reason: str,
    expected_version: int | None = None,
) -> Approval:
    """Uphold the decision (refuse), or reopen the locked request (approve). Raises as `verdicts.give_verdict` does."""
    standing = verdicts.give_verdict(
        session,
        actor=actor,
        now=now,
        approval=approval,
        verdict=verdict,
        reason=reason,
        expected_version=expected_version,
        team=team_of(session, access_request) | deciders_of(session, access_request),
    )
    reason = clean_text(reason, field="reason", max_length=5_000)
    if standing == "refused":
        advance(access_request, RequestTransition.UPHOLD, now, reason)
    else:
        advance(access_request, RequestTransition.REOPEN, now, reason)
        _review(session, access_request, now)
    outcome = None if standing == "refused" else Outcome.APPEAL_GRANTED
    tell(session, access_request, "decided", now, outcome=outcome, role=approval.role)
    session.flush()
    details = {"verdict": verdict, "approval": approval.public_id, "reason": reason, "state": access_request.state}
    _record(session, actor, "access_request.appeal_decided", access_request, now, details)
    return approval


def _review(session: Session, access_request: AccessRequest, now: datetime) -> None:
    try:
        requester = load_actor(session, access_request.requester_id, now=now)
    except NotFound:
        return
    route = session.get_one(AccessRoute, access_request.route_id)
    content = content_of(session, access_request)
    ruling = review.rule(
        session,
        actor=requester,
        content=content,
        route=route,
        now=now,
        access_request_id=access_request.id,
        asked_at=access_request.submitted_at,
    )
    if review.is_closed(ruling) or not review.is_complete(session, ruling, content, route=route, now=now):
        return
    review.keep(session, access_request, ruling, now)
    advance(access_request, RequestTransition.REVIEW, now)
    review.reconcile(session, access_request, content, ruling, now=now)
    if not is_waiting(session, access_request):
        agreements.grant(session, access_request, route, now)


def _record(
    session: Session,
    actor: Actor,
    action: str,
    access_request: AccessRequest,
    now: datetime,
    details: dict[str, str],
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details=details,
    )
