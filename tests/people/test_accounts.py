from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from infra_access.outbox.models import OutboxEvent
from infra_access.people.accounts import (
    account_by_email,
    create_account,
    disable_account,
    sign_up,
    update_account,
)
from infra_access.people.actors import load_actor
from infra_access.people.logins import identify_session
from infra_access.people.models import Account
from infra_access.people.tokens import identify_token
from tests.factories.people import (
    SYSTEM,
    make_account,
    make_actor,
    make_admin,
    make_login,
    make_token,
    password_hash,
)


def _sign_up(session: Session, now: datetime, **overrides: str) -> Account | None:
    values = {"email": "Wanjiku@Example.org", "name": " Wanjiku ", "country_of_work": "ke"}
    return sign_up(session, now=now, password_hash=password_hash(), **(values | overrides))


def _kinds(session: Session) -> list[str]:
    return list(session.scalars(select(OutboxEvent.kind).order_by(OutboxEvent.id)))


def test_a_sign_up_makes_an_account_tells_its_owner_and_leaves_one_trace(session: Session, now: datetime) -> None:
    account = _sign_up(session, now)
    assert account is not None
    assert (account.email, account.name, account.country_of_work) == ("wanjiku@example.org", "Wanjiku", "KE")
    assert account.password_hash is not None
    assert _kinds(session) == ["account.signed_up"]
    assert list(session.scalars(select(AuditEvent.action))) == ["account.sign_up"]


def test_a_taken_address_makes_nothing_and_its_owner_is_told(session: Session, now: datetime) -> None:
    owner = _sign_up(session, now)
    assert owner is not None
    assert _sign_up(session, now, email="WANJIKU@example.org", name="Somebody else") is None
    assert session.scalar(select(func.count()).select_from(Account)) == 1
    assert owner.name == "Wanjiku"
    assert _kinds(session) == ["account.signed_up", "account.sign_up_repeated"]
    assert session.scalar(select(func.count()).select_from(AuditEvent)) == 2


def test_a_sign_up_names_every_wrong_field(session: Session, now: datetime) -> None:
    with pytest.raises(Invalid) as caught:
        _sign_up(session, now, name="  ", country_of_work="XX", locale="../etc", timezone="Mars/Base")
    assert set(caught.value.fields) == {"name", "country_of_work", "locale", "timezone"}


def test_staff_learn_that_an_account_exists(session: Session, now: datetime) -> None:
    create_account(session, actor=SYSTEM, now=now, email="a@example.org", name="A")
    with pytest.raises(Conflict):
        create_account(session, actor=SYSTEM, now=now, email="A@example.org", name="B")


def test_only_an_administrator_makes_accounts_for_others(session: Session, now: datetime) -> None:
    with pytest.raises(Forbidden):
        create_account(session, actor=make_actor(session), now=now, email="a@example.org", name="A")


def test_an_account_without_a_password_waits_for_its_link(session: Session, now: datetime) -> None:
    account = create_account(session, actor=SYSTEM, now=now, email="a@example.org", name="A")
    assert account.state == "invited"
    with pytest.raises(NotFound):
        load_actor(session, account.id, now=now)


def test_people_change_their_own_particulars(session: Session, now: datetime) -> None:
    account = make_account(session)
    changes = {
        "name": "Ms W",
        "phone": "+254 20 1234567",
        "orcid": "0000-0002-1825-0097",
        "country_of_work": "DE",
        "locale": "ja",
        "timezone": "Africa/Nairobi",
    }
    update_account(session, actor=load_actor(session, account.id, now=now), now=now, account=account, changes=changes)
    assert account.orcid == "https://orcid.org/0000-0002-1825-0097"
    assert (account.phone, account.locale, account.timezone) == ("+254 20 1234567", "ja", "Africa/Nairobi")
    update_account(
        session, actor=load_actor(session, account.id, now=now), now=now, account=account, changes={"phone": ""}
    )
    assert account.phone is None


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "other@example.org"},
        {"state": "active"},
        {"password_hash": "x"},
        {"name": ""},
        {"name": None},
        {"phone": "call me"},
        {"phone": "+254\r\nBcc: x"},
        {"orcid": "0000-0002-1825-0098"},
        {"locale": "english"},
        {"timezone": 5},
        {"country_of_work": "ZZ"},
    ],
)
def test_nothing_else_can_be_changed(session: Session, now: datetime, changes: dict[str, object]) -> None:
    account = make_account(session)
    with pytest.raises(Invalid) as caught:
        update_account(
            session, actor=load_actor(session, account.id, now=now), now=now, account=account, changes=changes
        )
    assert set(caught.value.fields) == set(changes)


def test_nobody_changes_another_account_not_even_an_administrator(session: Session, now: datetime) -> None:
    account = make_account(session)
    with pytest.raises(Forbidden):
        update_account(session, actor=make_admin(session), now=now, account=account, changes={"name": "Mine"})


def test_a_change_of_an_older_version_is_refused(session: Session, now: datetime) -> None:
    account = make_account(session)
    actor = load_actor(session, account.id, now=now)
    seen = account.version
    update_account(session, actor=actor, now=now, account=account, changes={"name": "New"}, expected_version=seen)
    with pytest.raises(PreconditionFailed):
        update_account(session, actor=actor, now=now, account=account, changes={"name": "Old"}, expected_version=seen)


def test_a_disabled_account_is_out_at_once(session: Session, now: datetime) -> None:
    account = make_account(session)
    login, token = make_login(session, account), make_token(session, account)
    assert identify_session(session, login, now) is not None
    assert identify_token(session, token, now) is not None
    disable_account(session, actor=make_admin(session), now=now, account=account, reason="left")
    assert identify_session(session, login, now) is None
    assert identify_token(session, token, now) is None
    with pytest.raises(NotFound):
        load_actor(session, account.id, now=now)


def test_the_state_alone_shuts_an_account_out(session: Session, now: datetime) -> None:
    account = make_account(session)
    login, token = make_login(session, account), make_token(session, account)
    account.state = "disabled"
    session.flush()
    assert identify_session(session, login, now) is None
    assert identify_token(session, token, now) is None


def test_nobody_disables_their_own_account(session: Session, now: datetime) -> None:
    admin = make_admin(session)
    account = session.get_one(Account, admin.account_id)
    with pytest.raises(Conflict):
        disable_account(session, actor=admin, now=now, account=account)


def test_an_unknown_address_is_said_to_be_unknown_to_staff(session: Session) -> None:
    with pytest.raises(NotFound):
        account_by_email(session, "nobody@example.org")
