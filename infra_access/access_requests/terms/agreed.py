"""Which requirements of an agreement are met: the one place that says so, for requests, bookings, gates and orders.

Those of a request are met once both sides accepted its text; others by an agreement of both organisations while it is
in force, which covers all requests between them.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, null, or_, select, true, union_all
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRoute, Agreement, AgreementAcceptance
from infra_access.access_requests.terms.framework_lifecycle import FrameworkKind, FrameworkState
from infra_access.access_requests.terms.framework_models import FrameworkAgreement
from infra_access.access_requests.vocabularies import OF_ITSELF, AgreementKind
from infra_access.catalogue.models import Facility
from infra_access.policy.rules import RequirementKind

OF_TERMS = frozenset({"agreement:terms", "agreement:access-terms"})
"""What accepting the terms of a way in meets."""

_BESIDES = {FrameworkKind.NDA.value: ("confidentiality",)}
"""What an agreement of a kind meets under another name."""


def key_of(code: str) -> str:
    """Return the name under which rules ask for an agreement of a kind.

    >>> key_of("data-transfer")
    'agreement:data-transfer'
    """
    return f"{RequirementKind.AGREEMENT}:{code}"


def codes_met_by(kind: str) -> tuple[str, ...]:
    """Return the codes by which rules may ask for an agreement of a kind.

    >>> codes_met_by("nda")
    ('nda', 'confidentiality')
    """
    return (kind, *_BESIDES.get(kind, ()))


def texts_by_kind(route: AccessRoute) -> dict[str, Mapping[str, Any]]:
    """Return the texts that a way in has beside those of its regimes, by the code by which rules ask for them."""
    prefix = key_of("")
    texts = {part.removeprefix(prefix): said for part, said in route.terms.items() if part.startswith(prefix)}
    return texts | {kind: said for kind, said in route.terms.items() if kind == AgreementKind.MTA}


def agreed_for(session: Session, access_request: AccessRequest, *, at: datetime) -> frozenset[str]:
    """Return what is met at an instant by the agreements of a request and of its organisations. One statement."""
    return agreed(
        session,
        route_id=access_request.route_id,
        partner_id=access_request.acting_for_id,
        regime=access_request.regime,
        at=at,
        access_request_id=access_request.id,
    )


def agreed(
    session: Session,
    *,
    route_id: int,
    partner_id: int | None,
    regime: str,
    at: datetime,
    access_request_id: int | None = None,
) -> frozenset[str]:
    """Return what is met by agreements of the host of a way in and a partner, and of a request where one is named.

    One statement, none where there is nobody to have agreed.
    """
    if partner_id is None and access_request_id is None:
        return frozenset()
    rows = _rows(session, route_id, partner_id, regime, at, access_request_id)
    terms = [complete for kind, complete, own in rows if own and kind in OF_ITSELF]
    met = OF_TERMS if terms and all(terms) else frozenset()
    kinds = [kind for kind, complete, _own in rows if complete and kind != AgreementKind.TERMS]
    return met | frozenset(key_of(code) for kind in kinds for code in codes_met_by(kind))


def _rows(
    session: Session,
    route_id: int,
    partner_id: int | None,
    regime: str,
    at: datetime,
    access_request_id: int | None,
) -> Collection[tuple[str, bool, bool]]:
    """Return the kind of each agreement, whether it is complete, and whether it is the request's own."""
    host_id = (
        select(Facility.organisation_id)
        .join(AccessRoute, AccessRoute.facility_id == Facility.id)
        .where(AccessRoute.id == route_id)
        .scalar_subquery()
    )
    accepted = select(func.count()).where(AgreementAcceptance.agreement_id == Agreement.id).scalar_subquery()
    both = select(FrameworkAgreement.kind, FrameworkAgreement.regimes, true().label("complete")).where(
        FrameworkAgreement.host_id == host_id,
        FrameworkAgreement.partner_id == partner_id,
        FrameworkAgreement.state == FrameworkState.IN_FORCE,
        FrameworkAgreement.valid_from <= at,
        or_(FrameworkAgreement.valid_until.is_(None), FrameworkAgreement.valid_until > at),
    )
    own = select(Agreement.kind, null(), or_(Agreement.framework_id.is_not(None), accepted == 2)).where(
        Agreement.access_request_id == access_request_id
    )
    return [
        (kind, bool(complete), regimes is None)
        for kind, regimes, complete in session.execute(union_all(both, own))
        if regimes is None or regime in regimes
    ]
