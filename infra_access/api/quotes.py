"""/quotes: numbered prices given to the caller before they book."""

from typing import Any

from infra_access.access_requests.routes import route_by_public_id
from infra_access.accounting.quotes import QuoteView, give_quote, quote_by_public_id, quotes_of
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Amount, Choice, Free, Instant, Line, PublicId
from infra_access.api.schemas import Body, Out, PageQuery, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.queries import organisation_by_public_id
from infra_access.catalogue.vocabularies import AccessUnit, Regime
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.scheduling.places import place_by_public_id


class QuoteBody(Body):
    """What is to be priced."""

    instrument = PublicId(required=True)
    route = PublicId("The way in, whose tariff counts.", required=True)
    regime = Choice(Regime, required=True)
    units = Amount("Counted in the access unit of the route.", required=True)
    acting_for = PublicId("The organisation that would pay; the caller's own if left out.")


class QuoteOut(Out):
    """A numbered price, which never changes."""

    id = PublicId()
    number = Line("Counted up for each facility and year.", most=20)
    facility = PublicId()
    facility_name = Line(most=300)
    provider_name = Line("The organisation that runs the facility.", most=300)
    instrument = PublicId()
    instrument_name = Line(most=300)
    route = PublicId()
    route_name = Line(most=200)
    acting_for = PublicId(allow_none=True)
    acting_for_name = Line(most=300, allow_none=True)
    regime = Choice(Regime)
    access_unit = Choice(AccessUnit)
    units = Amount(answered=True)
    unit_price = Amount("For one access unit, rounded; the list price is made of the exact tariff.", answered=True)
    list_price = Amount(answered=True)
    reduction = Amount("List price less price.", answered=True)
    price = Amount(answered=True)
    currency = Line(most=3)
    ground = Line("Why the price is not the list price.", most=200)
    vat_note = Line("For information.", most=300)
    facts = Free("The applicant's facts that count, each with who says so.")
    tariff = Free("What the price was made of.")
    valid_until = Instant()
    created_at = Instant()


_SAME = (
    "number",
    "regime",
    "access_unit",
    "units",
    "unit_price",
    "list_price",
    "price",
    "currency",
    "ground",
    "vat_note",
    "facts",
    "tariff",
    "valid_until",
    "created_at",
)


@resource("api.quotes", "GET", permission=Permission.QUOTE_CREATE, query=PageQuery, out=page_of(QuoteOut))
def list_own(call: Call) -> Page[dict[str, Any]]:
    """List the quotes given to the caller, newest first."""
    page = quotes_of(call.db, actor=call.actor, **call.query)
    return Page([shown(view) for view in page.items], page.next)


@resource(
    "api.quotes",
    "POST",
    permission=Permission.QUOTE_CREATE,
    body=QuoteBody,
    out=QuoteOut,
    status=201,
    errors=(404, 410),
)
def create(call: Call) -> Created:
    """Ask for a numbered price of access units of an instrument, valid for thirty days."""
    given = dict(call.body)
    place = place_by_public_id(call.db, given.pop("instrument"), actor=call.actor)
    if "acting_for" in given:
        given["acting_for"] = organisation_by_public_id(call.db, given["acting_for"], actor=call.actor)
    quote = give_quote(
        call.db,
        actor=call.actor,
        now=call.now,
        instrument=place.instrument,
        facility=place.facility,
        route=route_by_public_id(call.db, given.pop("route")),
        **given,
    )
    return Created(
        shown(quote_by_public_id(call.db, quote.public_id, actor=call.actor)), f"/api/v1/quotes/{quote.public_id}"
    )


@resource("api.quote", "GET", permission=Permission.QUOTE_READ, out=QuoteOut)
def read(call: Call) -> dict[str, Any]:
    """Show a quote."""
    return shown(call.row)


def shown(view: QuoteView) -> dict[str, Any]:
    """Return a quote as the contract shows it."""
    quote = view.quote
    return {name: getattr(quote, name) for name in _SAME} | {
        "id": quote.public_id,
        "facility": view.facility.public_id,
        "facility_name": view.facility.name,
        "provider_name": view.provider.name,
        "instrument": view.instrument.public_id,
        "instrument_name": view.instrument.name,
        "route": view.route.public_id,
        "route_name": view.route.name,
        "acting_for": view.acting_for.public_id if view.acting_for else None,
        "acting_for_name": view.acting_for.name if view.acting_for else None,
        "reduction": quote.list_price - quote.price,
    }
