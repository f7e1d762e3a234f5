"""What a verdict does to a request: the last yes grants it, a no ends it, a question sends it back or pauses it.

For want of capacity it goes on the reserve list, or to a later round, whose beginning brings it back.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations, appeals, review
from infra_access.access_requests.approvals import verdicts
from infra_access.access_requests.approvals.counting import is_on_hold, live_of
from infra_access.access_requests.approvals.narrower import WHOLE, Narrower, fitting, refuse_to_leave_out
from infra_access.access_requests.approvals.parties import lists_looked_into
from infra_access.access_requests.awaited import role_told
from infra_access.access_requests.judging_again import judge_again
from infra_access.access_requests.lifecycle import RequestState, RequestTransition
from infra_access.access_requests.models import AccessRequest, AccessRoute, Approval
from infra_access.access_requests.routes import with_rounds
from infra_access.access_requests.standing import advance, locked, team_of, tell
from infra_access.access_requests.terms import agreements
from infra_access.access_requests.vocabularies import AllocationState, ApprovalState, Outcome, Verdict
from infra_access.audit.record import record
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text


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
    """Give a verdict on a request: approve, refuse, request_changes, pause, reserve, defer or resume.

    A yes counts only where the rules in force would let the request through, and what they ask for besides is asked.
    `expected_version` is that of the approval. Raises as `verdicts.give_verdict` and `judging_again.judge_again` do,
    and Conflict `access_request.state`, or `access_round.none` where there is no later round to move it to.
    """
    access_request = locked(session, session.get_one(AccessRequest, approval.subject_id))
    if approval.subject_kind == "appeal":
        return appeals.decide(
            session,
            actor=actor,
            now=now,
            approval=approval,
            access_request=access_request,
            verdict=verdict,
            reason=reason,
            expected_version=expected_version,
        )
    granted = allocations.allocation_of(session, access_request)
    narrower = fitting(narrower, access_request, now, used=granted.used if granted else Decimal(0))
    if narrower.left_out:
        others = [one for one in live_of(session, access_request) if one.state == ApprovalState.APPROVED]
        refuse_to_leave_out(session, narrower, access_request, others, reason)
    later = _later_round(session, access_request, now) if verdict == Verdict.DEFER else None
    # A yes that the rules do not let count leaves the rows as they were, for the page that says so.
    with session.begin_nested():
        standing = verdicts.give_verdict(
            session,
            actor=actor,
            now=now,
            approval=approval,
            verdict=verdict,
            reason=reason,
            conditions=conditions,
            narrower=narrower,
            expected_version=expected_version,
            team=team_of(session, access_request),
        )
        if verdict == Verdict.APPROVE:
            judge_again(session, access_request, now=now)
            standing = verdicts.standing_of(session, "access_request", access_request.id)
    reason = clean_text(reason, field="reason", max_length=5_000)
    _go_on(session, access_request, standing, now)
    role = role_told(access_request, approval)
    _follow(session, access_request, standing, now, reason=reason, later=later, verdict=verdict, role=role)
    session.flush()
    record(
        session,
        actor=actor,
        action="access_request.decided",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details={
            "verdict": verdict,
            "approval": approval.public_id,
            "reason": reason,
            "state": access_request.state,
            **lists_looked_into(session, approval),
        },
    )
    return approval


def _follow(
    session: Session,
    access_request: AccessRequest,
    standing: str,
    now: datetime,
    *,
    reason: str,
    later: int | None,
    verdict: str,
    role: str,
) -> None:
    """Bring a request to where its verdicts leave it, and tell its team of the last one."""
    match standing:
        case "approved" if not review.ask_again_who_came_near(session, access_request, now):
            agreements.grant(session, access_request, session.get_one(AccessRoute, access_request.route_id), now)
            return
        case "refused":
            advance(access_request, RequestTransition.REFUSE, now, reason)
            allocations.set_state(session, access_request, AllocationState.ENDED)
        case "changes_requested":
            if access_request.state != RequestState.CHANGES_REQUESTED:
                advance(access_request, RequestTransition.ASK_CHANGES, now, reason)
        case "paused" | "reserved" | "deferred":
            if access_request.state != _HOLDS[standing][0]:
                advance(access_request, _HOLDS[standing][1], now, reason)
            if later is not None:
                access_request.round_id = later
    if verdict == Verdict.REQUEST_CHANGES:
        tell(session, access_request, "changes_requested", now, role=role)
    else:
        tell(session, access_request, "decided", now, outcome=_OUTCOMES.get(verdict), role=role)


_OUTCOMES: Mapping[str, Outcome] = {Verdict.APPROVE: Outcome.APPROVAL_GIVEN, Verdict.RESUME: Outcome.GOES_ON}
_HOLDS = {
    "paused": (RequestState.PAUSED, RequestTransition.PAUSE),
    "reserved": (RequestState.RESERVE, RequestTransition.RESERVE),
    "deferred": (RequestState.DEFERRED, RequestTransition.DEFER),
}


_HELD = frozenset(hold for hold, _transition in _HOLDS.values())


def possible_holds(session: Session, access_request: AccessRequest, now: datetime) -> frozenset[str]:
    """Return which of pause, reserve and defer can be said now: none while the team makes changes, no round to come."""
    if access_request.state != RequestState.UNDER_REVIEW and access_request.state not in _HELD:
        return frozenset()
    holds = {Verdict.PAUSE.value, Verdict.RESERVE.value}
    if _next_round_id(session, access_request, now) is not None:
        holds.add(Verdict.DEFER.value)
    return frozenset(holds)


def _go_on(session: Session, access_request: AccessRequest, standing: str, now: datetime) -> None:
    """End a pause, or a stay on the reserve list, with the verdict that it waited for."""
    state = RequestState(access_request.state)
    if state is RequestState.CHANGES_REQUESTED and standing == "refused":
        advance(access_request, RequestTransition.RESUME, now)
    held = {hold: name for name, (hold, _transition) in _HOLDS.items()}
    if state not in held or held[state] == standing:
        return
    if standing == "open" and is_on_hold(session, access_request):
        return
    review.go_on(session, access_request, now, wake=standing not in _HOLDS)


def _later_round(session: Session, access_request: AccessRequest, now: datetime) -> int:
    later = _next_round_id(session, access_request, now)
    if later is None:
        message = _("This route has announced no later round. Announce one first, or use the reserve list.")
        raise Conflict("access_round.none", message)
    return later


def _next_round_id(session: Session, access_request: AccessRequest, now: datetime) -> int | None:
    route = session.get_one(AccessRoute, access_request.route_id)
    later = with_rounds(session, [route], now=now)[0].next_round
    return None if later is None else later.id
