"""One way to decide an approval, whatever it is about: requests, bookings, and what a no to a request ends."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import deciding
from infra_access.access_requests.approvals.deciders import approval_to_decide
from infra_access.access_requests.approvals.narrower import WHOLE, Narrower
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.vocabularies import Verdict
from infra_access.catalogue.fields import fault
from infra_access.core.authority import Actor
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text
from infra_access.outcomes.ending import with_all_on_it
from infra_access.outcomes.leaving_out import refuse_booked
from infra_access.scheduling.verdicts import decide_booking

MOST_ALIKE = 50
"""So many approvals at most are decided together."""


def decide(
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
) -> Approval:
    """Give the actor's verdict: approve, refuse, request_changes, pause, reserve, defer or resume, with a reason.

    A request may be granted less than it asks for. Raises Forbidden for somebody who may not decide it,
    PreconditionFailed for a verdict on an older version, Conflict `grant.booked` where sessions or orders wait on an
    instrument that is left out.
    """
    command = decide_booking if approval.subject_kind == "booking" else deciding.decide

    def give() -> None:
        command(
            session,
            actor=actor,
            now=now,
            approval=approval,
            verdict=verdict,
            reason=reason,
            conditions=conditions,
            narrower=narrower,
            expected_version=expected_version,
        )

    if approval.subject_kind == "access_request" and verdict == Verdict.REFUSE:
        # An amended request may have been granted before, and sessions booked or samples sent on it.
        refused = session.get_one(AccessRequest, approval.subject_id)
        with_all_on_it(session, give, actor=actor, now=now, access_request=refused)
    elif approval.subject_kind == "access_request" and narrower.left_out:
        # So may one that is granted less by now.
        with session.begin_nested():
            give()
            refuse_booked(session, narrower, session.get_one(AccessRequest, approval.subject_id), now)
    else:
        give()
    return approval


def decide_alike(
    session: Session, *, actor: Actor, now: datetime, approvals: Sequence[str], verdict: str, reason: str
) -> list[Approval]:
    """Give one verdict on several approvals, by their public ids, that one rule asks of one role: all or none.

    Raises Invalid where they do not rest on one rule, and as `decide` does for each, naming which.
    """
    views = [approval_to_decide(session, key, actor=actor, now=now) for key in sorted(set(approvals))]
    grounds = {(view.approval.rule, view.approval.role, view.approval.subject_kind) for view in views}
    if len(grounds) > 1 or verdict not in (Verdict.APPROVE, Verdict.REFUSE):
        message = _("Only approvals that one rule asks for are decided together, with yes or no. Choose fewer.")
        raise fault("approvals.unlike", "approvals", message)
    clean_text(reason, field="reason", max_length=5_000, required=True)
    # In the order in which they were asked, as their rows are locked.
    return [
        decide(session, actor=actor, now=now, approval=view.approval, verdict=verdict, reason=reason)
        for view in sorted(views, key=lambda view: view.approval.subject_id)
    ]
