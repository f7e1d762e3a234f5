"""One's own account: particulars, affiliations, trainings, and tokens for programs."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.catalogue.queries import list_organisations, organisation_by_public_id
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.people.accounts import account_of, update_account
from infra_access.people.affiliations import affiliate, affiliations_of, end_affiliation
from infra_access.people.assurances import assurances_of
from infra_access.people.profile import FIELDS
from infra_access.people.tokens import LONGEST_DAYS, SCOPES, create_token, revoke_token, token_by_public_id, tokens_of
from infra_access.people.trainings import trainings_of, withdrawn_from
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, to, values_of
from infra_access.web.rendering import flash
from infra_access.web.visitor import country_options
from infra_access.web.zones import zone_options

_PAGE = {"renderer": "account.jinja2", "permission": Permission.OWN_ACCOUNT}
_FOUND = 10


@view_config(route_name="account", request_method="GET", **_PAGE)
def show(request: Request) -> dict[str, Any]:
    """Show what is known of the reader, and organisations found by the beginning of their name."""
    account = account_of(request.db, request.actor)
    return {**_page(request), **to_fill_in({field: getattr(account, field) for field in FIELDS})}


@view_config(route_name="account", request_method="POST", **_PAGE)
def save(request: Request) -> dict[str, Any] | Response:
    """Change the particulars."""
    entered = values_of(request)
    changes = {field: entered[field] for field in FIELDS if field in entered}
    account = account_of(request.db, request.actor)
    try:
        update_account(request.db, actor=request.actor, now=clock.now(), account=account, changes=changes)
    except ENTERED as error:
        return {**_page(request), **to_correct(request, error)}
    flash(request, "success", _("Saved."))
    return to(request, "account")


@view_config(route_name="account", request_method="POST", request_param="belong", permission=Permission.OWN_ACCOUNT)
def belong(request: Request) -> Response:
    """State that the reader belongs to an organisation."""
    organisation = organisation_by_public_id(request.db, values_of(request)["belong"], actor=request.actor)
    account = account_of(request.db, request.actor)
    affiliate(request.db, actor=request.actor, now=clock.now(), account=account, organisation=organisation)
    flash(
        request,
        "success",
        _("You act for ${name} now. Its administrator may confirm it.", mapping={"name": organisation.name}),
    )
    return to(request, "account", _anchor="affiliations")


@view_config(route_name="account", request_method="POST", request_param="leave", permission=Permission.OWN_ACCOUNT)
def leave(request: Request) -> Response:
    """End an affiliation."""
    organisation = organisation_by_public_id(request.db, values_of(request)["leave"], actor=request.actor)
    account = account_of(request.db, request.actor)
    end_affiliation(request.db, actor=request.actor, now=clock.now(), account=account, organisation=organisation)
    flash(request, "info", _("You no longer act for ${name}.", mapping={"name": organisation.name}))
    return to(request, "account", _anchor="affiliations")


@view_config(route_name="account_tokens", request_method="POST", **_PAGE)
def new_token(request: Request) -> dict[str, Any]:
    """Make a token and show it, this once: it is kept nowhere, so this page is not found again by a redirect."""
    entered = values_of(request)
    account = account_of(request.db, request.actor)
    particulars = to_fill_in({field: getattr(account, field) for field in FIELDS})
    try:
        _token, secret = create_token(
            request.db,
            actor=request.actor,
            now=clock.now(),
            name=entered.get("token_name", ""),
            scope=entered.get("scope", ""),
            expires_in_days=_days(entered.get("expires_in_days", "")),
        )
    except ENTERED as error:
        refused = to_correct(request, error)
        return {**_page(request), **particulars, "token_form": refused}
    request.response.headers["Cache-Control"] = "no-store"
    return {**_page(request), **particulars, "secret": secret}


@view_config(
    route_name="account_tokens", request_method="POST", request_param="revoke", permission=Permission.OWN_ACCOUNT
)
def revoke(request: Request) -> Response:
    """End a token."""
    token = token_by_public_id(request.db, values_of(request)["revoke"], actor=request.actor)
    revoke_token(request.db, actor=request.actor, now=clock.now(), token=token)
    flash(request, "info", _("The token ${name} no longer works.", mapping={"name": token.name}))
    return to(request, "account", _anchor="tokens")


def _page(request: Request) -> dict[str, Any]:
    now, wanted = clock.now(), request.GET.get("organisation", "").strip()[:300]
    account = account_of(request.db, request.actor)
    return {
        "account": account,
        "affiliations": affiliations_of(request.db, account.id, now=now),
        "assurances": assurances_of(request.db, account.id, at=now),
        "trainings": trainings_of(request.db, account.id, on=now.date()),
        "withdrawn": withdrawn_from(request.db, account.id),
        "tokens": tokens_of(request.db, request.actor, now=now),
        "wanted": wanted,
        "found": list_organisations(request.db, q=wanted, limit=_FOUND).items if wanted else [],
        "countries": country_options(request.locale_name),
        "zones": zone_options(),
        "scopes": SCOPES,
        "longest_days": LONGEST_DAYS,
        "secret": None,
        "token_form": to_fill_in({"scope": "read", "expires_in_days": "90"}),
    }


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        message = _("A token lasts from 1 to ${days} days.", mapping={"days": LONGEST_DAYS})
        raise Invalid("token.invalid", message, fields={"expires_in_days": [message]})
    return int(text)
