"""What the routes of measurement are about: nothing by itself, looked at within what the reader answers for."""

from pyramid.request import Request

from infra_access.http.contexts import signed_in
from infra_access.http.security import Context
from infra_access.measurement.reach import scopes_of


def exchange(request: Request) -> Context:
    """Return the scopes of which the reader may see the exchange."""
    return Context(None, scopes_of(signed_in(request)))
