"""A yes that counts no more waits for somebody else."""

from datetime import datetime

from infra_access.access_requests.models import Approval
from infra_access.access_requests.vocabularies import ApprovalState


def wait_again(given: Approval, now: datetime) -> None:
    """Let an approval wait as if nobody had decided it, as long as it was given at first."""
    given.due_at, given.remind_at = now + (given.due_at - given.asked_at), now + (given.remind_at - given.asked_at)
    given.state, given.decided_by_id, given.decided_at = ApprovalState.PENDING, None, None
    given.authorisation_id = None
    given.reason = given.conditions = given.most_units = given.until = given.safety_result = None
    given.left_out = []
    given.asked_at, given.reminded_at, given.escalated_at = now, None, None
    given.review_at = given.review_tell_at = None
