"""An assurance is noted by staff of somebody verified, never by oneself, and counts until it ends or is withdrawn."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra_access.audit.models import AuditEvent
from infra_access.core.authority import NETWORK
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.people.actors import load_actor
from infra_access.people.assurances import (
    assurance_by_public_id,
    assurances_of,
    assurances_to_withdraw,
    withdraw_assurance,
)
from infra_access.people.delegations import hand_over
from infra_access.people.models import Account, Assurance
from infra_access.people.roles import grants_of
from infra_access.policy.applicants import facts_of
from infra_access.policy.rulebook import rulebook
from tests.factories.catalogue import make_facility, make_organisation
from tests.factories.people import NOW, SYSTEM, make_account, make_actor, make_assurance, make_newcomer

DAY = timedelta(days=1)


def met(session: Session, account: Account, at: Any = NOW) -> Any:
    """Return what the rules take for met of somebody."""
    actor = load_actor(session, account.id, now=at)
    return facts_of(session, actor, acting_for_id=None, now=at, book=rulebook(session)).value("satisfied", at)


def test_it_counts_from_when_it_is_noted_until_it_ends(session: Session) -> None:
    account, other = make_account(session), make_account(session)
    facility = make_facility(session)
    here = ("facility", facility.public_id)
    officer = make_actor(session, ("user_officer", here))
    make_assurance(session, account, actor=officer, scope=here, valid_until=NOW + DAY)
    assert [one.code for one in assurances_of(session, account.id, at=NOW)] == ["identity-high"]
    assert met(session, account) == {"assurance:identity-high"}
    assert met(session, other) == met(session, account, NOW + DAY) == met(session, account, NOW - DAY) == frozenset()
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "assurance.noted")).one()
    assert (event.object_id, event.details["code"]) == (account.public_id, "identity-high")


def test_it_counts_no_more_once_it_is_withdrawn(session: Session) -> None:
    account = make_account(session)
    colleague = make_actor(session, ("access_administrator", NETWORK))
    make_assurance(session, account)
    (one,) = assurances_to_withdraw(session, account.email, actor=colleague, now=NOW)
    with pytest.raises(Invalid):
        withdraw_assurance(session, actor=colleague, now=NOW, assurance=one, reason=" ")
    withdraw_assurance(session, actor=colleague, now=NOW + DAY, assurance=one, reason="The passport was forged.")
    assert met(session, account) == {"assurance:identity-high"}
    assert met(session, account, NOW + DAY) == frozenset()
    with pytest.raises(Conflict):
        withdraw_assurance(session, actor=colleague, now=NOW + DAY, assurance=one, reason="Again.")


def test_nobody_vouches_for_themselves_nor_through_whoever_stands_in(session: Session) -> None:
    account = make_account(session)
    officer = make_actor(session, ("export_control_officer", NETWORK), account=account)
    stand_in = make_account(session)
    with pytest.raises(Forbidden):
        make_assurance(session, account, actor=officer)
    one = make_assurance(session, account)
    (grant,) = grants_of(session, account.id, now=NOW)
    hand_over(session, actor=officer, now=NOW, grant=grant, to=stand_in, until=NOW + DAY)
    deputy = load_actor(session, stand_in.id, now=NOW)
    with pytest.raises(Forbidden):
        make_assurance(session, account, actor=deputy)
    for actor in (officer, deputy):
        with pytest.raises(Forbidden):
            withdraw_assurance(session, actor=actor, now=NOW, assurance=one, reason="I have another.")
    one.noted_by_id = account.id
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_it_takes_the_right_and_a_verified_organisation(session: Session) -> None:
    account = make_account(session)
    own = make_organisation(session, trust="self-declared")
    other = make_facility(session)
    there = ("organisation", own.public_id)
    for role, scope in [
        ("facility_manager", there),
        ("organisation_admin", NETWORK),
        ("user_officer", ("country", "JP")),
    ]:
        with pytest.raises(Forbidden):
            make_assurance(session, account, actor=make_actor(session, (role, scope)), scope=there)
    one = make_assurance(session, account)
    manager = make_actor(session, ("facility_manager", ("facility", other.public_id)))
    assert assurances_to_withdraw(session, account.email, actor=manager, now=NOW) == []
    for actor, public_id in [(manager, one.public_id), (SYSTEM, "0" * 16)]:
        with pytest.raises(NotFound):
            assurance_by_public_id(session, public_id, actor=actor)
    with pytest.raises(Forbidden):
        withdraw_assurance(session, actor=manager, now=NOW, assurance=one, reason="Not ours.")


def test_it_is_of_a_known_person_and_names_what_is_wrong(session: Session) -> None:
    account = make_account(session)
    with pytest.raises(Conflict) as refusal:
        make_assurance(session, make_newcomer(session))
    assert refusal.value.code == "assurance.unconfirmed"
    with pytest.raises(NotFound):
        make_assurance(session, account, person="nobody@example.org")
    for wrong in ({"code": ""}, {"source": " "}, {"valid_until": NOW}, {"scope": ("facility", "0" * 16)}):
        with pytest.raises(Invalid) as fault:
            make_assurance(session, account, **wrong)
        assert fault.value.fields.keys() == wrong.keys()
    assert session.scalars(select(Assurance)).all() == []
