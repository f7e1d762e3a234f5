"""What the routes of framework agreements are about; strangers are told that there is nothing."""

from pyramid.request import Request

from infra_access.access_requests.terms.framework_queries import framework_by_public_id
from infra_access.http.contexts import signed_in
from infra_access.http.security import Context


def framework(request: Request) -> Context:
    """Load a FrameworkView that the reader may see."""
    view = framework_by_public_id(request.db, str(request.matchdict["id"]), actor=signed_in(request))
    return Context(view, view.scopes, view.relations)
