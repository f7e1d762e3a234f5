"""Renewing a consent: whoever may decide it names a later date on which it is looked at again."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.approvals.deciders import refuse_others, refuse_same_person
from infra_access.access_requests.approvals.narrower import refuse_past
from infra_access.access_requests.approvals.queries import view_of
from infra_access.access_requests.approvals.reviews import carries, set_review
from infra_access.access_requests.approvals.verdicts import locked_approval
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.standing import locked, team_of
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.audit.record import record
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text
from infra_access.outbox.events import publish


def renew(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    approval: Approval,
    review_at: datetime,
    reason: str = "",
    expected_version: int | None = None,
) -> Approval:
    """Renew a consent until it is looked at again at `review_at`; from then on it can be booked upon again.

    Raises Forbidden as `deciders.refuse_others` and `deciders.refuse_same_person` say, PreconditionFailed
    `version.stale`, Conflict `approval.no_review` where there is no consent with such a date or the request has ended,
    Invalid naming `review_at` or `reason`.
    """
    if approval.subject_kind != "access_request":
        raise _no_review(approval)
    # Whoever decides, books or renews waits for the request before its approvals, and for its grant last.
    access_request = locked(session, session.get_one(AccessRequest, approval.access_request_id))
    approval = locked_approval(session, approval, expected_version)
    refuse_others(session, actor, view_of(session, approval), now=now, team=team_of(session, access_request))
    reason = clean_text(reason, field="reason", max_length=5_000)
    refuse_past(review_at, now)
    if not may_be_renewed(approval, access_request):
        raise _no_review(approval)
    # Where two people decide, neither renews what the other gave alone.
    refuse_same_person(session, approval, actor, now=now)
    before = approval.review_at
    set_review(approval, review_at, now)
    session.flush()
    allocations.note_reviews(session, access_request)
    record(
        session,
        actor=actor,
        action="access_request.consent_renewed",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details={
            "approval": approval.public_id,
            "before": before.isoformat() if before else None,
            "review_at": review_at.isoformat(),
            "reason": reason,
        },
    )
    payload = {"approval": approval.public_id, "access_request": access_request.public_id}
    publish(session, "access_request.consent_renewed", payload, now=now)
    return approval


def may_be_renewed(approval: Approval, access_request: AccessRequest) -> bool:
    """Tell whether this is a yes with a date of review, to a request that has not ended."""
    given = approval.subject_kind == "access_request" and approval.state == ApprovalState.APPROVED
    return given and approval.review_at is not None and carries(access_request)


def _no_review(approval: Approval) -> Conflict:
    message = _(
        "There is no consent here that is looked at again on a date: it was not given, has no date, or the request "
        "has ended. Load it again to see what happened."
    )
    return Conflict("approval.no_review", message, details={"state": approval.state})
