"""API tokens: `ia_` and 256 random bits, shown once, kept as SHA-256, read or write, at most a year."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line
from infra_access.people.actors import actor_from, actor_statement, held
from infra_access.people.models import Account, ApiToken
from infra_access.people.secrets_at_rest import new_secret, secret_hash

PREFIX = "ia_"
SCOPES = ("read", "write")
LONGEST_DAYS = 365
MOST_TOKENS = 50


def create_token(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    name: str,
    scope: str,
    expires_in_days: int = 90,
    account: Account | None = None,
) -> tuple[ApiToken, str]:
    """Make a token of one's own; return it with its secret, which nobody can show again.

    Only the command line, which has no account, names another's `account`. Raises Invalid naming the field,
    Conflict `token.too_many`.
    """
    account_id = _owner(actor, account)
    label = clean_line(name, field="name", max_length=100, required=True)
    if scope not in SCOPES:
        raise _invalid("scope", _("The scope must be read or write."))
    if isinstance(expires_in_days, bool) or not 1 <= expires_in_days <= LONGEST_DAYS:
        raise _invalid("expires_in_days", _("A token lasts from 1 to ${days} days.", mapping={"days": LONGEST_DAYS}))
    live = session.scalar(
        select(func.count())
        .select_from(ApiToken)
        .where(ApiToken.account_id == account_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
    )
    if (live or 0) >= MOST_TOKENS:
        raise Conflict(
            "token.too_many",
            _("You have ${count} tokens already. Delete one that you no longer use.", mapping={"count": MOST_TOKENS}),
        )
    secret = PREFIX + new_secret()
    token = ApiToken(
        account_id=account_id,
        name=label,
        scope=scope,
        hint=secret[:10],
        token_hash=secret_hash(secret),
        created_at=now,
        expires_at=now + timedelta(days=expires_in_days),
    )
    session.add(token)
    session.flush()
    record(
        session,
        actor=actor,
        action="token.create",
        object_kind="token",
        object_id=token.public_id,
        now=now,
        details={"scope": scope, "expires_in_days": expires_in_days},
    )
    return token, secret


def revoke_token(session: Session, *, actor: Actor, now: datetime, token: ApiToken) -> ApiToken:
    """End a token of one's own; from the next call on it is refused."""
    require(actor, Permission.OWN_ACCOUNT)
    if token.account_id != actor.account_id:
        raise NotFound("token.unknown", _("You have no such token."))
    token.revoked_at = token.revoked_at or now
    session.flush()
    record(session, actor=actor, action="token.revoke", object_kind="token", object_id=token.public_id, now=now)
    return token


def tokens_of(session: Session, actor: Actor, *, now: datetime) -> Sequence[ApiToken]:
    """Return the actor's live tokens, newest first."""
    return session.scalars(
        select(ApiToken)
        .where(ApiToken.account_id == actor.account_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
        .order_by(ApiToken.id.desc())
    ).all()


def token_by_public_id(session: Session, public_id: str, *, actor: Actor) -> ApiToken:
    """Return a token of the actor's own that was not revoked. Raises NotFound `token.unknown`."""
    token = session.scalars(
        select(ApiToken).where(
            ApiToken.public_id == public_id, ApiToken.account_id == actor.account_id, ApiToken.revoked_at.is_(None)
        )
    ).one_or_none()
    if token is None:
        raise NotFound("token.unknown", _("You have no such token."))
    return token


_BY_TOKEN = actor_statement(
    ApiToken.token_hash == bindparam("hash"),
    ApiToken.revoked_at.is_(None),
    ApiToken.expires_at > bindparam("now"),
    by=ApiToken,
)
_HELD_BY_TOKEN = held(_BY_TOKEN)


def identify_token(session: Session, secret: str, now: datetime, *, hold: bool = False) -> Actor | None:
    """Return who calls with this token, in one statement; None if it is unknown, expired or revoked.

    With `hold` the account stays as it is until the transaction ends.
    """
    if not secret.startswith(PREFIX):
        return None
    found = {"hash": secret_hash(secret), "now": now}
    rows = session.execute(_HELD_BY_TOKEN if hold else _BY_TOKEN, found).all()
    return actor_from(rows, token_scope=rows[0].token_scope) if rows else None


def _owner(actor: Actor, account: Account | None) -> int:
    if account is None or account.id == actor.account_id:
        require(actor, Permission.OWN_ACCOUNT)
        assert actor.account_id is not None, "whoever is signed in has an account"
        return actor.account_id
    if actor.account_id is not None:
        raise Forbidden("token.not_yours", _("You can make tokens for yourself only."))
    return account.id


def _invalid(field: str, message: Text) -> Invalid:
    return Invalid("token.invalid", message, fields={field: [message]})
