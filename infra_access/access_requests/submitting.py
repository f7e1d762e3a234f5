"""Sending a request, sending it again after changes, and withdrawing it."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations, excepting, request_fields, review
from infra_access.access_requests.approvals import verdicts
from infra_access.access_requests.approvals.counting import is_waiting
from infra_access.access_requests.content import Content, content_of
from infra_access.access_requests.following import void_what_leaves_nothing
from infra_access.access_requests.lifecycle import RequestState, RequestTransition, move
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.routes import with_rounds
from infra_access.access_requests.standing import advance, locked, own_relations, tell
from infra_access.access_requests.terms import agreements
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _, plain
from infra_access.core.input_text import clean_text
from infra_access.policy.rules import Rule
from infra_access.policy.ruling import Ruling

_SENDING = {
    RequestState.CHANGES_REQUESTED: RequestTransition.RESUME,
    RequestState.REOPENED: RequestTransition.REVIEW,
}
"""What sending a request again is, in the states in which it was sent before."""


def submit(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    exception: str = "",
    expected_version: int | None = None,
) -> AccessRequest:
    """Send a draft, or again what changes were asked for; the policy decides at once what follows.

    The request is then under review, approved and on to its terms, active, or refused by the policy: a refusal is an
    answer, which stands in the row with its Decision, and no error. With `exception`, which says why the request
    deserves one, it may lack what exceptions from rules would give, and waits for them under review.

    Raises Conflict `access_route.closed` between rounds, `access_request.incomplete` with what is missing,
    `approval.nobody`, `override.nobody`; PreconditionFailed `version.stale`. Nothing is changed then.
    """
    require(actor, Permission.REQUEST_UPDATE, (), own_relations(access_request, actor))
    access_request = locked(session, access_request, expected_version)
    sending = _SENDING.get(RequestState(access_request.state), RequestTransition.SUBMIT)
    move(RequestState(access_request.state), sending)
    route = session.get_one(AccessRoute, access_request.route_id)
    content = content_of(session, access_request)
    request_fields.check_period(content.period, now)
    if sending is RequestTransition.SUBMIT:
        access_request.round_id = _open_round_id(session, route, now)
    ruling = review.rule(
        session, actor=actor, content=content, route=route, now=now, access_request_id=access_request.id
    )
    why = clean_text(exception, field="exception", max_length=5_000)
    excepted: list[Rule] = []
    try:
        review.refuse_incomplete(session, ruling, content, route=route, now=now)
    except (Conflict, Invalid):
        if why:
            excepted = excepting.needed(
                session, actor=actor, access_request=access_request, content=content, route=route, now=now
            )
        if not excepted:
            raise
    access_request.submitted_at = now
    advance(access_request, sending, now)
    review.keep(session, access_request, ruling, now)
    if excepted:
        excepting.wait(session, access_request, excepted, why, now)
    else:
        _follow(session, access_request, route, content, ruling, now)
    session.flush()
    details: dict[str, Any] = {
        "outcome": ruling.decision.outcome.value,
        "case": ruling.decision.case,
        "state": access_request.state,
    }
    details |= {"waits_for_exceptions_from": [rule.id for rule in excepted]} if excepted else {}
    _record(session, actor, "access_request.submitted", access_request, now, details)
    return access_request


def withdraw(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    reason: str = "",
    expected_version: int | None = None,
) -> AccessRequest:
    """Withdraw a request, whatever it waits for; nothing more can be booked on it. Raises Conflict, Forbidden.

    `outcomes.withdrawing` cancels what was booked and ordered, and asks for a report of what was used.
    """
    require(actor, Permission.REQUEST_UPDATE, (), own_relations(access_request, actor))
    access_request = locked(session, access_request, expected_version)
    reason = clean_text(reason, field="reason", max_length=2_000)
    advance(access_request, RequestTransition.WITHDRAW, now, reason)
    verdicts.void(session, subject_kind="access_request", subject_id=access_request.id)
    allocations.set_state(session, access_request, AllocationState.ENDED)
    session.flush()
    tell(session, access_request, "withdrawn", now)
    _record(session, actor, "access_request.withdrawn", access_request, now, {"reason": reason})
    return access_request


def _follow(
    session: Session, access_request: AccessRequest, route: AccessRoute, content: Content, ruling: Ruling, now: datetime
) -> None:
    if review.is_closed(ruling):
        verdicts.void(session, subject_kind="access_request", subject_id=access_request.id)
        reasons = " ".join(plain(reason.message) for reason in ruling.decision.reasons)
        advance(access_request, RequestTransition.REFUSE, now, reasons)
        allocations.set_state(session, access_request, AllocationState.ENDED)
        tell(session, access_request, "decided", now)
        return
    tell(session, access_request, "submitted", now)
    void_what_leaves_nothing(session, access_request)
    review.reconcile(session, access_request, content, ruling, now=now)
    if not is_waiting(session, access_request):
        agreements.grant(session, access_request, route, now)
    elif access_request.state == RequestState.SUBMITTED:
        advance(access_request, RequestTransition.REVIEW, now)


def _open_round_id(session: Session, route: AccessRoute, now: datetime) -> int:
    view = with_rounds(session, [route], now=now)[0]
    if view.open_round is not None and route.active:
        return view.open_round.id
    opens = view.next_round.opens_at.isoformat() if view.next_round is not None and route.active else None
    if opens is None:
        message = _("This route takes no requests at present, and no next call has been announced. Ask the facility.")
    else:
        message = _("This route takes requests again from ${opens} on. Your draft is kept.", mapping={"opens": opens})
    raise Conflict("access_route.closed", message, details={"next_round": opens})


def _record(
    session: Session, actor: Actor, action: str, access_request: AccessRequest, now: datetime, details: dict[str, Any]
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details=details,
    )
