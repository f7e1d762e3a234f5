"""/policies: versions of rules by scope, drafted and then published, and a dry decision."""

from typing import Any

from sqlalchemy import select

from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.routes import route_by_public_id, route_ids_of
from infra_access.api.contexts import policy_scopes
from infra_access.api.contract import Call, resource
from infra_access.api.decisions import EligibilityOut, VisitorQuery, applicant_of, shown
from infra_access.api.fields import Choice, Free, Instant, Integer, Line, ListOf, PublicId
from infra_access.api.schemas import Body, Out, PageQuery, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.queries import instrument_by_public_id
from infra_access.core.authority import Permission, Scopes
from infra_access.core.paging import Page
from infra_access.policy.document_queries import facilities_read_by, list_documents
from infra_access.policy.eligibility import badness
from infra_access.policy.models import PolicyDocument
from infra_access.policy.publishing import DRAFT, SCOPE_KINDS, SUPERSEDED, create_document, publish_document
from infra_access.policy.rulebook import PUBLISHED, rulebook
from infra_access.policy.rules import Action
from infra_access.policy.ruling import rule_on

STATES = (DRAFT, PUBLISHED, SUPERSEDED)


class PolicyBody(Body):
    """A new version of the rules of a scope."""

    scope_kind = Choice(SCOPE_KINDS, required=True)
    scope_key = Line("A country code, a tag, or an id; empty for the network.", most=100)
    name = Line(most=100, filled=True, required=True)
    rules = ListOf(Free("A rule."), most=1_000, required=True)


class PolicySummaryOut(Out):
    """A version of the rules of a scope, without the rules."""

    id = PublicId()
    scope_kind = Choice(SCOPE_KINDS)
    scope_key = Line(most=100)
    name = Line(most=100)
    number = Integer("Which version of this name and scope.", low=1)
    state = Choice(STATES)
    created_by = Line(most=200)
    created_at = Instant()
    published_at = Instant(allow_none=True)
    version = Integer(low=1)


class PolicyOut(PolicySummaryOut):
    """A version of the rules of a scope."""

    rules = ListOf(Free("A rule."), most=1_000)


class PolicyQuery(PageQuery):
    """Which policies."""

    scope_kind = Choice(SCOPE_KINDS)
    scope_key = Line(most=100)
    state = Choice(STATES)


class EvaluateBody(Body):
    """A question: may I do this with these instruments, by this way in?"""

    action = Choice(Action, "What one would do; book by default.")
    instruments = ListOf(PublicId(), least=1, most=50, required=True)
    route = PublicId("One of the ways in to the instruments.")


@resource("api.policies", "GET", permission=Permission.OWN_ACCOUNT, query=PolicyQuery, out=page_of(PolicySummaryOut))
def list_all(call: Call) -> Page[dict[str, Any]]:
    """List the policies that the caller's roles let them read, newest first."""
    routes = select(AccessRoute.public_id).where(AccessRoute.facility_id.in_(facilities_read_by(call.actor)))
    page = list_documents(call.db, actor=call.actor, routes=routes, **call.query)
    return Page([_summary(row) for row in page.items], page.next)


@resource(
    "api.policies", "POST", permission=Permission.OWN_ACCOUNT, body=PolicyBody, out=PolicyOut, status=201, errors=(404,)
)
def create(call: Call) -> Created:
    """Store a draft of rules, for a scope in which one has the right."""
    given = {"scope_key": "", **call.body}
    scopes = _route_scopes(call, given["scope_kind"], given["scope_key"])
    document = create_document(call.db, actor=call.actor, now=call.now, scopes=scopes, **given)
    return Created(_whole(document), f"/api/v1/policies/{document.public_id}")


@resource("api.policy", "GET", permission=Permission.POLICY_READ, out=PolicyOut)
def read(call: Call) -> dict[str, Any]:
    """Show a version of the rules of a scope."""
    return _whole(call.row)


@resource("api.policy_publish", "POST", permission=Permission.POLICY_WRITE, out=PolicyOut, version="version")
def publish(call: Call) -> dict[str, Any]:
    """Put a draft in force in place of the published version of its name and scope."""
    document: PolicyDocument = call.row
    scopes = _route_scopes(call, document.scope_kind, document.scope_key)
    return _whole(publish_document(call.db, document=document, scopes=scopes, **call.changes))


@resource(
    "api.policies_evaluate",
    "POST",
    permission=Permission.POLICY_EVALUATE,
    body=EvaluateBody,
    query=VisitorQuery,
    out=EligibilityOut,
    writes=False,
    errors=(404, 410),
)
def evaluate(call: Call) -> dict[str, Any]:
    """Decide as for the caller, or for what `as` says, and keep nothing."""
    book = rulebook(call.db)
    applicant, by = applicant_of(call, book)
    keys = [instrument_by_public_id(call.db, one, actor=call.visitor).id for one in call.body["instruments"]]
    rulings = (
        rule_on(
            call.db,
            action=call.body.get("action", Action.BOOK.value),
            instrument_ids=keys,
            applicant=applicant,
            now=call.now,
            route=route,
            book=book,
        )
        for route in _ways_in(call, keys)
    )
    best = min((ruling.decision for ruling in rulings), key=badness)
    return {**shown(call, best), "by": by}


def _ways_in(call: Call, instrument_ids: list[int]) -> list[str | None]:
    """Return the way in that was named, else those that lead to all the instruments."""
    if "route" in call.body:
        return [route_by_public_id(call.db, call.body["route"]).public_id]
    leading = route_ids_of(call.db, instrument_ids)
    common = set.intersection(*(set(leading.get(key, ())) for key in instrument_ids))
    return [*sorted(common)] or [None]


def _route_scopes(call: Call, kind: str, key: str) -> Scopes | None:
    return policy_scopes(call.db, kind, key) if kind == "route" else None


def _summary(row: PolicyDocument) -> dict[str, Any]:
    own = {name: getattr(row, name) for name in PolicySummaryOut._declared_fields if name != "id"}
    return {**own, "id": row.public_id}


def _whole(row: PolicyDocument) -> dict[str, Any]:
    return {**_summary(row), "rules": row.rules}
