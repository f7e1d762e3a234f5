"""What a verdict does to a request: the last yes grants it, a no ends it, a question sends it back or pauses it."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import agreements, approvals, review
from infra_access.access_requests.lifecycle import RequestState, RequestTransition
from infra_access.access_requests.models import AccessRequest, AccessRoute, Approval
from infra_access.access_requests.parties import lists_looked_into
from infra_access.access_requests.standing import advance, locked, team_of, tell
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.audit.record import record
from infra_access.core.authority import Actor
from infra_access.core.input_text import clean_text


def decide(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    approval: Approval,
    verdict: str,
    reason: str,
    conditions: str | None = None,
    expected_version: int | None = None,
) -> Approval:
    """Give a verdict on a request: approve, refuse, request_changes, pause or resume.

    `expected_version` is that of the approval. Raises as `approvals.give_verdict` does, and Conflict
    `access_request.state`.
    """
    access_request = locked(session, session.get_one(AccessRequest, approval.subject_id))
    standing = approvals.give_verdict(
        session,
        actor=actor,
        now=now,
        approval=approval,
        verdict=verdict,
        reason=reason,
        conditions=conditions,
        expected_version=expected_version,
        team=team_of(session, access_request),
    )
    reason = clean_text(reason, field="reason", max_length=5_000)
    _resume(session, access_request, standing, now)
    match standing:
        case "approved":
            agreements.grant(session, access_request, session.get_one(AccessRoute, access_request.route_id), now)
        case "refused":
            advance(access_request, RequestTransition.REFUSE, now, reason)
            tell(session, access_request, "decided", now)
        case "changes_requested":
            if access_request.state != RequestState.CHANGES_REQUESTED:
                advance(access_request, RequestTransition.ASK_CHANGES, now, reason)
            tell(session, access_request, "changes_requested", now)
        case "paused":
            if access_request.state != RequestState.PAUSED:
                advance(access_request, RequestTransition.PAUSE, now, reason)
            tell(session, access_request, "decided", now)
        case _:
            tell(session, access_request, "decided", now)
    session.flush()
    record(
        session,
        actor=actor,
        action="access_request.decided",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details={
            "verdict": verdict,
            "approval": approval.public_id,
            "reason": reason,
            "state": access_request.state,
            **lists_looked_into(session, approval),
        },
    )
    return approval


def _resume(session: Session, access_request: AccessRequest, standing: str, now: datetime) -> None:
    """End a pause with the verdict that it waited for; deadlines are put off by as long as it lasted."""
    if access_request.state == RequestState.CHANGES_REQUESTED and standing == "refused":
        advance(access_request, RequestTransition.RESUME, now)
    if access_request.state != RequestState.PAUSED or standing == "paused":
        return
    paused = any(one.state == ApprovalState.PAUSED for one in review.live(session, access_request))
    if standing == "open" and paused:
        return
    approvals.prolong(
        session, subject_kind="access_request", subject_id=access_request.id, by=now - access_request.state_since
    )
    advance(access_request, RequestTransition.RESUME, now)
