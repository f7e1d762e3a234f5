"""The mails of a consent with a date of review: that it comes near, has passed, or was renewed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.deciders import able_to
from infra_access.access_requests.approvals.queries import find_approval
from infra_access.access_requests.approvals.reviews import carries
from infra_access.access_requests.awaited import role_told
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.notifications.kinds import Kind
from infra_access.notifications.subject import Subject
from infra_access.policy.disclosure import WITHHELD

_ROLES: Mapping[str, Text] = {**ROLES, WITHHELD: _("A check by the facility")}


def consent(session: Session, kind: Kind, payload: Mapping[str, Any], now: datetime) -> Subject | None:
    """Return a consent, to be told to whoever can renew it and to the team; None where that is no longer so."""
    found = find_approval(session, payload.get("approval", ""))
    if found is None or found.approval.review_at is None or found.approval.state != ApprovalState.APPROVED:
        return None
    approval, review_at = found.approval, found.approval.review_at
    access_request = session.get_one(AccessRequest, approval.subject_id)
    renewed_since = {
        Kind.CONSENT_NEAR_REVIEW: approval.review_tell_at != review_at,
        Kind.CONSENT_LAPSED: review_at > now,
    }
    if renewed_since.get(kind, False) or not carries(access_request):
        return None
    values = {
        "case": access_request.case or access_request.public_id,
        "instruments": ", ".join(found.instruments),
        "day": f"{review_at:%Y-%m-%d %H:%M}",
    }
    people = found.team | able_to(session, approval, now=now)
    role = role_told(access_request, approval)
    words = {"role": _ROLES.get(role, role)}
    return Subject(f"/approvals/{approval.public_id}", values, tuple(sorted(people)), words=words)
