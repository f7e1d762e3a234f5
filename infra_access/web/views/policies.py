"""The rules of access: what is in force where, and writing, trying out and publishing what comes next."""

from collections.abc import Callable, Mapping
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import select

from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.rule_warnings import warnings_on
from infra_access.access_requests.what_if import what_if
from infra_access.catalogue.models import Facility, Instrument
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, DomainError, Invalid, PreconditionFailed
from infra_access.core.i18n import Text, _
from infra_access.http.input_floor import parse_json
from infra_access.http.policy_contexts import scopes_of_route
from infra_access.http.refusals import BadRequest
from infra_access.http.security import Context
from infra_access.policy.common_rules import Asked, rule_asked_for
from infra_access.policy.comparing import changes_between
from infra_access.policy.document_queries import facilities_read_by, list_documents, version_before
from infra_access.policy.models import PolicyDocument
from infra_access.policy.publishing import (
    DRAFT,
    create_document,
    publish_document,
    revise_draft,
    withdraw_document,
)
from infra_access.policy.rulebook import PUBLISHED, scope_text
from infra_access.policy.templates import TEMPLATES, rules_from
from infra_access.policy.vocabulary import VOCABULARY
from infra_access.web import rule_form, rules_page
from infra_access.web.belonging import belonging
from infra_access.web.corrections import Entries, to_correct, to_fill_in
from infra_access.web.forms import ENTERED, errors_of, seen_version, to, values_of
from infra_access.web.presenters.what_if import compared
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once

_ALL = {"renderer": "policies.jinja2"}
_NEW = {"route_name": "policy_new", "renderer": "policy_new.jinja2", "permission": Permission.OWN_ACCOUNT}
_ONE = {"route_name": "policy", "renderer": "policy.jinja2"}
_REFUSED: tuple[type[DomainError], ...] = (*ENTERED, PreconditionFailed)


@view_config(**_ALL, route_name="policies", request_method="GET", permission=Permission.OWN_ACCOUNT)
def show_all(request: Request) -> dict[str, Any]:
    """List all the rules that the reader's roles let them read, what is in force first."""
    routes = select(AccessRoute.public_id).where(AccessRoute.facility_id.in_(facilities_read_by(request.actor)))
    page = list_documents(
        request.db, actor=request.actor, routes=routes, limit=100, cursor=request.GET.get("cursor") or None
    )
    return {**_listed(request, list(page.items)), "facility": None, "next": page.next}


@view_config(**_ALL, route_name="facility_policies", request_method="GET", permission=Permission.POLICY_READ)
def show_of_facility(context: Context, request: Request) -> dict[str, Any]:
    """List the rules of a facility, its ways in and its instruments."""
    facility: Facility = context.row
    own: dict[str, Any] = {
        "route": select(AccessRoute.public_id).where(AccessRoute.facility_id == facility.id),
        "instrument": select(Instrument.public_id).where(Instrument.facility_id == facility.id),
    }
    kind, key = PolicyDocument.scope_kind, PolicyDocument.scope_key
    here = (kind == "facility") & (key == facility.public_id)
    for name, keys in own.items():
        here |= (kind == name) & key.in_(keys)
    rows = request.db.scalars(select(PolicyDocument).where(here).order_by(PolicyDocument.id.desc()).limit(200)).all()
    return {**_listed(request, list(rows)), "facility": facility, "next": None}


@view_config(**_NEW, request_method="GET")
def begin(request: Request) -> dict[str, Any]:
    """Show what a new set of rules can begin with, or the settings of the template that was chosen."""
    template = TEMPLATES.get(request.GET.get("template", ""))
    settings = {ask.name: ask.default for ask in template.asks} if template else {}
    name = request.localize(template.title) if template else ""
    scope = f"tag:{label}" if (label := request.GET.get("label")) else request.GET.get("scope", "")
    return {**_beginning(request, scope), **to_fill_in({"scope": scope, "name": name, **settings})}


@view_config(**_NEW, request_method="POST")
def create(request: Request) -> dict[str, Any] | Response:
    """Store the draft."""
    try:
        return posted_once(request, lambda: _created(request))
    except ENTERED as error:
        wrong = to_correct(request, error)
        wrong["errors"].update({key.removeprefix("settings."): text for key, text in wrong["errors"].items()})
        return {**_beginning(request, wrong["entered"]["scope"]), **wrong}


@view_config(**_ONE, request_method="GET", permission=Permission.POLICY_READ)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show a version in words, with what differs from the one before.

    `?try` says what it would change for whom; `?rule` shows one rule of a draft to be changed.
    """
    page = {**_page(context, request), "tried": None}
    try:
        if "try" in request.GET:
            page["tried"] = _tried(context, request)
        if "rule" in request.GET and page["may_write"]:
            page |= rule_form.to_change(request, context.row, request.GET["rule"])
    except Conflict as error:
        page["errors"] = Entries(errors_of(error, request))
        request.response.status_int = error.status
    return page


@view_config(**_ONE, request_method="POST", request_param="save=rule", permission=Permission.POLICY_WRITE)
def save_rule(context: Context, request: Request) -> dict[str, Any] | Response:
    """Add a common rule to a draft, or put it in the place of the one that was shown."""

    def revise(document: PolicyDocument) -> Text:
        asked = rule_form.asked_in(request)
        scope = scope_text(document.scope_kind, document.scope_key)
        if former := asked.one("rule"):
            place = rule_form.place_in(document, former)
            read = rule_form.read_from(document, document.rules[place])
            if not isinstance(read, Asked):
                raise Conflict("policy.beyond_form", read)
            rule = rule_asked_for(asked, scope=scope, instead_of=document.rules[place])
            _revised(request, document, [*document.rules[:place], rule, *document.rules[place + 1 :]])
            return _("The rule is changed in the draft.")
        rule = rule_asked_for(asked, taken={one["id"] for one in document.rules}, scope=scope)
        _revised(request, document, [*document.rules, rule])
        return _("The rule is added to the draft.")

    return _changed(context, request, revise, "add")


@view_config(**_ONE, request_method="POST", request_param="remove", permission=Permission.POLICY_WRITE)
def remove_rule(context: Context, request: Request) -> dict[str, Any] | Response:
    """Take a rule out of a draft."""

    def revise(document: PolicyDocument) -> Text:
        gone = values_of(request).get("remove")
        _revised(request, document, [one for one in document.rules if one["id"] != gone])
        return _("The rule is taken out of the draft.")

    return _changed(context, request, revise, "remove")


@view_config(**_ONE, request_method="POST", request_param="save=document", permission=Permission.POLICY_WRITE)
def save_document(context: Context, request: Request) -> dict[str, Any] | Response:
    """Replace the rules of a draft, or one of them, by what the expert wrote."""

    def revise(document: PolicyDocument) -> Text:
        entered = values_of(request)
        text = entered.get("document", "")
        try:
            rules = parse_json(text)
        except (ValueError, RecursionError, BadRequest):
            message = _("This is no JSON: look for a missing comma, quotation mark or bracket.")
            raise Invalid("policy.json", message, fields={"document": [message]}) from None
        if only := entered.get("rule"):
            place = rule_form.place_in(document, only)
            rules = [*document.rules[:place], rules, *document.rules[place + 1 :]]
        _revised(request, document, rules)
        return _("The draft is saved.")

    return _changed(context, request, revise, "document")


@view_config(**_ONE, request_method="POST", request_param="save=publish", permission=Permission.POLICY_WRITE)
def publish(context: Context, request: Request) -> dict[str, Any] | Response:
    """Put a draft in force."""

    def put(document: PolicyDocument) -> Text:
        publish_document(request.db, document=document, **_by(request, document))
        return _("These rules are in force from now on. What was decided before stays as it was.")

    return _changed(context, request, put, "publish")


@view_config(**_ONE, request_method="POST", request_param="save=withdraw", permission=Permission.POLICY_WRITE)
def withdraw(context: Context, request: Request) -> dict[str, Any] | Response:
    """Take a version out of force."""

    def take(document: PolicyDocument) -> Text:
        withdraw_document(request.db, document=document, **_by(request, document))
        return _("These rules are no longer in force.")

    return _changed(context, request, take, "withdraw")


@view_config(**_ONE, request_method="POST", request_param="save=copy", permission=Permission.POLICY_WRITE)
def copy(context: Context, request: Request) -> Response:
    """Make a draft of a version, to change it."""
    return posted_once(request, lambda: _copied(request, context.row))


def _copied(request: Request, document: PolicyDocument) -> Response:
    made = create_document(
        request.db,
        actor=request.actor,
        now=clock.now(),
        scope_kind=document.scope_kind,
        scope_key=document.scope_key,
        name=document.name,
        rules=document.rules,
        scopes=scopes_of_route(request.db, document.scope_kind, document.scope_key),
    )
    flash(request, "success", _("This is a draft. Nothing changes for anybody until you publish it."))
    return to(request, "policy", id=made.public_id)


def _created(request: Request) -> Response:
    entered = values_of(request)
    kind, _colon, key = entered.get("scope", "").partition(":")
    template = entered.get("template", "")
    asks = TEMPLATES[template].asks if template in TEMPLATES else ()
    rules = rules_from(template, {ask.name: entered.get(ask.name, "") for ask in asks}) if template else []
    document = create_document(
        request.db,
        actor=request.actor,
        now=clock.now(),
        scope_kind=kind,
        scope_key=key,
        name=entered.get("name", ""),
        rules=rules,
        scopes=scopes_of_route(request.db, kind, key),
    )
    flash(request, "success", _("This is a draft. Nothing changes for anybody until you publish it."))
    return to(request, "policy", id=document.public_id)


def _by(request: Request, document: PolicyDocument) -> dict[str, Any]:
    return {
        "actor": request.actor,
        "now": clock.now(),
        "expected_version": seen_version(values_of(request)),
        "scopes": scopes_of_route(request.db, document.scope_kind, document.scope_key),
    }


def _revised(request: Request, document: PolicyDocument, rules: Any) -> None:
    revise_draft(request.db, document=document, rules=rules, **_by(request, document))


def _changed(
    context: Context, request: Request, change: Callable[[PolicyDocument], Text], form: str
) -> dict[str, Any] | Response:
    document: PolicyDocument = context.row
    try:
        said = change(document)
    except _REFUSED as error:
        page = {**_page(context, request), "tried": None}
        return page | _refused(request, document, error, form, page["entered"])
    flash(request, "success", said)
    return to(request, "policy", id=document.public_id)


def _refused(
    request: Request, document: PolicyDocument, error: DomainError, form: str, begun: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the page shows of a refused form: what was typed, and what is wrong with it."""
    wrong = to_correct(request, error)
    errors, typed = wrong["errors"], wrong["entered"]
    if form == "add":
        return rule_form.to_correct_it(request, document, errors)
    place = next((place for place, one in enumerate(document.rules) if one["id"] == typed["rule"]), None)
    faults = [(at.removeprefix(f"rules.{place}."), text) for at, text in errors.items() if at]
    if faults:  # which all stand at the one field that there is
        told = " ".join(f"{at}: {text}" if at != "document" else text for at, text in faults)
        errors = Entries({"": errors[""], "document": told})
    one = rule_form.to_edit(document, document.rules[place]) if form == "document" and place is not None else {}
    return {**one, "errors": errors, "entered": Entries({**begun, "document": typed["document"]}), "form": form}


def _listed(request: Request, rows: list[PolicyDocument]) -> dict[str, Any]:
    rank = {PUBLISHED: 0, DRAFT: 1}
    scopes = sorted({(row.scope_kind, row.scope_key) for row in rows})
    return {
        "documents": sorted(rows, key=lambda row: rank.get(row.state, 2)),
        "names": rules_page.names_of_scopes(request.db, scopes, request.locale_name),
        "states": rules_page.STATES,
        "may_write": bool(rules_page.writable_scopes(request)),
        "may_label": request.may(Permission.POLICY_WRITE),
    }


def _beginning(request: Request, scope: str) -> dict[str, Any]:
    scopes = rules_page.writable_scopes(request)
    if (named := rules_page.narrower_scope(request, scope)) is not None:
        scopes.append(named)
    names = rules_page.names_of_scopes(request.db, scopes, request.locale_name)
    template = TEMPLATES.get(request.params.get("template", ""))
    return {
        "templates": TEMPLATES.values(),
        "template": template,
        "scopes": [(f"{kind}:{key}", request.localize(names[kind, key])) for kind, key in scopes],
        "options": rule_form.options(request),
        "key": new_key(),
    }


def _page(context: Context, request: Request) -> dict[str, Any]:
    document: PolicyDocument = context.row
    scope = (document.scope_kind, document.scope_key)
    now = clock.now()
    before = version_before(request.db, document)
    earlier = {
        rule.id: rule for rule in rules_page.rules_shown(scope, before.rules if before else [], (), request.locale_name)
    }
    warnings = warnings_on(request.db, document, now)
    found = belonging(context, request)
    return {
        "document": document,
        "scope": _name_of(request, scope, found["facility"] if found else None),
        "state": rules_page.STATES[document.state],
        "rules": rules_page.rules_shown(scope, document.rules, warnings, request.locale_name),
        "before": before,
        "earlier": earlier,
        "changes": changes_between(before.rules if before else [], document.rules),
        "is_draft": document.state == DRAFT,
        "in_force": document.state == PUBLISHED,
        "may_write": request.may(Permission.POLICY_WRITE, context),
        "readable": VOCABULARY.values(),
        "belonging": found,
        "key": new_key(),
        **rule_form.to_add(request, document),
    }


def _name_of(request: Request, scope: tuple[str, str], facility: Facility | None) -> Text:
    """Return what a scope is called; a facility that was read already is not asked for again."""
    if facility and scope[0] == "facility":
        return facility.name
    return rules_page.names_of_scopes(request.db, [scope], request.locale_name)[scope]


def _tried(context: Context, request: Request) -> dict[str, Any]:
    """Return what the version would change, in the reader's language."""
    found = what_if(request.db, context.row, now=clock.now())
    shown = compared(found.instruments, found.changed, found.requests, len(found.requests), request.locale_name)
    return {**shown, "looked_at": found.looked_at, "of": found.of}
