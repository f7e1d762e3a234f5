"""Names on sanction lists, whatever an approval is about: bookings lie above access requests, so both meet here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.approvals import screened
from infra_access.access_requests.approvals.queries import ApprovalView
from infra_access.access_requests.approvals.screened import Sheet
from infra_access.access_requests.models import Approval
from infra_access.core.authority import Actor
from infra_access.scheduling.circles import circle_of_booking
from infra_access.scheduling.models import Booking


def sheet_of(session: Session, *, actor: Actor, view: ApprovalView) -> Sheet:
    """Return the lists, candidates and decisions under an approval. Raises Forbidden `permission.missing`."""
    return screened.sheet(session, actor=actor, view=view, **_behind(session, view.approval))


def decide_on_names(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    approval: Approval,
    candidates: Sequence[str],
    verdict: str,
    reason: str,
) -> None:
    """Decide whether candidates are who is listed. Raises as `access_requests.screened.decide_on_names` does."""
    screened.decide_on_names(
        session,
        actor=actor,
        now=now,
        approval=approval,
        candidates=candidates,
        verdict=verdict,
        reason=reason,
        **_behind(session, approval),
    )


def _behind(session: Session, approval: Approval) -> dict[str, Any]:
    """Return who is behind a booking; a request knows that itself."""
    if approval.subject_kind != "booking":
        return {}
    booking = session.get_one(Booking, approval.subject_id)
    return {"team": circle_of_booking(session, booking).team, "acting_for": booking.acting_for_id}
