"""What the API's own routes are about, beside those that pages have too (see `http.contexts`)."""

from pyramid.request import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.routes import route_by_public_id
from infra_access.api.fields import Instant
from infra_access.api.schemas import Query, load
from infra_access.catalogue.models import Facility
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import NETWORK, Permission, Scopes, may
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.http.contexts import signed_in
from infra_access.http.input_floor import read_query
from infra_access.http.security import Context
from infra_access.people.accounts import account_of
from infra_access.people.roles import resolve_scope
from infra_access.people.tokens import token_by_public_id
from infra_access.policy.models import PolicyDocument
from infra_access.scheduling.calendar_queries import time_by_public_id, window_of


def own_account(request: Request) -> Context:
    """Load the caller's Account."""
    return Context(account_of(request.db, signed_in(request)))


def own_token(request: Request) -> Context:
    """Load an ApiToken of the caller's."""
    return Context(token_by_public_id(request.db, request.matchdict["id"], actor=signed_in(request)))


class WindowQuery(Query):
    """A window of at most 92 days."""

    start = Instant(required=True)
    end = Instant(required=True)


_WINDOW = WindowQuery()


def instrument_time(request: Request) -> Context:
    """Load the InstrumentTime of the window in the query: one statement for both, as nothing is asked more often."""
    query = load(_WINDOW, read_query(request))
    window = window_of(query["start"], query["end"])
    time = time_by_public_id(request.db, request.matchdict["id"], window, actor=request.actor)
    return Context(time, time.scopes)


def policy_document(request: Request) -> Context:
    """Load a PolicyDocument that the caller may read."""
    actor = signed_in(request)
    row = request.db.scalar(select(PolicyDocument).where(PolicyDocument.public_id == request.matchdict["id"]))
    scopes = policy_scopes(request.db, row.scope_kind, row.scope_key) if row else ()
    if row is None or not may(actor, Permission.POLICY_READ, scopes):
        raise NotFound("policy.unknown", _("There is no such policy, or it is not yours to see."))
    return Context(row, scopes)


def policy_scopes(session: Session, kind: str, key: str) -> Scopes:
    """Return what a policy's scope lies in: a way in lies in its facility, a tag only in the network."""
    if kind == "route":
        route = route_by_public_id(session, key)
        return ((kind, key), *facility_scopes(session, session.get_one(Facility, route.facility_id)))
    return ((kind, key), NETWORK) if kind == "tag" else resolve_scope(session, kind, key)[1]
