"""/access-requests: a team's project on one way in, drafted, sent, changed, withdrawn."""

from typing import Any

from infra_access.access_requests.appeals import appeal
from infra_access.access_requests.drafting import amend, create_access_request
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.request_queries import own_requests, request_by_public_id, requests_by_case
from infra_access.api.access_request_shapes import (
    AccessRequestBody,
    AccessRequestOut,
    AccessRequestQuery,
    AccessRequestSummaryOut,
    NewAccessRequestBody,
    content_of,
    summary,
    whole,
)
from infra_access.api.booking_shapes import ReasonBody
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Lines
from infra_access.api.schemas import Body, page_of
from infra_access.api.serving import Created
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.outcomes.refusing import submit_access
from infra_access.outcomes.revoking import revoke_access
from infra_access.outcomes.withdrawing import withdraw_access

VERSION = "access_request.version"


class SendingBody(Body):
    """What is said while sending."""

    exception = Lines(
        "Why the request deserves an exception. Where that is all it lacks, it is taken, and waits for the exception.",
        most=5_000,
    )


class GroundsBody(Body):
    """Why, in words that the people concerned read."""

    reason = Lines(most=5_000, filled=True, required=True)


@resource(
    "api.access_requests",
    "GET",
    permission=Permission.REQUEST_LIST,
    query=AccessRequestQuery,
    out=page_of(AccessRequestSummaryOut),
)
def list_own(call: Call) -> Page[dict[str, Any]]:
    """List the requests of the caller's teams, newest first, or those of a case number that the caller may read."""
    given = dict(call.query)
    states = [given.pop("state")] if "state" in given else None
    if "case" in given:
        found = requests_by_case(call.db, actor=call.actor, case=given["case"])
        return Page([summary(one) for one in found.items if not states or one.access_request.state in states], None)
    page = own_requests(call.db, actor=call.actor, states=states, **given)
    return Page([summary(item) for item in page.items], page.next)


@resource(
    "api.access_requests",
    "POST",
    permission=Permission.REQUEST_CREATE,
    body=NewAccessRequestBody,
    out=AccessRequestOut,
    status=201,
    errors=(404,),
)
def create(call: Call) -> Created:
    """Begin a draft, which only its team sees."""
    made = create_access_request(call.db, actor=call.actor, now=call.now, **content_of(call.body))
    return Created(_shown(call, made), f"/api/v1/access-requests/{made.public_id}")


@resource("api.access_request", "GET", permission=Permission.REQUEST_READ, out=AccessRequestOut)
def read(call: Call) -> dict[str, Any]:
    """Show an access request."""
    return whole(call.row)


@resource(
    "api.access_request",
    "PATCH",
    permission=Permission.REQUEST_UPDATE,
    body=AccessRequestBody(partial=True),
    out=AccessRequestOut,
    version=VERSION,
    errors=(409,),
)
def change(call: Call) -> dict[str, Any]:
    """Change a request; after submission exactly the approvals that rest on a changed field are asked again."""
    content = content_of(call.body)
    return _shown(call, amend(call.db, access_request=call.row.access_request, changes=content, **call.changes))


@resource(
    "api.access_request_submit",
    "POST",
    permission=Permission.REQUEST_UPDATE,
    body=SendingBody,
    out=AccessRequestOut,
    version=VERSION,
)
def send(call: Call) -> dict[str, Any]:
    """Send a draft, or again what changes were asked for; the policy decides at once what follows."""
    return _shown(call, submit_access(call.db, access_request=call.row.access_request, **call.body, **call.changes))


@resource(
    "api.access_request_withdraw",
    "POST",
    permission=Permission.REQUEST_UPDATE,
    body=ReasonBody,
    out=AccessRequestOut,
    version=VERSION,
)
def take_back(call: Call) -> dict[str, Any]:
    """Withdraw a request, whatever it waits for; what is booked and ordered on it is cancelled."""
    reason = call.body.get("reason", "")
    return _shown(call, withdraw_access(call.db, access_request=call.row.access_request, reason=reason, **call.changes))


@resource(
    "api.access_request_appeal",
    "POST",
    permission=Permission.REQUEST_UPDATE,
    body=GroundsBody,
    out=AccessRequestOut,
    version=VERSION,
)
def object_to(call: Call) -> dict[str, Any]:
    """Appeal against a refusal or a revocation; somebody who did not decide before looks at it."""
    request = call.row.access_request
    return _shown(call, appeal(call.db, access_request=request, reason=call.body["reason"], **call.changes))


@resource(
    "api.access_request_revoke",
    "POST",
    permission=Permission.REQUEST_REVOKE,
    body=GroundsBody,
    out=AccessRequestOut,
    version=VERSION,
    errors=(409,),
)
def take_away(call: Call) -> dict[str, Any]:
    """Revoke what was granted, at once; what was booked and ordered on it is cancelled, and the team told why."""
    request = call.row.access_request
    revoke_access(call.db, access_request=request, reason=call.body["reason"], **call.changes)
    return _shown(call, request)


def _shown(call: Call, access_request: AccessRequest) -> dict[str, Any]:
    return whole(request_by_public_id(call.db, access_request.public_id, actor=call.actor))
