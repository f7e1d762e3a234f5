"""What the free windows should be, by other means than those that keep them: every row read, and plain availability."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Resource
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.availability import BusySpan, availability
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.models import Occupancy
from infra_access.scheduling.windows.models import FreeWindow, FreeWindowHead


def kept_windows(session: Session) -> dict[int, list[TimeSpan]]:
    """Return the windows that are kept, of each resource that has a head."""
    found: dict[int, list[TimeSpan]] = {key: [] for key in session.scalars(select(FreeWindowHead.resource_id))}
    rows = session.execute(
        select(FreeWindow.resource_id, FreeWindow.starts, FreeWindow.ends).order_by(FreeWindow.starts)
    )
    for key, starts, ends in rows:
        found.setdefault(key, []).append(TimeSpan(starts, ends))
    return found


def right_windows(session: Session) -> dict[int, list[TimeSpan]]:
    """Return the windows that each resource with a head should have: open time without its own and its plant's."""
    found = {}
    rows = session.execute(
        select(Resource, Facility, FreeWindowHead.since, FreeWindowHead.until)
        .join(Facility, Facility.id == Resource.facility_id)
        .join(FreeWindowHead, FreeWindowHead.resource_id == Resource.id)
    ).all()
    for resource, facility, since, until in rows:
        within = TimeSpan(since, until)
        assert within.length >= timedelta(days=90)
        opened = hours_of(session, {facility.id: facility.timezone}, within)[facility.id].open_within(within)
        busy = [
            BusySpan(TimeSpan(starts, ends), "busy")
            for starts, ends in session.execute(
                select(Occupancy.starts, Occupancy.ends).where(
                    Occupancy.resource_id.in_({resource.id, resource.plant_id} - {None})
                )
            )
        ]
        found[resource.id] = list(availability(opened, busy, within).free)
    return found


def assert_right(session: Session, *resources: Resource) -> None:
    """Show that what is kept is right, of these resources among others."""
    kept = kept_windows(session)
    assert kept == right_windows(session)
    assert {one.id for one in resources} <= kept.keys()
