"""One-time links: whoever opens one holds the mailbox of its account, and so may set a password or confirm the address.

The link itself is made when its mail is written, so that the outbox never holds a working one.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.core.authority import Actor, system_actor
from infra_access.core.errors import Conflict, Forbidden, Gone, Invalid
from infra_access.core.i18n import _
from infra_access.outbox.events import publish
from infra_access.people.accounts import ACTIVE, DISABLED, account_of, end_access
from infra_access.people.addresses import normalise_email
from infra_access.people.models import Account, OneTimeLink
from infra_access.people.secrets_at_rest import new_secret, secret_hash

LASTS = timedelta(days=3)
PAUSE = timedelta(minutes=10)
"""Between two mails with a link to confirm, so that nobody is flooded by an account made in their name."""

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


def ask_to_confirm(session: Session, *, actor: Actor, now: datetime) -> None:
    """Have a link to confirm the actor's own address mailed once more. Raises Conflict where one went out just now."""
    account = account_of(session, actor)
    if account.email_confirmed_at is not None:
        raise Conflict("address.confirmed", _("Your address is confirmed already."))
    recent = select(OneTimeLink.id).where(
        OneTimeLink.account_id == account.id, OneTimeLink.expires_at > now + LASTS - PAUSE
    )
    if session.scalar(recent.limit(1)) is not None:
        raise Conflict("link.recent", _("A mail went out a few minutes ago. Look for it, or try again in ten minutes."))
    publish(session, "account.confirm_address", {"account": account.public_id}, now=now)
    _record(session, actor, account, "account.ask_to_confirm", now)


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


def confirm_address(session: Session, *, actor: Actor, now: datetime, token: str) -> Account:
    """Note that the actor's address is theirs: they are signed in, and hold a link that only their mailbox got.

    Being signed in matters: the owner of a mailbox must not confirm an account that a stranger made in their name.
    Raises Gone `link.used`, Forbidden `link.not_yours`.
    """
    account = account_of_link(session, token, now=now, lock=True)
    if account.id != actor.account_id:
        raise Forbidden(
            "link.not_yours",
            _("This link is for another account. Sign in with the account that the mail was sent to."),
        )
    account.email_confirmed_at = account.email_confirmed_at or now
    session.execute(update(OneTimeLink).where(OneTimeLink.token_hash == secret_hash(token)).values(used_at=now))
    session.flush()
    _record(session, actor, account, "account.confirm_address", now)
    return account


def use_link(session: Session, *, now: datetime, token: str, password_hash: str) -> Account:
    """Set the password by a link; it, every other link, and all running sessions end with that.

    Whoever holds the link holds the mailbox, so the address counts as confirmed from now on.

    Raises Gone `link.used`.
    """
    account = account_of_link(session, token, now=now, lock=True)
    account.password_hash = password_hash
    account.state = ACTIVE
    account.email_confirmed_at = account.email_confirmed_at or now
    session.flush()
    # Whoever knew the old password is signed out; tokens of programs have nothing to do with it.
    end_access(session, account.id, now=now, tokens=False)
    _record(session, Actor(account.id, account.public_id, account.name), account, "account.set_password", now)
    return account


def _record(session: Session, actor: Actor, account: Account, action: str, now: datetime) -> None:
    record(session, actor=actor, action=action, object_kind="account", object_id=account.public_id, now=now)
