"""Framework agreements: those of one's organisations with the form of a new one, and each with its steps."""

from collections.abc import Callable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.terms.framework_lifecycle import STEPS, FrameworkState
from infra_access.access_requests.terms.framework_queries import SIDES, FrameworkView, frameworks_of, state_at
from infra_access.access_requests.terms.frameworks import (
    accept_framework,
    create_framework,
    end_framework,
    offer_framework,
)
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, Invalid, PreconditionFailed
from infra_access.core.i18n import Text, _
from infra_access.http.security import Context
from infra_access.web import framework_form
from infra_access.web.corrections import Entries, to_correct, to_fill_in
from infra_access.web.forms import ENTERED, many, seen_version, to, values_of
from infra_access.web.markdown import to_html
from infra_access.web.presenters.terms import point_rows
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once

_ALL = {"route_name": "framework_agreements", "renderer": "framework_agreements.jinja2"}
_ONE = {"route_name": "framework_agreement", "renderer": "framework_agreement.jinja2"}
_STEP = {**_ONE, "request_method": "POST"}
_REFUSED = (Invalid, Conflict, PreconditionFailed)


@view_config(**_ALL, request_method="GET", permission=Permission.FRAMEWORK_LIST)
def show_all(request: Request) -> dict[str, Any]:
    """Show the agreements that the reader may see, and the form of a new one."""
    return {**_list(request), **to_fill_in({"side": "host", "text_version": "1"}), "chosen": ["open"]}


@view_config(**_ALL, request_method="POST", permission=Permission.FRAMEWORK_CREATE)
def draft(request: Request) -> dict[str, Any] | Response:
    """Draft one."""
    try:
        return posted_once(request, lambda: _drafted(request))
    except ENTERED as error:
        wrong = to_correct(request, error)
        wrong["errors"] = Entries(framework_form.at_their_fields(wrong["errors"]))
        return {**_list(request), **wrong, "chosen": many(request, "regimes")}


@view_config(**_ONE, request_method="GET", permission=Permission.FRAMEWORK_READ)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show one with what the reader can do."""
    view: FrameworkView = context.row
    row, state = view.framework, state_at(view.framework, clock.now())
    accepted = {one.side: one for one in view.accepted}
    drafting = {row.drafted_by} if row.state == FrameworkState.DRAFT else set(SIDES)
    acts = bool(view.relations & drafting)
    return {
        "view": view,
        "row": row,
        "state": state,
        "text": to_html(row.text),
        "points": point_rows(row.points, request.locale_name),
        "sides": [(view.host, accepted.get("host")), (view.partner, accepted.get("partner"))],
        "steps": [str(one) for one in STEPS[state]] if acts else [],
    }


@view_config(**_STEP, permission=Permission.FRAMEWORK_WRITE, request_param="do=offer")
def offer(context: Context, request: Request) -> Response:
    """Show it to the other side."""
    return _act(context, request, offer_framework, _("It is offered. The signatories of both sides are told."))


@view_config(**_STEP, permission=Permission.FRAMEWORK_ACCEPT, request_param="do=accept")
def accept(context: Context, request: Request) -> Response:
    """Accept it for one's side."""
    text_hash = values_of(request).get("text_hash", "")
    return _act(context, request, accept_framework, _("It is accepted for your side."), text_hash=text_hash)


@view_config(**_STEP, permission=Permission.FRAMEWORK_WRITE, request_param="do=end")
def end(context: Context, request: Request) -> Response:
    """End it."""
    done = _("It has ended and covers no new request. Requests that rest on it stay as they are.")
    return _act(context, request, end_framework, done, reason=values_of(request).get("reason", ""))


def _act(context: Context, request: Request, act: Callable[..., Any], done: Text, **more: Any) -> Response:
    row, version = context.row.framework, seen_version(values_of(request))
    try:
        act(request.db, actor=request.actor, now=clock.now(), framework=row, expected_version=version, **more)
    except _REFUSED as error:
        request.tm.doom()
        flash(request, "error", error.message)
    else:
        flash(request, "success", done)
    return to(request, "framework_agreement", id=request.matchdict["id"])


def _drafted(request: Request) -> Response:
    given = framework_form.entered(request, values_of(request))
    made = create_framework(request.db, actor=request.actor, now=clock.now(), **given)
    flash(request, "success", _("The draft is kept. The other side sees it once you offer it."))
    return to(request, "framework_agreement", id=made.public_id)


def _list(request: Request) -> dict[str, Any]:
    now = clock.now()
    page = frameworks_of(request.db, actor=request.actor, limit=200)
    own = framework_form.own_organisations(request)
    return {
        "frameworks": [(view, state_at(view.framework, now)) for view in page.items],
        "own": own,
        "options": framework_form.options(request, own),
        "key": new_key(),
    }
