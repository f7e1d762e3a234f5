"""A role handed over is the stand-in's for its time, not its holder's, and comes back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.deciders import approval_to_decide
from infra_access.access_requests.approvals.verdicts import inbox
from infra_access.core.authority import NETWORK
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.outbox.models import OutboxEvent
from infra_access.people.accounts import disable_account
from infra_access.people.actors import load_actor
from infra_access.people.delegations import delegations_of, hand_over, own_grant, take_back
from infra_access.people.models import Account, RoleGrant
from infra_access.people.roles import grant_role, grants_of, holders, revoke_role
from tests.factories.access_requests import decide, make_submitted, make_world, pending
from tests.factories.catalogue import make_organisation
from tests.factories.people import NOW, SYSTEM, make_account, make_actor, make_grant

WEEK = timedelta(days=7)


def given(session: Session, account: Account, **more: Any) -> RoleGrant:
    """Hand the only role of an account over to somebody for a week."""
    (grant,) = grants_of(session, account.id, now=NOW)
    values = {
        "actor": load_actor(session, account.id, now=NOW),
        "now": NOW,
        "grant": grant,
        "to": make_account(session),
        "until": NOW + WEEK,
    }
    return hand_over(session, **values | more)


@pytest.fixture
def holder(session: Session) -> Account:
    """Return somebody who holds one role."""
    account = make_account(session)
    make_grant(session, account=account, role="auditor")
    return account


def roles_at(session: Session, account_id: int, at: Any) -> set[str]:
    return {grant.role for grant in load_actor(session, account_id, now=at).grants}


def test_the_stand_in_holds_it_meanwhile_and_nobody_else(session: Session, holder: Account) -> None:
    since = NOW + timedelta(days=1)
    row = given(session, holder, since=since)
    for at, expected in ((NOW, holder.id), (since, row.account_id), (NOW + WEEK, holder.id)):
        assert holders(session, "auditor", (NETWORK,), at) == [expected]
        assert roles_at(session, expected, at) == {"auditor"}
        (other,) = {holder.id, row.account_id} - {expected}
        assert roles_at(session, other, at) == set()
    (grant,) = load_actor(session, row.account_id, now=since).grants
    assert grant.by == holder.id
    assert [one.to_name for one in delegations_of(session, actor=load_actor(session, holder.id, now=NOW), now=NOW)]
    assert [event.kind for event in session.query(OutboxEvent)] == ["role.handed_over"]


def test_taken_back_it_is_the_holders_at_once(session: Session, holder: Account) -> None:
    row = given(session, holder)
    actor = load_actor(session, holder.id, now=NOW)
    (grant,) = grants_of(session, holder.id, now=NOW)
    assert own_grant(session, grant.public_id, actor=actor, now=NOW).id == grant.id
    take_back(session, actor=actor, now=NOW, grant=grant)
    assert holders(session, "auditor", (NETWORK,), NOW) == [holder.id]
    assert roles_at(session, row.account_id, NOW) == set()


def test_with_the_role_goes_what_was_handed_over(session: Session, holder: Account) -> None:
    row = given(session, holder)
    (grant,) = grants_of(session, holder.id, now=NOW)
    revoke_role(session, actor=SYSTEM, now=NOW, grant=grant)
    assert holders(session, "auditor", (NETWORK,), NOW) == []
    assert roles_at(session, row.account_id, NOW) == set()


def test_a_stand_in_does_not_hand_it_on(session: Session, holder: Account) -> None:
    row = given(session, holder)
    taker = load_actor(session, row.account_id, now=NOW)
    with pytest.raises(Conflict) as refusal:
        given(session, session.get_one(Account, row.account_id), actor=taker, grant=row)
    assert refusal.value.code == "delegation.kept"
    with pytest.raises(Conflict) as twice:
        given(session, holder)
    assert twice.value.code == "delegation.exists"


@pytest.mark.parametrize("until", [NOW, NOW + timedelta(days=400)])
def test_it_has_an_end_within_a_year(session: Session, holder: Account, until: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        given(session, holder, until=until)
    assert list(refusal.value.fields) == ["until"]


def test_it_goes_to_another_active_person_and_is_ones_own(session: Session, holder: Account) -> None:
    with pytest.raises(Invalid):
        given(session, holder, to=holder)
    with pytest.raises(Invalid):
        given(session, holder, to=make_account(session, password_hash=None))
    with pytest.raises(NotFound):
        given(session, holder, actor=make_actor(session))
    admin = make_actor(session, ("platform_admin", NETWORK))
    with pytest.raises(Conflict):
        given(session, session.get_one(Account, admin.account_id))
    make_grant(session, account=holder, role="reviewer", valid_until=NOW + timedelta(days=2))
    reviewer = grants_of(session, holder.id, now=NOW)[1]
    other = make_account(session)
    given_of = {"actor": load_actor(session, holder.id, now=NOW), "now": NOW, "grant": reviewer}
    with pytest.raises(Invalid, match="ends before"):
        hand_over(session, to=other, until=NOW + WEEK, **given_of)


def test_the_database_refuses_to_hand_over_to_oneself(session: Session, holder: Account) -> None:
    row = given(session, holder)
    row.account_id = holder.id
    with pytest.raises(IntegrityError, match="delegated_to_another"):
        session.flush()


def test_an_approval_is_the_stand_ins_and_the_holder_is_told_so(session: Session) -> None:
    world = make_world(session)
    approval = pending(session, make_submitted(session, world))["facility_manager"]
    row = given(session, session.get_one(Account, world.manager.account_id))
    taker = load_actor(session, row.account_id, now=NOW)
    away = load_actor(session, world.manager.account_id, now=NOW)
    assert [one.approval.id for one in inbox(session, actor=taker, now=NOW).items] == [approval.id]
    assert inbox(session, actor=away, now=NOW).items == ()
    for attempt in (
        lambda: decide(session, away, approval, now=NOW),
        lambda: approval_to_decide(session, approval.public_id, actor=away, now=NOW),
    ):
        with pytest.raises(Forbidden, match=taker.name) as refusal:
            attempt()
        assert refusal.value.code == "approval.handed_over"
    assert decide(session, taker, approval, now=NOW).decided_by_id == taker.account_id


def test_whoever_had_the_role_is_told_when_it_ended(session: Session) -> None:
    world = make_world(session)
    approval = pending(session, make_submitted(session, world))["facility_manager"]
    former = make_actor(session, ("facility_manager", ("facility", world.facility.public_id)))
    (grant,) = grants_of(session, former.account_id, now=NOW)
    revoke_role(session, actor=SYSTEM, now=NOW, grant=grant)
    former = load_actor(session, former.account_id, now=NOW)
    with pytest.raises(Forbidden, match="ended on 2 Mar 2026") as refusal:
        approval_to_decide(session, approval.public_id, actor=former, now=NOW)
    assert refusal.value.code == "approval.lapsed"


def test_a_stand_in_gives_no_roles(session: Session) -> None:
    house = make_organisation(session)
    account = make_account(session)
    scope = {"scope_kind": "organisation", "scope_key": house.public_id}
    make_grant(session, account=account, role="organisation_admin", **scope)
    row = given(session, account)
    taker = load_actor(session, row.account_id, now=NOW)
    own = session.get_one(Account, row.account_id)
    with pytest.raises(Forbidden) as refusal:
        grant_role(session, actor=taker, now=NOW, account=own, role="organisation_admin", **scope)
    assert refusal.value.code == "role.not_held"


def test_with_an_account_ends_what_it_handed_over(session: Session, holder: Account) -> None:
    row = given(session, holder)
    disable_account(session, actor=SYSTEM, now=NOW, account=holder)
    assert roles_at(session, row.account_id, NOW) == set()
