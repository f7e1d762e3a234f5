"""Bookings and all they need for tests: bookable places, shared companions, rules, spans, and what occupies them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.drafting import create_access_request
from infra_access.access_requests.models import Allocation
from infra_access.access_requests.routes import create_route
from infra_access.catalogue.models import Facility, Instrument, Resource
from infra_access.catalogue.resource_queries import companions_of
from infra_access.catalogue.resources import add_resource, set_companions
from infra_access.core.authority import Actor, system_actor
from infra_access.core.columns import Base
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.bookings import book
from infra_access.scheduling.models import Booking, Occupancy
from infra_access.scheduling.occupancies import Taking, take
from infra_access.scheduling.places import Place, place_of
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.rule_sets import set_booking_rules
from tests.factories.catalogue import make_facility, make_instrument
from tests.factories.people import make_actor

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SYSTEM = system_actor("tests")


@dataclass(frozen=True, slots=True)
class Span:
    """A shorthand for spans on days after the Monday of the tests."""

    day: int = 1

    def __call__(self, start: float, end: float, day: int | None = None) -> TimeSpan:
        """Return the span between two UTC hours of a day."""
        midnight = MONDAY.replace(hour=0) + timedelta(days=self.day if day is None else day)
        return TimeSpan(midnight + timedelta(hours=start), midnight + timedelta(hours=end))


span = Span()
"""`span(10, 12)` is from 10:00 to 12:00 UTC on Tuesday."""


def make_place(session: Session, *, facility: Facility | None = None, **overrides: Any) -> Place:
    """Make a bookable instrument in Berlin, with `copies` of it."""
    facility = facility or make_facility(session)
    return place_of(session, make_instrument(session, facility=facility, **overrides).id)


def make_companion(session: Session, *places: Place, kind: str = "person", name: str = "Local contact") -> Resource:
    """Make a person or a room of the first place's facility that every session at each place also takes."""
    resource = add_resource(session, actor=SYSTEM, now=MONDAY, facility=places[0].facility, kind=kind, name=name)
    for place in places:
        beside = [*companions_of(session, place.instrument), resource]
        set_companions(session, actor=SYSTEM, now=MONDAY, instrument=place.instrument, resources=beside)
    return resource


def set_rules(session: Session, subject: Facility | Instrument, **rules: Any) -> None:
    """Set the booking rules of a facility or an instrument."""
    set_booking_rules(session, actor=SYSTEM, now=MONDAY, subject=subject, rules=rules)


def copies_of(session: Session, place: Place) -> Sequence[Resource]:
    """Return the copies of a place's instrument, in their order."""
    return session.scalars(
        select(Resource).where(Resource.instrument_id == place.instrument.id).order_by(Resource.id)
    ).all()


def wishes(*spans: TimeSpan, resource: Resource | None = None) -> list[Wish]:
    """Return one wish for each span, for any copy or for a named resource."""
    return [Wish(one, resource.public_id if resource else None) for one in spans]


def make_occupancy(session: Session, resource: Resource, taken: TimeSpan, *, kind: str = "external") -> None:
    """Keep a resource busy for a span."""
    take(session, [Taking(resource.id, taken, kind)], booking_id=None)


def occupancies(session: Session) -> list[tuple[int, TimeSpan, str]]:
    """Return every occupancy: resource, span, kind."""
    rows = session.execute(
        select(Occupancy.resource_id, Occupancy.starts, Occupancy.ends, Occupancy.kind).order_by(
            Occupancy.resource_id, Occupancy.starts
        )
    )
    return [(key, TimeSpan(starts, ends), kind) for key, starts, ends, kind in rows]


def row_counts(session: Session) -> dict[str, int]:
    """Return how many rows each table holds."""
    return {
        name: session.scalar(select(func.count()).select_from(table)) or 0
        for name, table in sorted(Base.metadata.tables.items())
    }


def make_booking(
    session: Session,
    place: Place,
    *spans: TimeSpan,
    actor: Actor | None = None,
    now: datetime = MONDAY,
    **overrides: Any,
) -> Booking:
    """Book spans of any copy for a new person; the policy must permit it."""
    return book(session, actor=actor or make_actor(session), now=now, place=place, wishes=wishes(*spans), **overrides)


def make_allocation(
    session: Session,
    place: Place,
    actor: Actor,
    *,
    amount: int = 10,
    access_unit: str = "hour",
    booking_rules: dict[str, Any] | None = None,
    time_given: str = "team_picks",
) -> Allocation:
    """Grant the actor's team an amount of access units on a place's instrument for the next sixty days."""
    route = create_route(
        session,
        actor=SYSTEM,
        now=MONDAY,
        facility=place.facility,
        name="Standard access",
        access_mode="wide",
        entry="continuous",
        time_given=time_given,
        operated_by="self",
        access_unit=access_unit,
        access_types=["physical"],
        regimes=["open"],
        instruments=[place.instrument],
        booking_rules=booking_rules,
    )
    access_request = create_access_request(
        session,
        actor=actor,
        now=MONDAY,
        route=route.public_id,
        title="Steel",
        regime="open",
        instruments=[place.instrument.public_id],
        quantity=amount,
        access_unit=access_unit,
        period=(MONDAY, MONDAY + timedelta(days=60)),
        access_type="physical",
    )
    return allocations.activate(session, access_request)
