"""Copying the calendar of a resource that is scheduled elsewhere: what it says is busy, and as of when.

Only "busy" is kept, no title and no person. Nothing relies on it: an instrument scheduled elsewhere offers "ask for a
time", never a booking. What the facility closed or proposed here stays, and only the rest of the copy is taken.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue.models import Resource
from infra_access.catalogue.vocabularies import ResourceKind, SchedulingAuthority
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_line
from infra_access.core.timespan import TimeSpan, subtract
from infra_access.core.zones import named_zone
from infra_access.scheduling.mirrors.models import MirroredCalendar
from infra_access.scheduling.mirrors.reading import read_busy
from infra_access.scheduling.occupancies import Taking, give_back, lock_resources, occupied, take
from infra_access.scheduling.places import Place

BEHIND = timedelta(days=7)
AHEAD = timedelta(days=180)
STALE_MINUTES = (5, 60 * 24 * 60)
"""How soon, and how late, a copy may be said to be out of date: five minutes to sixty days."""


def mirror(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    place: Place,
    content: str,
    source: str,
    resource: str | None = None,
    stale_after_minutes: int = 1440,
) -> MirroredCalendar:
    """Replace the copy of a resource's calendar by what a file says, from a week ago to half a year ahead.

    `resource` is the public id of a copy of the instrument; its only one if left out. `source` is what people call the
    other system. Raises Conflict `mirror.here` for an instrument that is scheduled here.
    """
    require(actor, Permission.MAINTENANCE_WRITE, place.scopes)
    source = clean_line(source, field="source", max_length=200, required=True)
    low, high = STALE_MINUTES
    if not low <= stale_after_minutes <= high:
        message = _("Give a number of minutes from ${low} to ${high}.", mapping={"low": low, "high": high})
        raise Invalid("mirror.stale_after", message, fields={"stale_after_minutes": [message]})
    if place.instrument.scheduling_authority != SchedulingAuthority.ELSEWHERE:
        raise Conflict(
            "mirror.here",
            _(
                "${name} is not scheduled elsewhere, so its calendar is no copy.",
                mapping={"name": place.instrument.name},
            ),
        )
    window = TimeSpan(now - BEHIND, now + AHEAD)
    reading = read_busy(content, named_zone(place.facility.timezone), window)
    [row] = lock_resources(session, [_copy(session, place, resource)])
    found = session.scalars(select(MirroredCalendar).where(MirroredCalendar.resource_id == row.id)).one_or_none()
    if found is None:
        found = MirroredCalendar(resource_id=row.id)
        session.add(found)
    else:
        give_back(session, mirror_id=found.id)
    found.source, found.stale_after_minutes = source, stale_after_minutes
    found.refreshed_at, found.refreshed_by_id = now, actor.account_id
    found.since, found.until = window.start, window.end
    found.events, found.left_out = reading.events, reading.left_out
    found.content_hash = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    session.flush()
    ours = [held.span for held in occupied(session, [row.id], window)]
    rest = [Taking(row.id, span, "external") for span in subtract(reading.busy, ours)]
    if rest:
        take(session, rest, booking_id=None, mirror_id=found.id)
    record(
        session,
        actor=actor,
        action="calendar.mirrored",
        object_kind="resource",
        object_id=row.public_id,
        now=now,
        details={"events": reading.events, "left_out": reading.left_out, "hash": found.content_hash},
    )
    return found


def drop_mirrors(session: Session, *, actor: Actor, now: datetime, place: Place) -> int:
    """Remove every copy of an instrument's calendar, and free what they take; return how many there were.

    So that nothing of another system is in the way once an instrument is scheduled here.
    """
    require(actor, Permission.MAINTENANCE_WRITE, place.scopes)
    of_it = select(Resource.id).where(Resource.instrument_id == place.instrument.id)
    lock_resources(session, session.scalars(of_it))
    copies = session.scalars(
        select(MirroredCalendar).where(MirroredCalendar.resource_id.in_(of_it)).order_by(MirroredCalendar.resource_id)
    ).all()
    for copy in copies:
        give_back(session, mirror_id=copy.id)
        session.delete(copy)
    session.flush()
    record(
        session,
        actor=actor,
        action="calendar.mirrors_dropped",
        object_kind="instrument",
        object_id=place.instrument.public_id,
        now=now,
        details={"copies": len(copies)},
    )
    return len(copies)


def _copy(session: Session, place: Place, public_id: str | None) -> int:
    copies = select(Resource.id).where(
        Resource.instrument_id == place.instrument.id,
        Resource.kind == ResourceKind.INSTRUMENT,
        Resource.active.is_(True),
    )
    keys = session.scalars(copies if public_id is None else copies.where(Resource.public_id == public_id)).all()
    if len(keys) != 1:
        message = (
            _("There is no such resource at this instrument.")
            if public_id
            else _("This instrument has several copies, or none: name the one whose calendar this is.")
        )
        raise Invalid("mirror.resource", message, fields={"resource": [message]})
    return keys[0]
