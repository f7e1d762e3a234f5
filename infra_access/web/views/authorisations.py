"""Standing authorisations: who is let through ahead, by whom, until when; giving one and revoking it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.access_requests.approvals.authorisations import (
    NEVER_AHEAD,
    AuthorisationView,
    authorisations,
    authorise,
    may_revoke,
    revoke,
)
from infra_access.catalogue.queries import instruments_called, list_organisations
from infra_access.catalogue.vocabularies import Regime, label
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Forbidden, Invalid, NotFound, PreconditionFailed
from infra_access.core.i18n import _
from infra_access.core.roles import ROLES
from infra_access.core.zones import day_start
from infra_access.http.security import Context
from infra_access.web.accounting_forms import decimal_in
from infra_access.web.booking_form import version_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, day_in, many, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.rules_page import names_of_scopes

_LIST = {"route_name": "authorisations", "renderer": "authorisations.jinja2", "permission": Permission.APPROVAL_LIST}


_SUGGESTED = 200


@view_config(**_LIST, request_method="GET")
def show(request: Request) -> dict[str, Any]:
    """Show those that the reader gave, may revoke or profits from, and a form for whoever can give one."""
    return {**_page(request), **to_fill_in({"organisation": request.GET.get("organisation", "")})}


@view_config(**_LIST, request_method="POST")
def give(request: Request) -> dict[str, Any] | Response:
    """Say yes ahead."""
    entered = values_of(request)
    role, _bar, scope = entered.get("role", "").partition("|")
    kind, _colon, key = scope.partition(":")
    try:
        made = authorise(
            request.db,
            actor=request.actor,
            now=clock.now(),
            role=role,
            scope=(kind, key),
            organisation=_organisation(request, entered.get("organisation", "")),
            person=entered.get("person") or None,
            instruments=_instruments(request, lines_of(entered.get("instruments", ""))),
            purposes=lines_of(entered.get("purposes", "")),
            regimes=many(request, "regimes"),
            most_units=decimal_in(entered, "most_units") if entered.get("most_units") else None,
            reason=entered.get("reason", ""),
            conditions=entered.get("conditions") or None,
            until=day_start(day_in(entered.get("until", ""), "until") + timedelta(days=1), request.actor.timezone),
        )
    except (*ENTERED, Forbidden, NotFound) as error:
        return {**_page(request), **to_correct(request, error)}
    flash(request, "success", _("Given. The next request that it covers goes through your stage at once."))
    return to(request, "authorisation", id=made.public_id)


@view_config(
    route_name="authorisation",
    renderer="authorisation.jinja2",
    request_method="GET",
    permission=Permission.APPROVAL_LIST,
)
def one(context: Context, request: Request) -> dict[str, Any]:
    """Show one with its whole text."""
    return {**_whole(request, context.row), **to_fill_in()}


@view_config(
    route_name="authorisation",
    renderer="authorisation.jinja2",
    request_method="POST",
    permission=Permission.APPROVAL_DECIDE,
)
def end(context: Context, request: Request) -> dict[str, Any] | Response:
    """Revoke it."""
    entered, view = values_of(request), context.row
    try:
        revoke(
            request.db,
            actor=request.actor,
            now=clock.now(),
            authorisation=view.authorisation,
            reason=entered.get("reason", ""),
            expected_version=version_in(entered),
        )
    except (*ENTERED, PreconditionFailed) as error:
        return {**_whole(request, view), **to_correct(request, error)}
    flash(request, "info", _("It is revoked: it answers nothing more. What it answered before stays."))
    return to(request, "authorisation", id=view.authorisation.public_id)


def _page(request: Request) -> dict[str, Any]:
    return {
        **_listed(request, authorisations(request.db, actor=request.actor, now=clock.now())),
        "roles": _roles(request),
        "organisations": [one.name for one in list_organisations(request.db, limit=_SUGGESTED).items],
        "regimes": [(str(one), request.localize(label(one))) for one in Regime],
    }


def _whole(request: Request, view: AuthorisationView) -> dict[str, Any]:
    return {
        **_listed(request, [view]),
        "view": view,
        "regimes": [label(Regime(one)) for one in view.authorisation.regimes],
        "may_revoke": view.is_live(clock.now()) and may_revoke(request.db, view, request.actor),
    }


def _listed(request: Request, views: Sequence[AuthorisationView]) -> dict[str, Any]:
    now = clock.now()
    named = names_of_scopes(request.db, [_scope_of(view) for view in views], request.locale_name)
    return {"items": [(view, view.is_live(now), named[_scope_of(view)]) for view in views]}


def _scope_of(view: AuthorisationView) -> tuple[str, str]:
    return view.authorisation.scope_kind, view.authorisation.scope_key


def _roles(request: Request) -> list[tuple[str, str]]:
    """Return the roles that the reader holds in their own right, each with its scope, that can say yes ahead."""
    held = [grant for grant in request.actor.grants if grant.by is None and grant.role not in NEVER_AHEAD]
    named = names_of_scopes(request.db, [grant.scope for grant in held], request.locale_name)
    return [
        (
            f"{grant.role}|{grant.scope[0]}:{grant.scope[1]}",
            f"{request.localize(ROLES.get(grant.role, grant.role))}: {request.localize(named[grant.scope])}",
        )
        for grant in held
    ]


def lines_of(text: str) -> list[str]:
    r"""Return the lines of a text that are not empty.

    >>> lines_of("Beamline 1\r\n\r\n Beamline 2 ")
    ['Beamline 1', 'Beamline 2']
    """
    return [line.strip() for line in text.splitlines() if line.strip()]


def _instruments(request: Request, names: Sequence[str]) -> list[str]:
    """Return the public ids of the instruments of exactly these names or ids. Raises Invalid naming what is not one."""
    found = instruments_called(request.db, names)
    chosen = []
    for name in names:
        fitting = [one.public_id for one in found if name in (one.public_id, one.name)]
        if not fitting:
            message = _("No instrument has exactly this name: ${name}", mapping={"name": name})
            raise Invalid("instrument.unknown", message, fields={"instruments": [message]})
        if len(fitting) > 1:
            values = {"name": name, "ids": ", ".join(sorted(fitting))}
            message = _("Several instruments are called ${name}. Give the one by its id: ${ids}", mapping=values)
            raise Invalid("instrument.ambiguous", message, fields={"instruments": [message]})
        chosen += fitting
    return chosen


def _organisation(request: Request, name: str) -> str | None:
    """Return the public id of the organisation of exactly this name. Raises Invalid."""
    if not name.strip():
        return None
    for found in list_organisations(request.db, q=name.strip()[:300], limit=_SUGGESTED).items:
        if found.name.casefold() == name.strip().casefold():
            return found.public_id
    message = _("No organisation has exactly this name. Choose one of the list.")
    raise Invalid("organisation.unknown", message, fields={"organisation": [message]})
