"""Reading closures: one, those of a facility, and what of a facility can be closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Resource
from infra_access.catalogue.scopes import facility_scopes
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.authority import Actor, Permission, may
from infra_access.core.errors import Invalid, NotFound
from infra_access.core.i18n import _
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import parse_instant
from infra_access.scheduling.models import Occupancy
from infra_access.scheduling.upkeep.models import Closure
from infra_access.scheduling.upkeep.vocabularies import ClosureState

MOST_RESOURCES = 1_000


@dataclass(frozen=True, slots=True)
class ClosureView:
    """A closure with the resource that it closes, and when; a withdrawn one keeps only what was past by then."""

    closure: Closure
    resource: Resource
    facility: Facility
    occurrences: tuple[TimeSpan, ...]


@dataclass(frozen=True, slots=True)
class ClosurePage:
    """One page of closures by their first start; `next` is the cursor of the following page, or None."""

    items: tuple[ClosureView, ...]
    next: str | None


def closure_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> ClosureView:
    """Return a closure of a facility whose staff the actor belongs to. Raises NotFound for everybody else."""
    row = session.execute(
        select(Closure, Resource, Facility)
        .join(Resource, Resource.id == Closure.resource_id)
        .join(Facility, Facility.id == Closure.facility_id)
        .where(Closure.public_id == public_id)
    ).one_or_none()
    if row is None or not may(actor, Permission.MAINTENANCE_WRITE, facility_scopes(session, row[2])):
        raise NotFound("closure.unknown", _("There is no such closure, or it is not yours to see."))
    return _views(session, [(row[0], row[1])], row[2])[0]


def closures_of(
    session: Session, *, facility: Facility, start: datetime, limit: int | None = None, cursor: str | None = None
) -> ClosurePage:
    """Return the closures of a facility that still close anything after `start`; the caller checks the right.

    Two statements.
    """
    size = clean_limit(limit)
    query = (
        select(Closure, Resource)
        .join(Resource, Resource.id == Closure.resource_id)
        .where(
            Closure.facility_id == facility.id,
            Closure.state == ClosureState.PLANNED,
            select(Occupancy.id).where(Occupancy.closure_id == Closure.id, Occupancy.ends > start).exists(),
        )
    )
    if cursor:
        after, key = _after(cursor)
        query = query.where(or_(Closure.starts > after, and_(Closure.starts == after, Closure.id > key)))
    rows = session.execute(query.order_by(Closure.starts, Closure.id).limit(size + 1)).all()
    items = tuple(_views(session, [(closure, resource) for closure, resource in rows[:size]], facility))
    last = items[-1].closure if len(rows) > size else None
    return ClosurePage(items, encode_cursor((last.starts.isoformat(), last.id)) if last else None)


def resources_of(session: Session, facility: Facility) -> Sequence[Resource]:
    """Return what of a facility can be closed: plants first, then the rest by name. One statement."""
    return session.scalars(
        select(Resource)
        .where(Resource.facility_id == facility.id, Resource.active.is_(True))
        .order_by(Resource.kind != ResourceKind.PLANT, Resource.name, Resource.id)
        .limit(MOST_RESOURCES)
    ).all()


def resource_of(session: Session, facility: Facility, public_id: str) -> Resource:
    """Return a resource of a facility. Raises Invalid for any other."""
    found = session.scalars(
        select(Resource).where(Resource.public_id == public_id, Resource.facility_id == facility.id)
    ).one_or_none()
    if found is None:
        message = _("There is no such resource at this facility.")
        raise Invalid("closure.resource", message, fields={"resource": [message]})
    return found


def _views(session: Session, rows: Sequence[tuple[Closure, Resource]], facility: Facility) -> list[ClosureView]:
    spans: dict[int, list[TimeSpan]] = {}
    for key, starts, ends in session.execute(
        select(Occupancy.closure_id, Occupancy.starts, Occupancy.ends)
        .where(Occupancy.closure_id.in_([closure.id for closure, _resource in rows]))
        .order_by(Occupancy.starts)
    ):
        if key is not None:
            spans.setdefault(key, []).append(TimeSpan(starts, ends))
    return [ClosureView(closure, resource, facility, tuple(spans.get(closure.id, ()))) for closure, resource in rows]


def _after(cursor: str) -> tuple[datetime, int]:
    starts, key = decode_cursor(cursor, (str, int))
    try:
        return parse_instant(str(starts)), int(key)
    except Invalid as error:
        raise Invalid("cursor.invalid", _("This cursor was not made here. Begin again with the first page.")) from error
