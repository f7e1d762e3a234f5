from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Organisation
from infra_access.core.errors import Forbidden, Invalid
from infra_access.people.actors import load_actor
from infra_access.people.affiliations import affiliate, affiliations_of, confirm_affiliation, end_affiliation
from infra_access.people.models import Account
from infra_access.people.trainings import add_training, trainings_of
from tests.factories.people import make_account, make_actor, make_training


@pytest.fixture
def organisation(session: Session, now: datetime) -> Organisation:
    organisation = Organisation(name="Startup", country="KE", created_at=now)
    session.add(organisation)
    session.flush()
    return organisation


def test_people_state_their_own_affiliation_unconfirmed(
    session: Session, now: datetime, organisation: Organisation
) -> None:
    account = make_account(session)
    actor = load_actor(session, account.id, now=now)
    affiliate(session, actor=actor, now=now, account=account, organisation=organisation)
    affiliate(session, actor=actor, now=now, account=account, organisation=organisation)
    items = affiliations_of(session, account.id, now=now)
    assert [(item.organisation_name, item.confirmed) for item in items] == [("Startup", False)]
    assert load_actor(session, account.id, now=now).organisation_ids == {organisation.id}


def test_only_the_organisation_confirms(session: Session, now: datetime, organisation: Organisation) -> None:
    account = make_account(session)
    actor = load_actor(session, account.id, now=now)
    with pytest.raises(Forbidden):
        affiliate(session, actor=actor, now=now, account=account, organisation=organisation, confirmed=True)
    chief = make_actor(session, ("organisation_admin", ("organisation", organisation.public_id)))
    confirm_affiliation(session, actor=chief, now=now, account=account, organisation=organisation)
    assert [item.confirmed for item in affiliations_of(session, account.id, now=now)] == [True]


def test_nobody_states_another_persons_affiliation(session: Session, now: datetime, organisation: Organisation) -> None:
    with pytest.raises(Forbidden):
        affiliate(session, actor=make_actor(session), now=now, account=make_account(session), organisation=organisation)


def test_an_ended_affiliation_comes_back_unconfirmed(
    session: Session, now: datetime, organisation: Organisation
) -> None:
    chief = make_actor(session, ("organisation_admin", ("organisation", organisation.public_id)))
    account = make_account(session)
    confirm_affiliation(session, actor=chief, now=now, account=account, organisation=organisation)
    later = now + timedelta(days=1)
    end_affiliation(session, actor=chief, now=later, account=account, organisation=organisation)
    assert list(affiliations_of(session, account.id, now=later)) == []
    assert load_actor(session, account.id, now=later).organisation_ids == frozenset()
    actor = load_actor(session, account.id, now=later)
    affiliate(session, actor=actor, now=later, account=account, organisation=organisation)
    assert [item.confirmed for item in affiliations_of(session, account.id, now=later)] == [False]


def test_a_training_counts_until_it_expires(session: Session, now: datetime) -> None:
    account = make_account(session)
    make_training(session, account=account)
    assert [one.code for one in trainings_of(session, account.id, on=now.date())] == ["radiation-safety"]
    assert list(trainings_of(session, account.id, on=date(2027, 2, 2))) == []


def test_nobody_records_their_own_training_nor_without_the_right(session: Session, now: datetime) -> None:
    chief = make_actor(session, ("facility_manager", ("network", "")))
    own = session.get_one(Account, chief.account_id)
    for actor, account in [(chief, own), (make_actor(session), make_account(session))]:
        with pytest.raises(Forbidden):
            make_training(session, actor=actor, account=account)


def test_a_training_has_plausible_days(session: Session, now: datetime) -> None:
    account = make_account(session)
    chief = make_actor(session, ("facility_manager", ("network", "")))
    for completed, expires in [(date(2026, 3, 3), None), (date(2026, 3, 1), date(2026, 3, 1))]:
        with pytest.raises(Invalid):
            add_training(
                session,
                actor=chief,
                now=now,
                account=account,
                code="a",
                issuer="b",
                completed_on=completed,
                expires_on=expires,
            )
