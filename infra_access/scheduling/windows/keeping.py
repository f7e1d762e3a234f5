"""Keeping all windows up to date: the worker makes the stale ones anew, extends them by a day, and trims the past."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Resource
from infra_access.core.db import Database
from infra_access.scheduling.occupancies import lock_resources
from infra_access.scheduling.windows.kept import DUE, stamped, with_heads
from infra_access.scheduling.windows.models import FreeWindowHead
from infra_access.scheduling.windows.refreshing import refresh_whole
from infra_access.scheduling.windows.spans import AHEAD

AT_A_TIME = 20
"""Resources of one transaction: few, since whoever books one of them waits for it."""

OF_A_TURN = 1_000
"""Resources of one turn of the worker, which delivers nothing meanwhile."""

# Built once: making a statement anew costs as much as running it.
_DUE = (
    with_heads(select(Resource.id).select_from(Resource))
    .where(DUE, Resource.id > bindparam("after"))
    .order_by(Resource.id)
    .limit(bindparam("most"))
)
_LAG = with_heads(select(func.count(Resource.id), func.min(FreeWindowHead.refreshed_at)).select_from(Resource)).where(
    DUE
)


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the windows are behind: of how many resources, and when the oldest of them was last made."""

    stale: int
    oldest: datetime | None


def lag(session: Session, *, now: datetime) -> Lag:
    """Return how far the windows are behind what they should be. One statement."""
    return Lag(*session.execute(_LAG, stamped() | {"soon": now + AHEAD}).one())


def keep_up(database: Database, *, now: datetime, most: int = OF_A_TURN) -> int:
    """Make anew, extend or drop the windows of resources that need it, `most` of them; return how many.

    Resources that fail keep no others from their turn. Raises ExceptionGroup of what failed, when all had theirs.
    """
    done = 0
    errors: list[Exception] = []
    due = _due(database, now)
    while done < most and (keys := list(islice(due, AT_A_TIME))):
        try:
            with database.writer() as session:
                lock_resources(session, keys)
                refresh_whole(session, keys, now=now)
            done += len(keys)
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("free windows could not be made", errors)
    return done


def _due(database: Database, now: datetime) -> Iterator[int]:
    """Return the keys of resources that need it, ascending, looking for more as long as they are asked for."""
    after = 0
    while True:
        with database.reader() as session:
            asked = stamped() | {"soon": now + AHEAD, "after": after, "most": OF_A_TURN}
            keys = session.scalars(_DUE, asked).all()
        if not keys:
            return
        yield from keys
        after = keys[-1]
