"""Taking and giving back the time of resources. Every command that takes time comes through here.

The order of locks is one for all: what a command relied on first, then all resources that it touches, by ascending
key, as the first statement on them; only then is anything read. Whoever waits for the lock sees what the winner wrote.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Resource
from infra_access.core.columns import table_of
from infra_access.core.db import violated_constraint
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.models import OCCUPANCY_GUARD, Occupancy


@dataclass(frozen=True, slots=True)
class Held:
    """One occupied span of a resource."""

    resource_id: int
    span: TimeSpan
    kind: str
    booking_id: int | None
    label: str


@dataclass(frozen=True, slots=True)
class Taking:
    """One span of a resource to take; kind is booking, change_over, hold, maintenance or external."""

    resource_id: int
    span: TimeSpan
    kind: str = "booking"


def locking(statement: Select[Resource]) -> Select[Resource]:
    """Return a statement over resources that locks them against other takers, by ascending key."""
    return (
        statement.order_by(None)
        .order_by(Resource.id)
        .with_for_update(key_share=True, of=Resource)
        .execution_options(populate_existing=True)
    )


# Built once: making a statement anew costs as much as running it.
_LOCKED = locking(select(Resource).where(Resource.id.in_(bindparam("resources", expanding=True))))
_OCCUPIED = (
    select(
        Occupancy.resource_id,
        Occupancy.starts,
        Occupancy.ends,
        Occupancy.kind,
        Occupancy.booking_id,
        Occupancy.label,
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
_TAKE_POSTGRESQL = postgresql.insert(_occupancy).on_conflict_do_nothing().returning(_occupancy.c.id)


def lock_resources(session: Session, resource_ids: Iterable[int]) -> list[Resource]:
    """Lock resources against other takers and return them by ascending key.

    SQLite's writer holds the whole database already.
    """
    return list(session.scalars(_LOCKED, {"resources": sorted(set(resource_ids))}))


def occupied(session: Session, resource_ids: Iterable[int], window: TimeSpan) -> list[Held]:
    """Return what occupies the resources within the window, by start; spans are not clipped. One statement."""
    asked = {"resources": sorted(set(resource_ids)), "since": window.start, "until": window.end}
    rows = session.execute(_OCCUPIED, asked)
    return [Held(key, TimeSpan(starts, ends), kind, booking, label) for key, starts, ends, kind, booking, label in rows]


def take(session: Session, takings: Sequence[Taking], *, booking_id: int | None, label: str = "") -> None:
    """Write occupancy rows, all or none, in one statement. Raises Conflict where the database's guard refuses one.

    After a check under the lock that cannot happen; the guard stands for every path that forgot to check. The
    transaction stays usable: SQLite's guard takes back its statement alone, PostgreSQL's is told to leave out a row.
    """
    rows = [
        {
            "resource_id": one.resource_id,
            "starts": one.span.start,
            "ends": one.span.end,
            "kind": one.kind,
            "booking_id": booking_id,
            "label": label,
        }
        for one in takings
    ]
    try:
        statement = _TAKE_POSTGRESQL if session.get_bind().dialect.name == "postgresql" else _TAKE
        written = session.scalars(statement, rows).all()
    except IntegrityError as error:
        if violated_constraint(error) != OCCUPANCY_GUARD:
            raise
        raise _taken() from error
    if len(written) < len(rows):
        session.execute(delete(Occupancy).where(Occupancy.id.in_(written)))
        raise _taken()


def _taken() -> Conflict:
    return Conflict("booking.overlap", _("This time was taken a moment ago. Choose another one."))


def give_back(session: Session, booking_id: int, *, after: datetime | None = None) -> None:
    """Free what a booking occupies; with `after`, only rows that start at or after that instant."""
    statement = delete(Occupancy).where(Occupancy.booking_id == booking_id)
    if after is not None:
        statement = statement.where(Occupancy.starts >= after)
    session.execute(statement)
