"""The terms that wait for somebody: as the applicant, as a signatory of the organisation acted for, or as the host."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Exists, and_, or_, select
from sqlalchemy.orm import Session, aliased

from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import (
    AccessRequest,
    AccessRoute,
    Agreement,
    AgreementAcceptance,
    Participant,
)
from infra_access.access_requests.terms.agreement_queries import APPLICANT, HOST, HOST_ROLES
from infra_access.catalogue.models import Facility, Organisation
from infra_access.core.authority import Actor

MOST = 50


@dataclass(frozen=True, slots=True)
class TermsWaiting:
    """A request whose terms one side has yet to accept."""

    access_request: str
    title: str
    facility: str


def terms_waiting_for(session: Session, *, actor: Actor) -> list[TermsWaiting]:
    """Return the requests whose terms wait for the actor, the longest waiting first. One statement.

    The applicant is named also where a signatory has to accept instead: it is theirs to see that it happens.
    """
    acting_for, host = aliased(Organisation), aliased(Organisation)
    asks = or_(
        AccessRequest.requester_id == actor.account_id,
        acting_for.public_id.in_(actor.scope_keys("signatory", "organisation")),
    )
    on_team = select(Participant.access_request_id).where(Participant.account_id == actor.account_id)
    hosts = and_(
        or_(
            Facility.public_id.in_(_keys(actor, "facility")),
            host.public_id.in_(_keys(actor, "organisation")),
        ),
        AccessRequest.requester_id != actor.account_id,
        AccessRequest.id.not_in(on_team),
    )
    query = (
        select(AccessRequest.public_id, AccessRequest.title, Facility.name)
        .join(AccessRoute, AccessRoute.id == AccessRequest.route_id)
        .join(Facility, Facility.id == AccessRoute.facility_id)
        .join(host, host.id == Facility.organisation_id)
        .outerjoin(acting_for, acting_for.id == AccessRequest.acting_for_id)
        .where(
            AccessRequest.state.in_((RequestState.AGREEMENT_PENDING, RequestState.ACTIVE)),
            or_(and_(asks, _lacks(APPLICANT)), and_(hosts, _lacks(HOST))),
        )
        .order_by(AccessRequest.id)
        .limit(MOST)
    )
    return [TermsWaiting(*row) for row in session.execute(query)]


def _lacks(side: str) -> Exists:
    """Return the condition that a side has yet to accept a text of the request that nothing else covers."""
    accepted = (
        select(AgreementAcceptance.id)
        .where(AgreementAcceptance.agreement_id == Agreement.id, AgreementAcceptance.side == side)
        .exists()
    )
    return (
        select(Agreement.id)
        .where(Agreement.access_request_id == AccessRequest.id, Agreement.framework_id.is_(None), ~accepted)
        .exists()
    )


def _keys(actor: Actor, kind: str) -> Iterable[str]:
    return sorted({key for role in HOST_ROLES for key in actor.scope_keys(role, kind)})
