"""The mails to a team of what was decided on its request: what, in which role, and what comes next."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.models import RequestCorrection
from infra_access.access_requests.lifecycle import LABELS, NEXT, RequestState
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.vocabularies import Outcome
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.notifications.kinds import Kind
from infra_access.notifications.subject import Subject
from infra_access.policy.disclosure import WITHHELD

_OUTCOMES: Mapping[str, Text] = {
    **{str(state): words for state, words in LABELS.items()},
    Outcome.APPROVAL_GIVEN: _("An approval was given"),
    Outcome.GOES_ON: _("The review goes on"),
    Outcome.TAKEN_UP: _("Its round has begun"),
    Outcome.APPEAL_GRANTED: _("The appeal was granted"),
}
_NEXT: Mapping[RequestState, Text] = {
    **NEXT,
    RequestState.UNDER_REVIEW: _("Approvals are still due; its page names them. You get a message at each decision."),
    RequestState.PAUSED: _("It is paused until what was asked has come, and deadlines stand still until then."),
    RequestState.DEFERRED: _(
        "It is considered again in a later round, which its page names. You need not send it again."
    ),
}
"""What happens next, where a page says it in words that lead to other parts of the page."""

_ROLE = _("This was decided in the role: ${role}.")
_BY_CHECK = _("This was decided in a check by the facility.")
_BY_RULES = _("The access rules in force decided this, nobody in person.")
_SEND_AGAIN = _("Send the request again on its page: the access rules decide anew, with the exception.")


def decided(session: Session, kind: Kind, found: Subject, payload: Mapping[str, Any]) -> Subject:
    """Return a request with what was decided on it, as `standing.tell` published it."""
    request = _request(session, payload)
    state = RequestState(payload.get("state", request.state))
    paragraphs: list[Text] = []
    words = dict(found.words)
    role = payload.get("role")
    if role == WITHHELD:
        paragraphs.append(_BY_CHECK)
    elif role:
        words["role"] = ROLES.get(role, role)
        paragraphs.append(_ROLE)
    elif kind is Kind.REQUEST_DECIDED and state is RequestState.REFUSED:
        paragraphs.append(_BY_RULES)
    if kind is Kind.REQUEST_DECIDED:
        words["outcome"] = _OUTCOMES[payload.get("outcome", state)]
        paragraphs.append(_NEXT[state])
    if kind is Kind.EXCEPTION_GRANTED:
        paragraphs.append(_SEND_AGAIN if state is RequestState.CHANGES_REQUESTED else _NEXT[state])
    # The reason that stands there now is that of where it stands now.
    stands = request.state == state and kind is not Kind.EXCEPTION_GRANTED
    return replace(found, words=words, paragraphs=tuple(paragraphs), reason=found.reason if stands else "")


def proposed(session: Session, found: Subject, payload: Mapping[str, Any]) -> Subject:
    """Return a request of which staff proposed a change, with why they did."""
    reason = session.scalar(
        select(RequestCorrection.reason).where(RequestCorrection.public_id == payload.get("correction"))
    )
    return replace(found, reason=reason or "")


def _request(session: Session, payload: Mapping[str, Any]) -> AccessRequest:
    return session.scalars(select(AccessRequest).where(AccessRequest.public_id == payload["access_request"])).one()
