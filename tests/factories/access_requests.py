"""Routes, requests and their verdicts for tests, made through the commands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests import deciding, drafting, routes, submitting
from infra_access.access_requests.approvals import verdicts
from infra_access.access_requests.approvals.narrower import Narrower
from infra_access.access_requests.models import AccessRequest, AccessRoute, Approval
from infra_access.access_requests.terms import agreements
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import NETWORK, Actor, system_actor
from infra_access.people.models import Account
from infra_access.policy.publishing import create_document, publish_document
from tests.factories.catalogue import make_facility, make_instrument, make_organisation
from tests.factories.people import make_account, make_actor, make_affiliation

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SYSTEM = system_actor("tests")
TERMS = {"open": {"title": "Open access", "version": "1", "text": "Results are published."}}

OPEN_TO_ALL = {
    "id": "all",
    "applies_to": ["request", "book"],
    "effect": {"type": "permit"},
    "message": {"en": "Open to everyone."},
}
END_USE = {
    "id": "end-use",
    "applies_to": ["request"],
    "effect": {"type": "require", "kind": "document", "code": "end-use-declaration"},
    "grounds": "security",
    "message": {"en": "Say what the results are for."},
    "expected_days": 5,
    "latest_days": 20,
}
FEASIBILITY = {
    "id": "feasibility",
    "applies_to": ["request"],
    "effect": {"type": "approve", "role": "facility_manager", "scope": "facility"},
    "rests_on": ["instruments", "period", "quantity"],
    "grounds": "capacity",
    "message": {"en": "Staff check that there is time."},
    "expected_days": 4,
    "latest_days": 10,
}
HOST_COUNTRY = {
    "id": "host-country",
    "applies_to": ["request"],
    "effect": {"type": "approve", "role": "access_administrator", "scope": "country"},
    "when": {
        "some": {
            "over": "participants",
            "when": {"op": "ne", "fact": "participants[].country_of_work", "other": "facility.country"},
        }
    },
    "rests_on": ["participants"],
    "grounds": "legal",
    "message": {"en": "Somebody comes from another country."},
    "expected_days": 7,
    "latest_days": 21,
}


@dataclass(frozen=True, slots=True)
class World:
    """A German facility with one route to its instrument, a startup of Kenya, and the people who decide."""

    facility: Facility
    instrument: Instrument
    route: AccessRoute
    startup: Organisation
    applicant: Actor
    applicant_account: Account
    manager: Actor
    administrator: Actor


def make_rules(session: Session, rules: Sequence[dict[str, Any]], **overrides: Any) -> None:
    """Publish rules for the whole network."""
    values = {"actor": SYSTEM, "now": NOW, "scope_kind": "network", "scope_key": "", "name": "Rules"} | overrides
    document = create_document(session, rules=list(rules), **values)
    publish_document(session, actor=SYSTEM, now=NOW, document=document)


def make_route(
    session: Session, *, facility: Facility, instruments: Sequence[Instrument], **overrides: Any
) -> AccessRoute:
    """Return a route that is always open, for shifts, under an open or a proprietary regime."""
    values: dict[str, Any] = {
        "actor": SYSTEM,
        "now": NOW - timedelta(days=30),
        "name": "Rapid access",
        "access_mode": "excellence-driven",
        "entry": "continuous",
        "time_given": "team_picks",
        "operated_by": "assisted",
        "access_unit": "shift",
        "access_types": ["physical", "remote", "mail-in"],
        "regimes": ["open", "proprietary"],
        "terms": TERMS,
    }
    return routes.create_route(session, facility=facility, instruments=instruments, **values | overrides)


def make_world(
    session: Session, *, rules: Sequence[dict[str, Any]] = (OPEN_TO_ALL, FEASIBILITY, HOST_COUNTRY), **route: Any
) -> World:
    """Make all that a request from Kenya to Germany needs."""
    make_rules(session, rules)
    facility = make_facility(session)
    instrument = make_instrument(session, facility=facility)
    startup = make_organisation(session, trust="self-declared", country="KE", facts={"sector": "company"})
    account = make_account(session)
    make_affiliation(session, account=account, organisation=startup)
    return World(
        facility=facility,
        instrument=instrument,
        route=make_route(session, facility=facility, instruments=[instrument], **route),
        startup=startup,
        applicant=make_actor(session, account=account),
        applicant_account=account,
        manager=make_actor(session, ("facility_manager", ("facility", facility.public_id))),
        administrator=make_actor(session, ("access_administrator", ("country", "DE"))),
    )


def make_network_administrator(session: Session) -> Actor:
    """Make an access administrator of the whole network."""
    return make_actor(session, ("access_administrator", NETWORK))


def make_request(session: Session, world: World, **overrides: Any) -> AccessRequest:
    """Return a draft of the startup for two shifts in spring."""
    values: dict[str, Any] = {
        "actor": world.applicant,
        "now": NOW,
        "route": world.route.public_id,
        "title": "Corrosion of sensors",
        "regime": "open",
        "acting_for": world.startup.public_id,
        "instruments": [world.instrument.public_id],
        "quantity": "2",
        "access_unit": "shift",
        "period": (NOW + timedelta(days=40), NOW + timedelta(days=100)),
        "access_type": "physical",
        "participants": [],
        "project": {"purpose": "research"},
    }
    return drafting.create_access_request(session, **values | overrides)


def make_submitted(session: Session, world: World, **overrides: Any) -> AccessRequest:
    """Return a request that was sent."""
    request = make_request(session, world, **overrides)
    return submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)


def pending(session: Session, request: AccessRequest) -> dict[str, Approval]:
    """Return the approvals that wait, by their role."""
    found = verdicts.approvals_of(session, "access_request", request.id)
    return {one.role: one for one in found if one.state in ("pending", "paused")}


def decide(session: Session, actor: Actor, approval: Approval, verdict: str = "approve", **overrides: Any) -> Approval:
    """Give a verdict, approval unless told otherwise."""
    values = {"now": NOW + timedelta(days=1), "reason": "It fits."} | overrides
    return deciding.decide(session, actor=actor, approval=approval, verdict=verdict, **values)


def make_approved(session: Session, world: World, **overrides: Any) -> AccessRequest:
    """Return a request that the facility and the country approved."""
    request = make_submitted(session, world, **overrides)
    waiting = pending(session, request)
    decide(session, world.manager, waiting["facility_manager"])
    decide(session, world.administrator, waiting["access_administrator"])
    return request


def make_active(session: Session, world: World, **overrides: Any) -> AccessRequest:
    """Return a request whose terms were accepted."""
    request = make_approved(session, world, **overrides)
    text_hash = agreements.agreement_of(session, request).text_hash
    agreements.accept(
        session, actor=world.applicant, now=NOW + timedelta(days=2), access_request=request, text_hash=text_hash
    )
    return request


COMMUNITY = {
    "id": "community",
    "applies_to": ["request"],
    "effect": {
        "type": "approve",
        "role": "community_authority",
        "scope": "organisation",
        "review": True,
    },
    "grounds": "ethics",
    "message": {"en": "The community decides on its data."},
    "expected_days": 4,
    "latest_days": 10,
}


def make_authority(session: Session, world: World) -> Actor:
    """Make an authority of the community for the organisation that runs the world's facility."""
    return make_actor(session, ("community_authority", facility_scopes(session, world.facility)[1]))


def make_consented(session: Session, world: World, authority: Actor, **overrides: Any) -> AccessRequest:
    """Return an active request that the community consented to, to be looked at again after sixty days."""
    request = make_submitted(session, world, **overrides)
    narrower = Narrower(review_at=NOW + timedelta(days=60))
    decide(session, authority, pending(session, request)["community_authority"], narrower=narrower)
    return request
