"""What follows from the policy's answer on a request that was sent before: approvals, the terms, what was granted."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations, review
from infra_access.access_requests.approvals.counting import is_on_hold, is_waiting, live_of
from infra_access.access_requests.approvals.narrower import asked_for, leaves_nothing, left_out_by
from infra_access.access_requests.content import Content
from infra_access.access_requests.lifecycle import HELD, RequestState, RequestTransition
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.access_requests.standing import advance, tell
from infra_access.access_requests.terms import agreements
from infra_access.access_requests.vocabularies import AgreementKind, AllocationState, ApprovalState
from infra_access.policy.ruling import Ruling

UNDECIDED = (RequestState.UNDER_REVIEW, *HELD)
_TERMS = frozenset({"regime", "acting_for"})
"""The fields that the text of the terms depends on."""


def follow(
    session: Session,
    access_request: AccessRequest,
    route: AccessRoute,
    content: Content,
    ruling: Ruling,
    *,
    changed: Collection[str] = (),
    now: datetime,
) -> list[str]:
    """Bring a locked request to what an answer that lets it through asks of it, and keep the answer.

    Return the public ids of the approvals that were called off, which are those that rest on a `changed` field or are
    due no longer.
    """
    called_off = void_what_leaves_nothing(session, access_request)
    called_off += review.reconcile(session, access_request, content, ruling, changed=changed, now=now)
    review.keep(session, access_request, ruling, now)
    state = RequestState(access_request.state)
    if is_waiting(session, access_request):
        if state not in UNDECIDED:
            advance(access_request, RequestTransition.REVIEW, now)
            allocations.set_state(session, access_request, AllocationState.SUSPENDED)
        elif state in HELD and not is_on_hold(session, access_request):
            review.go_on(session, access_request, now)
    elif state in UNDECIDED:
        if state in HELD:
            review.go_on(session, access_request, now)
        agreements.grant(session, access_request, route, now)
    elif not _TERMS.isdisjoint(changed) or ("samples" in changed and AgreementKind.MTA in route.terms):
        allocations.set_state(session, access_request, AllocationState.SUSPENDED)
        advance(access_request, RequestTransition.REVIEW, now)
        agreements.grant(session, access_request, route, now)
    elif state is RequestState.ACTIVE:
        allocations.activate(session, access_request)
    if access_request.state == RequestState.UNDER_REVIEW and state is not RequestState.UNDER_REVIEW:
        tell(session, access_request, "submitted", now)
    return called_off


def void_what_leaves_nothing(session: Session, access_request: AccessRequest) -> list[str]:
    """Call off each yes that ends before the period begins, and those that leave out all instruments together.

    They are asked again. Return their public ids.
    """
    live = live_of(session, access_request)
    narrower = [one for one in live if one.state == ApprovalState.APPROVED and one.left_out]
    none_left = bool(narrower) and asked_for(session, access_request) <= left_out_by(narrower)
    called_off = [one for one in live if leaves_nothing(one, access_request) or (none_left and one in narrower)]
    for approval in called_off:
        approval.state = ApprovalState.VOID
    session.flush()
    return [approval.public_id for approval in called_off]
