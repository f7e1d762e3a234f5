"""Booking several instruments together, at the same time or one after the other: all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, union_all
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.audit.record import record
from infra_access.catalogue.models import InstrumentCompanion, Resource
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import DomainError, Invalid
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line
from infra_access.outbox.events import publish
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.making import create, ready
from infra_access.scheduling.models import Booking
from infra_access.scheduling.occupancies import locking
from infra_access.scheduling.places import LockedPlace, Place, locked_place
from infra_access.scheduling.plan import Wish

FEWEST, MOST = 2, 5

# Built once: making a statement anew costs as much as running it.
_of_all = union_all(
    select(Resource.id).where(Resource.instrument_id.in_(bindparam("instruments", expanding=True))),
    select(InstrumentCompanion.resource_id).where(
        InstrumentCompanion.instrument_id.in_(bindparam("instruments", expanding=True))
    ),
)
_LOCK_ALL = locking(select(Resource).where(Resource.id.in_(_of_all)))


@dataclass(frozen=True, slots=True)
class Item:
    """One instrument of several, and when; any copy of it where none is named."""

    place: Place
    wish: Wish


def book_together(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    items: Sequence[Item],
    allocation: str | None = None,
    title: str = "",
) -> list[Booking]:
    """Book every item for the actor, or none; the bookings share a `bundle`, and each can be moved or cancelled alone.

    Raises what `book` raises for the first item that cannot be, with its instrument in the details, and there under
    `refused` each one that cannot be, and why.
    """
    require(actor, Permission.BOOKING_CREATE)
    title = clean_line(title, field="title", max_length=300)
    _check(items)
    places = {key: locked_place(session, key) for key in sorted({item.place.instrument.id for item in items})}
    granted = allocations.lock(session, allocation, actor=actor, now=now) if allocation else None
    # All that any of them may take, at once and by ascending key: two bundles never wait for each other crosswise.
    session.scalars(_LOCK_ALL, {"instruments": sorted(places)}).all()
    bundle = new_public_id()
    made: list[Booking] = []
    # Whoever shows the refusal beside a form must find nothing of the bundle written.
    with session.begin_nested():
        refused: list[tuple[LockedPlace, DomainError]] = []
        for item in items:
            place = places[item.place.instrument.id]
            try:
                with session.begin_nested():
                    one = ready(session, owner=actor, place=place, wishes=[item.wish], granted=granted, now=now)
                    made.append(create(session, one, now=now, title=title, bundle=bundle))
            except DomainError as error:
                refused.append((place, error))
        if refused:
            raise _named(refused)
    record(
        session,
        actor=actor,
        action="booking.bundle_created",
        object_kind="bundle",
        object_id=bundle,
        now=now,
        details={"bookings": [booking.public_id for booking in made]},
    )
    for booking in made:
        pending = booking.state == BookingState.PENDING_APPROVAL
        publish(session, "booking.pending" if pending else "booking.confirmed", {"booking": booking.public_id}, now=now)
    return made


def mates_of(session: Session, booking: Booking) -> list[str]:
    """Return the public ids of the other bookings that were made together with one, by start. At most one statement."""
    if booking.bundle is None:
        return []
    return list(
        session.scalars(
            select(Booking.public_id)
            .where(Booking.bundle == booking.bundle, Booking.id != booking.id)
            .order_by(Booking.starts, Booking.id)
        )
    )


def _named(refused: Sequence[tuple[LockedPlace, DomainError]]) -> DomainError:
    """Return the first refusal, saying which instrument it is about, with all of them in its details."""
    place, error = refused[0]
    each = [
        {"instrument": one.instrument.public_id, "code": why.code, "message": why.message, **_told(why)}
        for one, why in refused
    ]
    error.details = {**error.details, "instrument": place.instrument.public_id, "refused": each}
    values = {"name": place.instrument.name, "why": error.message}
    error.message = _("${name}: ${why} Nothing was booked.", mapping=values)
    return error


def _told(error: DomainError) -> dict[str, Any]:
    return {key: error.details[key] for key in ("broken", "alternatives") if key in error.details}


def _check(items: Sequence[Item]) -> None:
    if not FEWEST <= len(items) <= MOST:
        message = _("Book ${fewest} to ${most} instruments together.", mapping={"fewest": FEWEST, "most": MOST})
        raise Invalid("together.items", message, fields={"items": [message]})
