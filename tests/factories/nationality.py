"""Teams that a rule of a facility asks for their nationality, for tests."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.nationality import declare
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.core.authority import Actor
from infra_access.core.sealing import Sealer
from infra_access.people.models import Account
from tests.factories.access_requests import NOW, OPEN_TO_ALL, World, make_submitted, make_world, pending
from tests.factories.people import make_account, make_actor
from tests.factories.policy import make_policy, raw_rule

SEALER = Sealer((), "a secret of the tests that nothing rests on")
ASKING = raw_rule(
    "visitors",
    {"type": "approve", "role": "safety_officer", "scope": "facility", "asks": ["nationality"]},
    message={"en": "The law of the site asks who enters it."},
)


@dataclass(frozen=True, slots=True)
class AskedTeam:
    """A request of two with an account and one without, and the officer who decides on it."""

    world: World
    request: AccessRequest
    approval: Approval
    officer: Actor
    member: Actor
    member_account: Account


def make_asked(session: Session, **overrides: Any) -> AskedTeam:
    """Return a request whose approval asks the team."""
    world = make_world(session, rules=(OPEN_TO_ALL,))
    scope = ("facility", world.facility.public_id)
    make_policy(session, ASKING, scope=scope)
    officer = make_actor(session, ("safety_officer", scope))
    account = make_account(session, name="Amina Member")
    team = [
        {"email": one, "name": name, "role": "member", "country_of_work": "KE"}
        for one, name in ((account.email, "Amina Member"), ("baraka@startup.example", "Baraka Without"))
    ]
    request = make_submitted(session, world, **{"participants": team} | overrides)
    approval = pending(session, request)["safety_officer"]
    return AskedTeam(world, request, approval, officer, make_actor(session, account=account), account)


def say(session: Session, asked: AskedTeam, actor: Actor, *nationalities: str, **overrides: Any) -> None:
    """Let somebody say their nationality."""
    values = {"now": NOW, "approval": asked.approval, "sealer": SEALER} | overrides
    declare(session, actor=actor, nationalities=nationalities, **values)
