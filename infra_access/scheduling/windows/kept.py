"""What is kept of windows for each resource, how far, and whether it can be relied on."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    false,
    func,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Resource
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import FIRST_YEAR, LAST_YEAR
from infra_access.scheduling.models import FacilityCalendar
from infra_access.scheduling.windows.models import FreeWindow, FreeWindowHead
from infra_access.scheduling.windows.stamp import calendar_stamp

EVER = TimeSpan(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 12, 31, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Kept:
    """One resource and what is kept for it.

    `indexed`: whether it has windows at all, which plants and resources out of use have not; `span`: the days of which
    they are kept, None before they are first made; `current`: whether they were made of what holds now.
    """

    resource_id: int
    instrument_id: int | None
    plant_id: int | None
    facility_id: int
    zone: str
    hours_version: int
    indexed: bool
    span: TimeSpan | None
    current: bool
    windows: list[TimeSpan] = field(default_factory=list)

    @property
    def takers(self) -> tuple[int, ...]:
        """Return the resources whose occupancy leaves this one no free time: itself, and its plant."""
        return (self.resource_id,) if self.plant_id is None else (self.resource_id, self.plant_id)


_VERSION: ColumnElement[int] = func.coalesce(FacilityCalendar.version, 0)
INDEXED: ColumnElement[bool] = and_(Resource.active, Resource.kind != ResourceKind.PLANT)
CURRENT: ColumnElement[bool] = func.coalesce(
    and_(
        FreeWindowHead.hours_version == _VERSION,
        FreeWindowHead.stamp == bindparam("stamp"),
        FreeWindowHead.zone == Facility.timezone,
        FreeWindowHead.plant_id.is_not_distinct_from(Resource.plant_id),
    ),
    false(),
)
STALE = and_(INDEXED, not_(CURRENT))
DUE = or_(
    STALE,
    and_(INDEXED, FreeWindowHead.until < bindparam("soon")),
    and_(not_(INDEXED), FreeWindowHead.resource_id.is_not(None)),
)
"""What the worker has to do: make anew, extend by a day, or drop."""


def with_heads(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Join to a statement over resources all that CURRENT and DUE look at."""
    return (
        statement.join(Facility, Facility.id == Resource.facility_id)
        .outerjoin(FacilityCalendar, FacilityCalendar.facility_id == Resource.facility_id)
        .outerjoin(FreeWindowHead, FreeWindowHead.resource_id == Resource.id)
    )


def with_dependants(keys: Any) -> CompoundSelect[int]:
    """Return the resources of those keys, and what depends on them as its plant, as one list of keys.

    With OR between the two, PostgreSQL would read every resource there is.
    """
    return union_all(
        select(Resource.id).where(Resource.id.in_(keys)), select(Resource.id).where(Resource.plant_id.in_(keys))
    )


# Built once: making a statement anew costs as much as running it.
_KEPT = with_heads(
    select(
        Resource.id,
        Resource.instrument_id,
        Resource.plant_id,
        Resource.facility_id,
        Facility.timezone,
        _VERSION,
        INDEXED,
        FreeWindowHead.since,
        FreeWindowHead.until,
        CURRENT,
        FreeWindow.starts,
        FreeWindow.ends,
    ).select_from(Resource)
)
_KEPT = _KEPT.outerjoin(
    FreeWindow,
    and_(
        FreeWindow.resource_id == Resource.id,
        FreeWindow.starts <= bindparam("until"),
        FreeWindow.ends >= bindparam("since"),
    ),
).order_by(Resource.id, FreeWindow.starts)
_asked: BindParameter[Any] = bindparam("resources", expanding=True)
_KEPT_OF = _KEPT.where(Resource.id.in_(_asked))
_KEPT_WITH_DEPENDANTS = _KEPT.where(Resource.id.in_(with_dependants(_asked)))


def kept(
    session: Session, resource_ids: Iterable[int], around: TimeSpan, *, dependants: bool = False
) -> dict[int, Kept]:
    """Return what is kept for resources, by ascending key, with the windows that lie in a span or touch it.

    One statement; `dependants` adds what depends on them as its plant. Read it before the hours: then a version that
    it names is never newer than they are.
    """
    asked: dict[str, Any] = {"resources": sorted(set(resource_ids)), "since": around.start, "until": around.end}
    rows = session.execute(_KEPT_WITH_DEPENDANTS if dependants else _KEPT_OF, asked | stamped())
    found: dict[int, Kept] = {}
    for key, instrument, plant, facility, zone, version, indexed, since, until, current, starts, ends in rows:
        if key not in found:
            span = TimeSpan(since, until) if since is not None else None
            found[key] = Kept(key, instrument, plant, facility, zone, version, bool(indexed), span, bool(current))
        if starts is not None:
            found[key].windows.append(TimeSpan(starts, ends))
    return found


def stamped() -> dict[str, str]:
    """Return the parameter of CURRENT."""
    return {"stamp": calendar_stamp()}
