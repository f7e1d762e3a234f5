"""Terms offered and accepted: the text as both sides saw it, its SHA-256, and who accepted for which side."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from string import Template
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.agreement_queries import (
    APPLICANT,
    HOST,
    AgreementView,
    agreement_of,
    is_accepted,
    sides_of,
)
from infra_access.access_requests.lifecycle import RequestState, RequestTransition, move
from infra_access.access_requests.models import AccessRequest, AccessRoute, Agreement, AgreementAcceptance, Approval
from infra_access.access_requests.standing import advance, locked, own_relations, tell
from infra_access.access_requests.term_points import with_points
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.audit.record import record
from infra_access.catalogue.models import Facility, Organisation
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Forbidden
from infra_access.core.i18n import _
from infra_access.people.models import Account

__all__ = ["AgreementView", "accept", "agreement_of", "grant", "hash_of", "offer"]


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def grant(session: Session, access_request: AccessRequest, route: AccessRoute, now: datetime) -> None:
    """Take a request on after its last approval: to the terms where there are any to accept, else to its grant."""
    advance(access_request, RequestTransition.APPROVE, now)
    if offer(session, access_request, route, now) and not is_accepted(session, access_request):
        advance(access_request, RequestTransition.OFFER_TERMS, now)
        tell(session, access_request, "approved", now)
        return
    advance(access_request, RequestTransition.ACTIVATE, now)
    allocations.activate(session, access_request)
    tell(session, access_request, "activated", now)


def offer(session: Session, access_request: AccessRequest, route: AccessRoute, now: datetime) -> bool:
    """Offer the route's terms for the request's regime; tell whether there are any.

    The same text stays accepted by whoever accepted it. The host accepts by its approval, or by having published the
    terms with a route that needs none.
    """
    template = route.terms.get(access_request.regime)
    found = session.scalars(select(Agreement).where(Agreement.access_request_id == access_request.id)).one_or_none()
    if template is None:
        return False
    points = template.get("points", {})
    text = _text(session, access_request, route, template["text"], points)
    if found is None:
        found = Agreement(access_request_id=access_request.id)
        session.add(found)
    elif found.text_hash != hash_of(text):
        session.execute(delete(AgreementAcceptance).where(AgreementAcceptance.agreement_id == found.id))
    else:
        return True
    found.title, found.template_version = template["title"], template["version"]
    found.text, found.text_hash, found.points, found.created_at = text, hash_of(text), points, now
    session.flush()
    host = _host_acceptance(session, access_request, template.get("offered_by"), now)
    if host is not None:
        _add(session, found, HOST, *host)
    return True


def accept(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    text_hash: str,
    expected_version: int | None = None,
) -> AgreementView:
    """Accept the terms for the actor's side; the second side's acceptance makes the request active.

    `agreement_queries.sides_of` says who accepts for whom. Raises Forbidden `agreement.signatory`, Conflict
    `agreement.changed` where another text was read, Conflict `access_request.state`, NotFound.
    """
    access_request = locked(session, access_request, expected_version)
    sides = sides_of(session, access_request, actor, now)
    if not sides and own_relations(access_request, actor):
        message = _("A signatory of your organisation has to accept the terms. Ask its administrator who that is.")
        raise Forbidden("agreement.signatory", message)
    require(actor, Permission.AGREEMENT_ACCEPT, (), {"signatory" if APPLICANT in sides else "host"} if sides else set())
    move(RequestState(access_request.state), RequestTransition.ACCEPT_TERMS)
    agreement = agreement_of(session, access_request).agreement
    if text_hash != agreement.text_hash:
        message = _("The terms have changed since you read them. Load them again before you accept.")
        raise Conflict("agreement.changed", message, details={"text_hash": agreement.text_hash})
    accepted = {one.side for one in agreement_of(session, access_request).accepted}
    # Nobody signs for both sides.
    side = next((one for one in (APPLICANT, HOST) if one in sides and one not in accepted), None)
    if side is None:
        raise Conflict("agreement.accepted", _("Your side has accepted already. The other side is still to do so."))
    _add(session, agreement, side, int(actor.account_id or 0), now)
    view = agreement_of(session, access_request)
    if view.is_complete:
        advance(access_request, RequestTransition.ACCEPT_TERMS, now)
        allocations.activate(session, access_request)
        tell(session, access_request, "activated", now)
    record(
        session,
        actor=actor,
        action="agreement.accepted",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details={"side": side, "text_hash": agreement.text_hash, "state": access_request.state},
    )
    return view


def _add(session: Session, agreement: Agreement, side: str, account_id: int, at: datetime) -> None:
    session.add(
        AgreementAcceptance(
            agreement_id=agreement.id, side=side, account_id=account_id, accepted_at=at, text_hash=agreement.text_hash
        )
    )
    session.flush()


def _host_acceptance(
    session: Session, access_request: AccessRequest, offered_by: int | None, now: datetime
) -> tuple[int, datetime] | None:
    row = session.execute(
        select(Approval.decided_by_id, Approval.decided_at)
        .where(
            Approval.subject_kind == "access_request",
            Approval.subject_id == access_request.id,
            Approval.scope_kind == "facility",
            Approval.state == ApprovalState.APPROVED,
        )
        .order_by(Approval.decided_at.desc())
        .limit(1)
    ).one_or_none()
    if row is not None and row.decided_by_id is not None and row.decided_at is not None:
        return row.decided_by_id, row.decided_at
    return None if offered_by is None else (offered_by, now)


def _text(
    session: Session, access_request: AccessRequest, route: AccessRoute, template: str, points: Mapping[str, Any]
) -> str:
    """Return the terms and their points with both sides named, so that another organisation makes another text."""
    facility = session.get_one(Facility, route.facility_id)
    host = session.get_one(Organisation, facility.organisation_id)
    applicant = (
        session.get_one(Organisation, access_request.acting_for_id).name
        if access_request.acting_for_id is not None
        else session.get_one(Account, access_request.requester_id).name
    )
    names = {"facility": facility.name, "host": host.name, "applicant": applicant, "route": route.name}
    text = with_points(Template(template).safe_substitute(names).strip(), points)
    return f"{text}\n\n---\n\n{host.name} ({facility.name}) / {applicant}\n"
