"""/facilities/{id}/usage: the ledger of a month, its corrections, its close, and the same as CSV."""

from decimal import Decimal
from typing import Any

from pyramid.response import Response

from infra_access.accounting.ledger import close_month, correct
from infra_access.accounting.ledger_queries import UsageView, ledger_csv, usage_line, usage_of_month, usage_view
from infra_access.accounting.months import clean_month, month_of
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Amount, Choice, Flag, Free, Instant, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, PageQuery, Query, page_of
from infra_access.api.serving import Created
from infra_access.catalogue.vocabularies import AccessUnit
from infra_access.core.authority import Permission
from infra_access.ledger.vocabularies import UsageKind


class Signed(Amount):
    """An amount that may be zero or negative, with at most two decimals."""

    def __init__(self, description: str = "", **rest: Any):
        """Say so in the contract."""
        most = int(self.MOST)
        super().__init__(description, answered=True, **rest)
        self.metadata = {**self.metadata, "minimum": -most, "maximum": most}

    def load(self, value: Any, name: str) -> Decimal:
        """Return the exact amount."""
        if value == 0 and not isinstance(value, bool):
            return Decimal(0)
        negative = (isinstance(value, str) and value.startswith("-")) or (isinstance(value, int | float) and value < 0)
        if not negative:
            return super().load(value, name)
        return -super().load(value[1:] if isinstance(value, str) else -value, name)


class MonthQuery(Query):
    """Which month; the running one where the facility is, if left out."""

    month = Line('Year and month, such as "2026-03".', most=7)


class UsageQuery(PageQuery, MonthQuery):
    """Which part of which month."""


class CorrectionBody(Body):
    """What a further line adds to one; negative where it takes something back."""

    line = PublicId(required=True)
    units = Signed(required=True)
    price = Signed(required=True)
    note = Lines("Why, for whoever reads the ledger.", most=2_000, filled=True, required=True)


class UsageOut(Out):
    """A line of the ledger."""

    id = PublicId()
    month = Line(most=7)
    kind = Choice(UsageKind)
    booking = PublicId("The booking that it is of.", allow_none=True)
    service_order = PublicId("The order that it is of.", allow_none=True)
    start = Instant("When the use began; an order has no such time.", allow_none=True)
    end = Instant("When it ended.", allow_none=True)
    resource_name = Line("Which copy, or room.", most=200, allow_none=True)
    instrument = PublicId()
    instrument_name = Line(most=300)
    access_unit = Choice(AccessUnit)
    units = Signed()
    list_value = Signed()
    price = Signed()
    currency = Line(most=3)
    ground = Line("Why the price is not the list value.", most=200)
    funding = PublicId(allow_none=True)
    corrects = PublicId("The line that this one puts right.", allow_none=True)
    note = Lines(most=3_000)
    written_at = Instant()


class TotalOut(Out):
    """What the month comes to in one currency."""

    currency = Line(most=3)
    lines = Integer(low=0)
    list_value = Signed()
    price = Signed()


class ClosedOut(Out):
    """A closed month; `totals` by currency, as decimal strings."""

    month = Line(most=7)
    lines = Integer(low=0)
    totals = Free()
    closed_at = Instant()


@resource(
    "api.facility_usage",
    "GET",
    permission=Permission.LEDGER_READ,
    query=UsageQuery,
    out=page_of(UsageOut, month=Line(most=7), totals=ListOf(Part(TotalOut)), closed=Flag()),
)
def list_month(call: Call) -> dict[str, Any]:
    """List the lines of a month, in the order in which they were written, with what the month comes to."""
    given = dict(call.query) | {"month": _month(call)}
    page = usage_of_month(call.db, actor=call.actor, facility=call.row, **given)
    return {
        "items": [_shown(view) for view in page.items],
        "next": page.next,
        "month": given["month"],
        "totals": page.totals,
        "closed": page.closed is not None,
    }


@resource(
    "api.facility_usage",
    "POST",
    permission=Permission.LEDGER_WRITE,
    body=CorrectionBody,
    out=UsageOut,
    status=201,
    errors=(409,),
)
def add_correction(call: Call) -> Created:
    """Put a line right by a further one, in the running month."""
    given = dict(call.body)
    line = usage_line(call.db, given.pop("line"), actor=call.actor, facility=call.row)
    added = correct(call.db, actor=call.actor, now=call.now, line=line, **given)
    return Created(_shown(usage_view(call.db, added)), f"/api/v1/facilities/{call.row.public_id}/usage")


@resource("api.facility_usage_csv", "GET", permission=Permission.LEDGER_READ, query=MonthQuery, media_type="text/csv")
def month_as_csv(call: Call) -> Response:
    """Give the lines of a month as CSV, whose sums are those of the ledger."""
    month = _month(call)
    response = Response(
        ledger_csv(call.db, actor=call.actor, facility=call.row, month=month), content_type="text/csv", charset="utf-8"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="usage-{month}.csv"'
    return response


@resource(
    "api.facility_month_close",
    "POST",
    permission=Permission.LEDGER_WRITE,
    out=ClosedOut,
    status=200,
    errors=(409,),
)
def close(call: Call) -> dict[str, Any]:
    """Close a month that is over: it gets no line any more."""
    month = str(call.request.matchdict["month"])
    closed = close_month(call.db, actor=call.actor, now=call.now, facility=call.row, month=month)
    return {name: getattr(closed, name) for name in ClosedOut._declared_fields}


def _month(call: Call) -> str:
    return clean_month(call.query["month"]) if "month" in call.query else month_of(call.row, call.now)


def _shown(view: UsageView) -> dict[str, Any]:
    same = ("month", "kind", "access_unit", "units", "list_value", "price", "currency", "ground", "note", "written_at")
    return {name: getattr(view.line, name) for name in same} | {
        "id": view.line.public_id,
        "booking": view.line.subject if view.line.booking_id is not None else None,
        "service_order": view.line.subject if view.line.booking_id is None else None,
        "start": view.line.used_from,
        "end": view.line.used_until,
        "resource_name": view.resource,
        "instrument": view.instrument.public_id,
        "instrument_name": view.instrument.name,
        "funding": view.funding.public_id if view.funding else None,
        "corrects": view.corrects,
    }
