"""One-time links: a new or forgetful person sets a password by an address that only their mail holds.

The link itself is made when its mail is written, so that the outbox never holds a working one.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.core.authority import Actor, system_actor
from infra_access.core.errors import Gone, Invalid
from infra_access.core.i18n import _
from infra_access.outbox.events import publish
from infra_access.people.accounts import ACTIVE, DISABLED, end_access
from infra_access.people.addresses import normalise_email
from infra_access.people.models import Account, OneTimeLink
from infra_access.people.secrets_at_rest import new_secret, secret_hash

LASTS = timedelta(days=3)

_SOMEBODY = system_actor("set-password link")


def ask_for_link(session: Session, *, now: datetime, email: str) -> None:
    """Have a link mailed to the owner of an address; an unknown address is answered the same and gets nothing."""
    try:
        address = normalise_email(email)
    except Invalid:
        address = ""
    account = session.execute(
        select(Account.public_id).where(Account.email == address, Account.state != DISABLED)
    ).one_or_none()
    if account is not None:
        publish(session, "account.link", {"account": account.public_id}, now=now)
    record(
        session,
        actor=_SOMEBODY,
        action="account.ask_link",
        object_kind="account",
        object_id=account.public_id if account else "",
        now=now,
    )


def make_link(session: Session, account: Account, *, now: datetime) -> str:
    """Return the token of a new link, for a mail being written or the command line; several may be open."""
    token = new_secret()
    session.add(OneTimeLink(account_id=account.id, token_hash=secret_hash(token), expires_at=now + LASTS))
    session.flush()
    return token


def account_of_link(session: Session, token: str, *, now: datetime, lock: bool = False) -> Account:
    """Return whose open link this is; `lock` it before using it.

    Raises Gone `link.used` for one that is used, expired or unknown.
    """
    found = (
        select(Account)
        .join(OneTimeLink, OneTimeLink.account_id == Account.id)
        .where(
            OneTimeLink.token_hash == secret_hash(token),
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > now,
            Account.state != DISABLED,
        )
    )
    # Both rows, so that of two who use one link at once the second finds it used.
    account = session.scalars(found.with_for_update() if lock else found).one_or_none()
    if account is None:
        raise Gone("link.used", _("This link was used already or is too old. Ask for a new one at the log-in page."))
    return account


def use_link(session: Session, *, now: datetime, token: str, password_hash: str) -> Account:
    """Set the password by a link; it, every other link, and all running sessions end with that.

    Raises Gone `link.used`.
    """
    account = account_of_link(session, token, now=now, lock=True)
    account.password_hash = password_hash
    account.state = ACTIVE
    session.flush()
    # Whoever knew the old password is signed out; tokens of programs have nothing to do with it.
    end_access(session, account.id, now=now, tokens=False)
    actor = Actor(account.id, account.public_id, account.name)
    record(
        session, actor=actor, action="account.set_password", object_kind="account", object_id=account.public_id, now=now
    )
    return account
