"""One instrument that another system schedules, with a copy of that system's calendar of these weeks."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.instruments import update_instrument
from infra_access.catalogue.models import Instrument, Resource
from infra_access.catalogue.vocabularies import SchedulingAuthority
from infra_access.scheduling.mirrors.mirroring import mirror
from infra_access.scheduling.mirrors.models import MirroredCalendar
from infra_access.scheduling.places import place_of

if TYPE_CHECKING:
    from infra_access.demo.loading import World

ELSEWHERE = "sls-photoemission"
_WEEKLY = (
    "BEGIN:VEVENT\r\nUID:{day}@demo.example\r\nDTSTART:{start}\r\nDTEND:{end}\r\nRRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\n"
)


def mirrored(session: Session, world: "World") -> None:
    """Copy the calendar, once: a copy grows old, and says so."""
    instrument = session.get_one(Instrument, world.instruments[ELSEWHERE].id)
    known = select(MirroredCalendar.id).join(Resource, Resource.id == MirroredCalendar.resource_id)
    if session.scalar(known.where(Resource.instrument_id == instrument.id)) is not None:
        return
    update_instrument(
        session,
        actor=world.actor,
        now=world.long_ago,
        instrument=instrument,
        changes={"scheduling_authority": SchedulingAuthority.ELSEWHERE},
    )
    mirror(
        session,
        actor=world.actor,
        now=world.now - timedelta(hours=3),
        place=place_of(session, instrument.id),
        content=_calendar(world.days_ago(0)),
        source="Experimenters' portal of the laboratory",
    )


def _calendar(monday: datetime) -> str:
    """Return three busy days of each week, from this one on."""
    days = [monday + timedelta(days=day) for day in (0, 1, 3)]
    events = [
        _WEEKLY.format(day=number, start=f"{one:%Y%m%dT%H%M%SZ}", end=f"{one + timedelta(hours=8):%Y%m%dT%H%M%SZ}")
        for number, one in enumerate(days)
    ]
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//demo//EN\r\n{''.join(events)}END:VCALENDAR\r\n"
