"""/reciprocity: who gave whom how much access in a year, and what was contributed in kind."""

from typing import Any

from pyramid.response import Response

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Country, Day, Instant, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, Query
from infra_access.api.serving import Created
from infra_access.api.usage import Signed
from infra_access.catalogue.queries import organisation_by_public_id
from infra_access.catalogue.vocabularies import AccessUnit
from infra_access.core.authority import Permission
from infra_access.http.looking import looked_at
from infra_access.ledger.models import Contribution
from infra_access.measurement.contributions import note_contribution
from infra_access.measurement.exchange import Balance, Flow, Party, Side
from infra_access.measurement.reciprocity import (
    FIRST_YEAR,
    LAST_YEAR,
    ContributionView,
    reciprocity,
    reciprocity_csv,
)

MOST = 100_000
LOOKED_AT = "reciprocity.read"


class YearQuery(Query):
    """Which year; the running one, if left out."""

    year = Integer(low=FIRST_YEAR, high=LAST_YEAR, text=True)


class ReciprocityQuery(YearQuery):
    """Which year, and between whom."""

    by = Choice(Side, "Countries by default, or organisations.")


class ContributionBody(Body):
    """What an organisation gave in kind, or what a further line adds to one."""

    organisation = PublicId(required=True)
    what = Line(most=300, filled=True, required=True)
    value = Signed("Negative only where it corrects.", required=True)
    currency = Line("Three letters, such as EUR.", most=3, filled=True, required=True)
    given_on = Day(required=True)
    reason = Lines("On what the value rests.", most=2_000, filled=True, required=True)
    corrects = PublicId("The line that it corrects.", allow_none=True)


class PartyOut(Out):
    """A country, or an organisation with its country; both are null for persons of whom neither is known."""

    country = Country(allow_none=True)
    organisation = PublicId(allow_none=True)
    name = Line("Of the organisation.", most=300)


class FlowOut(Out):
    """What one party gave another: units that were used, at the list value, and what was paid for them."""

    host = Part(PartyOut)
    user = Part(PartyOut)
    access_unit = Choice(AccessUnit)
    lines = Integer(low=0)
    units = Signed()
    list_value = Signed()
    price = Signed()
    currency = Line(most=3)


class BalanceOut(Out):
    """What a party gave and received in all, in units and at the list value."""

    party = Part(PartyOut)
    access_unit = Choice(AccessUnit)
    currency = Line(most=3)
    gave_units = Signed()
    gave_value = Signed()
    received_units = Signed()
    received_value = Signed()


class ContributionOut(Out):
    """A contribution in kind, or a further line that corrects one."""

    id = PublicId()
    organisation = PublicId()
    organisation_name = Line(most=300)
    country = Country()
    what = Line(most=300)
    value = Signed()
    currency = Line(most=3)
    given_on = Day()
    reason = Lines(most=2_000)
    corrects = PublicId(allow_none=True)
    noted_at = Instant()


class ContributedOut(Out):
    """What an organisation contributed in all, corrections included."""

    organisation = PublicId()
    currency = Line(most=3)
    value = Signed()


class ReciprocityOut(Out):
    """A year of exchange, within what the caller answers for."""

    year = Integer()
    by = Choice(Side)
    flows = ListOf(Part(FlowOut), most=MOST)
    balances = ListOf(Part(BalanceOut), most=MOST)
    contributions = ListOf(Part(ContributionOut), most=MOST)
    contributed = ListOf(Part(ContributedOut), most=MOST)


@resource("api.reciprocity", "GET", permission=Permission.RECIPROCITY_READ, query=ReciprocityQuery, out=ReciprocityOut)
def read(call: Call) -> dict[str, Any]:
    """Show who gave whom how much in a year, exactly; each look is recorded."""
    year, side = _year(call), Side(call.query.get("by", Side.COUNTRY))
    found = reciprocity(call.db, actor=call.actor, year=year, side=side)
    looked_at(call.request, LOOKED_AT, {"year": year, "by": side.value})
    return {
        "year": year,
        "by": side,
        "flows": [_flow(one) for one in found.flows],
        "balances": [_balance(one) for one in found.balances],
        "contributions": [_contribution(one) for one in found.contributions],
        "contributed": [
            {"organisation": one.organisation.public_id, "currency": one.currency, "value": one.value}
            for one in found.contributed
        ],
    }


@resource("api.reciprocity_csv", "GET", permission=Permission.RECIPROCITY_READ, query=YearQuery, media_type="text/csv")
def as_csv(call: Call) -> Response:
    """Give the exchange of a year between organisations as CSV; each look is recorded."""
    year = _year(call)
    content = reciprocity_csv(call.db, actor=call.actor, year=year)
    looked_at(call.request, LOOKED_AT, {"year": year, "by": "csv"})
    response = Response(content, content_type="text/csv", charset="utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="reciprocity-{year}.csv"'
    return response


@resource(
    "api.reciprocity_contributions",
    "POST",
    permission=Permission.RECIPROCITY_READ,
    body=ContributionBody,
    out=ContributionOut,
    status=201,
    errors=(404,),
)
def note(call: Call) -> Created:
    """Note what an organisation gave in kind, or correct a line by a further one."""
    given = dict(call.body)
    organisation = organisation_by_public_id(call.db, given.pop("organisation"), actor=call.actor)
    noted = note_contribution(call.db, actor=call.actor, now=call.now, organisation=organisation, **given)
    view = ContributionView(noted, organisation, given.get("corrects"))
    return Created(_contribution(view), f"/api/v1/reciprocity?year={noted.given_on.year}")


def _year(call: Call) -> int:
    return int(call.query.get("year", call.now.year))


def _party(party: Party) -> dict[str, Any]:
    return {"country": party.country or None, "organisation": party.organisation or None, "name": party.name}


def _flow(flow: Flow) -> dict[str, Any]:
    same = ("access_unit", "lines", "units", "list_value", "price", "currency")
    return {name: getattr(flow, name) for name in same} | {"host": _party(flow.host), "user": _party(flow.user)}


def _balance(balance: Balance) -> dict[str, Any]:
    same = ("access_unit", "currency", "gave_units", "gave_value", "received_units", "received_value")
    return {name: getattr(balance, name) for name in same} | {"party": _party(balance.party)}


def _contribution(view: ContributionView) -> dict[str, Any]:
    contribution: Contribution = view.contribution
    same = ("what", "value", "currency", "given_on", "reason", "noted_at")
    return {name: getattr(contribution, name) for name in same} | {
        "id": contribution.public_id,
        "organisation": view.organisation.public_id,
        "organisation_name": view.organisation.name,
        "country": view.organisation.country,
        "corrects": view.corrects,
    }
