"""The terms of a request as its page shows them: the points, what covers them, who accepted and who still has to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from pyramid.request import Request
from sqlalchemy import select

from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.request_queries import RequestView
from infra_access.access_requests.terms.agreed import texts_by_kind
from infra_access.access_requests.terms.agreement_queries import (
    APPLICANT,
    SIDES,
    AgreementView,
    applicant_signatories,
    sides_of,
)
from infra_access.access_requests.terms.asked_besides import OPEN_FOR
from infra_access.access_requests.vocabularies import OF_ITSELF
from infra_access.people.models import Account
from infra_access.policy.rules import RequirementKind
from infra_access.web.markdown import to_html
from infra_access.web.presenters.gates import GateRow, anchor_of
from infra_access.web.presenters.request import Side, sides
from infra_access.web.presenters.terms import PointRow, point_rows


@dataclass(frozen=True, slots=True)
class Terms:
    """One text: `mine` tells whether the reader may accept it for a side that has not.

    `signatories` are the names of those who may accept for the applicant's side; `anchor` is its place on the page.
    """

    view: AgreementView
    anchor: str
    text: Markup
    points: list[PointRow]
    sides: list[Side]
    mine: bool
    signatories: tuple[str, ...]


def terms_of(request: Request, view: RequestView, *, now: datetime) -> list[Terms]:
    """Return the terms of a request, after them those for its samples, and what rules ask for besides."""
    missing = {one.agreement.id: _missing(one, view.access_request) for one in view.agreements}
    signatories: tuple[str, ...] = ()
    if any(APPLICANT in sides for sides in missing.values()):
        keys = applicant_signatories(request.db, view.access_request, now)
        names = request.db.scalars(select(Account.name).where(Account.id.in_(sorted(keys))).order_by(Account.name))
        signatories = tuple(names)
    mine = sides_of(request.db, view.access_request, request.actor, now) if any(missing.values()) else frozenset()
    return [
        Terms(
            one,
            anchor_of(one.agreement.kind),
            to_html(one.agreement.text),
            point_rows(one.agreement.points, request.locale_name, one.agreement.sources),
            sides(one),
            bool(mine & missing[one.agreement.id]),
            signatories,
        )
        for one in view.agreements
    ]


def offers_of(view: RequestView, gates: Iterable[GateRow]) -> list[GateRow]:
    """Return the gates whose agreement the facility can offer now: a text is there, and is not offered as it stands."""
    if view.access_request.state not in OPEN_FOR:
        return []
    texts = texts_by_kind(view.route)
    versions = {one.agreement.kind: one.agreement.template_version for one in view.agreements}
    return [
        row
        for row in gates
        if row.gate.open
        and row.gate.kind is RequirementKind.AGREEMENT
        and row.gate.code in texts
        and row.gate.code not in OF_ITSELF
        and versions.get(row.gate.code) != texts[row.gate.code]["version"]
    ]


def _missing(one: AgreementView, access_request: AccessRequest) -> frozenset[str]:
    waits = access_request.state == RequestState.AGREEMENT_PENDING
    waits |= access_request.state == RequestState.ACTIVE and not one.is_of_itself
    if one.is_complete or not waits:
        return frozenset()
    return frozenset(SIDES) - {accepted.side for accepted in one.accepted}
