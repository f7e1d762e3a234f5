"""What the routes of accounting are about; strangers are told that there is nothing."""

from pyramid.request import Request

from infra_access.accounting.funding import funding_by_public_id
from infra_access.accounting.pool_queries import period_of_any_facility, pool_of_any_facility
from infra_access.accounting.quotes import quote_by_public_id
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core import clock
from infra_access.http.contexts import signed_in
from infra_access.http.security import Context


def quote(request: Request) -> Context:
    """Load a QuoteView that the reader may see."""
    view = quote_by_public_id(request.db, str(request.matchdict["id"]), actor=signed_in(request))
    relations = {"owner"} if view.account.id == request.actor.account_id else set()
    return Context(view, facility_scopes(request.db, view.facility), frozenset(relations))


def pool(request: Request) -> Context:
    """Load a PoolAt that the reader may see: a pool and the facility that shares it out."""
    found = pool_of_any_facility(request.db, str(request.matchdict["id"]), actor=signed_in(request))
    return Context(found, facility_scopes(request.db, found.facility))


def period(request: Request) -> Context:
    """Load a PeriodAt that the reader may see: a period and its facility."""
    found = period_of_any_facility(request.db, str(request.matchdict["id"]), actor=signed_in(request))
    return Context(found, facility_scopes(request.db, found.facility))


def funding(request: Request) -> Context:
    """Load a FundingSource that the reader may spend."""
    found = funding_by_public_id(request.db, str(request.matchdict["id"]), actor=signed_in(request), now=clock.now())
    return Context(found, (), frozenset({"owner"}))
