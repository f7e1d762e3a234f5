"""One's own funding sources, with what is left of each, and the quotes that they can pay."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.accounting.funding import create_funding, funding_by_public_id, funding_of, update_funding
from infra_access.accounting.quotes import quotes_of
from infra_access.accounting.vocabularies import FundingKind
from infra_access.catalogue.queries import organisation_by_public_id
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import PreconditionFailed
from infra_access.core.i18n import _
from infra_access.people.affiliations import affiliations_of
from infra_access.web.accounting_forms import decimal_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import ENTERED, day_in, seen_version, to, values_of
from infra_access.web.presenters.money import FUNDING, money
from infra_access.web.rendering import flash
from infra_access.web.repeats import new_key, posted_once

_PAGE = {"route_name": "account_funding", "renderer": "funding.jinja2", "permission": Permission.FUNDING_CREATE}


@view_config(**_PAGE, request_method="GET")
def show(request: Request) -> dict[str, Any]:
    """Show the sources that the reader may spend, and the quotes given to them."""
    return {**_page(request), **to_fill_in()}


@view_config(**_PAGE, request_method="POST")
def add(request: Request) -> dict[str, Any] | Response:
    """Add a source, once however often the form is sent."""
    try:
        return posted_once(request, lambda: _added(request))
    except ENTERED as error:
        return {**_page(request), **to_correct(request, error)}


@view_config(**_PAGE, request_method="POST", request_param="source")
def change(request: Request) -> dict[str, Any] | Response:
    """Put a source right."""
    try:
        return posted_once(request, lambda: _changed(request))
    except (*ENTERED, PreconditionFailed) as error:
        return {**_page(request), **to_correct(request, error)}


def _changed(request: Request) -> Response:
    entered, now = values_of(request), clock.now()
    source = funding_by_public_id(request.db, entered.get("source", ""), actor=request.actor, now=now)
    changes = {
        "limit_amount": decimal_in(entered, "new_limit"),
        "valid_until": day_in(entered.get("new_valid_until", ""), "new_valid_until"),
        "active": "active" in entered,
    }
    funding = update_funding(
        request.db,
        actor=request.actor,
        now=now,
        funding=source,
        changes=changes,
        expected_version=seen_version(entered),
    )
    flash(request, "success", _("${name} is saved.", mapping={"name": funding.name}))
    return to(request, "account_funding")


def _added(request: Request) -> Response:
    entered = values_of(request)
    owner = entered.get("organisation")
    funding = create_funding(
        request.db,
        actor=request.actor,
        now=clock.now(),
        kind=entered.get("kind", ""),
        name=entered.get("name", ""),
        reference=entered.get("reference", ""),
        currency=entered.get("currency", "").strip().upper(),
        limit_amount=decimal_in(entered, "limit_amount"),
        valid_from=day_in(entered.get("valid_from", ""), "valid_from"),
        valid_until=day_in(entered.get("valid_until", ""), "valid_until"),
        organisation=organisation_by_public_id(request.db, owner, actor=request.actor) if owner else None,
    )
    flash(request, "success", _("${name} can pay for what you book.", mapping={"name": funding.name}))
    return to(request, "account_funding")


def _page(request: Request) -> dict[str, Any]:
    now, locale = clock.now(), request.locale_name
    mine = affiliations_of(request.db, request.actor.account_id, now=now)
    names = {one.organisation_id: one.organisation_name for one in mine}
    return {
        "sources": [
            {
                "source": one,
                "kind": FUNDING[one.kind],
                "owner": names.get(one.organisation_id or 0),
                "limit": money(one.limit_amount, one.currency, locale),
                "left": money(one.limit_amount - one.used, one.currency, locale),
                "over": not one.valid_from <= now.date() <= one.valid_until,
            }
            for one in funding_of(request.db, actor=request.actor, now=now)
        ],
        "quotes": [
            (view, money(view.quote.price, view.quote.currency, locale), view.quote.valid_until <= now)
            for view in quotes_of(request.db, actor=request.actor).items
        ],
        "kinds": [(kind.value, request.localize(FUNDING[kind])) for kind in FundingKind],
        "owners": [(one.organisation_public_id, one.organisation_name) for one in mine if one.confirmed],
        "key": new_key(),
    }
