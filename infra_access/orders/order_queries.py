"""Reading service orders: one, one's own and one's teams', those of an instrument; lists in one statement each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRoute, Allocation, Participant
from infra_access.accounting.models import FundingSource, Quote
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.scopes import scopes_of_facility
from infra_access.core.authority import Actor, Permission, Scopes, may, require
from infra_access.core.errors import Invalid, NotFound
from infra_access.core.i18n import _
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor
from infra_access.core.zones import parse_instant
from infra_access.orders.lifecycle import OPEN
from infra_access.orders.models import ServiceOrder
from infra_access.orders.queue import AHEAD
from infra_access.orders.standing import relations_to, team_of_order
from infra_access.people.models import Account

_turn = func.coalesce(ServiceOrder.ordered_at, ServiceOrder.created_at)


@dataclass(frozen=True, slots=True)
class OrderItem:
    """An order in a list, with what every reader needs beside it."""

    order: ServiceOrder
    instrument: Instrument
    facility: Facility
    route: AccessRoute
    quote: Quote
    owner: str
    acting_for: Organisation | None
    ahead: int | None


@dataclass(frozen=True, slots=True)
class OrderView(OrderItem):
    """An order as its page shows it: also what it lies in, how the reader relates to it, who pays and what granted it.

    `allocation` and `funding` are public ids.
    """

    scopes: Scopes
    relations: frozenset[str]
    allocation: str | None
    funding: str | None


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of orders; `next` is the cursor of the following page, or None."""

    items: tuple[OrderItem, ...]
    next: str | None


def order_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> OrderView:
    """Return an order that the actor may see. Raises NotFound otherwise, so that nobody learns that it exists."""
    home = Organisation.__table__.alias("home")
    row = session.execute(
        _items()
        .add_columns(home.c.public_id, Allocation.public_id, FundingSource.public_id)
        .join(home, home.c.id == Facility.organisation_id)
        .outerjoin(Allocation, Allocation.id == ServiceOrder.allocation_id)
        .outerjoin(FundingSource, FundingSource.id == ServiceOrder.funding_id)
        .where(ServiceOrder.public_id == public_id)
    ).one_or_none()
    if row is not None:
        item, (organisation, allocation, funding) = OrderItem(*row[:8]), row[8:]
        instrument, facility = item.instrument, item.facility
        above = scopes_of_facility(facility.public_id, organisation, facility.country)
        scopes = (("instrument", instrument.public_id), *above)
        relations = relations_to(item.order, team_of_order(session, item.order), actor)
        if may(actor, Permission.ORDER_READ, scopes, relations):
            return OrderView(
                item.order,
                item.instrument,
                item.facility,
                item.route,
                item.quote,
                item.owner,
                item.acting_for,
                item.ahead,
                scopes,
                relations,
                allocation,
                funding,
            )
    raise NotFound("order.unknown", _("There is no such order, or it is not yours to see."))


def own_orders(
    session: Session,
    *,
    actor: Actor,
    states: Sequence[str] | None = None,
    instrument: Instrument | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> OrderPage:
    """Return the orders of the actor and of their teams, newest first. One statement."""
    require(actor, Permission.ORDER_LIST)
    size = clean_limit(limit)
    query = _items().where(_is_of(actor))
    if states:
        query = query.where(ServiceOrder.state.in_(states))
    if instrument is not None:
        query = query.where(ServiceOrder.instrument_id == instrument.id)
    if cursor:
        query = query.where(ServiceOrder.id < decode_cursor(cursor, (int,))[0])
    rows = session.execute(query.order_by(ServiceOrder.id.desc()).limit(size + 1)).all()
    items = tuple(OrderItem(*row) for row in rows[:size])
    return OrderPage(items, encode_cursor([items[-1].order.id]) if len(rows) > size else None)


def orders_on(
    session: Session,
    *,
    instrument: Instrument,
    states: Sequence[str] | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> OrderPage:
    """Return the orders on an instrument in the order of its queue, open ones by default; the caller checks the right.

    One statement.
    """
    size = clean_limit(limit)
    query = _items().where(ServiceOrder.instrument_id == instrument.id, ServiceOrder.state.in_(states or OPEN))
    if cursor:
        query = query.where(_after(cursor))
    query = query.order_by(ServiceOrder.priority.desc(), _turn, ServiceOrder.id)
    rows = session.execute(query.limit(size + 1)).all()
    items = tuple(OrderItem(*row) for row in rows[:size])
    if len(rows) <= size:
        return OrderPage(items, None)
    last = items[-1].order
    turn = last.ordered_at or last.created_at
    return OrderPage(items, encode_cursor([last.priority, turn.isoformat(), last.id]))


def _items() -> Select[*tuple[Any, ...]]:
    return (
        select(ServiceOrder, Instrument, Facility, AccessRoute, Quote, Account.name, Organisation, AHEAD)
        .join(Instrument, Instrument.id == ServiceOrder.instrument_id)
        .join(Facility, Facility.id == Instrument.facility_id)
        .join(AccessRoute, AccessRoute.id == ServiceOrder.route_id)
        .join(Quote, Quote.id == ServiceOrder.quote_id)
        .join(Account, Account.id == ServiceOrder.account_id)
        .outerjoin(Organisation, Organisation.id == ServiceOrder.acting_for_id)
    )


def _is_of(actor: Actor) -> ColumnElement[bool]:
    asked = select(AccessRequest.id).where(
        or_(
            AccessRequest.requester_id == actor.account_id,
            AccessRequest.id.in_(
                select(Participant.access_request_id).where(Participant.account_id == actor.account_id)
            ),
        )
    )
    granted = select(Allocation.id).where(Allocation.access_request_id.in_(asked))
    return or_(ServiceOrder.account_id == actor.account_id, ServiceOrder.allocation_id.in_(granted))


def _after(cursor: str) -> ColumnElement[bool]:
    priority, turn, key = decode_cursor(cursor, (int, str, int))
    try:
        instant: datetime = parse_instant(str(turn))
    except Invalid as error:
        raise Invalid("cursor.invalid", _("This cursor was not made here. Begin again with the first page.")) from error
    return or_(
        ServiceOrder.priority < priority,
        and_(
            ServiceOrder.priority == priority, or_(_turn > instant, and_(_turn == instant, ServiceOrder.id > int(key)))
        ),
    )
