"""The facility of the model in a real database, and what it holds there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Resource
from infra_access.catalogue.resources import add_resource
from infra_access.core.authority import Actor
from infra_access.core.db import Database
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.models import Booking, Occupancy
from infra_access.scheduling.upkeep.resources import update_resource
from infra_access.scheduling.windows.keeping import keep_up
from infra_access.scheduling.windows.kept import EVER, Kept, kept
from tests.factories.catalogue import make_facility
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, SYSTEM, copies_of, make_companion, make_place, set_rules
from tests.sequences.model import COPIES, GRACE, KEPT_FOR, LONGEST, NOTICE, PLANT, SHORTEST, Entry

PEOPLE = 3
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Site:
    """Keys of what was made: instruments and resources by their names in the model, and who books."""

    facility: int
    instruments: Mapping[str, int]
    resources: Mapping[str, int]
    people: tuple[Actor, ...]
    office: Actor


@dataclass(frozen=True)
class Found:
    """What the database holds: what each booking or closure takes, what of it has lapsed, and each booking's state."""

    entries: list[tuple[tuple[str, int], Entry]]
    lapsed: list[tuple[tuple[str, int], Entry]]
    states: dict[int, str]
    windows: dict[str, Kept]


def make_site(database: Database) -> Site:
    """Make the facility, its instruments and those who book."""
    with database.writer() as session:
        make_policy(session)
        facility = make_facility(session)
        places = {name: make_place(session, facility=facility, copies=len(COPIES[name])) for name in COPIES}
        rules = {
            "granularity_minutes": 60,
            "min_minutes": SHORTEST // _MINUTE,
            "max_minutes": LONGEST // _MINUTE,
            "cancel_notice_minutes": NOTICE // _MINUTE,
            "hold_minutes": KEPT_FOR // _MINUTE,
            "no_show_grace_minutes": GRACE // _MINUTE,
            "ask_for_time": True,
        }
        set_rules(session, facility, **rules)
        set_rules(session, places["laser"].instrument, buffer_after_minutes=60)
        ring = add_resource(session, actor=SYSTEM, now=MONDAY, facility=facility, kind="plant", name="Ring")
        person = make_companion(session, places["laser"], places["probe"])
        resources = {"person": person.id, PLANT: ring.id}
        for name, place in places.items():
            for copy, row in zip(COPIES[name], copies_of(session, place), strict=True):
                update_resource(session, actor=SYSTEM, now=MONDAY, resource=row, changes={"plant": ring})
                resources[copy] = row.id
        set_hours(session, actor=SYSTEM, now=MONDAY, facility=facility, weekly=[])
        people = tuple(make_actor(session) for _number in range(PEOPLE))
        office = make_actor(session, ("user_officer", ("facility", facility.public_id)))
        instruments = {name: place.instrument.id for name, place in places.items()}
        site = Site(facility.id, instruments, resources, people, office)
    keep_up(database, now=MONDAY)
    return site


def found(session: Session, site: Site, now: datetime) -> Found:
    """Read all that the model knows too, in three statements."""
    names = {key: name for name, key in site.resources.items()}
    entries, lapsed = [], []
    columns = (
        Occupancy.resource_id,
        Occupancy.starts,
        Occupancy.ends,
        Occupancy.kind,
        Occupancy.booking_id,
        Occupancy.closure_id,
        Occupancy.lapses_at,
    )
    for resource, starts, ends, kind, booking, closure, lapses in session.execute(select(*columns)):
        owner = ("booking", booking) if booking is not None else ("closure", closure)
        row = (owner, Entry(names[resource], TimeSpan(starts, ends), kind))
        (lapsed if lapses is not None and lapses <= now else entries).append(row)
    states = dict(session.execute(select(Booking.id, Booking.state)).all())
    windows = {names[key]: one for key, one in kept(session, names, EVER).items()}
    return Found(entries, lapsed, states, windows)


def resource_of(session: Session, site: Site, name: str) -> Resource:
    """Return a resource by its name in the model."""
    return session.get_one(Resource, site.resources[name])
