"""Reading the copies of calendars: of which system, as of when, and whether that is too long ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Resource
from infra_access.scheduling.mirrors.models import MirroredCalendar


@dataclass(frozen=True, slots=True)
class MirrorView:
    """A copy of a calendar with the resource that it is of."""

    mirror: MirroredCalendar
    resource: str
    name: str

    def is_stale(self, now: datetime) -> bool:
        """Tell whether the copy is older than its facility says it may be."""
        return now - self.mirror.refreshed_at > timedelta(minutes=self.mirror.stale_after_minutes)


def mirrors_of(session: Session, instrument_id: int) -> Sequence[MirrorView]:
    """Return the copies for an instrument, the oldest first. One statement."""
    rows = session.execute(
        select(MirroredCalendar, Resource.public_id, Resource.name)
        .join(Resource, Resource.id == MirroredCalendar.resource_id)
        .where(Resource.instrument_id == instrument_id)
        .order_by(MirroredCalendar.refreshed_at, MirroredCalendar.id)
    )
    return [MirrorView(mirror, public_id, name) for mirror, public_id, name in rows]
