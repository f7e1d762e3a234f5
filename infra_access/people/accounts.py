"""Accounts: signing up, being invited, changing one's own particulars, being disabled.

Whether an address has an account is told to nobody but its owner: a sign-up with a taken address looks like any
other, and the owner gets a mail. Commands take a finished password hash (see `passwords`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.core.authority import NETWORK, Actor, Permission, require, system_actor
from infra_access.core.columns import table_of
from infra_access.core.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from infra_access.core.i18n import _
from infra_access.core.named_locks import lock_table
from infra_access.outbox.events import publish
from infra_access.people.addresses import normalise_email
from infra_access.people.models import Account, ApiToken, LoginSession, OneTimeLink, RoleGrant
from infra_access.people.profile import clean_profile

ACTIVE, INVITED, DISABLED = "active", "invited", "disabled"

_NEWCOMER = system_actor("sign-up")


def sign_up(
    session: Session,
    *,
    now: datetime,
    email: str,
    name: str,
    password_hash: str,
    country_of_work: str | None = None,
    locale: str = "en",
    timezone: str = "UTC",
) -> Account | None:
    """Make an account for whoever asks; None where the address has one already, whose owner is told by mail.

    That the address is theirs is not known yet: a mail brings the link by which they confirm it.

    The caller answers the same in both cases. Raises Invalid naming each wrong field.
    """
    address = normalise_email(email)
    profile = clean_profile({"name": name, "country_of_work": country_of_work, "locale": locale, "timezone": timezone})
    account = _insert(session, address, profile, password_hash, ACTIVE, now)
    if account is None:
        owner = account_by_email(session, address)
        record(
            session,
            actor=_NEWCOMER,
            action="account.sign_up_repeated",
            object_kind="account",
            object_id=owner.public_id,
            now=now,
        )
        publish(session, "account.sign_up_repeated", {"account": owner.public_id}, now=now)
        return None
    actor = Actor(account.id, account.public_id, account.name)
    record(session, actor=actor, action="account.sign_up", object_kind="account", object_id=account.public_id, now=now)
    publish(session, "account.signed_up", {"account": account.public_id}, now=now)
    return account


def create_account(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    email: str,
    name: str,
    password_hash: str | None = None,
    country_of_work: str | None = None,
    locale: str = "en",
    timezone: str = "UTC",
) -> Account:
    """Make an account for somebody else; without a password it waits for its one-time link.

    With one, whoever makes it answers for the address.

    Raises Conflict `account.exists`; Invalid naming each wrong field.
    """
    require(actor, Permission.ROLE_GRANT, (NETWORK,))
    address = normalise_email(email)
    profile = clean_profile({"name": name, "country_of_work": country_of_work, "locale": locale, "timezone": timezone})
    account = _insert(session, address, profile, password_hash, ACTIVE if password_hash else INVITED, now)
    if account is not None and password_hash:
        account.email_confirmed_at = now
    if account is None:
        raise Conflict(
            "account.exists", _("There is an account with the address ${email} already.", mapping={"email": address})
        )
    record(session, actor=actor, action="account.create", object_kind="account", object_id=account.public_id, now=now)
    return account


def update_account(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    account: Account,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Account:
    """Change one's own name, phone, ORCID iD, country of work, language or time zone.

    Raises Invalid naming each wrong field, Forbidden for another's account, PreconditionFailed `account.changed`.
    """
    require(actor, Permission.OWN_ACCOUNT)
    if account.id != actor.account_id:
        raise Forbidden("account.not_yours", _("Only the person it belongs to can change an account."))
    if expected_version is not None and account.version != expected_version:
        raise PreconditionFailed(
            "account.changed", _("Your account was changed meanwhile, perhaps in another window. Please load it again.")
        )
    clean = clean_profile(changes)
    changed = sorted(field for field, value in clean.items() if getattr(account, field) != value)
    for field in changed:
        setattr(account, field, clean[field])
    session.flush()
    record(
        session,
        actor=actor,
        action="account.update",
        object_kind="account",
        object_id=account.public_id,
        now=now,
        details={"fields": changed},
    )
    return account


def disable_account(session: Session, *, actor: Actor, now: datetime, account: Account, reason: str = "") -> Account:
    """Shut an account: its sessions, tokens and links, and what it handed over, end in the same transaction."""
    require(actor, Permission.ROLE_GRANT, (NETWORK,))
    if account.id == actor.account_id:
        raise Conflict("account.own", _("You cannot disable your own account. Ask another administrator."))
    # Each of the account's requests shares its row, so one that never pauses could otherwise never be stopped.
    lock_table(session, table_of(Account))
    account.state = DISABLED
    session.flush()
    end_access(session, account.id, now=now)
    handed_over = update(RoleGrant).where(RoleGrant.delegated_by_id == account.id, RoleGrant.revoked_at.is_(None))
    session.execute(handed_over.values(revoked_at=now))
    record(
        session,
        actor=actor,
        action="account.disable",
        object_kind="account",
        object_id=account.public_id,
        now=now,
        details={"reason": reason[:500]},
    )
    return account


def end_access(session: Session, account_id: int, *, now: datetime, tokens: bool = True) -> None:
    """End every log-in and link of an account, and its API tokens unless told to keep them."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.account_id == account_id, LoginSession.ended_at.is_(None))
        .values(ended_at=now)
    )
    session.execute(
        update(OneTimeLink)
        .where(OneTimeLink.account_id == account_id, OneTimeLink.used_at.is_(None))
        .values(used_at=now)
    )
    if tokens:
        session.execute(
            update(ApiToken)
            .where(ApiToken.account_id == account_id, ApiToken.revoked_at.is_(None))
            .values(revoked_at=now)
        )


def account_by_email(session: Session, email: str) -> Account:
    """Return the account of an address, for staff and the command line. Raises NotFound `account.unknown`."""
    address = normalise_email(email)
    account = session.scalars(select(Account).where(Account.email == address)).one_or_none()
    if account is None:
        raise NotFound(
            "account.unknown", _("There is no account with the address ${email}.", mapping={"email": address})
        )
    return account


def account_of(session: Session, actor: Actor) -> Account:
    """Return the actor's own account. Raises NotFound `account.unknown` for the system."""
    account = session.get(Account, actor.account_id) if actor.account_id is not None else None
    if account is None:
        raise NotFound("account.unknown", _("There is no such account."))
    return account


def _insert(
    session: Session,
    email: str,
    profile: Mapping[str, str | None],
    password_hash: str | None,
    state: str,
    now: datetime,
) -> Account | None:
    """Insert an account, or return None where the address is taken; the unique key decides, not a look before."""
    account = Account(email=email, password_hash=password_hash, state=state, created_at=now, **profile)
    try:
        with session.begin_nested():
            session.add(account)
            session.flush()
    except IntegrityError:
        if session.scalar(select(Account.id).where(Account.email == email)) is None:
            raise
        return None
    return account
