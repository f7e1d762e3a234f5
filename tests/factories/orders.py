"""Ways in with a queue and orders on them for tests, made through the commands."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.drafting import create_access_request
from infra_access.access_requests.models import Allocation
from infra_access.orders import closing, work
from infra_access.orders.models import ServiceOrder
from infra_access.orders.ordering import place_order, quote_order
from tests.factories.access_requests import World, make_world

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TARIFF = {"open": {"amount": "25.00", "currency": "EUR", "per": "sample"}}
TERMS = {"open": {"title": "Samples by mail", "version": "1", "text": "Samples are returned or destroyed."}}
OPEN_TO_SENDERS = {
    "id": "senders",
    "applies_to": ["request", "mail_in"],
    "effect": {"type": "permit"},
    "message": {"en": "Open to everyone who sends samples."},
}
TURNAROUND = 10


def make_queue(session: Session, *, rules: Sequence[dict[str, Any]] = (OPEN_TO_SENDERS,), **route: Any) -> World:
    """Make a German facility that measures samples sent by mail within ten days, and a startup of Kenya."""
    values: dict[str, Any] = {
        "name": "Samples by mail",
        "time_given": "queue",
        "operated_by": "staff",
        "access_unit": "sample",
        "access_types": ["mail-in"],
        "tariff": TARIFF,
        "terms": TERMS,
        "turnaround_days": TURNAROUND,
    }
    return make_world(session, rules=rules, **values | route)


def wish(world: World, **overrides: Any) -> dict[str, Any]:
    """Return what the startup asks a quote for: eight coated sensors."""
    values: dict[str, Any] = {
        "actor": world.applicant,
        "now": NOW,
        "instrument": world.instrument,
        "route": world.route.public_id,
        "samples": 8,
        "sample_description": "Coated sensors of steel, 10 x 10 mm",
        "title": "Corrosion of sensors",
        "regime": "open",
        "acting_for": world.startup.public_id,
    }
    return values | overrides


def make_quoted(session: Session, world: World, **overrides: Any) -> ServiceOrder:
    """Return an order of the startup that was only quoted yet."""
    return quote_order(session, **wish(world, **overrides))


def make_ordered(session: Session, world: World, **overrides: Any) -> ServiceOrder:
    """Return an order that was placed at the instant it was quoted, its terms accepted."""
    order = make_quoted(session, world, **overrides)
    return place_order(
        session,
        actor=overrides.get("actor", world.applicant),
        now=overrides.get("now", NOW),
        order=order,
        text_hash=order.terms.get("text_hash"),
    )


STEPS: dict[str, Any] = {
    "samples_received": lambda session, world, order, now: work.receive_samples(
        session, actor=world.manager, now=now, order=order, count=order.samples, tracking="DHL 4711"
    ),
    "in_work": lambda session, world, order, now: work.start(session, actor=world.manager, now=now, order=order),
    "quality_checked": lambda session, world, order, now: work.check_quality(
        session, actor=world.manager, now=now, order=order
    ),
    "delivered": lambda session, world, order, now: work.deliver(
        session, actor=world.manager, now=now, order=order, deliverable="https://data.example/8-spectra"
    ),
    "accepted": lambda session, world, order, now: closing.accept(session, actor=world.applicant, now=now, order=order),
}


def make_order(session: Session, world: World, state: str, **overrides: Any) -> ServiceOrder:
    """Return an order in a state, one day after the other; a disputed one was delivered before."""
    if state == "quoted":
        return make_quoted(session, world, **overrides)
    order = make_ordered(session, world, **overrides)
    steps = list(STEPS)
    for day, step in (
        enumerate(steps[: steps.index("delivered" if state == "disputed" else state) + 1], 1)
        if (state != "ordered")
        else ()
    ):
        STEPS[step](session, world, order, NOW + timedelta(days=day))
    if state == "disputed":
        closing.dispute(
            session, actor=world.applicant, now=NOW + timedelta(days=5), order=order, reason="Two spectra are empty."
        )
    return order


def make_sample_grant(session: Session, world: World, *, amount: int = 10, **overrides: Any) -> Allocation:
    """Grant the startup's team an amount of samples by the world's way in for the next sixty days."""
    values: dict[str, Any] = {
        "actor": world.applicant,
        "now": NOW,
        "route": world.route.public_id,
        "title": "Corrosion of sensors",
        "regime": "open",
        "acting_for": world.startup.public_id,
        "instruments": [world.instrument.public_id],
        "quantity": Decimal(amount),
        "access_unit": "sample",
        "period": (NOW, NOW + timedelta(days=60)),
        "access_type": "mail-in",
    }
    return allocations.activate(session, create_access_request(session, **values | overrides))
