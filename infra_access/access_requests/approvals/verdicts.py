"""Approvals: asked for, given, void. What a verdict does to its subject is decided by whoever asked.

The deciding compares and swaps: it locks the row, checks that it still waits and is the version that was looked at.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.approvers import host_scopes, only_one_person, scope_for
from infra_access.access_requests.approvals.deciders import refuse_others, refuse_same_person
from infra_access.access_requests.approvals.narrower import WHOLE, Narrower, with_names
from infra_access.access_requests.approvals.nationality_queries import refuse_unanswered
from infra_access.access_requests.approvals.parties import clear_names, rests_on_names
from infra_access.access_requests.approvals.queries import (
    ApprovalPage,
    ApprovalView,
    approval_by_public_id,
    approvals_of,
    inbox,
    view_of,
)
from infra_access.access_requests.approvals.reminding import remind_from
from infra_access.access_requests.approvals.reviews import refuse_unfit, set_review
from infra_access.access_requests.approvals.stages import AnsweredAhead, open_stage, stage_before
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.vocabularies import ON_HOLD, OPEN, UNGIVEN, ApprovalState, Verdict
from infra_access.catalogue import fields
from infra_access.core.authority import Actor
from infra_access.core.decision import ApprovalDue
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _, plain
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_text
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
    "open_next",
    "prolong",
    "standing_of",
    "void",
]

SHORTEST = timedelta(days=1)

_STATES = {
    Verdict.APPROVE: ApprovalState.APPROVED,
    Verdict.REFUSE: ApprovalState.REFUSED,
    Verdict.REQUEST_CHANGES: ApprovalState.CHANGES_REQUESTED,
    Verdict.PAUSE: ApprovalState.PAUSED,
    Verdict.RESERVE: ApprovalState.RESERVED,
    Verdict.DEFER: ApprovalState.DEFERRED,
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
    access_request_id: int | None = None,
    acting_for_id: int | None = None,
    ahead: AnsweredAhead | None = None,
    deciders: Collection[int] | None = None,
    known: Collection[Approval] = (),
    two_people: bool = False,
) -> list[Approval]:
    """Ask for what is due, each of its own people; `due` is an officer's reading, so that hidden rules count.

    Stages are asked one after the other; `known` are the approvals that count already. What a standing authorisation
    answers is given at once, by whoever gave that, and quotes it. Where `two_people` are needed, the database holds to
    it too; `deciders` are those who have said yes, or could on what waits already. `access_request_id` and
    `acting_for_id` are those of a booking: the request that it draws on, and the organisation that it is for.

    Raises Conflict `approval.nobody` where somebody would have to decide on a request of their own, or nobody could.
    """
    host = host_scopes(session, instrument_ids[0])
    near = {*team, applicant_id}
    group = acting_for_id
    if subject_kind != "booking":
        access_request_id = subject_id
        group = session.scalar(select(AccessRequest.acting_for_id).where(AccessRequest.id == subject_id))
    wanted = [
        (one, *scope_for(session, one, host, team=near, group=group, now=now))
        for one in {(each.rule, each.role, each.scope): each for each in due}.values()
    ]
    if deciders is not None and len({*deciders}.union(*(able for _one, _scopes, able in wanted))) < 2:
        raise only_one_person()
    asked, chains = [], {}
    for one, scopes, _able in wanted:
        (kind, key), *_wider = scopes
        due_at = now + max(SHORTEST, timedelta(days=one.latest_days))
        approval = Approval(
            public_id=new_public_id(),
            subject_kind=subject_kind,
            subject_id=subject_id,
            subject_public_id=subject_public_id,
            access_request_id=access_request_id,
            acting_for_id=acting_for_id,
            instrument_ids=list(instrument_ids),
            applicant_id=applicant_id,
            role=one.role,
            scope_kind=kind,
            scope_key=key,
            rule=one.rule,
            message=dict(one.message.by_locale) if isinstance(one.message, Wording) else {"en": plain(one.message)},
            # Whoever comes on the team later is asked too.
            rests_on=list(
                dict.fromkeys([*one.rests_on, *rests_on_names(one.role), *(["participants"] * bool(one.asks))])
            ),
            asks=list(one.asks),
            needs_review=one.review,
            stage=one.stage,
            two_people=two_people,
            state=ApprovalState.WAITING,
            asked_at=now,
            due_at=due_at,
            remind_at=remind_from(now, due_at),
        )
        session.add(approval)
        asked.append(approval)
        chains[approval.public_id] = scopes
    open_stage(session, [*known, *asked], now=now, ahead=ahead, scopes=chains)
    return asked


def void(session: Session, *, subject_kind: str, subject_id: int) -> None:
    """Call off every approval of a subject that still waits."""
    for approval in session.scalars(
        select(Approval).where(
            Approval.subject_kind == subject_kind, Approval.subject_id == subject_id, Approval.state.in_(UNGIVEN)
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
    narrower: Narrower = WHOLE,
    expected_version: int | None = None,
    team: Collection[int] = (),
    acting_for: int | None = None,
) -> str:
    """Write a verdict down and return how the subject stands by it.

    That is approved (nothing is left to ask), refused (the others are called off), changes_requested, paused,
    reserved, deferred or open. The caller holds the lock on the subject and changes its state. `team` and `acting_for`
    are those of a booking.

    Raises PreconditionFailed `version.stale`, Forbidden as `deciders.refuse_others` says, Conflict `approval.decided`,
    `approval.too_early` where an earlier stage is not complete, or what `parties.clear_names` raises before an export
    control officer's yes, or `nationality.missing` before one that asks for it, Invalid.
    """
    kind = fields.one_of(Verdict)(verdict, "verdict")
    if approval.subject_kind != "access_request" and kind not in (Verdict.APPROVE, Verdict.REFUSE):
        raise fields.fault("verdict.unfit", "verdict", _("Only approve or refuse is possible here."))
    reason = clean_text(
        reason, field="reason", max_length=5_000, required=kind not in (Verdict.APPROVE, Verdict.RESUME)
    )
    conditions = clean_text(conditions or "", field="conditions", max_length=5_000)
    if narrower != WHOLE and (kind != Verdict.APPROVE or approval.subject_kind != "access_request"):
        named = "review_at" if replace(narrower, review_at=None) == WHOLE else "most_units"
        named = "left_out" if narrower.left_out else named
        raise fields.fault("verdict.unfit", named, _("Only a yes to a request grants less than was asked."))
    approval = locked_approval(session, approval, expected_version)
    view = view_of(session, approval)
    refuse_others(session, actor, view, now=now, team=team)
    if approval.state == ApprovalState.WAITING:
        raise too_early(session, approval)
    if approval.state not in OPEN or (kind == Verdict.RESUME and approval.state not in ON_HOLD):
        raise Conflict(
            "approval.decided",
            _("This approval does not wait for that any more. Load it again to see what happened."),
            details={"state": approval.state},
        )
    if kind == Verdict.APPROVE:
        refuse_same_person(session, approval, actor, now=now)
        clear_names(session, approval, now=now, team=team, acting_for=acting_for)
        refuse_unanswered(session, view)
        refuse_unfit(approval, narrower.review_at)
    approval.state, approval.reason = _STATES[Verdict(kind)], reason or None
    if approval.state not in OPEN:
        approval.decided_by_id, approval.decided_at = actor.account_id, now
        approval.conditions = conditions or None
        approval.most_units, approval.until = narrower.most_units, narrower.until
        set_review(approval, narrower.review_at, now)
        approval.left_out = with_names(session, narrower.left_out)
        approval.safety_result = _safety_result(approval, narrower)
    session.flush()
    return _standing(session, approval)


def prolong(session: Session, *, subject_kind: str, subject_id: int, by: timedelta, wake: bool = True) -> None:
    """Put off the deadlines of what waits, after a pause; what was on hold waits again unless told otherwise."""
    for approval in session.scalars(
        select(Approval).where(
            Approval.subject_kind == subject_kind, Approval.subject_id == subject_id, Approval.state.in_(OPEN)
        )
    ):
        approval.due_at += by
        approval.remind_at += by
        approval.state = ApprovalState.PENDING if wake else approval.state
        approval.reminded_at = approval.escalated_at = None
    session.flush()


def _safety_result(approval: Approval, narrower: Narrower) -> str | None:
    """Return how safe a safety officer found it: green, yellow only under conditions or limits, red not at all."""
    if approval.role != "safety_officer" or approval.state == ApprovalState.CHANGES_REQUESTED:
        return None
    if approval.state == ApprovalState.REFUSED:
        return "red"
    return "yellow" if approval.conditions or narrower != WHOLE else "green"


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
    if approval.state in (ApprovalState.REFUSED, ApprovalState.CHANGES_REQUESTED, *ON_HOLD):
        return str(approval.state)
    return standing_of(session, approval.subject_kind, approval.subject_id)


def too_early(session: Session, approval: Approval) -> Conflict:
    """Return the refusal of a verdict on what an earlier stage goes before."""
    before = stage_before(approval, approvals_of(session, approval.subject_kind, approval.subject_id))
    message = _(
        "This is asked once stage ${before} is complete, and others decide that first. You are told when it is your "
        "turn.",
        mapping={"before": before or approval.stage - 1},
    )
    return Conflict(
        "approval.too_early", message, details={"state": approval.state, "stage": approval.stage, "waits_for": before}
    )


def open_next(session: Session, approval: Approval, *, now: datetime) -> None:
    """Ask for what stands in the stage after a verdict, where that completed its own."""
    open_stage(session, approvals_of(session, approval.subject_kind, approval.subject_id), now=now)


def standing_of(session: Session, subject_kind: str, subject_id: int) -> str:
    """Return "approved" where nothing is left to ask of a subject that nobody refused, else "open"."""
    left = session.scalar(
        select(Approval.id)
        .where(
            Approval.subject_kind == subject_kind,
            Approval.subject_id == subject_id,
            Approval.state.in_([*UNGIVEN, ApprovalState.CHANGES_REQUESTED]),
        )
        .limit(1)
    )
    return "approved" if left is None else "open"
