"""Deciding a case on what is stored: a team asks at a place, and the facts are those that the application derives.

The world of all cases is made once: each place with its facility, its way in, its published rules and whoever decides
there. A case then stores its organisations and people, drafts the request and sends it.
"""

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.verdicts import approvals_of
from infra_access.access_requests.awaited import rules_named
from infra_access.access_requests.drafting import create_access_request
from infra_access.access_requests.facility_routes import rounds_of
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.routes import route_by_public_id
from infra_access.access_requests.submitting import submit
from infra_access.catalogue.models import Organisation
from infra_access.core.authority import Actor, Scope
from infra_access.core.errors import Conflict
from infra_access.people.models import Account
from infra_access.policy.disclosure import WITHHELD
from infra_access.policy.models import DecisionRecord
from infra_access.policy.rules import Approve
from tests.factories.access_requests import make_route
from tests.factories.catalogue import make_facility, make_instrument, make_organisation
from tests.factories.people import make_account, make_actor, make_affiliation
from tests.factories.policy import make_country_group, make_policy
from tests.policy.cases.places import HOST_COUNTRY, PLACES, Place
from tests.policy.cases.reading import CASE_CODE, GROUPS, NOW, Case, Person, lines_of

SHARE = "programme.share_foreign"
OFFERED = "programme.units_offered"
_TERMS = {"title": "Access", "version": "1", "text": "Both sides keep to this."}
_REGIMES = ("open", "embargoed", "proprietary")
_OF_FACILITY = ("facility_manager", "safety_officer")
_OF_ORGANISATION = ("organisation_admin", "export_control_officer", "community_authority")
_STATES = {
    "permit": {RequestState.AGREEMENT_PENDING},
    "needs_approval": {RequestState.UNDER_REVIEW},
    "not_eligible": {RequestState.REFUSED},
    "deny": {RequestState.REFUSED},
}
_END_USE = {"user": "The team", "use": "Better sensors", "peaceful": True}

World = dict[str, dict[str, Any]]
"""What a request at each place names: its route and its instruments."""


def make_world(session: Session) -> World:
    """Store the groups of countries, and every place with its rules in force."""
    for group in GROUPS:
        as_of = date.fromisoformat(group["as_of"])
        make_country_group(session, group["code"], *group["countries"], as_of=as_of, source=group["source"])
    return {name: _make_place(session, place) for name, place in PLACES.items()}


def _make_place(session: Session, place: Place) -> dict[str, Any]:
    organisation = make_organisation(session, country=place.country)
    facility = make_facility(session, organisation=organisation, country=place.country, timezone="UTC")
    instrument = make_instrument(session, facility=facility, tags=sorted(place.tags))
    route = make_route(
        session,
        facility=facility,
        instruments=[instrument],
        regimes=list(_REGIMES),
        terms=dict.fromkeys(_REGIMES, _TERMS),
    )
    for scope, rules in _by_scope(place, facility.public_id).items():
        make_policy(session, *rules, scope=scope)
    make_actor(
        session,
        ("access_administrator", ("country", place.country)),
        *((role, ("facility", facility.public_id)) for role in _OF_FACILITY),
        *((role, ("organisation", organisation.public_id)) for role in _OF_ORGANISATION),
    )
    return {"route": route.public_id, "instruments": [instrument.public_id]}


def _by_scope(place: Place, facility: str) -> dict[Scope, list[dict[str, Any]]]:
    """Return the rules of a place by whose they are: its country's, those of one of its tags, else its own."""
    found: dict[Scope, list[dict[str, Any]]] = {}
    for rule in place.raw:
        template = rule["id"].partition(".")[0]
        scope = ("tag", template) if template in place.tags else ("facility", facility)
        found.setdefault(("country", place.country) if rule is HOST_COUNTRY else scope, []).append(rule)
    return found


def can_be_sent(case: Case) -> bool:
    """Tell whether a case is about a request as a team sends it, with everything stated that a draft states."""
    return case.asked[1] == "request" and "-" not in case.asked


def told(session: Session, world: World, case: Case) -> list[str]:
    """Send the request of a case, and return the lines that its stored decision and approvals come to."""
    quantity = Decimal(2)
    if SHARE in case.beside:
        quantity = 100 * Decimal(case.beside[SHARE])
        if OFFERED in case.beside:
            quantity = Decimal(case.beside[OFFERED]) * Decimal(case.beside[SHARE])
            _state_units(session, world, case)
        elif quantity < 100:
            _send_from_within(session, world, case, 100 - quantity)
    requester, organisation = _requester(session, str(case.who["country"]), case.who)
    request = _draft(session, world, case, requester, organisation, quantity, case.team or [])
    try:
        submit(session, actor=requester, now=NOW, access_request=request)
    except Conflict as refused:
        if refused.code != "access_request.incomplete":
            raise
        return _lines(refused.details["decision"], None)
    session.flush()
    session.expire_all()
    decision = dict(request.decision)
    kept = session.scalars(select(DecisionRecord).where(DecisionRecord.subject_id == request.public_id)).one()
    assert (kept.outcome, kept.case) == (decision["outcome"], request.case)
    assert request.state in _STATES[kept.outcome], request.state
    asked = sorted(approvals_of(session, "access_request", request.id), key=lambda one: one.stage)
    stages = {rule.id: rule.effect.stage for rule in case.place.rules if isinstance(rule.effect, Approve)}
    assert [(one.stage, one.state) for one in asked] == [
        (stages[one.rule], "pending" if stages[one.rule] == asked[0].stage else "waiting") for one in asked
    ]
    return _lines(decision, [_read(one, rules_named(decision)) for one in asked])


def _read(approval: Approval, named: Collection[str]) -> tuple[str, str]:
    """Return whose an approval is as its applicant reads it."""
    return (approval.role, approval.scope_kind) if approval.rule in named else (WITHHELD, "facility")


def _lines(decision: dict[str, Any], asked: list[tuple[str, str]] | None) -> list[str]:
    """Return the lines of a decision; where nobody was asked yet, with the approvals that it says are due."""
    if asked is None:
        asked = [(one["role"], one["scope"]) for one in decision["approvals"]]
    start = decision["earliest_start"]
    return lines_of(
        decision["outcome"],
        asked,
        start and (date.fromisoformat(start["likely"]), date.fromisoformat(start["safe"])),
        [one["message"].replace(decision["case"], CASE_CODE) for one in (*decision["reasons"], *decision["missing"])],
    )


def _requester(session: Session, country: str, said: dict[str, Any]) -> tuple[Actor, Organisation | None]:
    """Return somebody with what their organisation says of itself; a private person has none."""
    account = make_account(session, country_of_work=country)
    if said["sector"] == "person":
        return make_actor(session, account=account), None
    facts = {name: said[name] for name in ("sector", "size", "startup") if name in said}
    organisation = make_organisation(session, trust="self-declared", country=country, facts=facts)
    make_affiliation(session, account=account, organisation=organisation)
    return make_actor(session, account=account), organisation


def _draft(
    session: Session,
    world: World,
    case: Case,
    requester: Actor,
    organisation: Organisation | None,
    quantity: Decimal,
    team: list[Person],
) -> AccessRequest:
    """Return a draft of somebody for the place of a case."""
    _place, _action, access_type, regime = case.asked
    return create_access_request(
        session,
        actor=requester,
        now=NOW,
        title=case.name,
        regime=regime,
        access_type=access_type,
        acting_for=organisation.public_id if organisation is not None else None,
        quantity=quantity,
        access_unit="shift",
        period=(NOW + timedelta(days=60), NOW + timedelta(days=120)),
        participants=_team(session, team, requester, organisation),
        project=_project(case),
        **world[case.asked[0]],
    )


def _team(
    session: Session, team: list[Person], requester: Actor, organisation: Organisation | None
) -> list[dict[str, Any]]:
    """Return the team as a draft names it; whoever works elsewhere than its leader acts for a partner there."""
    partners = {organisation.country: organisation} if organisation is not None else {}
    members = []
    for position, person in enumerate(team):
        email = f"colleague{position}@example.org"
        of = partners.get(person.country)
        if position == 0:
            of = organisation
            email = session.scalars(select(Account.email).where(Account.id == requester.account_id)).one()
        elif of is None:
            of = partners[person.country] = make_organisation(
                session, trust="self-declared", country=person.country, facts={"sector": "academic"}
            )
        members.append(
            {
                "email": email,
                "name": f"Colleague {position}",
                "role": person.role,
                "country_of_work": person.country,
                "presence": person.presence,
                "organisation": of.public_id if of is not None else None,
            }
        )
    return members


def _project(case: Case) -> dict[str, Any]:
    project: dict[str, Any] = {"purpose": "research"}
    if case.samples is not None:
        project["samples"] = case.samples
    codes = {one.removeprefix("document:") for one in case.met}
    if "end-use-declaration" in codes:
        project["end_use"] = {**_END_USE, "countries": [case.who["country"]]}
    if others := codes - {"end-use-declaration"}:
        project["documents"] = dict.fromkeys(sorted(others), "Signed, 2026-04-01")
    return project


def _state_units(session: Session, world: World, case: Case) -> None:
    """Let the programme say how many access units it has to give, of which nothing was given yet."""
    route = route_by_public_id(session, world[case.asked[0]]["route"])
    (always,) = rounds_of(session, route)
    always.units_offered = Decimal(case.beside[OFFERED])


def _send_from_within(session: Session, world: World, case: Case, quantity: Decimal) -> None:
    """Let a team of France ask for what is left of the programme, so that the case has its share of all that is."""
    requester, organisation = _requester(session, "FR", {"sector": "academic"})
    team = [Person("principal", "FR", "on-site", frozenset())]
    request = _draft(session, world, case, requester, organisation, quantity, team)
    submit(session, actor=requester, now=NOW, access_request=request)
