"""When a consent is looked at again: whose yes has such a date, and who is told that it comes near or has passed.

From that date on a consent that nobody renewed carries nothing new; what is booked stands. The authority of a community
renews it with a later date, or takes it back by revoking the request.
"""

from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.reminding import remind_from
from infra_access.access_requests.lifecycle import RequestState, RequestTransition, can_move
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.audit.record import record
from infra_access.catalogue.fields import fault
from infra_access.core.authority import system_actor
from infra_access.core.db import Database
from infra_access.core.decision import ApprovalDue
from infra_access.core.i18n import _
from infra_access.outbox.events import publish

AHEAD = timedelta(days=30)
"""So long before the date people are told at the earliest; of a short time in its last third."""

AUTHORITY = "community_authority"
"""Whose consent has a date of review where they want one, whether a rule asks for it or not."""

_MAY_RETURN = (RequestState.REFUSED, RequestState.REVOKED, RequestState.APPEALED)
"""States that an appeal may yet bring back; what is due meanwhile is told then."""

_AT_ONCE = 100
_WORKER = system_actor("worker")


def takes_review(approval: Approval) -> bool:
    """Tell whether a yes here may name a date on which it is looked at again."""
    return approval.subject_kind == "access_request" and (approval.needs_review or approval.role == AUTHORITY)


def lacks_review(approval: Approval, due: ApprovalDue) -> bool:
    """Tell whether a rule has come to ask for a date since an approval was asked or given without one."""
    return due.review and not approval.needs_review and approval.review_at is None


def refuse_unfit(approval: Approval, review_at: datetime | None) -> None:
    """Raise Invalid naming `review_at` where a yes lacks the date that its rule asks for, or has none to name."""
    if review_at is None and approval.needs_review:
        message = _("The rule asks for a date on which this consent is looked at again. Name one with your yes.")
        raise fault("review.missing", "review_at", message)
    if review_at is not None and not takes_review(approval):
        message = _(
            "Only the authority of a community names a date of review, or whom the rule asks for one. Leave it out."
        )
        raise fault("review.unfit", "review_at", message)


def set_review(approval: Approval, review_at: datetime | None, now: datetime) -> None:
    """Note when a yes is looked at again; people are told ahead of it, and once it has passed."""
    approval.review_at = review_at
    approval.review_tell_at = None if review_at is None else remind_from(now, review_at, AHEAD)


def carries(access_request: AccessRequest) -> bool:
    """Tell whether a consent still carries a request: it can be revoked, so it has not ended."""
    return can_move(RequestState(access_request.state), RequestTransition.REVOKE)


def remind_of_reviews(database: Database, *, now: datetime) -> int:
    """Tell of consents that are to be looked at again soon, or have lapsed; return of how many, each once a date.

    Of a request that was refused or revoked nobody is told, unless an appeal brings it back.
    """
    done = 0
    while True:
        with database.writer() as session:
            found = session.execute(_due(now)).all()
            for approval, access_request in found:
                _tell(session, approval, access_request, now)
        done += len(found)
        if len(found) < _AT_ONCE:
            return done


def _due(now: datetime) -> Select[Approval, AccessRequest]:
    return (
        select(Approval, AccessRequest)
        .join(AccessRequest, AccessRequest.id == Approval.access_request_id)
        .where(Approval.review_tell_at <= now, AccessRequest.state.not_in(_MAY_RETURN))
        .order_by(Approval.id)
        .limit(_AT_ONCE)
        .with_for_update(of=Approval, skip_locked=True, key_share=True)
    )


def _tell(session: Session, approval: Approval, access_request: AccessRequest, now: datetime) -> None:
    review_at = approval.review_at
    lapsed = review_at is not None and review_at <= now
    approval.review_tell_at = None if lapsed else review_at
    session.flush()
    if review_at is None or approval.state != ApprovalState.APPROVED or not carries(access_request):
        approval.review_tell_at = None
        return
    what = "consent_lapsed" if lapsed else "consent_near_review"
    record(
        session,
        actor=_WORKER,
        action=f"approval.{what}",
        object_kind="approval",
        object_id=approval.public_id,
        now=now,
        details={"review_at": review_at.isoformat(), "access_request": access_request.public_id},
    )
    payload = {"approval": approval.public_id, "access_request": access_request.public_id}
    publish(session, f"access_request.{what}", payload, now=now)
