"""Nationality, asked by a rule at one approval: said by each person for themselves, read by who decides, then erased.

It is no fact that any rule compares, and stands under seal in a row of its own and nowhere else (ADR 11). Reading it is
an act that is recorded, never with what was read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session, aliased

from infra_access.access_requests.approvals.deciders import refuse_others
from infra_access.access_requests.approvals.models import NationalityDeclaration
from infra_access.access_requests.approvals.nationality_queries import READ, asks_nationality, relations_to
from infra_access.access_requests.approvals.queries import ApprovalView, view_of
from infra_access.access_requests.approvals.verdicts import locked_approval, too_early
from infra_access.access_requests.models import Approval
from infra_access.access_requests.vocabularies import OPEN, ApprovalState
from infra_access.audit.record import record
from infra_access.catalogue.countries import valid_country
from infra_access.catalogue.fields import fault
from infra_access.core.apart import each_apart
from infra_access.core.authority import NETWORK, Actor, Permission, require, system_actor
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, Invalid, NotFound
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_text
from infra_access.core.sealing import Sealer, Unreadable
from infra_access.people.models import Account

MOST = 3
"""So many nationalities at most are those of one person."""

MOST_REASON = 2_000
FIELD = "nationalities"
_WORKER = system_actor("worker")


@dataclass(frozen=True, slots=True)
class Declared:
    """What one person said, opened."""

    person: str
    nationalities: tuple[str, ...]
    declared_at: datetime


def declare(
    session: Session, *, actor: Actor, now: datetime, approval: Approval, nationalities: Sequence[str], sealer: Sealer
) -> None:
    """Say one's own nationality, or the two or three one has, to an approval that asks; it replaces what was said.

    Raises Forbidden for whoever is not asked, Conflict `approval.decided` or `approval.too_early`, Invalid.
    """
    codes = _codes(nationalities)
    view = _asking(session, approval)
    require(actor, Permission.NATIONALITY_DECLARE, (), relations_to(view, actor))
    _refuse_decided(session, view)
    key = (view.approval.id, int(actor.account_id or 0))
    said = session.get(NationalityDeclaration, key)
    sealed = sealer.seal({"approval": key[0], "account": key[1], FIELD: codes})
    if said is None:
        session.add(NationalityDeclaration(approval_id=key[0], account_id=key[1], sealed=sealed, declared_at=now))
    else:
        said.sealed, said.declared_at = sealed, now
    session.flush()
    _record(session, actor, "nationality.declared", view.approval, now, {"again": said is not None})


def read(
    session: Session, *, actor: Actor, now: datetime, approval: Approval, reason: str = "", sealer: Sealer
) -> list[Declared]:
    """Open what the team said, for who decides, while it waits; the record keeps who read whose, and why.

    Raises Forbidden as a verdict would, Conflict `approval.decided`, `approval.too_early`, or `nationality.unreadable`
    where none of the keys opens one; Invalid.
    """
    reason = clean_text(reason, field="reason", max_length=MOST_REASON)
    view = _asking(session, approval)
    refuse_others(session, actor, view, now=now)
    require(actor, Permission.NATIONALITY_READ, (), relations_to(view, actor))
    _refuse_decided(session, view)
    rows = session.execute(
        select(NationalityDeclaration, Account.name, Account.public_id)
        .join(Account, Account.id == NationalityDeclaration.account_id)
        .where(NationalityDeclaration.approval_id == view.approval.id, Account.id.in_(sorted(view.team)))
        .order_by(Account.name, Account.id)
    ).all()
    found = [Declared(name, _opened(sealer, row, name), row.declared_at) for row, name, _public_id in rows]
    details = {"of": [row.public_id for row in rows], "role": view.approval.role, "reason": reason}
    _record(session, actor, READ, view.approval, now, details)
    return found


def erase_needless(database: Database, *, now: datetime) -> int:
    """Erase what nobody can need for a verdict any more, as `_needless` says; return how many answers it was.

    Each approval in a transaction of its own. Raises ExceptionGroup of all that failed.
    """
    with database.reader() as session:
        keys = session.scalars(_needless().order_by(Approval.id)).all()
    return each_apart(keys, lambda key: _erased(database, key, now), "nationalities were not erased")


def reseal(session: Session, *, actor: Actor, now: datetime, sealer: Sealer) -> tuple[int, int]:
    """Seal everything anew with the first key; return how much of it, and how much none of the keys opens.

    What opens with none stays as it is.
    """
    require(actor, Permission.NATIONALITY_RESEAL, (NETWORK,))
    rows = session.scalars(
        select(NationalityDeclaration)
        .order_by(NationalityDeclaration.approval_id, NationalityDeclaration.account_id)
        .with_for_update()
    ).all()
    done = 0
    for row in rows:
        try:
            row.sealed = sealer.seal(sealer.open(row.sealed))
        except Unreadable:
            continue
        done += 1
    session.flush()
    record(
        session,
        actor=actor,
        action="nationality.resealed",
        object_kind="nationality",
        object_id="all",
        now=now,
        details={"sealed": done, "unreadable": len(rows) - done},
    )
    return done, len(rows) - done


def _codes(nationalities: Sequence[str]) -> list[str]:
    """Return the codes, each once and in their order, so that the order too says nothing. Raises Invalid."""
    if not 1 <= len(nationalities) <= MOST:
        message = _("Give one nationality, or all that you have, up to ${most}.", mapping={"most": MOST})
        raise fault("nationality.count", FIELD, message)
    codes: set[str] = set()
    faults: dict[str, list[Text]] = {}
    for place, code in enumerate(nationalities):
        try:
            codes.add(valid_country(code))
        except Invalid as error:
            faults[f"{FIELD}.{place}"] = [error.message]
    if faults:
        raise Invalid("nationality.unknown", _("This is no country. Give its two letters (ISO 3166)."), fields=faults)
    return sorted(codes)


def _asking(session: Session, approval: Approval) -> ApprovalView:
    """Lock an approval that asks; it waits, or does not, until the transaction ends. Raises NotFound."""
    view = view_of(session, locked_approval(session, approval))
    if not asks_nationality(view):
        raise NotFound("approval.asks_nothing", _("This approval asks nobody for their nationality."))
    return view


def _refuse_decided(session: Session, view: ApprovalView) -> None:
    if view.approval.state == ApprovalState.WAITING:
        raise too_early(session, view.approval)
    if not view.is_open:
        message = _("This approval does not wait any more, so nobody needs to say or to see a nationality for it.")
        raise Conflict("approval.decided", message, details={"state": view.approval.state})


def _opened(sealer: Sealer, row: NationalityDeclaration, name: str) -> tuple[str, ...]:
    """Return what is under a seal, if it is that of this very row."""
    try:
        opened = sealer.open(row.sealed)
        if (opened.get("approval"), opened.get("account")) != (row.approval_id, row.account_id):
            raise Unreadable
    except Unreadable:
        raise Conflict(
            "nationality.unreadable",
            _(
                "What ${name} said cannot be opened with the keys of this site. Ask whoever runs it for the key that "
                "it was sealed with, or ask them to say it again.",
                mapping={"name": name},
            ),
        ) from None
    return tuple(opened[FIELD])


def _needless() -> Select[int]:
    """Return the selection of the approvals that were answered and are called off, or whose subject waits for nothing.

    While it waits, one that was given may yet wait again: whoever gave it may step back.
    """
    other = aliased(Approval)
    waiting = select(other.id).where(
        other.subject_kind == Approval.subject_kind, other.subject_id == Approval.subject_id, other.state.in_(OPEN)
    )
    answered = select(NationalityDeclaration.approval_id)
    called_off = Approval.state == ApprovalState.VOID
    return select(Approval.id).where(Approval.id.in_(answered), or_(called_off, ~waiting.correlate(Approval).exists()))


def _erased(database: Database, key: int, now: datetime) -> int:
    with database.writer() as session:
        approval = locked_approval(session, session.get_one(Approval, key))
        if session.scalar(_needless().where(Approval.id == key)) is None:
            return 0
        gone = session.scalars(
            delete(NationalityDeclaration)
            .where(NationalityDeclaration.approval_id == key)
            .returning(NationalityDeclaration.account_id)
        ).all()
        _record(session, _WORKER, "nationality.erased", approval, now, {"people": len(gone)})
        return len(gone)


def _record(
    session: Session, actor: Actor, action: str, approval: Approval, now: datetime, details: dict[str, Any]
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="approval",
        object_id=approval.public_id,
        now=now,
        details=details,
    )
