from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from infra_access.audit.models import AuditEvent
from infra_access.core.db import Database
from infra_access.core.errors import DomainError, NotAuthenticated, TooMany
from infra_access.people import logins
from infra_access.people.login_limits import PER_ADDRESS, PER_SOURCE, WINDOW, count_attempt, forget_old_attempts
from infra_access.people.logins import identify_session, log_out, sign_in
from infra_access.people.models import Account, LoginAttempt, LoginSession
from tests.factories.people import PASSWORD, make_account, make_actor, make_login


@pytest.fixture
def account(database: Database) -> Account:
    with database.writer() as session:
        return make_account(session, email="wanjiku@example.org")


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits do not depend on the hash, which would take most of these tests' time."""
    monkeypatch.setattr(logins, "verify_password", lambda stored, given: stored is not None and given == PASSWORD)


def _try(database: Database, now: datetime, **overrides: Any) -> DomainError | None:
    values: dict[str, Any] = {"email": "wanjiku@example.org", "password": "wrong", "source": "192.0.2.1"}
    try:
        sign_in(database, now=now, **(values | overrides))
    except DomainError as error:
        return error
    return None


def test_the_right_password_begins_a_session_of_twelve_hours(
    database: Database, now: datetime, account: Account
) -> None:
    login, token = sign_in(database, now=now, email=" Wanjiku@Example.ORG", password=PASSWORD, source="192.0.2.1")
    assert login.token_hash != token
    with database.reader() as session:
        assert (
            session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "session.begin"))
            == 1
        )
        actor = identify_session(session, token, now + timedelta(hours=11, minutes=59))
        assert actor is not None
        assert (actor.account_id, actor.token_scope) == (account.id, None)
        assert identify_session(session, token, now + timedelta(hours=12)) is None
        assert identify_session(session, token + "x", now) is None


def test_whatever_is_wrong_the_answer_is_the_same(database: Database, now: datetime, account: Account) -> None:
    with database.writer() as session:
        make_account(session, email="invited@example.org", password_hash=None)
        make_account(session, email="shut@example.org").state = "disabled"
    answers = [
        _try(database, now, email=email, password=password)
        for email, password in [
            ("wanjiku@example.org", "wrong"),
            ("nobody@example.org", PASSWORD),
            ("invited@example.org", PASSWORD),
            ("shut@example.org", PASSWORD),
            ("not an address\r\n", PASSWORD),
        ]
    ]
    assert {type(answer) for answer in answers} == {NotAuthenticated}
    assert len({(answer.code, str(answer), str(answer.details)) for answer in answers if answer}) == 1


@pytest.mark.usefixtures("cheap_hashes")
@pytest.mark.parametrize("email", ["wanjiku@example.org", "nobody@example.org"])
def test_the_eleventh_try_on_an_address_is_too_many_known_or_not(
    database: Database, now: datetime, account: Account, email: str
) -> None:
    for number in range(PER_ADDRESS):
        answer = _try(database, now + timedelta(seconds=number), email=email, source=f"192.0.2.{number}")
        assert isinstance(answer, NotAuthenticated)
    answer = _try(database, now + timedelta(seconds=60), email=email, source="192.0.2.99", password=PASSWORD)
    assert isinstance(answer, TooMany)
    assert answer.details["retry_after"] == WINDOW.total_seconds() - 60
    after = now + WINDOW
    assert isinstance(_try(database, after, email=email, source="192.0.2.99"), NotAuthenticated)


@pytest.mark.usefixtures("cheap_hashes")
def test_the_thirty_first_try_of_a_source_is_too_many(database: Database, now: datetime) -> None:
    for number in range(PER_SOURCE):
        assert isinstance(_try(database, now, email=f"person{number}@example.org"), NotAuthenticated)
    assert isinstance(_try(database, now, email="another@example.org"), TooMany)
    assert isinstance(_try(database, now, email="another@example.org", source="192.0.2.2"), NotAuthenticated)


@pytest.mark.usefixtures("cheap_hashes")
def test_a_log_in_that_fits_counts_for_nothing(database: Database, now: datetime, account: Account) -> None:
    for _number in range(PER_ADDRESS + 2):
        assert _try(database, now, password=PASSWORD) is None
    with database.reader() as session:
        assert session.scalar(select(func.count()).select_from(LoginAttempt)) == 0


def test_the_limit_is_exact_when_all_try_at_once(database: Database, now: datetime) -> None:
    def attempt(number: int) -> bool:
        try:
            with database.writer() as session:
                count_attempt(session, email="wanjiku@example.org", source=f"192.0.2.{number}", now=now)
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(32))) == PER_ADDRESS


def test_a_password_changed_during_the_check_no_longer_counts(
    database: Database, now: datetime, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_meanwhile(_stored: str | None, _given: str) -> bool:
        with database.writer() as session:
            session.get_one(Account, account.id).password_hash = "another"
        return True

    monkeypatch.setattr(logins, "verify_password", change_meanwhile)
    assert isinstance(_try(database, now), NotAuthenticated)


def test_logging_out_ends_the_session_for_good(session: Session, now: datetime) -> None:
    account = make_account(session)
    token, other = make_login(session, account), make_login(session, account)
    actor = identify_session(session, token, now)
    assert actor is not None
    log_out(session, actor=actor, now=now, token=token)
    assert identify_session(session, token, now) is None
    assert identify_session(session, other, now) is not None


def test_nobody_logs_another_out(session: Session, now: datetime) -> None:
    token = make_login(session, make_account(session))
    log_out(session, actor=make_actor(session), now=now, token=token)
    assert identify_session(session, token, now) is not None


def test_who_asks_is_known_after_one_statement(session: Session, now: datetime) -> None:
    token = make_login(session, make_account(session))
    statements: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(session.get_bind(), "before_cursor_execute", listen)
    try:
        assert identify_session(session, token, now) is not None
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", listen)
    assert len(statements) == 1


def test_old_attempts_are_forgotten(session: Session, now: datetime) -> None:
    count_attempt(session, email="a@example.org", source="x", now=now - WINDOW)
    count_attempt(session, email="b@example.org", source="x", now=now)
    assert forget_old_attempts(session, now=now) == 2
    assert session.scalar(select(func.count()).select_from(LoginAttempt)) == 2


def test_only_a_hash_of_the_cookie_is_kept(session: Session, now: datetime) -> None:
    token = make_login(session, make_account(session))
    assert len(token) == 43
    assert session.scalars(select(LoginSession.token_hash)).one() != token
