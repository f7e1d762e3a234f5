"""/access-requests/{id}/corrections: what staff propose to change, and the applicant's answer."""

from typing import Any

from infra_access.access_requests.corrections import (
    CorrectionView,
    answer,
    correction_by_public_id,
    corrections_of,
    propose,
)
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.api.access_request_shapes import AccessRequestBody, AccessRequestOut, content_of, whole
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Flag, Free, Instant, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out
from infra_access.core.authority import Permission


class ChangesBody(AccessRequestBody):
    """The fields to change."""

    def __init__(self, **rest: Any):
        """Require none of them."""
        super().__init__(**rest | {"partial": True})


class RequestCorrectionBody(Body):
    """What to change, and why."""

    changes = Part(ChangesBody, required=True)
    reason = Lines("The applicant reads it.", most=5_000, filled=True, required=True)


class AnswerBody(Body):
    """The applicant's answer."""

    accept = Flag("Whether to make the change; it is then one's own.", required=True)


class RequestCorrectionOut(Out):
    """A correction that was proposed."""

    id = PublicId()
    proposed_by = Line(most=200)
    changes = Free("As they change the request.")
    reason = Lines(most=5_000)
    state = Choice(("proposed", "accepted", "declined"))
    proposed_at = Instant()
    answered_at = Instant(allow_none=True)


class RequestCorrectionsOut(Out):
    """All corrections of a request."""

    items = ListOf(Part(RequestCorrectionOut))


@resource("api.access_request_corrections", "GET", permission=Permission.REQUEST_READ, out=RequestCorrectionsOut)
def read(call: Call) -> dict[str, Any]:
    """List what staff proposed to change, oldest first."""
    return _listed(call)


@resource(
    "api.access_request_corrections",
    "POST",
    permission=Permission.REQUEST_CORRECT,
    body=RequestCorrectionBody,
    out=RequestCorrectionsOut,
    errors=(409,),
)
def suggest(call: Call) -> dict[str, Any]:
    """Propose changes to the applicant. Whoever did decides nothing on the request once they are accepted."""
    request, changes = call.row.access_request, content_of(call.body["changes"])
    reason = call.body["reason"]
    propose(call.db, actor=call.actor, now=call.now, access_request=request, changes=changes, reason=reason)
    return _listed(call)


@resource(
    "api.correction_answer",
    "POST",
    permission=Permission.REQUEST_UPDATE,
    body=AnswerBody,
    out=AccessRequestOut,
    version="access_request.version",
    errors=(409,),
)
def respond(call: Call) -> dict[str, Any]:
    """Accept a proposed change, which amends the request, or decline it."""
    request = call.row.access_request
    correction = correction_by_public_id(call.db, request, call.request.matchdict["correction"])
    answer(call.db, access_request=request, correction=correction, accept=call.body["accept"], **call.changes)
    return whole(request_by_public_id(call.db, request.public_id, actor=call.actor))


def _listed(call: Call) -> dict[str, Any]:
    return {"items": [_shown(view) for view in corrections_of(call.db, call.row.access_request)]}


def _shown(view: CorrectionView) -> dict[str, Any]:
    row = view.correction
    return {
        "id": row.public_id,
        "proposed_by": view.proposed_by,
        "changes": row.changes,
        "reason": row.reason,
        "state": row.state,
        "proposed_at": row.proposed_at,
        "answered_at": row.answered_at,
    }
