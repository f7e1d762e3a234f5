"""Exceptions from rules: the report on them, asking for one, confirming and ending it."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.override_queries import list_overrides
from infra_access.access_requests.overriding import ask_override, confirm_override
from infra_access.access_requests.vocabularies import OverrideState
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, DomainError, Invalid, PreconditionFailed
from infra_access.core.i18n import Text, _
from infra_access.http.security import Context
from infra_access.outcomes.refusing import end_exception
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.exceptions import exceptions_on, rows_of
from infra_access.web.forms import ENTERED, day_in, seen_version, to, values_of
from infra_access.web.rendering import flash

_REFUSED: tuple[type[DomainError], ...] = (Invalid, Conflict, PreconditionFailed)
_OF_REQUEST = {"route_name": "access_request_exceptions", "renderer": "request_exceptions.jinja2"}
_PAGE = 50


@view_config(
    route_name="overrides", renderer="overrides.jinja2", request_method="GET", permission=Permission.OVERRIDE_LIST
)
def show_all(request: Request) -> dict[str, Any]:
    """List the exceptions that the reader looks after, of one state or all."""
    wanted = request.GET.get("state")
    state = wanted if wanted in frozenset(OverrideState) else None
    cursor = request.GET.get("cursor") or None
    page = list_overrides(request.db, actor=request.actor, now=clock.now(), state=state, limit=_PAGE, cursor=cursor)
    query = {"cursor": page.next, **({"state": state} if state else {})}
    return {
        "state": state,
        "states": [str(one) for one in OverrideState],
        "exceptions": rows_of(page.items, request.actor),
        "next": request.route_path("overrides", _query=query) if page.next else None,
    }


@view_config(**_OF_REQUEST, request_method="GET", permission=Permission.REQUEST_READ)
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show the exceptions of a request, and the rules from which the reader may ask for one."""
    return {**_page(context, request), **to_fill_in()}


@view_config(**_OF_REQUEST, request_method="POST", permission=Permission.REQUEST_READ)
def ask(context: Context, request: Request) -> dict[str, Any] | Response:
    """Ask for an exception for this request."""
    entered, row = values_of(request), context.row.access_request
    rule, _space, scope = entered.get("rule", "").partition(" ")
    try:
        ask_override(
            request.db,
            actor=request.actor,
            now=clock.now(),
            access_request=row,
            rule=rule,
            scope=scope or None,
            reason=entered.get("reason", ""),
            valid_until=_end_of_day(entered.get("valid_until", "")),
        )
    except ENTERED as error:
        wrong = to_correct(request, error)
        return {**_page(context, request), **wrong}
    flash(
        request,
        "success",
        _("The exception is asked for. It counts once a second person has confirmed it; they get a mail."),
    )
    return to(request, "access_request_exceptions", id=row.public_id)


@view_config(route_name="override_confirm", request_method="POST", permission=Permission.OVERRIDE_GRANT)
def confirm(context: Context, request: Request) -> Response:
    """Confirm an exception that another person asked for."""

    def command() -> Text:
        confirm_override(request.db, override=context.row.override, **_by(request))
        return _("The exception is in force. It counts at the next decision on its request.")

    return _done(request, command)


@view_config(route_name="override_withdraw", request_method="POST", permission=Permission.OVERRIDE_GRANT)
def withdraw(context: Context, request: Request) -> Response:
    """End an exception."""

    def command() -> Text:
        reason = values_of(request).get("reason", "")
        end_exception(request.db, override=context.row.override, reason=reason, **_by(request))
        return _("The exception has ended. From now on the rule decides again.")

    return _done(request, command)


def _by(request: Request) -> dict[str, Any]:
    return {"actor": request.actor, "now": clock.now(), "expected_version": seen_version(values_of(request))}


def _done(request: Request, command: Callable[[], Text]) -> Response:
    """Run a command and return to the report with what came of it, or with what was refused and why."""
    try:
        flash(request, "success", command())
    except _REFUSED as error:
        request.tm.doom()
        said = next((texts[0] for texts in error.fields.values() if texts), error.message)
        flash(request, "error", said)
    return to(request, "overrides")


def _page(context: Context, request: Request) -> dict[str, Any]:
    return {"view": context.row, **exceptions_on(request, context.row, now=clock.now())}


def _end_of_day(text: str) -> datetime | None:
    """Return the instant at which a day (UTC) has ended, or None where no day was entered."""
    if not text:
        return None
    return datetime.combine(day_in(text, "valid_until") + timedelta(days=1), time(), tzinfo=UTC)
