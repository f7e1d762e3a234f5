"""Trainings that a person completed, recorded by a facility's staff; rules ask for them by code."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.core.authority import NETWORK, Actor, Permission, Scopes, require
from infra_access.core.errors import Forbidden, Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line
from infra_access.people.models import Account, Training


def add_training(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    account: Account,
    code: str,
    issuer: str,
    completed_on: date,
    expires_on: date | None = None,
    scopes: Scopes = (NETWORK,),
) -> Training:
    """Record a training that another person completed; `scopes` are those of the facility that gave it.

    Raises Invalid naming the field; Forbidden, also for one's own training.
    """
    require(actor, Permission.INSTRUMENT_UPDATE, scopes)
    if account.id == actor.account_id:
        raise Forbidden("training.own", _("Nobody records their own training. Ask a colleague to do it."))
    if completed_on > now.date():
        raise _invalid("completed_on", _("This day lies in the future. Give the day on which it was completed."))
    if expires_on is not None and expires_on <= completed_on:
        raise _invalid("expires_on", _("A training cannot expire before it was completed. Choose a later day."))
    training = Training(
        account_id=account.id,
        code=clean_line(code, field="code", max_length=80, required=True),
        issuer=clean_line(issuer, field="issuer", max_length=200, required=True),
        completed_on=completed_on,
        expires_on=expires_on,
    )
    session.add(training)
    session.flush()
    record(
        session,
        actor=actor,
        action="training.add",
        object_kind="account",
        object_id=account.public_id,
        now=now,
        details={"code": training.code, "completed_on": completed_on.isoformat()},
    )
    return training


def trainings_of(session: Session, account_id: int, *, on: date) -> Sequence[Training]:
    """Return the trainings that count on a day, by code."""
    return session.scalars(
        select(Training)
        .where(
            Training.account_id == account_id,
            Training.completed_on <= on,
            or_(Training.expires_on.is_(None), Training.expires_on > on),
        )
        .order_by(Training.code, Training.id)
    ).all()


def trainings_of_people(session: Session, account_ids: Collection[int]) -> dict[int, list[Training]]:
    """Return every training of these people, the longest valid first, expired ones too. One statement."""
    found: dict[int, list[Training]] = {}
    rows = session.scalars(select(Training).where(Training.account_id.in_(sorted(account_ids))).order_by(Training.id))
    for one in rows:
        found.setdefault(one.account_id, []).append(one)
    for held in found.values():
        held.sort(key=lambda one: (one.expires_on or date.max, one.id), reverse=True)
    return found


def _invalid(field: str, message: Text) -> Invalid:
    return Invalid("training.invalid", message, fields={field: [message]})
