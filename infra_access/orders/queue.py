"""The queue of an instrument: urgent orders first, then by the instant of ordering.

Staff read the queue in one statement. The team is told how many are ahead, never who.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, null, or_, select
from sqlalchemy.orm import Session, aliased

from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, require
from infra_access.orders.lifecycle import OPEN, PROMISED, QUEUED
from infra_access.orders.models import ServiceOrder
from infra_access.people.models import Account

_OTHER = aliased(ServiceOrder)
_FIRST = (
    select(func.count())
    .where(
        _OTHER.instrument_id == ServiceOrder.instrument_id,
        _OTHER.state.in_(QUEUED),
        or_(
            _OTHER.priority > ServiceOrder.priority,
            and_(
                _OTHER.priority == ServiceOrder.priority,
                or_(
                    _OTHER.ordered_at < ServiceOrder.ordered_at,
                    and_(_OTHER.ordered_at == ServiceOrder.ordered_at, _OTHER.id < ServiceOrder.id),
                ),
            ),
        ),
    )
    .correlate(ServiceOrder)
    .scalar_subquery()
)
AHEAD: ColumnElement[int | None] = case((ServiceOrder.state.in_(QUEUED), _FIRST), else_=null())
"""How many orders of the same instrument come first; nothing for one that does not wait."""


@dataclass(frozen=True, slots=True)
class Queued:
    """An order that the facility has something to do with; `ahead` counts those before it, None once it is worked."""

    order: ServiceOrder
    instrument: Instrument
    owner: str
    acting_for: Organisation | None
    ahead: int | None


def queue_of(session: Session, *, actor: Actor, facility: Facility) -> Sequence[Queued]:
    """Return the open orders of a facility by instrument, each queue in its order. One statement, beside the right.

    Raises Forbidden for whoever does not work there.
    """
    require(actor, Permission.ORDER_WORK, facility_scopes(session, facility))
    rows = session.execute(
        select(ServiceOrder, Instrument, Account.name, Organisation, AHEAD)
        .join(Instrument, Instrument.id == ServiceOrder.instrument_id)
        .join(Account, Account.id == ServiceOrder.account_id)
        .outerjoin(Organisation, Organisation.id == ServiceOrder.acting_for_id)
        .where(Instrument.facility_id == facility.id, ServiceOrder.state.in_(OPEN))
        .order_by(
            Instrument.name_key,
            Instrument.id,
            ServiceOrder.priority.desc(),
            ServiceOrder.ordered_at,
            ServiceOrder.id,
        )
    )
    return [Queued(*row) for row in rows]


def is_overdue(order: ServiceOrder, now: datetime) -> bool:
    """Tell whether the results should have been there."""
    return order.state in PROMISED and order.promised_at is not None and order.promised_at < now
