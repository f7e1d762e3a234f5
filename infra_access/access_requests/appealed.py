"""What an appeal is against, and its grounds, kept with the appeal: the request's own reason is overwritten later."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import PERMISSIONS, Permission
from infra_access.core.errors import NotFound
from infra_access.people.actors import load_actor

APPEAL = "appeal"
"""The kind of subject that an appeal is, as an approval."""


@dataclass(frozen=True, slots=True)
class Appealed:
    """A decision that was appealed against: refused or revoked, why, by which role, when; and the team's `grounds`.

    `role` is None where no role decided, or the reader may not know which. `approval` is the appeal itself.
    """

    decision: str
    reason: str
    role: str | None
    decided_at: datetime
    grounds: str
    approval: Approval

    @property
    def state(self) -> str:
        """Return how the appeal stands: pending, approved where it was granted, refused where the decision stands."""
        return self.approval.state


def remember(
    session: Session, appeal: Approval, access_request: AccessRequest, decided: Sequence[Approval], *, grounds: str
) -> None:
    """Keep with an appeal the decision that stands until now; `decided` are the approvals of the request."""
    refused = [one for one in decided if one.state == ApprovalState.REFUSED and one.decided_at is not None]
    last = max(refused, key=lambda one: (one.decided_at, one.id), default=None)
    by_officer = access_request.state == "refused" and last is not None
    appeal.appealed = {
        "decision": str(access_request.state),
        "reason": access_request.state_reason or "",
        "role": last.role if by_officer and last else _role_that_revoked(session, access_request, appeal),
        "rule": last.rule if by_officer and last else None,
        "decided_at": access_request.state_since.isoformat(),
        "grounds": grounds,
    }


def appealed_in(appeal: Approval, *, named: Collection[str] | None = None) -> Appealed | None:
    """Return what an appeal is against, None where it is no appeal. `named` are the rules that the reader may see."""
    kept = appeal.appealed
    if not kept:
        return None
    withheld = named is not None and kept["rule"] is not None and kept["rule"] not in named
    return Appealed(
        decision=kept["decision"],
        reason=kept["reason"],
        role=None if withheld else kept["role"],
        decided_at=datetime.fromisoformat(kept["decided_at"]),
        grounds=kept["grounds"],
        approval=appeal,
    )


def _role_that_revoked(session: Session, access_request: AccessRequest, appeal: Approval) -> str | None:
    """Return the role in which somebody revoked the request, as far as they hold it still."""
    if access_request.state != "revoked" or access_request.revoked_by_id is None:
        return None
    instrument = session.get_one(Instrument, appeal.instrument_ids[0])
    scopes = facility_scopes(session, session.get_one(Facility, instrument.facility_id))
    try:
        roles = load_actor(session, access_request.revoked_by_id, now=appeal.asked_at).roles_within(scopes)
    except NotFound:
        return None
    return min(roles & PERMISSIONS[Permission.REQUEST_REVOKE].roles, default=None)
