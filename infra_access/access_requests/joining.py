"""Joining the teams that named one's address: only once it is known that the address is one's own."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from infra_access.access_requests.models import Participant
from infra_access.core.authority import Actor
from infra_access.people import links
from infra_access.people.models import Account


def confirm_address(session: Session, *, actor: Actor, now: datetime, token: str) -> int:
    """Confirm the actor's address by a one-time link; return how many teams that named it they are on from now on.

    Raises Gone `link.used`, Forbidden `link.not_yours`.
    """
    return _join_teams(session, links.confirm_address(session, actor=actor, now=now, token=token))


def set_password_by_link(session: Session, *, now: datetime, token: str, password_hash: str) -> Account:
    """Set a password by a one-time link, which confirms the address too. Raises Gone `link.used`."""
    account = links.use_link(session, now=now, token=token, password_hash=password_hash)
    _join_teams(session, account)
    return account


def _join_teams(session: Session, account: Account) -> int:
    invited = update(Participant).where(Participant.email == account.email, Participant.account_id.is_(None))
    joined = session.execute(invited.values(account_id=account.id).returning(Participant.id))
    return len(joined.all())
