"""Stages of a route: what stands in one is asked at once, and the next is asked once all of it was given.

What stands in a later stage is there from the start, so that everybody sees who will decide; it has no deadline yet.
Where an earlier stage is asked again, what was given in a later one stands, and what was only asked there, or put on
hold, waits again.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.reminding import remind_from
from infra_access.access_requests.models import Approval
from infra_access.access_requests.vocabularies import OPEN, ApprovalState
from infra_access.core.authority import Scopes
from infra_access.outbox.events import publish

AnsweredAhead = Callable[[Approval, Scopes | None], bool]
"""Gives an approval that is asked if a standing authorisation answers it, and tells whether it did.

The scopes are those that contain its own, where they were read already.
"""

_OVER = (ApprovalState.REFUSED, ApprovalState.VOID)


def open_stage(
    session: Session,
    approvals: Iterable[Approval],
    *,
    now: datetime,
    ahead: AnsweredAhead | None = None,
    scopes: Mapping[str, Scopes] = MappingProxyType({}),
) -> None:
    """Ask for what stands in the first stage that is not complete; `approvals` are all that count for one subject.

    Whoever decides is told, and the deadline runs from `now`. What a standing authorisation answers is given at once,
    and may so complete its stage. `scopes` are those that contain the one of an approval, by its public id.
    """
    left = _left(approvals)
    while left:
        first = min(one.stage for one in left)
        for one in left:
            if one.stage == first and one.state == ApprovalState.WAITING:
                _ask(session, one, now, ahead, scopes.get(one.public_id))
            elif one.stage > first and one.state in OPEN:
                one.state = ApprovalState.WAITING
        left = _left(left)
        if left and min(one.stage for one in left) == first:
            break
    session.flush()


def stage_before(approval: Approval, approvals: Iterable[Approval]) -> int | None:
    """Return the stage that an approval waits for; None where it waits for none."""
    if approval.state != ApprovalState.WAITING:
        return None
    earlier = [one.stage for one in approvals if one.stage < approval.stage and one.state not in _OVER]
    return max(earlier, default=None)


def _left(approvals: Iterable[Approval]) -> list[Approval]:
    return [one for one in approvals if one.state not in (*_OVER, ApprovalState.APPROVED)]


def _ask(
    session: Session, approval: Approval, now: datetime, ahead: AnsweredAhead | None, scopes: Scopes | None
) -> None:
    approval.due_at, approval.asked_at = now + (approval.due_at - approval.asked_at), now
    approval.remind_at = remind_from(now, approval.due_at)
    approval.reminded_at = approval.escalated_at = None
    approval.state = ApprovalState.PENDING
    # What asks people for something, or for a date, is looked at anew each time.
    if ahead is not None and not approval.asks and not approval.needs_review and ahead(approval, scopes):
        return
    payload = {"approval": approval.public_id, approval.subject_kind: approval.subject_public_id}
    publish(session, "access_request.approval_asked", payload, now=now)
    if approval.asks:
        publish(session, "nationality.asked", payload, now=now)
