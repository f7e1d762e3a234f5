"""What the policy says of a request, and the approvals that follow: asked, kept, or void where a change hit them."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import approvals
from infra_access.access_requests.content import Content
from infra_access.access_requests.facts import facts_of_request
from infra_access.access_requests.models import AccessRequest, AccessRoute, Approval
from infra_access.access_requests.override_queries import overrides_of
from infra_access.access_requests.vocabularies import OPEN, ApprovalState
from infra_access.catalogue.fields import fault
from infra_access.core.authority import Actor
from infra_access.core.decision import Outcome
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _, plain
from infra_access.policy.applicants import facts_of
from infra_access.policy.decisions import record_decision
from infra_access.policy.disclosure import decision_to_json
from infra_access.policy.rulebook import rulebook
from infra_access.policy.ruling import Ruling, rule_on

_LIVE = (*OPEN, ApprovalState.APPROVED, ApprovalState.CHANGES_REQUESTED)


def rule(
    session: Session,
    *,
    actor: Actor,
    content: Content,
    route: AccessRoute,
    now: datetime,
    share_lock: bool = True,
    access_request_id: int | None = None,
) -> Ruling:
    """Return the policy's answer on asking for this; the policy stays as it is until the transaction ends.

    Without `share_lock` it is only looked at, as by the pages that say what is still missing. Exceptions that were
    granted to the request of `access_request_id` count.
    """
    book = rulebook(session, share_lock=share_lock)
    return rule_on(
        session,
        action="request",
        instrument_ids=content.instruments,
        applicant=facts_of(session, actor, acting_for_id=content.acting_for, now=now, book=book),
        now=now,
        route=route.public_id,
        extra=facts_of_request(
            session,
            content,
            route=route,
            book=book,
            now=now,
            by=actor.public_id,
            access_request_id=access_request_id,
        ),
        book=book,
        overrides=overrides_of(session, access_request_id, book, now=now, share_lock=share_lock),
    )


def is_complete(ruling: Ruling, content: Content) -> bool:
    """Tell whether nothing is missing, and no more is asked for than the limit."""
    try:
        refuse_incomplete(ruling, content)
    except (Conflict, Invalid):
        return False
    return True


def refuse_incomplete(ruling: Ruling, content: Content) -> None:
    """Raise Conflict `access_request.incomplete` with what is missing, or Invalid beyond its limit."""
    decision = ruling.decision
    conditional = decision.outcome is Outcome.CONDITIONAL
    if conditional or (decision.outcome is Outcome.NOT_ELIGIBLE and decision.missing):
        shown = decision_to_json(decision, plain)
        raise Conflict(
            "access_request.incomplete",
            _("Something is missing before this can be sent. Supply what is named, then send it again."),
            details={"decision": shown, "missing": shown["missing"]},
        )
    most = decision.limits.get("amount")
    if most is not None and content.quantity > Decimal(most):
        message = _("At most ${most} access units can be asked for here.", mapping={"most": str(most)})
        raise fault("access_request.limit", "quantity", message)


def is_closed(ruling: Ruling) -> bool:
    """Tell whether the policy refuses, whatever the applicant might still supply."""
    return ruling.decision.outcome in (Outcome.DENY, Outcome.NOT_ELIGIBLE)


def keep(session: Session, access_request: AccessRequest, ruling: Ruling, now: datetime) -> None:
    """Store the policy's answer with the request, and what it rests on with the decisions."""
    access_request.case = ruling.decision.case
    access_request.decision = decision_to_json(ruling.decision, plain)
    record_decision(
        session,
        subject_kind="access_request",
        subject_id=access_request.public_id,
        action="request",
        ruling=ruling,
        now=now,
    )


def void_resting_on(session: Session, access_request: AccessRequest, changed: Collection[str]) -> list[str]:
    """Call off the approvals, given or not, that rest on a changed field. Return their public ids."""
    called_off = [one for one in live(session, access_request) if not set(one.rests_on).isdisjoint(changed)]
    for approval in called_off:
        approval.state = ApprovalState.VOID
    session.flush()
    return [approval.public_id for approval in called_off]


def reconcile(
    session: Session,
    access_request: AccessRequest,
    content: Content,
    ruling: Ruling,
    *,
    changed: Collection[str] = (),
    now: datetime,
) -> list[str]:
    """Bring the approvals to what is due: void those that rest on a change or are due no longer, ask what has none.

    Whoever asked for changes is asked again. Return the public ids of those that were called off.
    """
    called_off = void_resting_on(session, access_request, changed)
    due = {(one.rule, one.role): one for one in ruling.officer.approvals}
    kept = set()
    for approval in live(session, access_request):
        if (approval.rule, approval.role) in due and approval.state != ApprovalState.CHANGES_REQUESTED:
            kept.add((approval.rule, approval.role))
            approval.instrument_ids = list(content.instruments)
        else:
            approval.state = ApprovalState.VOID
            called_off.append(approval.public_id)
    new = [one for key, one in due.items() if key not in kept]
    if new:
        approvals.ask(
            session,
            subject_kind="access_request",
            subject_id=access_request.id,
            subject_public_id=access_request.public_id,
            applicant_id=access_request.requester_id,
            instrument_ids=content.instruments,
            due=new,
            now=now,
            team=[member.account_id for member in content.participants if member.account_id is not None],
        )
    session.flush()
    return called_off


def live(session: Session, access_request: AccessRequest) -> list[Approval]:
    """Return the approvals of a request that count: waiting or given."""
    found = approvals.approvals_of(session, "access_request", access_request.id)
    return [approval for approval in found if approval.state in _LIVE]


def is_waiting(session: Session, access_request: AccessRequest) -> bool:
    """Tell whether any approval of a request still waits. One statement."""
    waiting = select(Approval.id).where(
        Approval.subject_kind == "access_request",
        Approval.subject_id == access_request.id,
        Approval.state.in_(OPEN),
    )
    return session.scalar(waiting.limit(1)) is not None
