"""Stepping back from a request for a conflict of interest: whoever did decides nothing of it; others are asked."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import review
from infra_access.access_requests.approvals.approvers import only_one_person
from infra_access.access_requests.approvals.counting import is_on_hold
from infra_access.access_requests.approvals.deciders import able_to, is_controlled, people_for, refuse_others
from infra_access.access_requests.approvals.models import ConflictOfInterest
from infra_access.access_requests.approvals.queries import approvals_of, view_of
from infra_access.access_requests.approvals.stages import open_stage
from infra_access.access_requests.approvals.waiting_again import wait_again
from infra_access.access_requests.lifecycle import HELD
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.standing import locked
from infra_access.access_requests.vocabularies import OPEN, UNGIVEN, ApprovalState
from infra_access.audit.record import record
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text
from infra_access.outbox.events import publish


def step_back(session: Session, *, actor: Actor, now: datetime, approval: Approval, reason: str) -> ConflictOfInterest:
    """Declare a conflict of interest in the request that an approval is about. The reason stays among officers.

    Raises Forbidden for whoever could not decide it, Conflict `approval.decided`, or `approval.nobody` where nobody
    else holds the role: then whoever gives roles has to name somebody first.
    """
    if approval.subject_kind == "booking":
        raise Conflict("approval.unfit", _("One steps back from requests. Leave a booking to a colleague."))
    access_request = locked(session, session.get_one(AccessRequest, approval.subject_id))
    session.refresh(approval)
    view = view_of(session, approval)
    refuse_others(session, actor, view, now=now)
    if approval.state not in UNGIVEN:
        raise Conflict("approval.decided", _("This approval was decided already. Load it again."))
    others = session.scalars(
        select(Approval).where(
            Approval.subject_kind == approval.subject_kind,
            Approval.subject_id == approval.subject_id,
            Approval.state.in_((*UNGIVEN, ApprovalState.APPROVED)),
        )
    ).all()
    without = {int(actor.account_id or 0)}
    # What they said yes to before waits again too.
    asked = [one for one in others if one.state in UNGIVEN or one.decided_by_id == actor.account_id]
    if any(not able_to(session, one, now=now) - without for one in asked):
        raise Conflict(
            "approval.nobody",
            _("Nobody else holds this role here. Ask whoever gives roles to name somebody, then step back."),
        )
    if is_controlled(session, approval.instrument_ids) and len(people_for(session, others, now=now) - without) < 2:
        raise only_one_person()
    declared = ConflictOfInterest(
        access_request_id=access_request.id,
        account_id=int(actor.account_id or 0),
        reason=clean_text(reason, field="reason", max_length=5_000, required=True),
        declared_at=now,
    )
    session.add(declared)
    for given in others:
        if given.decided_by_id == actor.account_id:
            wait_again(given, now)
    # What was sent back for changes keeps its stage from being complete.
    open_stage(session, approvals_of(session, approval.subject_kind, approval.subject_id), now=now)
    # What was on hold in a later stage waits for its turn again, and then nothing holds the request.
    if access_request.state in HELD and not is_on_hold(session, access_request):
        review.go_on(session, access_request, now)
    record(
        session,
        actor=actor,
        action="approval.stepped_back",
        object_kind="approval",
        object_id=approval.public_id,
        now=now,
        details={"access_request": access_request.public_id},
    )
    for waiting in session.scalars(
        select(Approval).where(
            Approval.subject_kind == approval.subject_kind,
            Approval.subject_id == approval.subject_id,
            Approval.state.in_(OPEN),
        )
    ):
        payload = {"approval": waiting.public_id, "access_request": access_request.public_id}
        publish(session, "access_request.approval_asked", payload, now=now)
    return declared
