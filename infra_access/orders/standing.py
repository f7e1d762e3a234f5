"""What every change of a service order shares: the row under its lock, who may, the step by the table, the traces."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import request_behind
from infra_access.access_requests.standing import team_of
from infra_access.audit.record import record
from infra_access.catalogue.fields import check_version
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.scopes import scopes_of_facility
from infra_access.core.authority import Actor, Permission, Scopes, require
from infra_access.core.errors import Forbidden
from infra_access.core.i18n import _
from infra_access.orders.lifecycle import OrderState, OrderTransition, move
from infra_access.orders.models import ServiceOrder
from infra_access.outbox.events import publish

_SINCE = {
    OrderState.ORDERED: "ordered_at",
    OrderState.SAMPLES_RECEIVED: "samples_received_at",
    OrderState.IN_WORK: "started_at",
    OrderState.QUALITY_CHECKED: "checked_at",
    OrderState.DELIVERED: "delivered_at",
    OrderState.ACCEPTED: "closed_at",
    OrderState.DISPUTED: "closed_at",
    OrderState.CANCELLED: "closed_at",
}


@dataclass(frozen=True, slots=True)
class Locked:
    """An order that stays as it is until the transaction ends, where its work is done, and who its people are."""

    order: ServiceOrder
    instrument: Instrument
    facility: Facility
    scopes: Scopes
    team: frozenset[int]

    def relations(self, actor: Actor) -> frozenset[str]:
        """Return how the actor relates to the order."""
        return relations_to(self.order, self.team, actor)


def lock_order(session: Session, order: ServiceOrder, expected_version: int | None) -> Locked:
    """Lock an order, so that of two people at once the second sees what the first did.

    Raises PreconditionFailed `version.stale` where the caller saw another version.
    """
    session.flush()
    row, instrument, facility, organisation = session.execute(
        select(ServiceOrder, Instrument, Facility, Organisation.public_id)
        .join(Instrument, Instrument.id == ServiceOrder.instrument_id)
        .join(Facility, Facility.id == Instrument.facility_id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(ServiceOrder.id == order.id)
        .with_for_update(key_share=True, of=ServiceOrder)
        .execution_options(populate_existing=True)
    ).one()
    check_version(row.version, expected_version)
    above = scopes_of_facility(facility.public_id, organisation, facility.country)
    scopes = (("instrument", instrument.public_id), *above)
    return Locked(row, instrument, facility, scopes, team_of_order(session, row))


def team_of_order(session: Session, order: ServiceOrder) -> frozenset[int]:
    """Return the accounts whose order it is: the owner, and the team whose allocation it draws on."""
    access_request = request_behind(session, order.allocation_id)
    team = team_of(session, access_request) if access_request is not None else frozenset()
    return team | {order.account_id}


def relations_to(order: ServiceOrder, team: frozenset[int], actor: Actor | None) -> frozenset[str]:
    """Return how the actor relates to an order: its owner, or one of the team."""
    if actor is None or actor.account_id not in team:
        return frozenset()
    return frozenset({"owner", "team"} if actor.account_id == order.account_id else {"team"})


def require_team(actor: Actor, found: Locked) -> None:
    """Refuse whoever is not of the team: staff do not order or accept in its place."""
    require(actor, Permission.ORDER_UPDATE, found.scopes, found.relations(actor))


def require_staff(actor: Actor, found: Locked) -> None:
    """Refuse whoever does not work there, and staff whose own order it is."""
    require(actor, Permission.ORDER_WORK, found.scopes)
    if found.relations(actor):
        raise Forbidden(
            "order.own", _("This is an order of your own team. Somebody else of the staff does this for you.")
        )


def advance(found: Locked, transition: OrderTransition, now: datetime) -> None:
    """Move a locked order by the table, and note since when. Raises Conflict `order.state`."""
    after = move(OrderState(found.order.state), transition)
    found.order.state, found.order.changed_at = after, now
    setattr(found.order, _SINCE[after], now)


def since(order: ServiceOrder) -> datetime:
    """Return since when an order stands where it does."""
    column = _SINCE.get(OrderState(order.state), "created_at")
    instant: datetime = getattr(order, column)
    return instant


def trace(
    session: Session, actor: Actor, order: ServiceOrder, what: str, now: datetime, details: Mapping[str, Any]
) -> None:
    """Record what was done and tell people; neither holds the title or what the samples are."""
    session.flush()
    record(
        session,
        actor=actor,
        action=f"service_order.{what}",
        object_kind="service_order",
        object_id=order.public_id,
        now=now,
        details={"state": str(order.state), **details},
    )
    publish(session, f"service_order.{what}", {"service_order": order.public_id}, now=now)
