"""Approvals that a standing authorisation answers: given at once, by whoever gave that, and quoting it.

What an instrument under export control needs is always looked at anew.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.approvers import people_of
from infra_access.access_requests.approvals.models import StandingAuthorisation
from infra_access.access_requests.approvals.queries import scopes_of
from infra_access.access_requests.approvals.stages import AnsweredAhead
from infra_access.access_requests.content import Content
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.core.authority import NETWORK, Scopes
from infra_access.people.models import Account, RoleGrant
from infra_access.people.roles import live


def answering(
    session: Session, access_request: AccessRequest, content: Content, *, near: AbstractSet[int], now: datetime
) -> AnsweredAhead:
    """Return what gives an approval of this request that is asked if a standing authorisation covers it.

    It tells whether it did. The authorisation is kept as it is until the transaction ends. Whoever gave it must not be
    `near`, nor of the organisation acted for.
    """

    def answer(approval: Approval, known: Scopes | None) -> bool:
        scopes = known or scopes_of(session, approval)
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
        fitting = next((one for one in found if _covers(one, content) and giver_holds(session, one, scopes, now)), None)
        if fitting is None or fitting.given_by_id in near | people_of(session, content.acting_for, scopes, now):
            return False
        approval.state = ApprovalState.APPROVED
        approval.decided_by_id, approval.decided_at = fitting.given_by_id, now
        approval.reason, approval.conditions = fitting.reason, fitting.conditions
        approval.authorisation_id = fitting.id
        return True

    return answer


def giver_holds(session: Session, authorisation: StandingAuthorisation, scopes: Scopes, now: datetime) -> bool:
    """Tell whether whoever gave it has its role still, in their own right and with an account that is not shut."""
    held = (
        select(RoleGrant.id)
        .join(Account, Account.id == RoleGrant.account_id)
        .where(
            RoleGrant.account_id == authorisation.given_by_id,
            RoleGrant.role == authorisation.role,
            RoleGrant.delegated_from_id.is_(None),
            tuple_(RoleGrant.scope_kind, RoleGrant.scope_key).in_([*scopes, NETWORK]),
            Account.state == "active",
            live(now),
        )
    )
    return session.scalar(held.limit(1)) is not None


def still_answers(session: Session, approval: Approval, access_request: AccessRequest, content: Content) -> bool:
    """Tell whether the authorisation that gave an approval covers what the request asks for now."""
    if approval.authorisation_id is None:
        return True
    row = session.get_one(StandingAuthorisation, approval.authorisation_id)
    for_them = row.account_id == access_request.requester_id or row.organisation_id == (content.acting_for or 0)
    return for_them and _covers(row, content)


def _covers(authorisation: StandingAuthorisation, content: Content) -> bool:
    """Tell whether the instruments, the purpose, the regime and the amount that are asked for lie within it."""
    named = authorisation.instrument_ids
    return (
        (not named or set(content.instruments) <= set(named))
        and (not authorisation.purposes or content.project.get("purpose") in authorisation.purposes)
        and (not authorisation.regimes or content.regime in authorisation.regimes)
        and (authorisation.most_units is None or content.quantity <= authorisation.most_units)
    )
