"""The rules in force, asked once more before a yes counts or accepted terms open the way.

What was sent under other rules, or by people who could then, is not granted by them. The policy's head stays as it is
until the transaction ends, as where a booking is made, so that nothing is withdrawn between the answer and the grant.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests import review
from infra_access.access_requests.approvals.counting import is_waiting
from infra_access.access_requests.content import content_of
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.core.decision import Decision
from infra_access.core.errors import Conflict, Invalid, NotFound
from infra_access.core.i18n import Text, _, plain
from infra_access.people.actors import load_actor
from infra_access.policy.disclosure import decision_to_json

POSSIBLE = ("refuse", "request_changes")
"""What an approver can say of a request that the rules would not let through."""


def judge_again(session: Session, access_request: AccessRequest, *, now: datetime) -> None:
    """Judge a locked request as it stands, and ask for the approvals that the answer wants besides.

    The answer is kept where something rests on it: what is asked, or the grant. Exceptions in force count, and lead
    time binds who asked, when they asked. Whoever was asked for changes is judged whole once they send it again.

    Raises Conflict `access_request.refused_now` where the rules refuse it, `access_request.lacks_now` where something
    is missing or too much is asked for, `access_request.no_applicant` where the applicant's account is shut.
    """
    try:
        applicant = load_actor(session, access_request.requester_id, now=now)
    except NotFound:
        message = _("The account of the applicant is shut, so nothing can be granted to it. Refuse the request.")
        raise Conflict("access_request.no_applicant", message, details={"possible": ["refuse"]}) from None
    route = session.get_one(AccessRoute, access_request.route_id)
    content = content_of(session, access_request)
    ruling = review.rule(
        session,
        actor=applicant,
        content=content,
        route=route,
        now=now,
        access_request_id=access_request.id,
        asked_at=access_request.submitted_at,
    )
    if review.is_closed(ruling):
        raise _refused_now(ruling.decision)
    try:
        review.refuse_incomplete(session, ruling, content, route=route, now=now)
    except (Conflict, Invalid) as error:
        raise _lacks_now(ruling.decision, error) from None
    if access_request.state == RequestState.CHANGES_REQUESTED:
        return
    asked = review.ask_besides(session, access_request, content, ruling, now=now)
    if asked or not is_waiting(session, access_request):
        review.keep(session, access_request, ruling, now)


def _refused_now(decision: Decision) -> Conflict:
    message = _(
        "The access rules refuse this request as they are now, whatever they said when it was sent: ${reason} So no "
        "yes counts. Refuse it with that reason, or ask the team for changes.",
        mapping={"reason": _first(decision)},
    )
    return Conflict("access_request.refused_now", message, details=_details(decision))


def _lacks_now(decision: Decision, error: Conflict | Invalid) -> Conflict:
    first: Text = decision.missing[0].message if decision.missing else error.message
    message = _(
        "The access rules ask for more than when this was sent, or what the team had has ended: ${first} So no yes "
        "counts yet. Ask the team for changes, and approve it once they have sent it again.",
        mapping={"first": first},
    )
    return Conflict("access_request.lacks_now", message, details=_details(decision))


def _first(decision: Decision) -> Text:
    if decision.reasons:
        return decision.reasons[0].message
    return _("quote case ${case}.", mapping={"case": decision.case})


def _details(decision: Decision) -> Mapping[str, object]:
    return {"decision": decision_to_json(decision, plain), "possible": list(POSSIBLE)}
