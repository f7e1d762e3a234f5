"""Approvals: asked for, given, void. What a verdict does to its subject is decided by whoever asked.

The deciding compares and swaps: it locks the row, checks that it still waits and is the version that was looked at.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approval_queries import (
    ApprovalPage,
    ApprovalView,
    approval_by_public_id,
    approvals_of,
    inbox,
    view_of,
)
from infra_access.access_requests.approvers import host_scopes, scope_for
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.parties import clear_names, rests_on_names
from infra_access.access_requests.reminding import remind_from
from infra_access.access_requests.vocabularies import OPEN, ApprovalState, Verdict
from infra_access.catalogue import fields
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.decision import ApprovalDue
from infra_access.core.errors import Conflict, Forbidden
from infra_access.core.i18n import _, plain
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_text
from infra_access.outbox.events import publish
from infra_access.policy.wording import Wording

__all__ = [
    "ApprovalPage",
    "ApprovalView",
    "approval_by_public_id",
    "approvals_of",
    "ask",
    "give_verdict",
    "inbox",
    "locked_approval",
    "prolong",
    "void",
]

SHORTEST = timedelta(days=1)

_STATES = {
    Verdict.APPROVE: ApprovalState.APPROVED,
    Verdict.REFUSE: ApprovalState.REFUSED,
    Verdict.REQUEST_CHANGES: ApprovalState.CHANGES_REQUESTED,
    Verdict.PAUSE: ApprovalState.PAUSED,
    Verdict.RESUME: ApprovalState.PENDING,
}


def ask(
    session: Session,
    *,
    subject_kind: str,
    subject_id: int,
    subject_public_id: str,
    applicant_id: int | None,
    instrument_ids: Sequence[int],
    due: Sequence[ApprovalDue],
    now: datetime,
    team: Collection[int] = (),
) -> list[Approval]:
    """Ask for what is due, each of its own people; `due` is an officer's reading, so that hidden rules count.

    Raises Conflict `approval.nobody` where somebody would have to decide on a request of their own, or nobody could.
    """
    host = host_scopes(session, instrument_ids[0])
    near = {*team, applicant_id}
    group = session.scalar(select(AccessRequest.acting_for_id).where(AccessRequest.public_id == subject_public_id))
    asked = []
    for one in {(each.rule, each.role, each.scope): each for each in due}.values():
        kind, key = scope_for(session, one, host, team=near, group=group, now=now)
        due_at = now + max(SHORTEST, timedelta(days=one.latest_days))
        approval = Approval(
            public_id=new_public_id(),
            subject_kind=subject_kind,
            subject_id=subject_id,
            subject_public_id=subject_public_id,
            instrument_ids=list(instrument_ids),
            applicant_id=applicant_id,
            role=one.role,
            scope_kind=kind,
            scope_key=key,
            rule=one.rule,
            message=dict(one.message.by_locale) if isinstance(one.message, Wording) else {"en": plain(one.message)},
            rests_on=list(dict.fromkeys([*one.rests_on, *rests_on_names(one.role)])),
            state=ApprovalState.PENDING,
            asked_at=now,
            due_at=due_at,
            remind_at=remind_from(now, due_at),
        )
        session.add(approval)
        asked.append(approval)
        payload = {"approval": approval.public_id, subject_kind: subject_public_id}
        publish(session, "access_request.approval_asked", payload, now=now)
    session.flush()
    return asked


def void(session: Session, *, subject_kind: str, subject_id: int) -> None:
    """Call off every approval of a subject that still waits."""
    for approval in session.scalars(
        select(Approval).where(
            Approval.subject_kind == subject_kind, Approval.subject_id == subject_id, Approval.state.in_(OPEN)
        )
    ):
        approval.state = ApprovalState.VOID
    session.flush()


def give_verdict(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    approval: Approval,
    verdict: str,
    reason: str,
    conditions: str | None = None,
    expected_version: int | None = None,
    team: Collection[int] = (),
    acting_for: int | None = None,
) -> str:
    """Write a verdict down and return how the subject stands by it.

    That is approved (nothing is left to ask), refused (the others are called off), changes_requested, paused or open.
    The caller holds the lock on the subject and changes its state. `team` and `acting_for` are those of a booking.

    Raises PreconditionFailed `version.stale`, Forbidden `approval.own` or `permission.missing`, Conflict
    `approval.decided`, or what `parties.clear_names` raises before an export control officer's yes, Invalid.
    """
    kind = fields.one_of(Verdict)(verdict, "verdict")
    if approval.subject_kind == "booking" and kind not in (Verdict.APPROVE, Verdict.REFUSE):
        raise fields.fault("verdict.unfit", "verdict", _("A booking can be approved or refused."))
    reason = clean_text(
        reason, field="reason", max_length=5_000, required=kind not in (Verdict.APPROVE, Verdict.RESUME)
    )
    conditions = clean_text(conditions or "", field="conditions", max_length=5_000)
    approval = locked_approval(session, approval, expected_version)
    view = view_of(session, approval)
    if view.is_near(actor) or actor.account_id in team:
        message = _("Nobody decides on a request of their own, of their team or of their organisation. Others will.")
        raise Forbidden("approval.own", message)
    require(actor, Permission.APPROVAL_DECIDE, (), {"approver"} if view.may_decide(actor) else set())
    if approval.state not in OPEN or (kind == Verdict.RESUME and approval.state != ApprovalState.PAUSED):
        raise Conflict(
            "approval.decided",
            _("This approval does not wait for that any more. Load it again to see what happened."),
            details={"state": approval.state},
        )
    if kind == Verdict.APPROVE:
        clear_names(session, approval, now=now, team=team, acting_for=acting_for)
    approval.state, approval.reason = _STATES[Verdict(kind)], reason or None
    if approval.state not in OPEN:
        approval.decided_by_id, approval.decided_at = actor.account_id, now
        approval.conditions = conditions or None
    session.flush()
    return _standing(session, approval)


def prolong(session: Session, *, subject_kind: str, subject_id: int, by: timedelta) -> None:
    """Put off the deadlines of what waits, after a pause; what was paused waits again."""
    for approval in session.scalars(
        select(Approval).where(
            Approval.subject_kind == subject_kind, Approval.subject_id == subject_id, Approval.state.in_(OPEN)
        )
    ):
        approval.due_at += by
        approval.remind_at += by
        approval.state = ApprovalState.PENDING
        approval.reminded_at = approval.escalated_at = None
    session.flush()


def locked_approval(session: Session, approval: Approval, expected_version: int | None = None) -> Approval:
    """Lock an approval, so that it waits, or does not, until the transaction ends. Raises PreconditionFailed."""
    locked = session.scalars(
        select(Approval)
        .where(Approval.id == approval.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    fields.check_version(locked.version, expected_version)
    return locked


def _standing(session: Session, approval: Approval) -> str:
    if approval.state == ApprovalState.REFUSED:
        void(session, subject_kind=approval.subject_kind, subject_id=approval.subject_id)
    if approval.state in (ApprovalState.REFUSED, ApprovalState.CHANGES_REQUESTED, ApprovalState.PAUSED):
        return str(approval.state)
    left = session.scalar(
        select(Approval.id)
        .where(
            Approval.subject_kind == approval.subject_kind,
            Approval.subject_id == approval.subject_id,
            Approval.state.in_([*OPEN, ApprovalState.CHANGES_REQUESTED]),
        )
        .limit(1)
    )
    return "approved" if left is None else "open"
