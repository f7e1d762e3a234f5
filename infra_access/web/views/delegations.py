"""Handing a role over for a time away, and taking it back."""

from datetime import timedelta
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.core.roles import ROLES
from infra_access.core.zones import day_start
from infra_access.people.accounts import account_by_email
from infra_access.people.delegations import KEPT, delegations_of, hand_over, own_grant, take_back
from infra_access.people.roles import grants_of
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, day_in, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.rules_page import names_of_scopes

_PAGE = {
    "route_name": "account_delegations",
    "renderer": "delegations.jinja2",
    "permission": Permission.OWN_ACCOUNT,
}


@view_config(**_PAGE, request_method="GET")
def show(request: Request) -> dict[str, Any]:
    """Show what the reader handed over, what was handed to them, and a form."""
    return {**_page(request), **to_fill_in()}


@view_config(**_PAGE, request_method="POST")
def give(request: Request) -> dict[str, Any] | Response:
    """Hand a role over."""
    entered, now, zone = values_of(request), clock.now(), request.actor.timezone
    try:
        first = entered.get("since", "")
        grant = own_grant(request.db, entered.get("role", ""), actor=request.actor, now=now)
        hand_over(
            request.db,
            actor=request.actor,
            now=now,
            grant=grant,
            to=account_by_email(request.db, entered.get("to", "")),
            since=day_start(day_in(first, "since"), zone) if first else None,
            until=day_start(day_in(entered.get("until", ""), "until") + timedelta(days=1), zone),
            reason=entered.get("reason", ""),
        )
    except (*ENTERED, NotFound) as error:
        return {**_page(request), **to_correct(request, error)}
    flash(request, "success", _("Handed over. They are told by mail, and hold the role meanwhile; you do not."))
    return to(request, "account_delegations")


@view_config(**_PAGE, request_method="POST", request_param="end")
def end(request: Request) -> Response:
    """Take a role back."""
    now = clock.now()
    grant = own_grant(request.db, values_of(request)["end"], actor=request.actor, now=now)
    take_back(request.db, actor=request.actor, now=now, grant=grant)
    flash(request, "info", _("The role is yours again."))
    return to(request, "account_delegations")


def _page(request: Request) -> dict[str, Any]:
    now, actor = clock.now(), request.actor
    found = delegations_of(request.db, actor=actor, now=now)
    own = [
        grant
        for grant in grants_of(request.db, actor.account_id, now=now)
        if grant.delegated_from_id is None and grant.role not in KEPT
    ]
    scopes = {(one.scope_kind, one.scope_key) for one in (*own, *(each.grant for each in found))}
    named = names_of_scopes(request.db, sorted(scopes), request.locale_name)
    return {
        "delegations": [
            {
                "one": each,
                "mine": each.grant.delegated_by_id == actor.account_id,
                "role": ROLES.get(each.grant.role, each.grant.role),
                "scope": named[each.grant.scope_kind, each.grant.scope_key],
            }
            for each in found
        ],
        "roles": [
            (
                grant.public_id,
                f"{request.localize(ROLES.get(grant.role, grant.role))}: "
                f"{request.localize(named[grant.scope_kind, grant.scope_key])}",
            )
            for grant in own
            if grant.away_until is None or grant.away_until <= now
        ],
    }
