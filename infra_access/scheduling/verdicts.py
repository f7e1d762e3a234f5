"""One way to decide an approval, whatever it is about: bookings lie above access requests, so both meet here."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import deciding
from infra_access.access_requests.models import Approval
from infra_access.core.authority import Actor
from infra_access.scheduling import changes


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
    """Give the actor's verdict: approve, refuse, request_changes or pause, with a reason.

    Raises Forbidden for somebody who may not decide it, PreconditionFailed for a verdict on an older version.
    """
    command = changes.decide if approval.subject_kind == "booking" else deciding.decide
    return command(
        session,
        actor=actor,
        now=now,
        approval=approval,
        verdict=verdict,
        reason=reason,
        conditions=conditions,
        expected_version=expected_version,
    )
