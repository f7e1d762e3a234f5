"""What a version of rules would change for all requests of the past: asking the worker, and reading what it found."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.what_if_models import RunState
from infra_access.access_requests.what_if_runs import ERRORS, RunView, latest_run, start_run
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.http.what_ifs import most_what_ifs
from infra_access.policy.models import PolicyDocument
from infra_access.policy.publishing import DRAFT
from infra_access.web import rules_page
from infra_access.web.forms import to
from infra_access.web.presenters.what_if import OUTCOMES, compared
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once


@view_config(
    route_name="policy_what_if",
    renderer="policy_what_if.jinja2",
    request_method="GET",
    permission=Permission.POLICY_READ,
)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show the latest answer, or how far it is worked out."""
    document: PolicyDocument = context.row
    scope = (document.scope_kind, document.scope_key)
    view = latest_run(request.db, document)
    return {
        "document": document,
        "scope": rules_page.names_of_scopes(request.db, [scope], request.locale_name)[scope],
        "is_draft": document.state == DRAFT,
        "run": view.run if view else None,
        "view": view,
        "error": ERRORS[view.run.error] if view and view.run.error else None,
        "finished": view is not None and view.run.state == RunState.FINISHED,
        "tried": _found(view, request.locale_name) if view else None,
        "key": new_key(),
    }


@view_config(route_name="policy_what_if", request_method="POST", permission=Permission.POLICY_READ)
def ask(context: Context, request: Request) -> Response:
    """Let the worker find it out."""
    return posted_once(request, lambda: _asked(context, request))


def _asked(context: Context, request: Request) -> Response:
    start_run(
        request.db,
        actor=request.actor,
        now=clock.now(),
        document=context.row,
        scopes=context.scopes,
        most_a_day=most_what_ifs(request),
    )
    flash(request, "success", _("This is being worked out. You may close the page and come back."))
    return to(request, "policy_what_if", id=context.row.public_id)


def _found(view: RunView, locale: str) -> dict[str, Any]:
    found = view.found
    return {
        **compared(found.instruments, found.rows, found.requests, found.changed, locale),
        "looked_at": found.looked_at,
        "of": found.of,
        "changed": found.changed,
        "answers": [(OUTCOMES[before], OUTCOMES[after], count) for before, after, count in found.pairs],
    }
