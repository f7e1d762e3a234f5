"""What routes about rules are about, for pages and API."""

from pyramid.request import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.override_queries import override_by_public_id
from infra_access.access_requests.routes import route_by_public_id
from infra_access.access_requests.what_if_runs import run_by_public_id, unknown_run
from infra_access.catalogue.models import Facility
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core import clock
from infra_access.core.authority import NETWORK, Permission, Scopes, may
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.http.contexts import signed_in
from infra_access.http.security import Context
from infra_access.people.roles import resolve_scope
from infra_access.policy.models import PolicyDocument


def policy_document(request: Request) -> Context:
    """Load a PolicyDocument that the caller may read."""
    actor = signed_in(request)
    row = request.db.scalar(select(PolicyDocument).where(PolicyDocument.public_id == request.matchdict["id"]))
    scopes = policy_scopes(request.db, row.scope_kind, row.scope_key) if row else ()
    if row is None or not may(actor, Permission.POLICY_READ, scopes):
        raise NotFound("policy.unknown", _("There is no such policy, or it is not yours to see."))
    return Context(row, scopes)


def what_if_run(request: Request) -> Context:
    """Load the RunView of a draft that the caller may read."""
    view = run_by_public_id(request.db, str(request.matchdict["id"]))
    scopes = policy_scopes(request.db, view.document.scope_kind, view.document.scope_key)
    if not may(signed_in(request), Permission.POLICY_READ, scopes):
        raise unknown_run()
    return Context(view, scopes)


def override(request: Request) -> Context:
    """Load an OverrideView that the caller looks after."""
    actor = signed_in(request)
    view = override_by_public_id(request.db, str(request.matchdict["id"]), actor=actor, now=clock.now())
    return Context(view, view.scopes, frozenset({"granter"} if view.may_grant(actor) else ()))


def policy_scopes(session: Session, kind: str, key: str) -> Scopes:
    """Return what a policy's scope lies in: a way in lies in its facility, a tag only in the network."""
    if kind == "route":
        route = route_by_public_id(session, key)
        return ((kind, key), *facility_scopes(session, session.get_one(Facility, route.facility_id)))
    return ((kind, key), NETWORK) if kind == "tag" else resolve_scope(session, kind, key)[1]


def scopes_of_route(session: Session, kind: str, key: str) -> Scopes | None:
    """Return the chain of a way in, which lies above policy; None for every other scope."""
    return policy_scopes(session, kind, key) if kind == "route" else None
