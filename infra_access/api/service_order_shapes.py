"""What service orders look like in bodies and answers."""

from datetime import datetime
from typing import Any

from infra_access.api.fields import Amount, Choice, Flag, Free, Instant, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, PageQuery
from infra_access.catalogue.vocabularies import Regime
from infra_access.orders.lifecycle import OrderState, OrderTransition, possible
from infra_access.orders.order_fields import HIGHEST_PRIORITY, MOST_SAMPLES
from infra_access.orders.order_queries import OrderItem, OrderView
from infra_access.orders.queue import is_overdue
from infra_access.orders.standing import since


class ServiceOrderBody(Body):
    """What a quote is asked for."""

    route = PublicId("A way in with a queue.", required=True)
    instrument = PublicId(required=True)
    samples = Integer("How many.", low=1, high=MOST_SAMPLES, required=True)
    sample_description = Lines("What they are.", most=5_000, filled=True, required=True)
    hazards = Lines("What whoever opens the parcel must know.", most=2_000)
    title = Line(most=300, filled=True, required=True)
    regime = Choice(Regime, required=True)
    acting_for = PublicId("The organisation acted for; one's own by default.")
    allocation = PublicId("What an access request granted; the order draws on it.")
    return_samples = Flag("Send them back afterwards.")


class PlacingBody(Body):
    """The acceptance of a quote."""

    text_hash = Line("The hash of the terms that were read, where the order has terms.", most=64)
    funding = PublicId("The funding source that pays.")


class ReceivingBody(Body):
    """What arrived."""

    count = Integer("How many samples.", low=1, high=MOST_SAMPLES, required=True)
    tracking = Line("The number of the parcel.", most=200)
    condition = Lines("How they arrived; what is missing.", most=2_000)


class DeliveryBody(Body):
    """What is handed over."""

    deliverable = Lines("The results, in words and links.", most=5_000, filled=True, required=True)
    tracking = Line("The number of the parcel that brings the samples back.", most=200)


class DisputeBody(Body):
    """What is wrong."""

    reason = Lines(most=2_000, filled=True, required=True)


class PriorityBody(Body):
    """How far ahead, and why."""

    priority = Integer("Higher first; 0 is in turn.", low=0, high=HIGHEST_PRIORITY, required=True)
    reason = Lines(most=2_000, filled=True, required=True)


class ServiceOrderQuery(PageQuery):
    """Which orders."""

    state = Choice(OrderState)
    instrument = PublicId("Those on an instrument: to its staff all that are open, in the order of the queue.")


class OrderQuoteOut(Out):
    """The price, as a numbered document says it."""

    id = PublicId()
    number = Line(most=20)
    list_price = Amount(answered=True)
    price = Amount(answered=True)
    currency = Line(most=3)
    ground = Line("Why it is less than the list price.", most=200)
    vat_note = Line(most=300)
    valid_until = Instant()


class ServiceOrderSummaryOut(Out):
    """An order in a list."""

    id = PublicId()
    instrument = PublicId()
    instrument_name = Line(most=300)
    facility = PublicId()
    facility_name = Line(most=300)
    timezone = Line("The zone of the facility.", most=64)
    route = PublicId()
    title = Line(most=300)
    samples = Integer(low=1)
    regime = Choice(Regime)
    state = Choice(OrderState)
    since = Instant("Since when it stands there.")
    owner = Line("Whose order it is.", most=200)
    ahead = Integer("How many orders come first, while it waits.", low=0, allow_none=True)
    priority = Integer(low=0)
    turnaround_days = Integer("What the way in promises, from the arrival.", low=1, allow_none=True)
    promised_at = Instant("When the results are due, once the samples arrived.", allow_none=True)
    overdue = Flag()
    quote = Part(OrderQuoteOut)
    created_at = Instant()
    version = Integer(low=1)


class ServiceOrderOut(ServiceOrderSummaryOut):
    """An order."""

    sample_description = Lines(most=5_000)
    hazards = Lines(most=2_000)
    return_samples = Flag()
    acting_for = PublicId(allow_none=True)
    allocation = PublicId(allow_none=True)
    funding = PublicId(allow_none=True)
    terms = Free("Title, version, text and text_hash of what ordering accepts; empty where there is nothing.")
    state_reason = Lines(most=5_000, allow_none=True)
    ordered_at = Instant(allow_none=True)
    samples_received_at = Instant(allow_none=True)
    samples_received = Integer(low=1, allow_none=True)
    condition = Lines(most=2_000)
    tracking_in = Line(most=200)
    started_at = Instant(allow_none=True)
    checked_at = Instant(allow_none=True)
    delivered_at = Instant(allow_none=True)
    deliverable = Lines(most=5_000)
    tracking_out = Line(most=200)
    closed_at = Instant(allow_none=True)
    case = Line("What to quote when asking a person.", most=40)
    possible = ListOf(Choice(OrderTransition), "What the team or the staff can do next.")


_AS_STORED = (
    *("title", "samples", "regime", "state", "priority", "promised_at", "created_at", "version"),
    *("sample_description", "hazards", "return_samples", "terms", "state_reason", "ordered_at", "samples_received_at"),
    *("samples_received", "tracking_in", "started_at", "checked_at", "delivered_at", "deliverable", "tracking_out"),
    *("closed_at", "case"),
)
_IN_LISTS = frozenset(ServiceOrderSummaryOut._declared_fields)
_OF_QUOTES = frozenset(OrderQuoteOut._declared_fields) - {"id"}


def summary(item: OrderItem | OrderView, now: datetime) -> dict[str, Any]:
    """Return an order as a list shows it."""
    order, quote = item.order, item.quote
    return {
        **{name: getattr(order, name) for name in _AS_STORED if name in _IN_LISTS},
        "id": order.public_id,
        "instrument": item.instrument.public_id,
        "instrument_name": item.instrument.name,
        "facility": item.facility.public_id,
        "facility_name": item.facility.name,
        "timezone": item.facility.timezone,
        "route": item.route.public_id,
        "since": since(order),
        "owner": item.owner,
        "ahead": item.ahead,
        "turnaround_days": item.route.turnaround_days,
        "overdue": is_overdue(order, now),
        "quote": {"id": quote.public_id, **{name: getattr(quote, name) for name in _OF_QUOTES}},
    }


def whole(view: OrderView, now: datetime) -> dict[str, Any]:
    """Return an order with everything that its people may read."""
    order = view.order
    return {
        **summary(view, now),
        **{name: getattr(order, name) for name in _AS_STORED},
        "condition": order.condition_note,
        "acting_for": view.acting_for.public_id if view.acting_for else None,
        "allocation": view.allocation,
        "funding": view.funding,
        "possible": possible(OrderState(order.state)),
    }
