"""What a request has to agree to: the terms of its way in and those for its samples, each on what covers it.

A framework agreement in force between the host organisation and the one acted for answers them, and where both speak
of a point it holds; a non-disclosure agreement only adds to them. What was agreed stays as it is while the request
says the same, also when what it rests on has ended since.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from infra_access.access_requests.circles import circle_of
from infra_access.access_requests.gates.of_requests import gates_of_request
from infra_access.access_requests.models import AccessRequest, AccessRoute, Agreement, AgreementAcceptance, Approval
from infra_access.access_requests.terms.agreed import OF_TERMS, agreed, texts_by_kind
from infra_access.access_requests.terms.agreement_queries import HOST
from infra_access.access_requests.terms.framework_lifecycle import FrameworkKind
from infra_access.access_requests.terms.framework_models import FrameworkAgreement
from infra_access.access_requests.terms.framework_queries import covering
from infra_access.access_requests.terms.hierarchy import FRAMEWORK, NDA, TERMS, Layer, merged, told
from infra_access.access_requests.terms.points import hash_of, points_for, with_points
from infra_access.access_requests.vocabularies import OF_ITSELF, AgreementKind, ApprovalState
from infra_access.catalogue.models import Facility, Organisation
from infra_access.core.errors import NotFound
from infra_access.people.actors import load_actor
from infra_access.people.models import Account
from infra_access.policy.rules import RequirementKind

_COVERED_BY: Mapping[str, FrameworkKind] = {
    AgreementKind.TERMS: FrameworkKind.FRAMEWORK,
    AgreementKind.MTA: FrameworkKind.MTA,
}


@dataclass(frozen=True, slots=True)
class _Basis:
    """The agreements of both organisations that a text rests on."""

    framework: FrameworkAgreement | None = None
    nda: FrameworkAgreement | None = None


@dataclass(frozen=True, slots=True)
class _Written:
    """A text with its points and where they come from."""

    text: str
    points: Mapping[str, Any]
    sources: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both sides of the terms of a request."""

    route: AccessRoute
    facility: Facility
    host: Organisation
    applicant: str


def is_asked_for(access_request: AccessRequest, route: AccessRoute) -> dict[str, Mapping[str, Any]]:
    """Return the terms that the request has to agree to, by kind; those for samples where it brings any."""
    asked: dict[str, Mapping[str, Any]] = {}
    if access_request.regime in route.terms:
        asked[AgreementKind.TERMS] = route.terms[access_request.regime]
    if access_request.project.get("samples") and AgreementKind.MTA in route.terms:
        asked[AgreementKind.MTA] = route.terms[AgreementKind.MTA]
    return asked


def offer(session: Session, access_request: AccessRequest, route: AccessRoute, now: datetime) -> bool:
    """Offer the route's terms for the request's regime, and for its samples; tell whether there are any.

    What else rules ask for is offered beside them, where the route has a text for it. The same text stays accepted by
    whoever accepted it. The host accepts the terms by its approval, or by having published them with a route that
    needs none.
    """
    found = {
        one.kind: one
        for one in session.scalars(select(Agreement).where(Agreement.access_request_id == access_request.id))
    }
    besides = _besides(session, access_request, route, found.keys() - OF_ITSELF, now)
    asked = is_asked_for(access_request, route) | {kind: one for kind, one in besides.items() if kind in OF_ITSELF}
    if asked or besides or found:
        sides = _sides(session, access_request, route)
        for kind, agreement in found.items():
            if kind not in asked and kind not in besides and not _still_holds(session, agreement, sides):
                _forget(session, agreement)
                session.delete(agreement)
        for kind, template in (besides | asked).items():
            _offer_one(session, access_request, sides, found.get(kind), kind, template, now)
    session.flush()
    return bool(asked)


def offer_again(session: Session, access_request: AccessRequest, route: AccessRoute, kind: str, now: datetime) -> None:
    """Offer the text that the route has for a kind; one that both sides accepted stays while it says the same."""
    same = Agreement.access_request_id == access_request.id, Agreement.kind == kind
    found = session.scalars(select(Agreement).where(*same)).one_or_none()
    sides = _sides(session, access_request, route)
    _offer_one(session, access_request, sides, found, kind, texts_by_kind(route)[kind], now)
    session.flush()


def wanted_by_rules(
    session: Session, access_request: AccessRequest, route: AccessRoute, now: datetime
) -> frozenset[str]:
    """Return the kinds that sessions of a request wait for, but for its terms and what both organisations agreed."""
    at = max(access_request.period_start, now)
    partner_id, regime = access_request.acting_for_id, access_request.regime
    covered = OF_TERMS | agreed(session, route_id=route.id, partner_id=partner_id, regime=regime, at=at)
    gates = gates_of_request(session, access_request, route, now=now)
    asked = {one.code for one in gates if one.kind is RequirementKind.AGREEMENT and one.key not in covered}
    return frozenset(asked)


def _besides(
    session: Session, access_request: AccessRequest, route: AccessRoute, known: Collection[str], now: datetime
) -> dict[str, Mapping[str, Any]]:
    """Return the texts of the route that rules ask this request for, and those that it was offered before."""
    texts = texts_by_kind(route)
    if not texts:
        return {}
    wanted = wanted_by_rules(session, access_request, route, now) | set(known)
    return {kind: said for kind, said in texts.items() if kind in wanted}


def _offer_one(
    session: Session,
    access_request: AccessRequest,
    sides: _Sides,
    found: Agreement | None,
    kind: str,
    template: Mapping[str, Any],
    now: datetime,
) -> None:
    if found is not None and _is_complete(session, found):
        before = _same_basis(session, access_request, sides, found)
        if before is not None and hash_of(_written(access_request, sides, template, before).text) == found.text_hash:
            return
    basis = _basis_now(session, access_request, sides, kind, now)
    written = _written(access_request, sides, template, basis)
    text_hash = hash_of(written.text)
    if found is None:
        found = Agreement(access_request_id=access_request.id, kind=kind)
        session.add(found)
    elif found.text_hash == text_hash:
        return
    else:
        _forget(session, found)
    found.title, found.template_version, found.created_at = template["title"], template["version"], now
    found.text, found.text_hash = written.text, text_hash
    found.points, found.sources = dict(written.points), dict(written.sources)
    found.framework_id = basis.framework.id if basis.framework else None
    found.nda_id = basis.nda.id if basis.nda else None
    session.flush()  # an acceptance needs its key
    accepts_ahead = kind in OF_ITSELF and basis.framework is None
    host = None if not accepts_ahead else _host_acceptance(session, access_request, template.get("offered_by"), now)
    if host is not None:
        account_id, at = host
        session.add(
            AgreementAcceptance(
                agreement_id=found.id, side=HOST, account_id=account_id, accepted_at=at, text_hash=text_hash
            )
        )


def _still_holds(session: Session, agreement: Agreement, sides: _Sides) -> bool:
    """Tell whether an agreement that is asked for no more was accepted, and is still between the same two."""
    if not _is_complete(session, agreement):
        return False
    return agreement.kind in OF_ITSELF or agreement.text.endswith(_closing(sides))


def _is_complete(session: Session, agreement: Agreement) -> bool:
    if agreement.framework_id is not None:
        return True
    accepted = select(func.count()).where(AgreementAcceptance.agreement_id == agreement.id)
    return session.scalars(accepted).one() == 2


def _forget(session: Session, agreement: Agreement) -> None:
    session.execute(delete(AgreementAcceptance).where(AgreementAcceptance.agreement_id == agreement.id))


def _basis_now(session: Session, access_request: AccessRequest, sides: _Sides, kind: str, now: datetime) -> _Basis:
    def agreed(wanted: FrameworkKind) -> FrameworkAgreement | None:
        return covering(
            session,
            host_id=sides.host.id,
            partner_id=access_request.acting_for_id,
            regime=access_request.regime,
            kind=wanted,
            now=now,
        )

    if kind not in OF_ITSELF:
        return _Basis()
    return _Basis(agreed(_COVERED_BY[kind]), agreed(FrameworkKind.NDA) if kind == AgreementKind.TERMS else None)


def _same_basis(session: Session, access_request: AccessRequest, sides: _Sides, found: Agreement) -> _Basis | None:
    """Return what an agreement rests on, if it is still of the same two organisations and for the same regime."""
    basis = _Basis(
        session.get(FrameworkAgreement, found.framework_id) if found.framework_id else None,
        session.get(FrameworkAgreement, found.nda_id) if found.nda_id else None,
    )
    fits = all(
        (one.host_id, one.partner_id) == (sides.host.id, access_request.acting_for_id)
        and access_request.regime in one.regimes
        for one in (basis.framework, basis.nda)
        if one is not None
    )
    return basis if fits else None


def _sides(session: Session, access_request: AccessRequest, route: AccessRoute) -> _Sides:
    facility = session.get_one(Facility, route.facility_id)
    applicant = (
        session.get_one(Organisation, access_request.acting_for_id).name
        if access_request.acting_for_id is not None
        else session.get_one(Account, access_request.requester_id).name
    )
    return _Sides(route, facility, session.get_one(Organisation, facility.organisation_id), applicant)


def _written(access_request: AccessRequest, sides: _Sides, template: Mapping[str, Any], basis: _Basis) -> _Written:
    """Return the terms with both sides named, so that another organisation makes another text, on what they rest."""
    names = {
        "facility": sides.facility.name,
        "host": sides.host.name,
        "applicant": sides.applicant,
        "route": sides.route.name,
    }
    regime = access_request.regime
    layers: list[Layer] = [
        *([(FRAMEWORK, points_for(basis.framework.points, regime))] if basis.framework else []),
        (TERMS, template.get("points", {})),
        *([(NDA, points_for(basis.nda.points, regime))] if basis.nda else []),
    ]
    points, sources = merged(layers)
    text = with_points(Template(template["text"]).safe_substitute(names).strip(), points)
    rests = _rests_on(basis, points, sources)
    return _Written(f"{text}{rests}{_closing(sides)}", points, sources)


def _closing(sides: _Sides) -> str:
    return f"\n\n---\n\n{sides.host.name} ({sides.facility.name}) / {sides.applicant}\n"


def _rests_on(basis: _Basis, points: Mapping[str, Any], sources: Mapping[str, Any]) -> str:
    """Return the section that names what else is agreed between both organisations; nothing where nothing is."""
    said = [
        f'{begins} "{one.title}", version {one.text_version}, SHA-256 {one.text_hash}{ends}'
        for one, begins, ends in (
            (basis.framework, "Covered by", ", which both sides have accepted. Where it says otherwise, it holds."),
            (basis.nda, "Beside", ", which adds to these terms where they say nothing."),
        )
        if one is not None
    ]
    if not said:
        return ""
    return "\n\n## What else is agreed\n\n" + "\n".join(f"- {line}" for line in [*said, *told(points, sources)])


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
    if offered_by is None or _is_near(session, access_request, offered_by, now):
        return None
    return offered_by, now


def _is_near(session: Session, access_request: AccessRequest, account_id: int, now: datetime) -> bool:
    """Tell whether somebody is too near to a request to accept for the host: then another one has to."""
    if account_id in circle_of(session, access_request).accounts:
        return True
    group = access_request.acting_for_id
    if group is None:
        return False
    try:
        return group in load_actor(session, account_id, now=now).organisation_ids
    except NotFound:
        return True
