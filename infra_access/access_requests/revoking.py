"""Taking back what was granted, at once, for a reason that the team is told."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.approvals import verdicts
from infra_access.access_requests.circles import refusal_of_near
from infra_access.access_requests.lifecycle import RequestState, RequestTransition, move
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.standing import advance, locked, tell
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.audit.record import record
from infra_access.catalogue.models import Facility
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, require, role_within
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text


def revoke(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    reason: str,
    expected_version: int | None = None,
) -> AccessRequest:
    """Revoke what was granted, also while an amendment waits: nothing more is booked on it.

    `outcomes.revoking` cancels what was booked and ordered.

    Raises Forbidden, also for who is near to the request; Conflict `access_request.state`; Invalid without a reason.
    """
    route = session.get_one(AccessRoute, access_request.route_id)
    scopes = facility_scopes(session, session.get_one(Facility, route.facility_id))
    require(actor, Permission.REQUEST_REVOKE, scopes)
    access_request = locked(session, access_request, expected_version)
    refusal = refusal_of_near(
        session, access_request, actor=actor, scopes=scopes, permission=Permission.REQUEST_REVOKE, now=now
    )
    if refusal is not None:
        raise refusal
    reason = clean_text(reason, field="reason", max_length=5_000, required=True)
    move(RequestState(access_request.state), RequestTransition.REVOKE)
    if not allocations.is_granted(session, access_request):
        message = _("Nothing is granted on this request, so that there is nothing to revoke. Decide on it, or refuse.")
        raise Conflict("access_request.not_granted", message)
    verdicts.void(session, subject_kind="access_request", subject_id=access_request.id)
    advance(access_request, RequestTransition.REVOKE, now, reason)
    access_request.revoked_by_id = actor.account_id
    allocations.set_state(session, access_request, AllocationState.ENDED)
    session.flush()
    tell(session, access_request, "decided", now, role=role_within(actor, Permission.REQUEST_REVOKE, scopes))
    record(
        session,
        actor=actor,
        action="access_request.revoked",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details={"reason": reason},
    )
    return access_request
