"""The approvals of a request that count, and what it waits for by them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.queries import approvals_of
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.vocabularies import ON_HOLD, UNGIVEN, ApprovalState

_LIVE = (*UNGIVEN, ApprovalState.APPROVED, ApprovalState.CHANGES_REQUESTED)


def live_of(session: Session, access_request: AccessRequest) -> list[Approval]:
    """Return the approvals of a request that count: waiting or given."""
    found = approvals_of(session, "access_request", access_request.id)
    return [approval for approval in found if approval.state in _LIVE]


def is_on_hold(session: Session, access_request: AccessRequest) -> bool:
    """Tell whether any approval of a request is on hold, and the request with it."""
    return any(one.state in ON_HOLD for one in live_of(session, access_request))


def is_waiting(session: Session, access_request: AccessRequest) -> bool:
    """Tell whether any approval of a request still waits. One statement."""
    waiting = select(Approval.id).where(
        Approval.subject_kind == "access_request",
        Approval.subject_id == access_request.id,
        Approval.state.in_(UNGIVEN),
    )
    return session.scalar(waiting.limit(1)) is not None


def awaits_exception(session: Session, access_request: AccessRequest) -> bool:
    """Tell whether a request was sent to wait for an exception; no approval is asked before. One statement at most."""
    return access_request.state == RequestState.UNDER_REVIEW and not is_waiting(session, access_request)
