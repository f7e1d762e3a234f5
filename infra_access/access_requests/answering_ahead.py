"""Approvals that a standing authorisation answers: given at once, by whoever gave that, and quoting it.

What an instrument under export control needs is always looked at anew.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from infra_access.access_requests.approval_models import ConflictOfInterest, RequestCorrection, StandingAuthorisation
from infra_access.access_requests.content import Content
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.catalogue.models import Organisation
from infra_access.core.authority import Scopes
from infra_access.people.models import Affiliation


def answering(
    session: Session, access_request: AccessRequest, content: Content, *, team: Collection[int], now: datetime
) -> Callable[[Approval, Scopes], bool]:
    """Return what gives a new approval of this request if a standing authorisation covers it.

    Given the approval and the scopes that contain it, outermost last, it tells whether it did. The authorisation is
    kept as it is until the transaction ends. Whoever gave it must be far enough from the team, as for any verdict.
    """

    def answer(approval: Approval, scopes: Scopes) -> bool:
        found = session.scalars(
            select(StandingAuthorisation)
            .where(
                StandingAuthorisation.role == approval.role,
                tuple_(StandingAuthorisation.scope_kind, StandingAuthorisation.scope_key).in_(list(scopes)),
                or_(
                    StandingAuthorisation.account_id == access_request.requester_id,
                    # Whoever acts for nobody is covered as a person alone: no key is 0.
                    StandingAuthorisation.organisation_id == (content.acting_for or 0),
                ),
                StandingAuthorisation.revoked_at.is_(None),
                StandingAuthorisation.valid_from <= now,
                StandingAuthorisation.valid_until > now,
            )
            .order_by(StandingAuthorisation.id)
            .with_for_update(read=True)
        ).all()
        fitting = next((one for one in found if _covers(one, content)), None)
        if fitting is None or fitting.given_by_id in _near(session, access_request, team, scopes, now):
            return False
        approval.state = ApprovalState.APPROVED
        approval.decided_by_id, approval.decided_at = fitting.given_by_id, now
        approval.reason, approval.conditions = fitting.reason, fitting.conditions
        approval.authorisation_id = fitting.id
        return True

    return answer


def _covers(authorisation: StandingAuthorisation, content: Content) -> bool:
    """Tell whether the instruments, the purpose, the regime and the amount that are asked for lie within it."""
    named = authorisation.instrument_ids
    return (
        (not named or set(content.instruments) <= set(named))
        and (not authorisation.purposes or content.project.get("purpose") in authorisation.purposes)
        and (not authorisation.regimes or content.regime in authorisation.regimes)
        and (authorisation.most_units is None or content.quantity <= authorisation.most_units)
    )


def _near(
    session: Session, access_request: AccessRequest, team: Collection[int], scopes: Scopes, now: datetime
) -> set[int]:
    near = {*team, access_request.requester_id}
    near |= set(
        session.scalars(
            select(RequestCorrection.proposed_by_id).where(
                RequestCorrection.access_request_id == access_request.id, RequestCorrection.state == "accepted"
            )
        )
    )
    near |= set(
        session.scalars(
            select(ConflictOfInterest.account_id).where(ConflictOfInterest.access_request_id == access_request.id)
        )
    )
    group = session.get(Organisation, access_request.acting_for_id) if access_request.acting_for_id else None
    if group is not None and ("organisation", group.public_id) not in scopes:
        live = or_(Affiliation.valid_until.is_(None), Affiliation.valid_until > now)
        near |= set(
            session.scalars(select(Affiliation.account_id).where(Affiliation.organisation_id == group.id, live))
        )
    return near
