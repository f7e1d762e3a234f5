"""Taking and giving back the time of resources. Every command that takes time comes through here.

The order of locks is one for all: what a command relied on first, then all resources that it touches, by ascending
key, as the first statement on them; only then is anything read. Whoever waits for the lock sees what the winner wrote.
The locks also keep the free windows right, which are cut and filled up again here and nowhere else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Resource
from infra_access.core.columns import table_of
from infra_access.core.db import violated_constraint
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.models import OCCUPANCY_GUARD, Occupancy
from infra_access.scheduling.windows.cutting import cut, take_and_cut
from infra_access.scheduling.windows.kept import with_dependants
from infra_access.scheduling.windows.refreshing import hull, refresh

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Held:
    """One occupied span of a resource."""

    resource_id: int
    span: TimeSpan
    kind: str
    booking_id: int | None
    label: str
    lapses_at: datetime | None = None

    def has_lapsed(self, now: datetime) -> bool:
        """Tell whether this was a hold or a proposal that nobody answered in time."""
        return self.lapses_at is not None and self.lapses_at <= now


@dataclass(frozen=True, slots=True)
class Taking:
    """One span of a resource to take; kind is booking, change_over, hold, maintenance or external."""

    resource_id: int
    span: TimeSpan
    kind: str = "booking"


def locking(statement: Select[_Row]) -> Select[_Row]:
    """Return a statement over resources that locks them against other takers, by ascending key."""
    return (
        statement.order_by(None)
        .order_by(Resource.id)
        .with_for_update(key_share=True, of=Resource)
        .execution_options(populate_existing=True)
    )


# Built once: making a statement anew costs as much as running it.
_LOCKED = locking(select(Resource).where(Resource.id.in_(with_dependants(bindparam("resources", expanding=True)))))
_OCCUPIED = (
    select(
        Occupancy.resource_id,
        Occupancy.starts,
        Occupancy.ends,
        Occupancy.kind,
        Occupancy.booking_id,
        Occupancy.label,
        Occupancy.lapses_at,
    )
    .where(
        Occupancy.resource_id.in_(bindparam("resources", expanding=True)),
        Occupancy.starts < bindparam("until"),
        Occupancy.ends > bindparam("since"),
    )
    .order_by(Occupancy.starts)
)
_occupancy = table_of(Occupancy)
_TAKE = insert(_occupancy).returning(_occupancy.c.id)


def lock_resources(session: Session, resource_ids: Iterable[int]) -> list[Resource]:
    """Lock resources against other takers and return them by ascending key; what depends on them is locked with them.

    SQLite's writer holds the whole database already.
    """
    keys = set(resource_ids)
    return [row for row in session.scalars(_LOCKED, {"resources": sorted(keys)}) if row.id in keys]


def occupied(session: Session, resource_ids: Iterable[int], window: TimeSpan) -> list[Held]:
    """Return what occupies the resources within the window, by start; spans are not clipped. One statement."""
    asked = {"resources": sorted(set(resource_ids)), "since": window.start, "until": window.end}
    rows = session.execute(_OCCUPIED, asked)
    return [
        Held(key, TimeSpan(starts, ends), kind, booking, label, lapses)
        for key, starts, ends, kind, booking, label, lapses in rows
    ]


def take(
    session: Session,
    takings: Sequence[Taking],
    *,
    booking_id: int | None,
    label: str = "",
    lapses_at: datetime | None = None,
    **origin: int,
) -> set[int]:
    """Write occupancy rows, all or none, and cut them out of the free windows. Raises Conflict where the guard refuses.

    `origin` names what else they are of: `draft_id`, `closure_id` or `mirror_id`. Returns the resources whose windows
    cannot be relied on: the worker makes them anew, unless the caller does so at once (`refresh_whole`).

    After a check under the lock the guard refuses nothing; it stands for every path that forgot to check. The
    transaction stays usable: SQLite's guard takes back its statement alone, PostgreSQL's is told to leave out a row.
    """
    if not takings:
        return set()
    common = {"booking_id": booking_id, "label": label, "lapses_at": lapses_at, **origin}
    plain = [(one.resource_id, one.span, one.kind) for one in takings]
    if session.get_bind().dialect.name == "postgresql":
        written = take_and_cut(session, plain, common)
        if len(written) < len(plain):
            _give_back(session, [_occupancy.c.id.in_([row.id for row in written])])
            raise _taken()
        return {row.resource_id for row in written if row.stale}
    _insert(session, plain, common)
    return cut(session, plain)


def _insert(session: Session, takings: Sequence[tuple[int, TimeSpan, str]], common: dict[str, Any]) -> None:
    rows = [
        {"resource_id": key, "starts": span.start, "ends": span.end, "kind": kind, **common}
        for key, span, kind in takings
    ]
    try:
        session.execute(_TAKE, rows)
    except IntegrityError as error:
        if violated_constraint(error) != OCCUPANCY_GUARD:
            raise
        raise _taken() from error


def _taken() -> Conflict:
    return Conflict("booking.overlap", _("This time was taken a moment ago. Choose another one."))


def give_back(
    session: Session,
    booking_id: int | None = None,
    *,
    draft_id: int | None = None,
    closure_id: int | None = None,
    mirror_id: int | None = None,
    after: datetime | None = None,
) -> list[Taking]:
    """Free what a booking, a draft, a closure or a mirrored calendar occupies, and return it.

    It locks the resources; whoever frees the time of several locks all of theirs first, for the order's sake.
    With `after`, only rows that start at or after that instant. Raises ValueError where nothing says whose.
    """
    of = {"booking_id": booking_id, "draft_id": draft_id, "closure_id": closure_id, "mirror_id": mirror_id}
    conditions = [_occupancy.c[name] == key for name, key in of.items() if key is not None]
    if not conditions:
        raise ValueError("say whose time is given back")
    if after is not None:
        conditions.append(_occupancy.c.starts >= after)
    if session.get_bind().dialect.name == "postgresql":
        held = select(_occupancy.c.resource_id).where(*conditions)
        session.execute(locking(select(Resource.id).where(Resource.id.in_(with_dependants(held)))))
    return _give_back(session, conditions)


def _give_back(session: Session, conditions: Sequence[ColumnElement[bool]]) -> list[Taking]:
    """Delete the rows of locked resources, and let the free windows have their time."""
    columns = (_occupancy.c.resource_id, _occupancy.c.starts, _occupancy.c.ends, _occupancy.c.kind)
    rows = session.execute(delete(_occupancy).where(*conditions).returning(*columns))
    freed = [Taking(key, TimeSpan(starts, ends), kind) for key, starts, ends, kind in rows]
    spans: dict[int, list[TimeSpan]] = {}
    for one in freed:
        spans.setdefault(one.resource_id, []).append(one.span)
    refresh(session, {key: hull(listed) for key, listed in spans.items()})
    return freed
