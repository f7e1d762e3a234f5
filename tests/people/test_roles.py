from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Organisation
from infra_access.core.authority import NETWORK
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.people.accounts import disable_account
from infra_access.people.actors import load_actor
from infra_access.people.models import Account
from infra_access.people.roles import grant_role, grants_of, holders, revoke_role, scope_named
from tests.factories.people import SYSTEM, make_account, make_actor, make_admin, make_grant


@pytest.fixture
def facility(session: Session, now: datetime) -> Facility:
    organisation = Organisation(name="Institute", country="DE", created_at=now)
    session.add(organisation)
    session.flush()
    facility = Facility(
        organisation_id=organisation.id, name="Beamline", country="DE", timezone="Europe/Berlin", created_at=now
    )
    session.add(facility)
    session.flush()
    return facility


def test_a_grant_gives_the_role_in_its_scope_and_from_then_on(
    session: Session, now: datetime, facility: Facility
) -> None:
    actor = make_actor(session, ("facility_manager", ("facility", facility.public_id)))
    assert actor.holds("facility_manager", (("facility", facility.public_id), NETWORK))
    assert not actor.holds("facility_manager", (("facility", "another"), NETWORK))


def test_a_revoked_or_ended_grant_gives_nothing(session: Session, now: datetime) -> None:
    account = make_account(session)
    grant = make_grant(session, account=account, role="auditor")
    make_grant(session, account=account, role="finance", valid_until=now + timedelta(days=1))
    assert len(load_actor(session, account.id, now=now).grants) == 2
    assert len(load_actor(session, account.id, now=now + timedelta(days=1)).grants) == 1
    revoke_role(session, actor=SYSTEM, now=now, grant=grant)
    assert [grant.role for grant in load_actor(session, account.id, now=now).grants] == ["finance"]
    assert [grant.role for grant in grants_of(session, account.id, now=now)] == ["finance"]


def test_the_same_grant_twice_is_refused(session: Session, now: datetime) -> None:
    account = make_account(session)
    make_grant(session, account=account)
    with pytest.raises(Conflict):
        make_grant(session, account=account)


@pytest.mark.parametrize(
    ("role", "kind", "key"),
    [
        ("emperor", "network", ""),
        ("auditor", "planet", ""),
        ("auditor", "network", "x"),
        ("auditor", "facility", "nothing"),
        ("auditor", "facility", ""),
        ("auditor", "country", "ZZ"),
        ("platform_admin", "country", "DE"),
    ],
)
def test_it_refuses_an_unknown_role_or_scope(session: Session, now: datetime, role: str, kind: str, key: str) -> None:
    account = make_account(session)
    with pytest.raises(Invalid):
        grant_role(session, actor=SYSTEM, now=now, account=account, role=role, scope_kind=kind, scope_key=key)


def test_nobody_gives_what_they_do_not_hold(session: Session, now: datetime, facility: Facility) -> None:
    organisation = session.get_one(Organisation, facility.organisation_id)
    chief = make_actor(session, ("organisation_admin", ("organisation", organisation.public_id)))
    account = make_account(session)

    def give(role: str, kind: str, key: str) -> None:
        grant_role(session, actor=chief, now=now, account=account, role=role, scope_kind=kind, scope_key=key)

    give("organisation_admin", "organisation", organisation.public_id)
    for role, kind, key in [
        ("platform_admin", "network", ""),
        ("organisation_admin", "network", ""),
        ("organisation_admin", "country", "DE"),
        ("export_control_officer", "facility", facility.public_id),
    ]:
        with pytest.raises(Forbidden):
            give(role, kind, key)


def test_whoever_has_no_right_to_give_roles_gives_none(session: Session, now: datetime, facility: Facility) -> None:
    manager = make_actor(session, ("facility_manager", ("facility", facility.public_id)))
    account = make_account(session)
    grant = make_grant(session, account=account)
    with pytest.raises(Forbidden):
        grant_role(
            session,
            actor=manager,
            now=now,
            account=account,
            role="facility_manager",
            scope_kind="facility",
            scope_key=facility.public_id,
        )
    with pytest.raises(Forbidden):
        revoke_role(session, actor=manager, now=now, grant=grant)


def test_an_administrator_of_the_platform_gives_any_role(session: Session, now: datetime, facility: Facility) -> None:
    account = make_account(session)
    grant = grant_role(
        session,
        actor=make_admin(session),
        now=now,
        account=account,
        role="safety_officer",
        scope_kind="facility",
        scope_key=facility.public_id,
    )
    assert grant.given_by.startswith("Person")


def test_holders_are_the_active_people_of_the_scope_and_of_the_network(
    session: Session, now: datetime, facility: Facility
) -> None:
    here, everywhere, elsewhere, gone = (make_account(session) for _person in range(4))
    make_grant(session, account=here, role="user_officer", scope_kind="facility", scope_key=facility.public_id)
    make_grant(session, account=everywhere, role="user_officer")
    make_grant(session, account=elsewhere, role="user_officer", scope_kind="country", scope_key="JP")
    make_grant(session, account=gone, role="user_officer")
    disable_account(session, actor=SYSTEM, now=now, account=gone)
    scopes = (("facility", facility.public_id), ("country", "DE"), NETWORK)
    assert holders(session, "user_officer", scopes, now) == [here.id, everywhere.id]


def test_a_scope_can_be_named_by_its_id_alone(session: Session, facility: Facility) -> None:
    assert scope_named(session, "network") == ("network", "")
    assert scope_named(session, "country:KE") == ("country", "KE")
    assert scope_named(session, facility.public_id) == ("facility", facility.public_id)
    with pytest.raises(NotFound):
        scope_named(session, "nothing")


def test_who_gave_a_role_stays_known(session: Session, now: datetime) -> None:
    admin = make_admin(session)
    account = make_account(session)
    grant = make_grant(session, account=account, actor=admin)
    assert grant.given_by == session.get_one(Account, admin.account_id).name
