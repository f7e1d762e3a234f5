"""Who has to act next on an agreement that a session waits for, as the checklist says it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.gates.judging import Gate, Owner
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.terms.agreed import OF_TERMS, texts_by_kind
from infra_access.access_requests.terms.agreement_queries import (
    APPLICANT,
    SIDES,
    AgreementView,
    agreements_of,
    signatory_names,
)
from infra_access.core.i18n import Text, _
from infra_access.policy.rules import RequirementKind

_GRANTED = (RequestState.AGREEMENT_PENDING, RequestState.ACTIVE)


def with_next_steps(
    session: Session,
    access_request: AccessRequest | None,
    gates: Iterable[Gate],
    *,
    now: datetime,
    agreements: Iterable[AgreementView] | None = None,
) -> list[Gate]:
    """Return gates so that each agreement which is open says who acts next. No statement where none is.

    `agreements` are those of the request, where the caller has read them.
    """
    found = list(gates)
    if access_request is None or not any(_waits(one) for one in found):
        return found
    known = agreements_of(session, access_request) if agreements is None else agreements
    views = [one for one in known if not one.is_complete]
    terms = next((one for one in views if one.is_of_itself), None)
    offered = {one.agreement.kind: one for one in views} | ({} if terms is None else {"terms": terms})
    route = session.get_one(AccessRoute, access_request.route_id)
    names = signatory_names(session, access_request, now) if views else []
    return [_told(gate, offered, route, access_request, names) if _waits(gate) else gate for gate in found]


def _waits(gate: Gate) -> bool:
    return gate.open and gate.kind is RequirementKind.AGREEMENT


def _told(
    gate: Gate, offered: dict[str, AgreementView], route: AccessRoute, access_request: AccessRequest, names: list[str]
) -> Gate:
    of_terms = gate.key in OF_TERMS
    view = offered.get("terms" if of_terms else gate.code)
    if view is not None:
        owner, said = _to_accept(view, names)
        return replace(gate, owner=owner, said=said)
    if of_terms:
        return gate
    return replace(gate, owner=Owner.ROLE, said=_to_offer(gate.code in texts_by_kind(route), access_request))


def _to_accept(view: AgreementView, names: list[str]) -> tuple[Owner, Text]:
    missing = set(SIDES) - {one.side for one in view.accepted}
    if APPLICANT not in missing:
        return Owner.ROLE, _(
            "The applicant's side accepted it. A signatory or the office of the facility accepts it too."
        )
    if not names:
        return Owner.TEAM, _(
            "A signatory of the organisation acted for has to accept it, and nobody is named. Ask its administrator to "
            "name one."
        )
    listed = {"names": ", ".join(names)}
    if len(missing) == len(SIDES):
        return Owner.TEAM, _(
            "To be accepted on the page of the request by ${names} for the applicant, and by a signatory or the office "
            "of the facility.",
            mapping=listed,
        )
    return Owner.TEAM, _("To be accepted on the page of the request by ${names} for the applicant.", mapping=listed)


def _to_offer(has_text: bool, access_request: AccessRequest) -> Text:
    if not has_text:
        return _(
            "There is no text for it yet. The facility adds one to the terms of this way in and offers it, or both "
            "organisations agree on one for all their requests (framework agreements)."
        )
    if access_request.state in _GRANTED:
        return _(
            "The facility has yet to offer its text on the page of the request, where a signatory of each side accepts "
            "it."
        )
    return _("Its text is offered with the last approval; then a signatory of each side accepts it.")
