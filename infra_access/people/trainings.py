"""Trainings that a person completed, recorded and withdrawn by a facility's staff; rules ask for them by code."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue.models import Facility
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import NETWORK, Actor, Permission, Scopes, require
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line, clean_text
from infra_access.core.paging import Page, clean_limit, decode_cursor, page_of
from infra_access.outbox.events import publish
from infra_access.people.models import Account, Training

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class RecordedTraining:
    """A training, and whose it is."""

    training: Training
    person: str
    person_name: str


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
    facility: Facility | None = None,
) -> Training:
    """Record a training that another person completed; without a facility, for the whole network.

    Raises Invalid naming the field; Forbidden, also for one's own training and that of whom one stands in for.
    """
    require(actor, Permission.TRAINING_WRITE, facility_scopes(session, facility) if facility else (NETWORK,))
    _refuse_own(actor, account.id)
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
        facility_id=facility.id if facility else None,
        recorded_by_id=actor.account_id,
        recorded_at=now,
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
        details={"code": training.code, "completed_on": completed_on.isoformat(), "training": training.public_id},
    )
    publish(session, "training.recorded", {"training": training.public_id}, now=now)
    return training


def withdraw_training(session: Session, *, actor: Actor, now: datetime, training: Training, reason: str) -> Training:
    """Let a training count no longer, whether or not it was rightly recorded; what waits for it waits again.

    Raises Conflict `training.withdrawn`, Invalid without a reason, Forbidden, also for one's own training and that of
    whom one stands in for.
    """
    require(actor, Permission.TRAINING_WRITE, scopes_of_training(session, training))
    _refuse_own(actor, training.account_id)
    reason = clean_text(reason, field="reason", max_length=2_000, required=True)
    session.refresh(training, with_for_update={"key_share": True})
    if training.withdrawn_at is not None:
        raise Conflict("training.withdrawn", _("This training was withdrawn already. Load the page again."))
    training.withdrawn_at, training.withdrawn_by_id, training.withdrawn_reason = now, actor.account_id, reason
    session.flush()
    record(
        session,
        actor=actor,
        action="training.withdraw",
        object_kind="account",
        object_id=session.scalars(select(Account.public_id).where(Account.id == training.account_id)).one(),
        now=now,
        details={"code": training.code, "training": training.public_id, "reason": reason},
    )
    publish(session, "training.withdrawn", {"training": training.public_id}, now=now)
    return training


def scopes_of_training(session: Session, training: Training) -> Scopes:
    """Return the scopes of the facility that recorded a training."""
    if training.facility_id is None:
        return (NETWORK,)
    return facility_scopes(session, session.get_one(Facility, training.facility_id))


def recorded_at(
    session: Session, facility: Facility, *, limit: int | None = None, cursor: str | None = None
) -> Page[RecordedTraining]:
    """Return the trainings that a facility recorded, the latest first, withdrawn ones too."""
    return _listed(session, Training.facility_id == facility.id, limit, cursor)


def own_trainings(
    session: Session, account_id: int, *, limit: int | None = None, cursor: str | None = None
) -> Page[RecordedTraining]:
    """Return every training of a person, the latest recorded first, ended and withdrawn ones too."""
    return _listed(session, Training.account_id == account_id, limit, cursor)


def training_by_public_id(session: Session, public_id: str) -> RecordedTraining:
    """Return a training. Raises NotFound `training.unknown`."""
    row = session.execute(_recorded().where(Training.public_id == public_id)).one_or_none()
    if row is None:
        raise unknown_training()
    return RecordedTraining(*row)


def unknown_training() -> NotFound:
    """Return what is raised for a training that is not there, or not the reader's to see."""
    return NotFound("training.unknown", _("There is no such training, or it is not yours to see."))


def _listed(
    session: Session, whose: ColumnElement[bool], limit: int | None, cursor: str | None
) -> Page[RecordedTraining]:
    size = clean_limit(limit)
    query = _recorded().where(whose)
    if cursor:
        query = query.where(Training.id < decode_cursor(cursor, (int,))[0])
    rows = session.execute(query.order_by(Training.id.desc()).limit(size + 1)).all()
    return page_of([RecordedTraining(*row) for row in rows], size, key=lambda one: (one.training.id,))


def _recorded() -> Select[Training, str, str]:
    return select(Training, Account.public_id, Account.name).join(Account, Account.id == Training.account_id)


def trainings_of(session: Session, account_id: int, *, on: date) -> Sequence[Training]:
    """Return the trainings that count on a day, by code."""
    return session.scalars(
        select(Training)
        .where(
            Training.account_id == account_id,
            Training.withdrawn_at.is_(None),
            Training.completed_on <= on,
            or_(Training.expires_on.is_(None), Training.expires_on > on),
        )
        .order_by(Training.code, Training.id)
    ).all()


def withdrawn_from(session: Session, account_id: int) -> Sequence[Training]:
    """Return the latest trainings of a person that were withdrawn."""
    gone = select(Training).where(Training.account_id == account_id, Training.withdrawn_at.is_not(None))
    return session.scalars(gone.order_by(Training.withdrawn_at.desc(), Training.id.desc()).limit(_SHOWN)).all()


def trainings_of_people(session: Session, account_ids: Collection[int]) -> dict[int, list[Training]]:
    """Return every training of these people that was not withdrawn, the longest valid first. One statement."""
    found: dict[int, list[Training]] = {}
    of_them = select(Training).where(Training.account_id.in_(sorted(account_ids)), Training.withdrawn_at.is_(None))
    for one in session.scalars(of_them.order_by(Training.id)):
        found.setdefault(one.account_id, []).append(one)
    for held in found.values():
        held.sort(key=lambda one: (one.expires_on or date.max, one.id), reverse=True)
    return found


def _refuse_own(actor: Actor, account_id: int) -> None:
    if account_id == actor.account_id or account_id in actor.stands_in_for:
        message = _(
            "Nobody records or withdraws their own training, nor does whoever stands in for them. Ask a colleague to "
            "do it."
        )
        raise Forbidden("training.own", message)


def _invalid(field: str, message: Text) -> Invalid:
    return Invalid("training.invalid", message, fields={field: [message]})
