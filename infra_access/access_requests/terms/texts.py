"""For which agreements somebody can offer a text, where rules ask for them by their code."""

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRoute, AccessRouteInstrument
from infra_access.access_requests.terms.agreed import OF_TERMS, codes_met_by, key_of, texts_by_kind
from infra_access.access_requests.terms.framework_lifecycle import FrameworkState
from infra_access.access_requests.terms.framework_models import FrameworkAgreement
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.policy.models import PolicyDocument
from infra_access.policy.rules import RequirementKind

_AGREED = (FrameworkState.OFFERED, FrameworkState.IN_FORCE)


def codes_with_text(session: Session, document: PolicyDocument) -> frozenset[str]:
    """Return the codes of agreements for which a way in within a document's reach has a text.

    Those that both organisations agreed on, or are about to, are among them where a rule asks for one that has no text
    yet. Two statements at most, none where no rule asks.
    """
    effects = [rule["effect"] for rule in document.rules]
    asked = {effect["code"] for effect in effects if effect.get("kind") == RequirementKind.AGREEMENT}
    if not asked:
        return frozenset()
    within = _within(document.scope_kind, document.scope_key)
    reached = (
        select(AccessRoute.id, Facility.organisation_id)
        .join(Facility, Facility.id == AccessRoute.facility_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(within, AccessRoute.active)
        .subquery()
    )
    codes: set[str] = set()
    for route in session.scalars(select(AccessRoute).where(AccessRoute.id.in_(select(reached.c.id)))):
        codes |= texts_by_kind(route).keys()
        if not route.terms.keys().isdisjoint(route.regimes):
            codes |= {key.removeprefix(key_of("")) for key in OF_TERMS}
    if asked <= codes:
        return frozenset(codes)
    kinds = select(FrameworkAgreement.kind).where(
        FrameworkAgreement.host_id.in_(select(reached.c.organisation_id)), FrameworkAgreement.state.in_(_AGREED)
    )
    return frozenset(codes).union(*(codes_met_by(kind) for kind in session.scalars(kinds.distinct())))


def _within(kind: str, key: str) -> ColumnElement[bool]:
    """Return the condition that a way in lies within a scope; those of a tag may be anywhere."""
    match kind:
        case "country":
            return Facility.country == key
        case "organisation":
            return Organisation.public_id == key
        case "facility":
            return Facility.public_id == key
        case "route":
            return AccessRoute.public_id == key
        case "instrument":
            led_to = select(AccessRouteInstrument.route_id).join(
                Instrument, Instrument.id == AccessRouteInstrument.instrument_id
            )
            return AccessRoute.id.in_(led_to.where(Instrument.public_id == key))
        case _:
            return true()
