"""Loading the service orders of the demonstration, each brought to its state on the days that the data says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.demo.activity import ServiceOrder as Entry
from infra_access.orders import ordering, work
from infra_access.orders.models import ServiceOrder
from infra_access.people.actors import load_actor

if TYPE_CHECKING:
    from infra_access.demo.loading import World

_RESULTS = "https://data.example/demo/first-sensors\nSpectra and a report; the two thinnest coatings are magnetite."


def service_orders(session: Session, world: World) -> None:
    """Load the orders that are not there yet."""
    for entry in world.data.service_orders:
        known = select(ServiceOrder.id).where(
            ServiceOrder.title == entry.title, ServiceOrder.account_id == world.accounts[entry.person]
        )
        if session.scalar(known) is None:
            _new_order(session, world, entry)


def _new_order(session: Session, world: World, entry: Entry) -> None:
    first, *later = entry.steps
    order = _quoted(session, world, entry, _acting(session, world, first.by, first.days_ago))
    for step in later:
        common = {"order": order, **_acting(session, world, step.by, step.days_ago)}
        match step.step:
            case "ordered":
                ordering.place_order(session, text_hash=order.terms.get("text_hash"), **common)
            case "samples_received":
                work.receive_samples(session, count=order.samples, **common)
            case "in_work":
                work.start(session, **common)
            case "quality_checked":
                work.check_quality(session, **common)
            case _:
                work.deliver(session, deliverable=_RESULTS, **common)


def _acting(session: Session, world: World, email: str, days_ago: int) -> dict[str, Any]:
    when = world.days_ago(days_ago)
    return {"actor": load_actor(session, world.accounts[email], now=when), "now": when}


def _quoted(session: Session, world: World, entry: Entry, common: Mapping[str, Any]) -> ServiceOrder:
    return ordering.quote_order(
        session,
        instrument=world.instruments[entry.instrument],
        route=world.routes[entry.route],
        title=entry.title,
        samples=entry.samples,
        sample_description=entry.sample_description,
        hazards=entry.hazards,
        regime=entry.regime,
        acting_for=world.organisations[entry.acting_for].public_id if entry.acting_for else None,
        return_samples=entry.return_samples,
        **common,
    )
