"""The terms of a request as both sides see them, and who may accept them for which side."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRoute, Agreement, AgreementAcceptance
from infra_access.access_requests.standing import team_of
from infra_access.catalogue.models import Facility, Organisation
from infra_access.catalogue.scopes import facility_scopes
from infra_access.catalogue.vocabularies import Trust
from infra_access.core.authority import Actor
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.people.models import Account
from infra_access.people.roles import holders

APPLICANT, HOST = "applicant", "host"
SIDES = (APPLICANT, HOST)
HOST_ROLES = ("signatory", "facility_manager", "user_officer", "organisation_admin")


@dataclass(frozen=True, slots=True)
class Accepted:
    """That one side accepted: by whom, and when."""

    side: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AgreementView:
    """The terms of a request and who has accepted them so far."""

    agreement: Agreement
    accepted: tuple[Accepted, ...]

    @property
    def text_hash(self) -> str:
        """Return the SHA-256 that whoever accepts has to name."""
        return self.agreement.text_hash

    @property
    def is_complete(self) -> bool:
        """Tell whether both sides accepted."""
        return {one.side for one in self.accepted} == set(SIDES)


def agreement_of(session: Session, access_request: AccessRequest) -> AgreementView:
    """Return the terms of a request. Raises NotFound `agreement.none` where there are none (yet). Two statements."""
    agreement = session.scalars(select(Agreement).where(Agreement.access_request_id == access_request.id)).one_or_none()
    if agreement is None:
        raise NotFound("agreement.none", _("There are no terms to accept: they come with the last approval."))
    rows = session.execute(
        select(AgreementAcceptance.side, Account.name, AgreementAcceptance.accepted_at)
        .join(Account, Account.id == AgreementAcceptance.account_id)
        .where(AgreementAcceptance.agreement_id == agreement.id)
        .order_by(AgreementAcceptance.id)
    )
    return AgreementView(agreement, tuple(Accepted(*row) for row in rows))


def is_accepted(session: Session, access_request: AccessRequest) -> bool:
    """Tell whether a request has terms that both sides accepted. One statement."""
    sides = session.scalars(
        select(AgreementAcceptance.side)
        .join(Agreement, Agreement.id == AgreementAcceptance.agreement_id)
        .where(Agreement.access_request_id == access_request.id)
    )
    return set(sides) == set(SIDES)


def sides_of(session: Session, access_request: AccessRequest, actor: Actor, now: datetime) -> frozenset[str]:
    """Return the sides that the actor may accept for.

    The applicant's side is accepted by a signatory of the organisation acted for, if it has any; without one, the
    requester accepts for themselves or for an organisation that nobody has verified, which nobody else could bind.
    A verified organisation without a signatory has to name one. The host's side is accepted by its signatories and
    its office, but by nobody of the team.
    """
    if actor.account_id is None:
        return frozenset()
    sides = set()
    if actor.account_id in applicant_signatories(session, access_request, now):
        sides.add(APPLICANT)
    route = session.get_one(AccessRoute, access_request.route_id)
    scopes = facility_scopes(session, session.get_one(Facility, route.facility_id))
    if any(actor.holds(role, scopes) for role in HOST_ROLES) and actor.account_id not in team_of(
        session, access_request
    ):
        sides.add(HOST)
    return frozenset(sides)


def signatory_names(session: Session, access_request: AccessRequest, now: datetime) -> list[str]:
    """Return the names of those who may accept for the applicant's side, for its own team to read."""
    keys = sorted(applicant_signatories(session, access_request, now))
    return list(session.scalars(select(Account.name).where(Account.id.in_(keys)).order_by(Account.name)))


def applicant_signatories(session: Session, access_request: AccessRequest, now: datetime) -> frozenset[int]:
    """Return the keys of the accounts that may accept for the applicant's side, as `sides_of` explains."""
    if access_request.acting_for_id is None:
        return frozenset({access_request.requester_id})
    organisation = session.get_one(Organisation, access_request.acting_for_id)
    scopes = (("organisation", organisation.public_id),)
    # Whoever may sign for the whole network is no signatory of this organisation.
    named = frozenset(holders(session, "signatory", scopes, now)) - frozenset(holders(session, "signatory", (), now))
    if named or organisation.trust != Trust.SELF_DECLARED:
        return named
    return frozenset({access_request.requester_id})
