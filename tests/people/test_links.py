from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.core.errors import Conflict, Forbidden, Gone
from infra_access.outbox.models import OutboxEvent
from infra_access.people.accounts import disable_account
from infra_access.people.links import (
    account_of_link,
    ask_for_link,
    ask_to_confirm,
    confirm_address,
    make_link,
    use_link,
)
from infra_access.people.logins import identify_session
from infra_access.people.tokens import identify_token
from tests.factories.people import SYSTEM, make_account, make_actor, make_login, make_newcomer, make_token


def test_a_link_sets_a_first_password_once(session: Session, now: datetime) -> None:
    account = make_account(session, password_hash=None)
    token = make_link(session, account, now=now)
    assert account_of_link(session, token, now=now) is account
    use_link(session, now=now, token=token, password_hash="hash")
    assert (account.state, account.password_hash) == ("active", "hash")
    with pytest.raises(Gone):
        use_link(session, now=now, token=token, password_hash="other")


def test_a_link_expires(session: Session, now: datetime) -> None:
    token = make_link(session, make_account(session), now=now)
    with pytest.raises(Gone):
        use_link(session, now=now + timedelta(days=3), token=token, password_hash="hash")


def test_using_a_link_ends_other_links_and_sessions_but_no_tokens(session: Session, now: datetime) -> None:
    account = make_account(session)
    login, program = make_login(session, account), make_token(session, account)
    first, second = make_link(session, account, now=now), make_link(session, account, now=now)
    use_link(session, now=now, token=first, password_hash="hash")
    assert identify_session(session, login, now) is None
    assert identify_token(session, program, now) is not None
    with pytest.raises(Gone):
        use_link(session, now=now, token=second, password_hash="hash")


def test_a_link_of_a_disabled_account_opens_nothing(session: Session, now: datetime) -> None:
    account = make_account(session)
    token = make_link(session, account, now=now)
    disable_account(session, actor=SYSTEM, now=now, account=account)
    with pytest.raises(Gone):
        use_link(session, now=now, token=token, password_hash="hash")
    ask_for_link(session, now=now, email=account.email)
    assert session.scalars(select(OutboxEvent)).all() == []


@pytest.mark.parametrize("email", ["nobody@example.org", "no address"])
def test_asking_for_a_link_of_an_unknown_address_tells_nothing(session: Session, now: datetime, email: str) -> None:
    ask_for_link(session, now=now, email=email)
    assert session.scalars(select(OutboxEvent)).all() == []


def test_the_outbox_never_holds_a_working_link(session: Session, now: datetime) -> None:
    account = make_account(session)
    ask_for_link(session, now=now, email=account.email.upper())
    event = session.scalars(select(OutboxEvent)).one()
    assert event.payload == {"account": account.public_id}


def test_whoever_signs_up_confirms_the_address_by_the_link_that_its_mailbox_got(
    session: Session, now: datetime
) -> None:
    account = make_newcomer(session)
    assert account.email_confirmed_at is None
    actor, token = make_actor(session, account=account), make_link(session, account, now=now)
    assert confirm_address(session, actor=actor, now=now, token=token).email_confirmed_at == now
    with pytest.raises(Gone):
        confirm_address(session, actor=actor, now=now, token=token)


def test_the_owner_of_a_mailbox_does_not_confirm_an_account_that_a_stranger_made(
    session: Session, now: datetime
) -> None:
    account = make_newcomer(session)
    with pytest.raises(Forbidden):
        confirm_address(session, actor=make_actor(session), now=now, token=make_link(session, account, now=now))
    assert account.email_confirmed_at is None


def test_setting_a_password_by_the_link_confirms_the_address(session: Session, now: datetime) -> None:
    account = make_newcomer(session)
    use_link(session, now=now, token=make_link(session, account, now=now), password_hash="hash")
    assert account.email_confirmed_at == now


def test_the_mail_to_confirm_is_sent_again_after_a_pause_and_never_once_confirmed(
    session: Session, now: datetime
) -> None:
    account = make_newcomer(session)
    actor = make_actor(session, account=account)
    ask_to_confirm(session, actor=actor, now=now)
    make_link(session, account, now=now)
    with pytest.raises(Conflict, match="few minutes ago"):
        ask_to_confirm(session, actor=actor, now=now + timedelta(minutes=9))
    ask_to_confirm(session, actor=actor, now=now + timedelta(minutes=10))
    confirm_address(session, actor=actor, now=now, token=make_link(session, account, now=now))
    with pytest.raises(Conflict, match="confirmed already"):
        ask_to_confirm(session, actor=actor, now=now + timedelta(days=1))
