"""Loading the upkeep of the demonstration: a plant that is closed ahead, and a session that lost its beam."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility
from infra_access.core.timespan import TimeSpan
from infra_access.demo.activity import WEEKDAYS
from infra_access.people.actors import load_actor
from infra_access.scheduling.attendance import EXPECTED, check_in, complete
from infra_access.scheduling.models import Booking
from infra_access.scheduling.upkeep.closures import close
from infra_access.scheduling.upkeep.lost_time import record_lost_time
from infra_access.scheduling.upkeep.models import Closure

if TYPE_CHECKING:
    from infra_access.demo.loading import World


def upkeep(session: Session, world: World) -> None:
    """Load the closures and the sessions that took place; what is there already is left as it is."""
    data = json.loads((files("infra_access.demo") / "data" / "upkeep.json").read_text("utf-8"))
    for entry in data["closures"]:
        _close(session, world, entry)
    for entry in data["sessions"]:
        _run(session, world, entry)


def _close(session: Session, world: World, entry: dict[str, Any]) -> None:
    resource = world.resources[entry["resource"]]
    facility = session.get_one(Facility, resource.facility_id)
    day = world.monday + timedelta(weeks=entry["week"], days=WEEKDAYS.index(entry["weekday"]))
    start = datetime.combine(day, time.fromisoformat(entry["at"]), ZoneInfo(facility.timezone))
    span = TimeSpan(start, start + timedelta(minutes=entry["minutes"]))
    known = select(Closure.id).where(Closure.resource_id == resource.id, Closure.starts == span.start)
    if session.scalar(known) is None:
        close(
            session,
            actor=load_actor(session, world.accounts[entry["planned_by"]], now=world.now),
            now=world.now,
            facility=facility,
            resource=resource,
            span=span,
            label=entry["label"],
            kind=entry["kind"],
            displace="move",
        )


def _run(session: Session, world: World, entry: dict[str, Any]) -> None:
    planned = next(one for one in world.data.activity.bookings if one.key == entry["booking"])
    instrument = world.instruments[planned.instrument]
    start = planned.span(world.monday, ZoneInfo(session.get_one(Facility, instrument.facility_id).timezone)).start
    booking = session.scalars(
        select(Booking).where(
            Booking.instrument_id == instrument.id,
            Booking.starts == start,
            Booking.account_id == world.accounts[planned.person],
        )
    ).one_or_none()
    if booking is None or booking.state not in EXPECTED:
        return
    owner = load_actor(session, booking.account_id, now=booking.starts)
    staff = load_actor(session, world.accounts[entry["recorded_by"]], now=booking.ends)
    lost = booking.starts + timedelta(minutes=entry["lost_after_minutes"])
    check_in(session, actor=owner, now=booking.starts, booking=booking)
    complete(session, actor=owner, now=booking.ends, booking=booking)
    record_lost_time(
        session,
        actor=staff,
        now=booking.ends,
        booking=booking,
        span=TimeSpan(lost, lost + timedelta(minutes=entry["lost_minutes"])),
        cause=entry["cause"],
        note=entry["note"],
    )
