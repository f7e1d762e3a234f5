"""Who acts, read afresh for each request: the account, its live role grants and its affiliations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from infra_access.core.authority import Actor, Grant
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.people.models import Account, Affiliation, ApiToken, LoginSession, RoleGrant

Found = Select[*tuple[Any, ...]]


def _live(table: type[RoleGrant] | type[Affiliation]) -> ColumnElement[bool]:
    return and_(
        table.account_id == Account.id,
        table.valid_from <= bindparam("now"),
        or_(table.valid_until.is_(None), table.valid_until > bindparam("now")),
    )


def in_hand(now: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    """Return the condition that the holder of a grant has not handed it over at an instant."""
    return or_(RoleGrant.away_from.is_(None), RoleGrant.away_from > now, RoleGrant.away_until <= now)


def actor_statement(*conditions: ColumnElement[bool], by: type[LoginSession] | type[ApiToken] | None = None) -> Found:
    """Return the statement that `actor_from` reads, for a module to build once; `now` is among its parameters.

    It finds an active account, by the session or token that belongs to it where one is named.
    """
    token_scope = [ApiToken.scope.label("token_scope")] if by is ApiToken else []
    statement: Found = select(
        Account.id,
        Account.public_id,
        Account.name,
        Account.locale,
        Account.timezone,
        RoleGrant.role,
        RoleGrant.scope_kind,
        RoleGrant.scope_key,
        RoleGrant.delegated_by_id,
        Affiliation.organisation_id,
        *token_scope,
    ).select_from(Account)
    if by is not None:
        statement = statement.join(by, by.account_id == Account.id)
    return (
        statement.outerjoin(
            RoleGrant, and_(_live(RoleGrant), RoleGrant.revoked_at.is_(None), in_hand(bindparam("now")))
        )
        .outerjoin(Affiliation, _live(Affiliation))
        .where(Account.state == "active", *conditions)
        .order_by(RoleGrant.id, Affiliation.id)
    )


def held(statement: Found) -> Found:
    """Return the statement that also keeps the account as it is until the transaction ends.

    What somebody is writing then stands before their account is shut, or sees it shut.
    """
    return statement.with_for_update(read=True, of=Account)


_BY_KEY = actor_statement(Account.id == bindparam("key"))


def load_actor(session: Session, account_id: int, *, now: datetime, token_scope: str | None = None) -> Actor:
    """Return the actor of an active account, in one statement. Raises NotFound `account.unknown`."""
    rows = session.execute(_BY_KEY, {"key": account_id, "now": now}).all()
    if not rows:
        raise NotFound("account.unknown", _("There is no such account."))
    return actor_from(rows, token_scope=token_scope)


def actor_from(rows: Sequence[Row[*tuple[Any, ...]]], *, token_scope: str | None = None) -> Actor:
    """Return the actor of an account that `actor_statement` found: each grant with each affiliation, one at least."""
    row = rows[0]
    grants = {
        Grant(one.role, (one.scope_kind, one.scope_key), one.delegated_by_id): None
        for one in rows
        if one.role is not None
    }
    return Actor(
        account_id=row.id,
        public_id=row.public_id,
        label=row.name,
        name=row.name,
        locale=row.locale,
        timezone=row.timezone,
        grants=tuple(grants),
        organisation_ids=frozenset(one.organisation_id for one in rows if one.organisation_id is not None),
        token_scope=token_scope,
    )
