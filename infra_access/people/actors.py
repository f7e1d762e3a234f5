"""Who acts, read afresh for each request: the account, its live role grants and its affiliations."""

from datetime import datetime

from sqlalchemy import BigInteger, Row, String, cast, literal, or_, select, union_all
from sqlalchemy.orm import Session

from infra_access.core.authority import Actor, Grant
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.people.models import Account, Affiliation, RoleGrant

ACCOUNT_COLUMNS = (Account.id, Account.public_id, Account.name, Account.locale, Account.timezone)
"""What `actor_from` needs; a query that finds a session or token selects them along with it."""


def load_actor(session: Session, account_id: int, *, now: datetime, token_scope: str | None = None) -> Actor:
    """Return the actor of an active account, in two statements. Raises NotFound `account.unknown`."""
    row = session.execute(
        select(*ACCOUNT_COLUMNS).where(Account.id == account_id, Account.state == "active")
    ).one_or_none()
    if row is None:
        raise NotFound("account.unknown", _("There is no such account."))
    return actor_from(session, row, now=now, token_scope=token_scope)


def actor_from(
    session: Session, row: Row[*tuple[object, ...]], *, now: datetime, token_scope: str | None = None
) -> Actor:
    """Return the actor of an account that was read already, with one statement for rights and affiliations."""
    grants = select(
        RoleGrant.role,
        RoleGrant.scope_kind,
        RoleGrant.scope_key,
        cast(literal(None), BigInteger).label("organisation_id"),
    ).where(
        RoleGrant.account_id == row.id,
        RoleGrant.revoked_at.is_(None),
        RoleGrant.valid_from <= now,
        or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > now),
    )
    nothing = cast(literal(""), String)
    organisations = select(nothing, nothing, nothing, Affiliation.organisation_id).where(
        Affiliation.account_id == row.id,
        Affiliation.valid_from <= now,
        or_(Affiliation.valid_until.is_(None), Affiliation.valid_until > now),
    )
    facts = session.execute(union_all(grants, organisations)).all()
    return Actor(
        account_id=row.id,
        public_id=row.public_id,
        label=row.name,
        name=row.name,
        locale=row.locale,
        timezone=row.timezone,
        grants=tuple(Grant(fact.role, (fact.scope_kind, fact.scope_key)) for fact in facts if fact.role),
        organisation_ids=frozenset(fact.organisation_id for fact in facts if fact.organisation_id is not None),
        token_scope=token_scope,
    )
