"""Corrections of a request that staff propose: once the applicant accepts one it is the applicant's own change.

Whoever proposed what was accepted has written a part of the request, and so decides nothing on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import request_fields
from infra_access.access_requests.approvals.models import RequestCorrection
from infra_access.access_requests.circles import refusal_of_near
from infra_access.access_requests.drafting import amend
from infra_access.access_requests.lifecycle import RequestState, RequestTransition, move
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.standing import locked, own_relations, tell
from infra_access.audit.record import record
from infra_access.catalogue.fields import fault
from infra_access.catalogue.models import Facility
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, NotFound
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_text
from infra_access.core.zones import parse_instant
from infra_access.people.models import Account

PROPOSED, ACCEPTED, DECLINED = "proposed", "accepted", "declined"


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """A correction with the name of whoever proposed it."""

    correction: RequestCorrection
    proposed_by: str


def propose(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    changes: Mapping[str, Any],
    reason: str,
) -> RequestCorrection:
    """Propose changes, named and formed as `drafting.amend` takes them.

    Raises Forbidden for whoever is not of the facility's staff or is near to the request, Conflict, Invalid naming
    each field.
    """
    route = session.get_one(AccessRoute, access_request.route_id)
    scopes = facility_scopes(session, session.get_one(Facility, route.facility_id))
    require(actor, Permission.REQUEST_CORRECT, scopes)
    access_request = locked(session, access_request)
    # Whoever wrote a part of it already may write another.
    refusal = refusal_of_near(
        session, access_request, actor=actor, scopes=scopes, permission=Permission.REQUEST_CORRECT, now=now
    )
    if refusal is not None:
        raise refusal
    if access_request.state == RequestState.DRAFT:
        raise NotFound("access_request.unknown", _("There is no such access request, or it is not yours to see."))
    move(RequestState(access_request.state), RequestTransition.AMEND)
    if not changes:
        raise fault("correction.empty", "changes", _("Name at least one field to change."))
    cleaned = request_fields.cleaned(changes)
    correction = RequestCorrection(
        public_id=new_public_id(),
        access_request_id=access_request.id,
        proposed_by_id=int(actor.account_id or 0),
        base_version=access_request.version,
        changes={name: _kept(value) for name, value in cleaned.items()},
        reason=clean_text(reason, field="reason", max_length=5_000, required=True),
        state=PROPOSED,
        proposed_at=now,
    )
    session.add(correction)
    session.flush()
    _record(session, actor, "correction_proposed", access_request, correction, now)
    tell(session, access_request, "correction_proposed", now, correction=correction.public_id)
    return correction


def answer(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    correction: RequestCorrection,
    accept: bool,
    expected_version: int | None = None,
) -> AccessRequest:
    """Accept a correction, which amends the request as the applicant's own change, or decline it.

    Raises Conflict `correction.answered`, `correction.outdated` where the request was changed since, and what
    `drafting.amend` raises; nothing is changed then.
    """
    require(actor, Permission.REQUEST_UPDATE, (), own_relations(access_request, actor))
    access_request = locked(session, access_request, expected_version)
    session.refresh(correction)
    if correction.state != PROPOSED or correction.access_request_id != access_request.id:
        raise Conflict("correction.answered", _("This proposal was answered already. Load the page again."))
    if accept and correction.base_version != access_request.version:
        message = _(
            "The request has changed since this was proposed, so that accepting it would undo the change. Decline it, "
            "and ask for a new proposal."
        )
        raise Conflict("correction.outdated", message)
    correction.state, correction.answered_at = ACCEPTED if accept else DECLINED, now
    session.flush()
    _record(session, actor, f"correction_{correction.state}", access_request, correction, now)
    if accept:
        changes = dict(correction.changes)
        if "period" in changes:
            changes["period"] = tuple(parse_instant(end) for end in changes["period"])
        amend(session, actor=actor, now=now, access_request=access_request, changes=changes)
    return access_request


def correction_by_public_id(session: Session, access_request: AccessRequest, public_id: str) -> RequestCorrection:
    """Return a correction of a request. Raises NotFound."""
    found = session.scalars(
        select(RequestCorrection).where(
            RequestCorrection.access_request_id == access_request.id, RequestCorrection.public_id == public_id
        )
    ).one_or_none()
    if found is None:
        raise NotFound("correction.unknown", _("There is no such proposal."))
    return found


def corrections_of(session: Session, access_request: AccessRequest) -> Sequence[CorrectionView]:
    """Return the corrections of a request, oldest first. One statement."""
    rows = session.execute(
        select(RequestCorrection, Account.name)
        .join(Account, Account.id == RequestCorrection.proposed_by_id)
        .where(RequestCorrection.access_request_id == access_request.id)
        .order_by(RequestCorrection.id)
    )
    return [CorrectionView(*row) for row in rows]


def _kept(value: Any) -> Any:
    """Return a cleaned value as JSON holds it: a period as two instants, an amount as its decimals."""
    if isinstance(value, tuple):
        return [end.isoformat() for end in value]
    return str(value) if isinstance(value, Decimal) else value


def _record(
    session: Session,
    actor: Actor,
    what: str,
    access_request: AccessRequest,
    correction: RequestCorrection,
    now: datetime,
) -> None:
    record(
        session,
        actor=actor,
        action=f"access_request.{what}",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details={"correction": correction.public_id, "changes": sorted(correction.changes)},
    )
