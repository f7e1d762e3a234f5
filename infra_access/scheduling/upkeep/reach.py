"""What a closure reaches: the resource, what depends on it, and all that stands in its time there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Resource
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.occupancies import Held, occupied


@dataclass(frozen=True, slots=True)
class Standing:
    """All that stands in the time of a closure.

    `bookings` can be displaced, with what they hold there; `lapsed` are holds that nobody answered in time; `blocking`
    is what a closure never displaces: drafted sessions, other closures, events of a mirrored calendar.
    """

    bookings: frozenset[int]
    lapsed: frozenset[int]
    blocking: tuple[Held, ...]


def lock_plant(session: Session, resource: Resource) -> None:
    """Let no resource become, or cease to be, a dependant of a plant until the transaction ends.

    A plant is locked before any other resource: whoever books locks what depends on it, and never the plant.
    """
    if resource.kind == ResourceKind.PLANT:
        session.execute(select(Resource.id).where(Resource.id == resource.id).with_for_update(key_share=True))


def dependants_of(session: Session, resource: Resource) -> list[int]:
    """Return the resource's key and those of what depends on it, ascending."""
    reached = or_(Resource.id == resource.id, Resource.plant_id == resource.id)
    return list(session.scalars(select(Resource.id).where(reached).order_by(Resource.id)))


def standing(
    session: Session, resource: Resource, reached: Iterable[int], spans: Sequence[TimeSpan], now: datetime
) -> Standing:
    """Return what stands in the spans. One statement."""
    whole = TimeSpan(spans[0].start, spans[-1].end)
    inside = [one for one in occupied(session, reached, whole) if any(span.overlaps(one.span) for span in spans)]
    booked = [one for one in inside if one.booking_id is not None]
    lapsed = frozenset(one.booking_id for one in booked if one.booking_id is not None and one.has_lapsed(now))
    return Standing(
        frozenset(one.booking_id for one in booked if one.booking_id is not None) - lapsed,
        lapsed,
        # Another closure of a dependant does not keep its plant from being closed.
        tuple(
            one
            for one in inside
            if one.booking_id is None and (one.resource_id == resource.id or one.kind in {"draft", "hold"})
        ),
    )
