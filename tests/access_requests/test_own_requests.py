"""Nobody decides on a request of their own: every ordered pair of people, in every relation, at once."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import corrections
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.core.authority import NETWORK, Scope
from infra_access.core.db import Database
from infra_access.core.errors import DomainError
from infra_access.people.actors import load_actor
from infra_access.people.delegations import hand_over
from infra_access.people.models import Account, RoleGrant
from tests.factories.access_requests import FEASIBILITY, NOW, OPEN_TO_ALL, World, decide, make_request, make_world
from tests.factories.access_requests import submitting as sending
from tests.factories.people import make_account, make_affiliation, make_grant

PEOPLE = 4
LATER = NOW + timedelta(hours=1)
RULES = (
    OPEN_TO_ALL,
    FEASIBILITY,
    {**FEASIBILITY, "id": "inbound", "effect": {"type": "approve", "role": "access_administrator", "scope": "country"}},
)


@dataclass
class Case:
    """Several people, each with a request to which all the others stand in one relation."""

    world: World
    people: list[Account] = field(default_factory=list)
    requests: list[AccessRequest] = field(default_factory=list)

    def roles(self) -> list[tuple[str, Scope]]:
        """Return roles that decide here, each in two scopes and more."""
        facility = ("facility", self.world.facility.public_id)
        return [
            *(("facility_manager", scope) for scope in (facility, ("country", "DE"), NETWORK)),
            *(("access_administrator", scope) for scope in (("country", "DE"), NETWORK)),
        ]


def give_roles(session: Session, case: Case, account: Account, **more: Any) -> list[RoleGrant]:
    """Give somebody every role that decides here."""
    return [
        make_grant(session, account=account, role=role, scope_kind=kind, scope_key=key, **more)
        for role, (kind, key) in case.roles()
    ]


def send(session: Session, case: Case, account: Account, participants: Sequence[dict[str, Any]] = ()) -> AccessRequest:
    """Send a request of one of the people."""
    actor = load_actor(session, account.id, now=NOW)
    acting_for = case.world.startup.public_id if case.world.startup.id in actor.organisation_ids else None
    request = make_request(
        session, case.world, actor=actor, acting_for=acting_for, participants=list(participants), title="Own"
    )
    return sending.submit(session, actor=actor, now=NOW, access_request=request)


def each_with_roles(session: Session, case: Case, **more: Any) -> None:
    """Make the people, all of whom decide here."""
    for _number in range(PEOPLE):
        case.people.append(make_account(session))
        give_roles(session, case, case.people[-1], **more)


def moved(case: Case) -> None:
    """Let everybody have another address since, so that only the account tells who they are."""
    for number, person in enumerate(case.people):
        person.email = f"moved{number}@nyota.example"


def requester(session: Session, case: Case) -> None:
    """Each decides here, and asks: of their own request they are the requester."""
    each_with_roles(session, case)
    case.requests = [send(session, case, person) for person in case.people]
    moved(case)


def beneficiary(session: Session, case: Case) -> None:
    """Each is on the team of each other's request."""
    each_with_roles(session, case)
    for person in case.people:
        team = [member(other) for other in case.people if other is not person]
        case.requests.append(send(session, case, person, team))
    moved(case)


def delegate(session: Session, case: Case) -> None:
    """Each has handed roles over to the others, who hold none of their own."""
    case.people = [make_account(session) for _number in range(PEOPLE)]
    for person in case.people:
        others = [one for one in case.people if one is not person]
        for at, grant in enumerate(give_roles(session, case, person)):
            hand_over(
                session,
                actor=load_actor(session, person.id, now=NOW),
                now=NOW,
                grant=grant,
                to=others[at % len(others)],
                until=NOW + timedelta(days=30),
            )
    case.requests = [send(session, case, person) for person in case.people]


def same_group(session: Session, case: Case) -> None:
    """All belong to the organisation acted for."""
    each_with_roles(session, case)
    for person in case.people:
        make_affiliation(session, account=person, organisation=case.world.startup)
    case.requests = [send(session, case, person) for person in case.people]


def delegate_of_group(session: Session, case: Case) -> None:
    """Each stands in for somebody of the organisation acted for, and belongs to none."""
    askers = [make_account(session) for _number in range(PEOPLE)]
    bosses = [make_account(session) for _number in range(PEOPLE)]
    for asker, boss in zip(askers, bosses, strict=True):
        case.people.append(make_account(session))
        for account in (asker, boss):
            make_affiliation(session, account=account, organisation=case.world.startup)
        for grant in give_roles(session, case, boss):
            lent = {"grant": grant, "to": case.people[-1], "until": NOW + timedelta(days=30)}
            hand_over(session, actor=load_actor(session, boss.id, now=NOW), now=NOW, **lent)
    case.requests = [send(session, case, asker) for asker in askers]


def editor(session: Session, case: Case) -> None:
    """Each has written a part of each other's request: a correction that was accepted."""
    each_with_roles(session, case)
    for person in case.people:
        request = send(session, case, person)
        actor = load_actor(session, person.id, now=NOW)
        for other in case.people:
            if other is not person:
                correction = corrections.propose(
                    session,
                    actor=load_actor(session, other.id, now=NOW),
                    now=NOW,
                    access_request=request,
                    changes={"summary": f"As {other.name} says."},
                    reason="Clearer.",
                )
                corrections.answer(
                    session, actor=actor, now=NOW, access_request=request, correction=correction, accept=True
                )
        case.requests.append(request)


def lapsed(session: Session, case: Case) -> None:
    """All had the roles until a while ago."""
    each_with_roles(session, case, valid_until=NOW + timedelta(minutes=5))
    case.requests = [send(session, case, person) for person in case.people]


def unknown_identity(session: Session, case: Case) -> None:
    """Each was invited to each other's team by an address, under which nobody had an account then."""
    addresses = [f"later{number}@nyota.example" for number in range(PEOPLE)]
    askers = [make_account(session) for _number in range(PEOPLE)]
    for at, person in enumerate(askers):
        team = [{"email": one, "name": "L", "role": "member", "country_of_work": "KE"} for one in addresses]
        case.requests.append(send(session, case, person, team[:at] + team[at + 1 :]))
    case.people = [make_account(session, email=address) for address in addresses]
    for person in case.people:
        give_roles(session, case, person)


def member(account: Account) -> dict[str, Any]:
    """Return an account as a member of a team."""
    return {"email": account.email, "name": account.name, "role": "member", "country_of_work": "KE"}


RELATIONS: dict[str, Callable[[Session, Case], None]] = {
    "requester": requester,
    "beneficiary": beneficiary,
    "delegate": delegate,
    "same group": same_group,
    "delegate of the same group": delegate_of_group,
    "editor": editor,
    "lapsed": lapsed,
    "unknown identity": unknown_identity,
}
REFUSED = {"approval.own", "approval.lapsed", "permission.missing", "approval.handed_over"}


@pytest.mark.parametrize("relation", RELATIONS)
def test_approvals_of_ones_own_are_never_accepted(database: Database, relation: str) -> None:
    with database.writer() as session:
        case = Case(make_world(session, rules=RULES))
        RELATIONS[relation](session, case)
        whose = list(enumerate(case.people))
        own = [(at, person.id) for at, person in whose] if relation != "unknown identity" else []
        pairs = [(one[0], other[1].id) for one, other in permutations(whose, 2)] if relation != "requester" else []
        asked = {request.id: at for at, request in enumerate(case.requests)}
        waiting: dict[int, list[int]] = {}
        for approval in session.scalars(select(Approval).where(Approval.state == "pending")):
            waiting.setdefault(asked[approval.subject_id], []).append(approval.id)
        manager, administrator = case.world.manager, case.world.administrator
    attempts = [(one, key) for at, key in [*own, *pairs] for one in waiting[at]]
    assert len(attempts) == 2 * (len(own) + len(pairs)) >= 2 * PEOPLE

    def attempt(approval_id: int, account_id: int) -> str:
        try:
            with database.writer() as session:
                actor = load_actor(session, account_id, now=LATER)
                decide(session, actor, session.get_one(Approval, approval_id), now=LATER)
        except DomainError as error:
            return error.code
        return "accepted"

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda one: attempt(*one), attempts))
    assert results.count("accepted") == 0
    assert set(results) <= REFUSED
    # Somebody who has nothing to do with it can, so it was no other rule that refused the others.
    with database.writer() as session:
        first = session.get_one(Approval, waiting[0][0])
        actor = manager if first.role == "facility_manager" else administrator
        assert decide(session, actor, first, now=LATER).state == "approved"
    print(f"{relation}: {len(attempts)} attempts, accepted 0, {Counter(results)}")  # noqa: T201
