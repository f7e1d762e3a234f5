"""People for tests: accounts, log-ins, rights and what proves them, made by the commands themselves."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from infra_access.catalogue.models import Organisation
from infra_access.core.authority import NETWORK, Actor, Scope, system_actor
from infra_access.people.accounts import ACTIVE, create_account, sign_up
from infra_access.people.actors import load_actor
from infra_access.people.affiliations import affiliate
from infra_access.people.assurances import note_assurance
from infra_access.people.logins import Credentials, log_in
from infra_access.people.models import Account, Affiliation, Assurance, RoleGrant, Training
from infra_access.people.passwords import hash_password
from infra_access.people.roles import grant_role
from infra_access.people.tokens import create_token
from infra_access.people.trainings import add_training

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
SYSTEM = system_actor("test")

_numbers = count(1)


@lru_cache(maxsize=1)
def password_hash() -> str:
    """Return the hash of PASSWORD, made once, since each costs tens of milliseconds."""
    return hash_password(PASSWORD)


def make_account(session: Session, **overrides: Any) -> Account:
    """Make an active account that can log in with PASSWORD."""
    number = next(_numbers)
    values = {
        "actor": SYSTEM,
        "now": NOW,
        "email": f"person{number}@example.org",
        "name": f"Person {number}",
        "password_hash": password_hash(),
        "country_of_work": "KE",
    }
    account = create_account(session, **(values | overrides))
    assert account.state == ACTIVE or overrides.get("password_hash", "") is None
    return account


def make_newcomer(session: Session, **overrides: Any) -> Account:
    """Make an account as somebody who signs up does: nobody knows yet that the address is theirs."""
    values = {"email": f"newcomer{next(_numbers)}@example.org", "name": "Newcomer", "password_hash": password_hash()}
    account = sign_up(session, now=NOW, **(values | overrides))
    assert account is not None
    return account


def make_actor(
    session: Session, *grants: tuple[str, Scope], account: Account | None = None, now: datetime = NOW, **overrides: Any
) -> Actor:
    """Make an account with these roles, each (role, (scope kind, scope key)), and return it as an actor."""
    owner = account or make_account(session, **overrides)
    for role, (kind, key) in grants:
        make_grant(session, account=owner, role=role, scope_kind=kind, scope_key=key, now=now)
    return load_actor(session, owner.id, now=now)


def make_admin(session: Session, **overrides: Any) -> Actor:
    """Make an administrator of the platform."""
    return make_actor(session, ("platform_admin", NETWORK), **overrides)


def make_grant(session: Session, *, account: Account, **overrides: Any) -> RoleGrant:
    """Give an account a role; facility staff of nothing unless told the scope."""
    values = {"actor": SYSTEM, "now": NOW, "role": "auditor", "scope_kind": "network", "scope_key": ""}
    return grant_role(session, account=account, **(values | overrides))


def make_affiliation(
    session: Session, *, account: Account, organisation: Organisation, **overrides: Any
) -> Affiliation:
    """Make a confirmed affiliation."""
    values = {"actor": SYSTEM, "now": NOW, "confirmed": True}
    return affiliate(session, account=account, organisation=organisation, **(values | overrides))


def make_training(session: Session, *, account: Account, **overrides: Any) -> Training:
    """Record a training of the last month that lasts a year."""
    values = {
        "actor": SYSTEM,
        "now": NOW,
        "code": "radiation-safety",
        "issuer": "Safety office",
        "completed_on": date(2026, 2, 2),
        "expires_on": date(2027, 2, 2),
    }
    return add_training(session, account=account, **(values | overrides))


def make_assurance(session: Session, account: Account, **overrides: Any) -> Assurance:
    """Note that somebody vouches for a person, until it is withdrawn."""
    values = {"actor": SYSTEM, "now": NOW, "code": "identity-high", "source": "Passport seen", "scope": NETWORK}
    return note_assurance(session, **({"person": account.email} | values | overrides))


def make_token(
    session: Session, account: Account, *, scope: str = "write", now: datetime = NOW, **overrides: Any
) -> str:
    """Make an API token and return its secret."""
    _token, secret = create_token(
        session, actor=load_actor(session, account.id, now=now), now=now, name="test", scope=scope, **overrides
    )
    return secret


def make_login(session: Session, account: Account, *, now: datetime = NOW) -> str:
    """Log an account in and return the value of its cookie."""
    session.flush()
    _login, token = log_in(
        session, now=now, credentials=Credentials(account.id, account.password_hash), password_ok=True
    )
    return token


def later(**parts: float) -> datetime:
    """Return an instant after NOW."""
    return NOW + timedelta(**parts)
