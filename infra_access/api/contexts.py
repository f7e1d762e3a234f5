"""What the API's own routes are about, beside those that pages have too (see `http.contexts`)."""

from pyramid.request import Request

from infra_access.api.fields import Instant
from infra_access.api.schemas import Query, load
from infra_access.core import clock
from infra_access.http.contexts import signed_in
from infra_access.http.input_floor import read_query
from infra_access.http.security import Context
from infra_access.people.accounts import account_of
from infra_access.people.assurances import assurance_by_public_id
from infra_access.people.delegations import own_grant
from infra_access.people.tokens import token_by_public_id
from infra_access.scheduling.calendar_queries import time_by_public_id, window_of


def own_account(request: Request) -> Context:
    """Load the caller's Account."""
    return Context(account_of(request.db, signed_in(request)))


def own_token(request: Request) -> Context:
    """Load an ApiToken of the caller's."""
    return Context(token_by_public_id(request.db, request.matchdict["id"], actor=signed_in(request)))


def own_role(request: Request) -> Context:
    """Load a RoleGrant of the caller's own."""
    found = own_grant(request.db, request.matchdict["id"], actor=signed_in(request), now=clock.now())
    return Context(found)


def assurance(request: Request) -> Context:
    """Load an Assurance, for the staff where it was noted."""
    return Context(*assurance_by_public_id(request.db, request.matchdict["id"], actor=signed_in(request)))


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
