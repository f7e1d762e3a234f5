"""Reading what was granted: that of a person's teams, and the instruments that each is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import (
    AccessRequest,
    AccessRequestInstrument,
    AccessRoute,
    Allocation,
    Participant,
)
from infra_access.catalogue.models import Facility, Instrument
from infra_access.core.authority import Actor
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor


@dataclass(frozen=True, slots=True)
class AllocationView:
    """An allocation with the request and the route that it came of, and the instruments that it is for."""

    allocation: Allocation
    access_request: AccessRequest
    route: AccessRoute
    facility: Facility
    instruments: tuple[Instrument, ...]

    @property
    def left(self) -> Decimal:
        """Return the access units that can still be drawn."""
        return self.allocation.amount - self.allocation.used


@dataclass(frozen=True, slots=True)
class AllocationPage:
    """One page of allocations, newest first; `next` is the cursor of the following page, or None."""

    items: tuple[AllocationView, ...]
    next: str | None


def allocations_of(
    session: Session, *, actor: Actor, limit: int | None = None, cursor: str | None = None
) -> AllocationPage:
    """Return what the actor's teams were granted, newest first. Two statements."""
    size = clean_limit(limit)
    on_team = select(Participant.access_request_id).where(Participant.account_id == actor.account_id)
    query = (
        select(Allocation, AccessRequest, AccessRoute, Facility)
        .join(AccessRequest, AccessRequest.id == Allocation.access_request_id)
        .join(AccessRoute, AccessRoute.id == AccessRequest.route_id)
        .join(Facility, Facility.id == AccessRoute.facility_id)
        .where(or_(AccessRequest.requester_id == actor.account_id, AccessRequest.id.in_(on_team)))
    )
    if cursor:
        query = query.where(Allocation.id < decode_cursor(cursor, (int,))[0])
    rows = session.execute(query.order_by(Allocation.id.desc()).limit(size + 1)).all()
    instruments = instruments_of(session, [row[1].id for row in rows])
    items = tuple(AllocationView(*row, tuple(instruments.get(row[1].id, ()))) for row in rows[:size])
    return AllocationPage(items, encode_cursor([items[-1].allocation.id]) if len(rows) > size else None)


def instruments_of(session: Session, access_request_ids: Sequence[int]) -> dict[int, list[Instrument]]:
    """Return the instruments that requests are granted, by the key of the request. One statement."""
    found: dict[int, list[Instrument]] = {}
    for key, instrument in session.execute(
        select(AccessRequestInstrument.access_request_id, Instrument)
        .join(Instrument, Instrument.id == AccessRequestInstrument.instrument_id)
        .where(
            AccessRequestInstrument.access_request_id.in_(access_request_ids),
            AccessRequestInstrument.left_out.is_(False),
        )
        .order_by(Instrument.id)
    ):
        found.setdefault(key, []).append(instrument)
    return found
