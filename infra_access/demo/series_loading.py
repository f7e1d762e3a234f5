"""Loading the series of the demonstration: one rule, a booking each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.demo.activity import Booking
from infra_access.people.actors import load_actor
from infra_access.scheduling.places import place_of
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.series.booking import book_series
from infra_access.scheduling.series.models import BookingSeries

if TYPE_CHECKING:
    from infra_access.demo.loading import World

_DATA = Path(__file__).with_name("data") / "series.json"


def series(session: Session, world: World) -> None:
    """Load each series, unless it stands already."""
    for entry in json.loads(_DATA.read_text(encoding="utf-8")):
        rrule = entry.pop("rrule")
        first = Booking(**entry.pop("start"), **entry)
        instrument, person = world.instruments[first.instrument], world.accounts[first.person]
        standing = select(BookingSeries.id).where(
            BookingSeries.account_id == person, BookingSeries.title == first.title
        )
        if session.scalar(standing.limit(1)) is not None:
            continue
        place = place_of(session, instrument.id)
        zone = ZoneInfo(place.facility.timezone)
        made = first.made(world.monday, zone)
        book_series(
            session,
            actor=load_actor(session, person, now=made),
            now=made,
            place=place,
            wish=Wish(first.span(world.monday, zone)),
            rrule=rrule,
            title=first.title,
        )
