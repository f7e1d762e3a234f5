from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.core.errors import Conflict, Forbidden, Invalid, NotAuthenticated, NotFound
from infra_access.people.models import ApiToken
from infra_access.people.tokens import (
    MOST_TOKENS,
    create_token,
    identify_token,
    revoke_token,
    token_by_public_id,
    tokens_of,
)
from tests.factories.people import SYSTEM, make_account, make_actor, make_admin


def test_a_token_is_shown_once_and_kept_as_a_hash(session: Session, now: datetime) -> None:
    actor = make_actor(session)
    token, secret = create_token(session, actor=actor, now=now, name="laptop", scope="read", expires_in_days=30)
    assert secret.startswith("ia_")
    assert len(secret) == 46
    row = session.execute(select(*ApiToken.__table__.columns)).one()
    assert secret not in map(str, row)
    assert secret.startswith(token.hint)
    found = identify_token(session, secret, now + timedelta(days=30, seconds=-1))
    assert found is not None
    assert (found.account_id, found.token_scope) == (actor.account_id, "read")


@pytest.mark.parametrize("secret", ["", "ia_", "ia_unknown", "\ud800", "ia_" + "é" * 43])
def test_an_unknown_token_is_nobody(session: Session, now: datetime, secret: str) -> None:
    assert identify_token(session, secret, now) is None


def test_an_expired_or_revoked_token_is_nobody(session: Session, now: datetime) -> None:
    actor = make_actor(session)
    token, secret = create_token(session, actor=actor, now=now, name="a", scope="write", expires_in_days=1)
    assert identify_token(session, secret, now + timedelta(days=1)) is None
    assert [one.id for one in tokens_of(session, actor, now=now)] == [token.id]
    revoke_token(session, actor=actor, now=now, token=token)
    assert identify_token(session, secret, now) is None
    assert list(tokens_of(session, actor, now=now)) == []
    with pytest.raises(NotFound):
        token_by_public_id(session, token.public_id, actor=actor)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("name", "x" * 101), ("scope", "admin"), ("expires_in_days", 0), ("expires_in_days", 366)],
)
def test_it_refuses_a_token_without_name_scope_or_end(session: Session, now: datetime, field: str, value: Any) -> None:
    values: dict[str, Any] = {"name": "a", "scope": "read", "expires_in_days": 1} | {field: value}
    with pytest.raises(Invalid) as caught:
        create_token(session, actor=make_actor(session), now=now, **values)
    assert field in caught.value.fields


def test_nobody_has_a_token_of_another(session: Session, now: datetime) -> None:
    owner, other = make_actor(session), make_admin(session)
    token, _secret = create_token(session, actor=owner, now=now, name="a", scope="read")
    with pytest.raises(NotFound):
        revoke_token(session, actor=other, now=now, token=token)
    with pytest.raises(NotFound):
        token_by_public_id(session, token.public_id, actor=other)
    with pytest.raises(Forbidden):
        create_token(session, actor=other, now=now, name="a", scope="read", account=make_account(session))


def test_the_command_line_makes_a_token_for_anyone_but_not_for_itself(session: Session, now: datetime) -> None:
    account = make_account(session)
    _token, secret = create_token(session, actor=SYSTEM, now=now, name="a", scope="read", account=account)
    found = identify_token(session, secret, now)
    assert found is not None
    assert found.account_id == account.id
    with pytest.raises((Forbidden, NotAuthenticated)):
        create_token(session, actor=SYSTEM, now=now, name="a", scope="read")


def test_the_number_of_live_tokens_is_bounded(session: Session, now: datetime) -> None:
    actor = make_actor(session)
    for _number in range(MOST_TOKENS):
        create_token(session, actor=actor, now=now, name="a", scope="read")
    with pytest.raises(Conflict):
        create_token(session, actor=actor, now=now, name="a", scope="read")
