"""/policies: versions of rules by scope, drafted and then published, and a dry decision."""

from typing import Any

from sqlalchemy import select

from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.routes import route_by_public_id, route_ids_of
from infra_access.access_requests.rule_warnings import warnings_on
from infra_access.access_requests.what_if import KINDS, what_if
from infra_access.api.contract import Call, resource
from infra_access.api.decisions import EligibilityOut, VisitorQuery, applicant_of, shown
from infra_access.api.fields import Choice, Free, Instant, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, PageQuery, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.queries import instrument_by_public_id
from infra_access.core.authority import Permission
from infra_access.core.decision import Outcome
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.paging import Page
from infra_access.http.policy_contexts import scopes_of_route
from infra_access.policy.comparing import Difference, changes_between
from infra_access.policy.document_queries import facilities_read_by, list_documents, version_before
from infra_access.policy.eligibility import badness
from infra_access.policy.models import PolicyDocument
from infra_access.policy.publishing import (
    DRAFT,
    SCOPE_KINDS,
    SUPERSEDED,
    create_document,
    publish_document,
    revise_draft,
    withdraw_document,
)
from infra_access.policy.rulebook import PUBLISHED, rulebook
from infra_access.policy.rules import Action
from infra_access.policy.ruling import rule_on
from infra_access.policy.templates import TEMPLATES, Setting, rules_from

STATES = (DRAFT, PUBLISHED, SUPERSEDED)


class PolicyBody(Body):
    """A new version of the rules of a scope."""

    scope_kind = Choice(SCOPE_KINDS, required=True)
    scope_key = Line("A country code, a tag, or an id; empty for the network.", most=100)
    name = Line(most=100, filled=True, required=True)
    rules = ListOf(Free("A rule."), "The rules, unless a template gives them.", most=1_000)
    template = Line("The key of one of the templates, instead of rules.", most=60)
    settings = Free(
        "The settings of the template by name; what is left out is as the template says.", values={"type": "string"}
    )


class PolicyChangeBody(Body):
    """Other rules for a draft."""

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
    warnings = Free("What is probably not meant, by place, such as rules.3.when.")


class SettingOut(Out):
    """One setting of a template."""

    name = Line(most=60)
    label = Lines(most=300)
    kind = Choice(Setting)
    default = Line(most=60)


class TemplateOut(Out):
    """A set of rules to begin with."""

    key = Line(most=60)
    title = Lines(most=300)
    about = Lines(most=1_000)
    follows = Lines("What else belongs to it, which rules cannot say.", most=1_000, allow_none=True)
    settings = ListOf(Part(SettingOut), most=100)


class TemplatesOut(Out):
    """All templates."""

    items = ListOf(Part(TemplateOut), most=100)
    next = Line("Always null: there are few.", most=4_000, allow_none=True)


class RuleChangeOut(Out):
    """A rule that differs between two versions."""

    id = Line(most=100)
    difference = Choice(Difference)
    keys = ListOf(Line(most=60), "Which parts of it differ.", most=100)
    before = Free("The rule as it was.", allow_none=True)
    after = Free("The rule as it is.", allow_none=True)


class RuleChangesOut(Out):
    """What differs from the version before: that in force, if this is a draft."""

    against = PublicId("The version that it is compared with.", allow_none=True)
    items = ListOf(Part(RuleChangeOut), most=2_000)


class WhatIfBody(Body):
    """How far back requests are looked at."""

    months = Integer("Months of 30 days, 12 by default.", low=1, high=60)


class ReachOut(Out):
    """Of how many instruments one kind of applicant could have the use, from any of these countries."""

    kind = Choice(tuple(KINDS))
    countries = ListOf(Line(most=2), most=300)
    before = Integer(low=0)
    after = Integer(low=0)


class RequestChangeOut(Out):
    """A request of the past that would now be answered otherwise."""

    id = PublicId()
    submitted_at = Instant()
    before = Choice(Outcome)
    after = Choice(Outcome)


class WhatIfOut(Out):
    """What a version of rules would change, were it in force in place of the published one."""

    instruments = Integer("How many instruments the rules reach.", low=0)
    reach = ListOf(Part(ReachOut), "Every kind of applicant and country.", most=3_000)
    looked_at = Integer("How many requests were looked at, the latest.", low=0)
    of = Integer("Of how many.", low=0)
    requests = ListOf(Part(RequestChangeOut), most=1_000)


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
    template, settings = given.pop("template", None), given.pop("settings", {})
    if (template is None) == ("rules" not in given):
        message = _("Give either rules or a template.")
        raise Invalid("policy.rules", message, fields={"rules": [message]})
    if template is not None:
        given["rules"] = rules_from(template, settings)
    scopes = scopes_of_route(call.db, given["scope_kind"], given["scope_key"])
    document = create_document(call.db, actor=call.actor, now=call.now, scopes=scopes, **given)
    return Created(_whole(call, document), f"/api/v1/policies/{document.public_id}")


@resource("api.policy_templates", "GET", permission=Permission.POLICY_EVALUATE, out=TemplatesOut)
def templates(call: Call) -> dict[str, Any]:
    """List the sets of rules to begin with."""
    items = [
        {
            "key": one.key,
            "title": one.title,
            "about": one.about,
            "follows": one.follows,
            "settings": [
                {"name": ask.name, "label": ask.label, "kind": ask.kind, "default": ask.default} for ask in one.asks
            ],
        }
        for one in TEMPLATES.values()
    ]
    return {"items": items, "next": None}


@resource("api.policy", "GET", permission=Permission.POLICY_READ, out=PolicyOut)
def read(call: Call) -> dict[str, Any]:
    """Show a version of the rules of a scope."""
    return _whole(call, call.row)


@resource(
    "api.policy", "PATCH", permission=Permission.POLICY_WRITE, body=PolicyChangeBody, out=PolicyOut, version="version",
    errors=(409,),
)  # fmt: skip
def revise(call: Call) -> dict[str, Any]:
    """Replace the rules of a draft; what was ever in force stays as it is."""
    document: PolicyDocument = call.row
    scopes = scopes_of_route(call.db, document.scope_kind, document.scope_key)
    revised = revise_draft(call.db, document=document, rules=call.body["rules"], scopes=scopes, **call.changes)
    return _whole(call, revised)


@resource("api.policy_changes", "GET", permission=Permission.POLICY_READ, out=RuleChangesOut)
def changes(call: Call) -> dict[str, Any]:
    """Show what differs from the version before; of a draft, from the one in force."""
    before = version_before(call.db, call.row)
    found = changes_between(before.rules if before else [], call.row.rules)
    return {
        "against": before.public_id if before else None,
        "items": [{name: getattr(one, name) for name in RuleChangeOut._declared_fields} for one in found],
    }


@resource(
    "api.policy_what_if",
    "POST",
    permission=Permission.POLICY_READ,
    body=WhatIfBody,
    out=WhatIfOut,
    writes=False,
    errors=(409,),
)
def try_out(call: Call) -> dict[str, Any]:
    """Tell what would change for whom, and for requests of the past, were this version in force. Nothing is kept."""
    found = what_if(call.db, call.row, now=call.now, **call.body)
    return {
        "instruments": found.instruments,
        "reach": [{name: getattr(one, name) for name in ReachOut._declared_fields} for one in found.reach],
        "looked_at": found.looked_at,
        "of": found.of,
        "requests": [
            {"id": one.public_id, "submitted_at": one.submitted_at, "before": one.before, "after": one.after}
            for one in found.requests
        ],
    }


@resource(
    "api.policy_withdraw", "POST", permission=Permission.POLICY_WRITE, out=PolicyOut, version="version", errors=(409,)
)
def withdraw(call: Call) -> dict[str, Any]:
    """Take a published version out of force, with nothing in its place."""
    document: PolicyDocument = call.row
    scopes = scopes_of_route(call.db, document.scope_kind, document.scope_key)
    return _whole(call, withdraw_document(call.db, document=document, scopes=scopes, **call.changes))


@resource("api.policy_publish", "POST", permission=Permission.POLICY_WRITE, out=PolicyOut, version="version")
def publish(call: Call) -> dict[str, Any]:
    """Put a draft in force in place of the published version of its name and scope."""
    document: PolicyDocument = call.row
    scopes = scopes_of_route(call.db, document.scope_kind, document.scope_key)
    return _whole(call, publish_document(call.db, document=document, scopes=scopes, **call.changes))


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


def _summary(row: PolicyDocument) -> dict[str, Any]:
    own = {name: getattr(row, name) for name in PolicySummaryOut._declared_fields if name != "id"}
    return {**own, "id": row.public_id}


def _whole(call: Call, row: PolicyDocument) -> dict[str, Any]:
    said: dict[str, list[Text]] = {}
    for place, message in warnings_on(call.db, row, call.now):
        said.setdefault(place, []).append(message)
    return {**_summary(row), "rules": row.rules, "warnings": said}
