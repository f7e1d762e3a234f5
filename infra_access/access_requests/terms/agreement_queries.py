"""The terms of a request as both sides see them, and who may accept them for which side."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.access_requests.circles import circle_of
from infra_access.access_requests.models import AccessRequest, AccessRoute, Agreement, AgreementAcceptance
from infra_access.access_requests.terms.framework_models import FrameworkAgreement
from infra_access.access_requests.terms.framework_queries import FrameworkAccepted, accepted_by
from infra_access.access_requests.vocabularies import OF_ITSELF, AgreementKind
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
    account_id: int


@dataclass(frozen=True, slots=True)
class RestsOn:
    """An agreement of both organisations that answers the terms of a request, with who accepted it when."""

    framework: FrameworkAgreement
    accepted: tuple[FrameworkAccepted, ...]


@dataclass(frozen=True, slots=True)
class AgreementView:
    """The terms of a request and who has accepted them so far; `framework` was accepted in place of them."""

    agreement: Agreement
    accepted: tuple[Accepted, ...]
    framework: RestsOn | None = None

    @property
    def text_hash(self) -> str:
        """Return the SHA-256 that whoever accepts has to name."""
        return self.agreement.text_hash

    @property
    def is_of_itself(self) -> bool:
        """Tell whether the request waits for it before it is active, and not its sessions alone."""
        return self.agreement.kind in OF_ITSELF

    @property
    def is_complete(self) -> bool:
        """Tell whether both sides accepted, these terms or what covers them."""
        return self.framework is not None or {one.side for one in self.accepted} == set(SIDES)


def agreement_of(session: Session, access_request: AccessRequest) -> AgreementView:
    """Return the terms of a request, or those for its samples where there are no others.

    Raises NotFound `agreement.none` where there are none (yet). Two statements, three where something covers them.
    """
    found = agreements_of(session, access_request)
    if not found:
        raise nothing_to_accept()
    return found[0]


def agreements_of(session: Session, access_request: AccessRequest) -> list[AgreementView]:
    """Return the terms of a request, those for its samples, then what else rules ask for. Statements as above."""
    rows = session.execute(
        select(Agreement, FrameworkAgreement)
        .outerjoin(FrameworkAgreement, FrameworkAgreement.id == Agreement.framework_id)
        .where(Agreement.access_request_id == access_request.id)
        .order_by(Agreement.kind != AgreementKind.TERMS, Agreement.kind != AgreementKind.MTA, Agreement.kind)
    ).all()
    accepted: dict[int, tuple[Accepted, ...]] = {}
    for key, side, name, at, account_id in session.execute(
        select(
            AgreementAcceptance.agreement_id,
            AgreementAcceptance.side,
            Account.name,
            AgreementAcceptance.accepted_at,
            AgreementAcceptance.account_id,
        )
        .join(Account, Account.id == AgreementAcceptance.account_id)
        .where(AgreementAcceptance.agreement_id.in_([row[0].id for row in rows]))
        .order_by(AgreementAcceptance.id)
    ):
        accepted[key] = (*accepted.get(key, ()), Accepted(side, name, at, account_id))
    signed = accepted_by(session, [framework.id for _agreement, framework in rows if framework is not None])
    return [
        AgreementView(
            agreement,
            accepted.get(agreement.id, ()),
            RestsOn(framework, signed.get(framework.id, ())) if framework else None,
        )
        for agreement, framework in rows
    ]


def nothing_to_accept() -> NotFound:
    """Return the error of a request without terms."""
    return NotFound("agreement.none", _("There are no terms to accept: they come with the last approval."))


def is_accepted(session: Session, access_request: AccessRequest) -> bool:
    """Tell whether a request has terms, and both sides accepted each or what covers it. One statement.

    What its sessions alone wait for is left out.
    """
    rows = session.execute(
        select(Agreement.framework_id, func.count(AgreementAcceptance.id))
        .outerjoin(AgreementAcceptance, AgreementAcceptance.agreement_id == Agreement.id)
        .where(Agreement.access_request_id == access_request.id, Agreement.kind.in_(OF_ITSELF))
        .group_by(Agreement.id, Agreement.framework_id)
    ).all()
    return bool(rows) and all(framework is not None or signed == len(SIDES) for framework, signed in rows)


def sides_of(session: Session, access_request: AccessRequest, actor: Actor, now: datetime) -> frozenset[str]:
    """Return the sides that the actor may accept for.

    The applicant's side is accepted by a signatory of the organisation acted for, if it has any; without one, the
    requester accepts for themselves or for an organisation that nobody has verified, which nobody else could bind.
    A verified organisation without a signatory has to name one. The host's side is accepted by its signatories and
    its office, but by nobody near to the request.
    """
    if actor.account_id is None:
        return frozenset()
    sides = set()
    if actor.account_id in applicant_signatories(session, access_request, now):
        sides.add(APPLICANT)
    route = session.get_one(AccessRoute, access_request.route_id)
    scopes = facility_scopes(session, session.get_one(Facility, route.facility_id))
    if any(actor.holds(role, scopes) for role in HOST_ROLES):
        near = circle_of(session, access_request).without_editors()
        if not near.reaches(session, actor, scopes, now=now):
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
