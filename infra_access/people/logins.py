"""Logging in with a password, and the sessions that follow: rows on the server, random bits in the browser."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.core.authority import Actor
from infra_access.core.db import Database
from infra_access.core.errors import Invalid, NotAuthenticated
from infra_access.core.i18n import _
from infra_access.people import login_limits
from infra_access.people.actors import actor_from, actor_statement, held
from infra_access.people.addresses import normalise_email
from infra_access.people.models import Account, LoginSession
from infra_access.people.passwords import verify_password
from infra_access.people.secrets_at_rest import new_secret, secret_hash

LASTS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a log-in is checked against; `account_id` is None where nobody may log in with the address."""

    account_id: int | None
    password_hash: str | None


def sign_in(database: Database, *, now: datetime, email: str, password: str, source: str) -> tuple[LoginSession, str]:
    """Check a password and begin a session; return it with the token for the cookie.

    Has transactions of its own, since a failed try must stay counted and no transaction may wait for a hash: call
    it while no other write transaction of this thread is open. Raises NotAuthenticated `login.failed`, the same
    whatever was wrong, TooMany `login.too_many`, Unavailable `password.busy`.
    """
    address = _address_or_nobody(email)
    with database.writer() as session:
        attempt = login_limits.count_attempt(session, email=address, source=source, now=now)
        credentials = credentials_of(session, address)
    fits = verify_password(credentials.password_hash, password)
    with database.writer() as session:
        return log_in(session, now=now, credentials=credentials, password_ok=fits, attempt=attempt)


def credentials_of(session: Session, email: str) -> Credentials:
    """Return what to check a password against; the same shape for an unknown or shut account."""
    row = session.execute(
        select(Account.id, Account.password_hash).where(Account.email == email, Account.state == "active")
    ).one_or_none()
    return Credentials(None, None) if row is None else Credentials(row.id, row.password_hash)


def log_in(
    session: Session,
    *,
    now: datetime,
    credentials: Credentials,
    password_ok: bool,
    attempt: login_limits.Attempt | None = None,
) -> tuple[LoginSession, str]:
    """Begin a session for an account whose password was verified; return it with the token for the cookie.

    Raises NotAuthenticated `login.failed`.
    """
    # Read again under a lock: the account or its password may have changed while the hash was computed.
    account = None
    if password_ok and credentials.account_id is not None:
        account = session.scalars(
            select(Account)
            .where(
                Account.id == credentials.account_id,
                Account.state == "active",
                Account.password_hash == credentials.password_hash,
            )
            .with_for_update(read=True)
            .execution_options(populate_existing=True)
        ).one_or_none()
    if account is None:
        raise NotAuthenticated(
            "login.failed",
            _(
                "The mail address and the password do not belong together. "
                "Check both, or ask for a link to set a new password."
            ),
        )
    if attempt is not None:
        login_limits.forgive(session, attempt)
    token = new_secret()
    login = LoginSession(account_id=account.id, token_hash=secret_hash(token), created_at=now, expires_at=now + LASTS)
    session.add(login)
    session.flush()
    actor = Actor(account.id, account.public_id, account.name)
    record(session, actor=actor, action="session.begin", object_kind="account", object_id=account.public_id, now=now)
    return login, token


def log_out(session: Session, *, actor: Actor, now: datetime, token: str) -> None:
    """End the session of this token; one that ended already stays so."""
    login = session.scalars(
        select(LoginSession).where(LoginSession.token_hash == secret_hash(token), LoginSession.ended_at.is_(None))
    ).one_or_none()
    if login is not None and login.account_id == actor.account_id:
        login.ended_at = now
        session.flush()
    record(session, actor=actor, action="session.end", object_kind="account", object_id=actor.public_id, now=now)


_BY_SESSION = actor_statement(
    LoginSession.token_hash == bindparam("hash"),
    LoginSession.ended_at.is_(None),
    LoginSession.expires_at > bindparam("now"),
    by=LoginSession,
)
_HELD_BY_SESSION = held(_BY_SESSION)


def identify_session(session: Session, token: str, now: datetime, *, hold: bool = False) -> Actor | None:
    """Return whose live session this is, in one statement; None if it ended, expired, or the account was shut.

    With `hold` the account stays as it is until the transaction ends.
    """
    rows = session.execute(_HELD_BY_SESSION if hold else _BY_SESSION, {"hash": secret_hash(token), "now": now}).all()
    return actor_from(rows) if rows else None


def _address_or_nobody(email: str) -> str:
    try:
        return normalise_email(email)
    except Invalid:
        # Belongs to nobody, and is answered as any other that does not fit.
        return email.strip().lower()[:300]
