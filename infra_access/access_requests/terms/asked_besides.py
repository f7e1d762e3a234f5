"""What rules ask for beside the terms of a request: offered by the host once it was granted."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.standing import locked, tell
from infra_access.access_requests.terms.agreed import texts_by_kind
from infra_access.access_requests.terms.agreement_queries import HOST, AgreementView, agreements_of, sides_of
from infra_access.access_requests.terms.offering import offer_again, wanted_by_rules
from infra_access.access_requests.vocabularies import OF_ITSELF
from infra_access.audit.record import record
from infra_access.catalogue.fields import fault
from infra_access.catalogue.models import Facility
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Forbidden
from infra_access.core.i18n import _

OPEN_FOR = (RequestState.AGREEMENT_PENDING, RequestState.ACTIVE)
"""States in which it is offered and accepted."""


def offer_agreement(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    code: str,
    expected_version: int | None = None,
) -> AgreementView:
    """Offer the text that the way in has for an agreement which a rule asks for; each side's signatory accepts it.

    A text that not both sides accepted gives way to another version. Raises Forbidden, Conflict
    `access_request.state`, `agreement.accepted`, Invalid `agreement.not_asked` or `agreement.no_text` naming `code`.
    """
    access_request = locked(session, access_request, expected_version)
    route = session.get_one(AccessRoute, access_request.route_id)
    scopes = facility_scopes(session, session.get_one(Facility, route.facility_id))
    require(actor, Permission.AGREEMENT_OFFER, scopes)
    if HOST not in sides_of(session, access_request, actor, now):
        message = _("You are near to this request, so somebody else of the facility has to offer it.")
        raise Forbidden("agreement.own", message)
    if access_request.state not in OPEN_FOR:
        message = _("It is offered once the request was granted, and as long as it is active. Reload to see how it is.")
        raise Conflict("access_request.state", message, details={"state": access_request.state})
    wanted = wanted_by_rules(session, access_request, route, now) - OF_ITSELF
    if code not in wanted:
        message = _("No rule asks this request for such an agreement, or the organisations have agreed on it already.")
        raise fault("agreement.not_asked", "code", message)
    if code not in texts_by_kind(route):
        message = _("This way in has no text for it. Add one to its terms, under agreement:${code}, then offer it.")
        raise fault("agreement.no_text", "code", message % {"code": code})
    before = _of_kind(session, access_request, code)
    if before is not None and before.is_complete:
        raise Conflict("agreement.accepted", _("Both sides have accepted it already."))
    offer_again(session, access_request, route, code, now)
    offered = _of_kind(session, access_request, code)
    assert offered is not None
    record(
        session,
        actor=actor,
        action="agreement.offered",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details={"kind": code, "text_hash": offered.text_hash},
    )
    tell(session, access_request, "agreement_offered", now)
    return offered


def _of_kind(session: Session, access_request: AccessRequest, kind: str) -> AgreementView | None:
    return next((one for one in agreements_of(session, access_request) if one.agreement.kind == kind), None)
