"""What the rules would say if a request were sent as it stands."""

from datetime import datetime

from pyramid.request import Request

from infra_access.access_requests import review
from infra_access.access_requests.content import content_of
from infra_access.access_requests.request_queries import RequestView
from infra_access.core.decision import Decision
from infra_access.people.actors import load_actor


def outlook(request: Request, view: RequestView, *, now: datetime) -> Decision:
    """Return the decision that the requester would get; others of the team see the same one."""
    row = view.access_request
    own = request.actor.account_id == row.requester_id
    asking = request.actor if own else load_actor(request.db, row.requester_id, now=now)
    content = content_of(request.db, row)
    return review.rule(
        request.db,
        actor=asking,
        content=content,
        route=view.route,
        now=now,
        share_lock=False,
        access_request_id=view.access_request.id,
    ).decision
