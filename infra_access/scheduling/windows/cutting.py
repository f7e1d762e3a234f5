"""Taking time out of free windows as it is taken from the resource, which needs neither hours nor occupancy.

What is left of each window is exact as long as the windows were. A plant's time is cut out of the windows of all that
depends on it. PostgreSQL writes the occupancy and cuts the windows in one statement, so that a booking costs no more of
them; SQLite, in process, takes three more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    DateTime,
    ScalarSelect,
    Select,
    String,
    bindparam,
    column,
    delete,
    func,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from infra_access.catalogue.models import Resource
from infra_access.core.columns import KEY, UtcDateTime, table_of
from infra_access.core.timespan import TimeSpan, subtract
from infra_access.scheduling.models import Occupancy
from infra_access.scheduling.windows.kept import STALE, Kept, kept, stamped, with_heads
from infra_access.scheduling.windows.models import FreeWindow
from infra_access.scheduling.windows.refreshing import hull, replace

_occupancy, _window = table_of(Occupancy), table_of(FreeWindow)
_COMMON = ("booking_id", "draft_id", "closure_id", "mirror_id", "lapses_at", "label")


@dataclass(frozen=True, slots=True)
class Written:
    """One occupancy row that was written; `stale` where the windows of its resource cannot be relied on."""

    id: int
    resource_id: int
    stale: bool


def _listed(name: str, kind: TypeEngine[Any]) -> ScalarSelect[Any]:
    return select(bindparam(name, type_=ARRAY(kind))).scalar_subquery()


def _taking_and_cutting() -> Select[*tuple[Any, ...]]:
    """Return PostgreSQL's one statement: insert, cut what the rows overlap, and return the rows."""
    # Each list within a SELECT: PostgreSQL counts what is in a plain parameter, and finds one row to be worth a plan of
    # its own each time, which is the same one and takes twice as long to make as to carry out.
    asked = (
        func.unnest(
            _listed("resources", KEY),
            _listed("starting", DateTime(timezone=True)),
            _listed("ending", DateTime(timezone=True)),
            _listed("kinds", String()),
        )
        .table_valued(
            column("resource_id", KEY), column("starts", UtcDateTime()), column("ends", UtcDateTime()), column("kind")
        )
        .render_derived(name="asked")
    )
    common = [bindparam(name, type_=_occupancy.c[name].type) for name in _COMMON]
    taken = (
        insert(_occupancy)
        .from_select(["resource_id", "starts", "ends", "kind", *_COMMON], select(*asked.c, *common))
        .on_conflict_do_nothing()
        .returning(_occupancy.c.id, _occupancy.c.resource_id, _occupancy.c.starts, _occupancy.c.ends)
        .cte("taken")
    )
    # A plant's time is gone for what depends on it as well.
    gone = union_all(
        select(taken.c.resource_id, taken.c.starts, taken.c.ends),
        select(Resource.id, taken.c.starts, taken.c.ends).join(taken, Resource.plant_id == taken.c.resource_id),
    ).subquery("gone")
    spent = (
        select(gone.c.resource_id, func.range_agg(func.tstzrange(gone.c.starts, gone.c.ends)).label("spans"))
        .group_by(gone.c.resource_id)
        .cte("spent")
    )
    cut = (
        delete(_window)
        .where(
            _window.c.resource_id == spent.c.resource_id,
            _window.c.starts < func.upper(spent.c.spans),
            _window.c.ends > func.lower(spent.c.spans),
        )
        .returning(*_window.c, spent.c.spans)
        .cte("cut")
    )
    whole = func.tstzmultirange(func.tstzrange(cut.c.starts, cut.c.ends))
    pieces = select(
        cut.c.resource_id, cut.c.instrument_id, func.unnest(whole.op("-")(cut.c.spans)).label("piece")
    ).subquery("pieces")
    left = (
        insert(_window)
        .from_select(
            ["resource_id", "starts", "ends", "instrument_id"],
            select(
                pieces.c.resource_id, func.lower(pieces.c.piece), func.upper(pieces.c.piece), pieces.c.instrument_id
            ),
        )
        .cte("left_over")
    )
    return with_heads(
        select(taken.c.id, taken.c.resource_id, STALE)
        .select_from(taken)
        .join(Resource, Resource.id == taken.c.resource_id)
    ).add_cte(left)


# Built once: making a statement anew costs as much as running it.
_TAKE_AND_CUT = _taking_and_cutting()


def take_and_cut(
    session: Session, takings: Iterable[tuple[int, TimeSpan, str]], common: Mapping[str, Any]
) -> list[Written]:
    """Write occupancy on PostgreSQL, leaving out what its guard refuses, and cut it out of the windows."""
    keys, spans, kinds = zip(*takings, strict=True)
    asked = {
        "resources": list(keys),
        "starting": [span.start for span in spans],
        "ending": [span.end for span in spans],
        "kinds": list(kinds),
    }
    rows = session.execute(_TAKE_AND_CUT, dict.fromkeys(_COMMON) | asked | dict(common) | stamped())
    return [Written(*row) for row in rows]


def cut(session: Session, takings: Iterable[tuple[int, TimeSpan, str]]) -> set[int]:
    """Cut taken spans out of the windows of locked resources; return the resources whose windows were stale."""
    taken: dict[int, list[TimeSpan]] = {}
    for key, span, _kind in takings:
        taken.setdefault(key, []).append(span)
    found = kept(session, taken, hull(span for spans in taken.values() for span in spans), dependants=True)
    fresh: list[tuple[Kept, TimeSpan]] = []
    gone: list[tuple[Kept, TimeSpan]] = []
    for one in found.values():
        left = subtract(one.windows, [span for key in one.takers for span in taken.get(key, ())])
        fresh += [(one, span) for span in sorted(set(left).difference(one.windows))]
        gone += [(one, span) for span in sorted(set(one.windows).difference(left))]
    replace(session, fresh, gone)
    return {key for key in taken if found[key].indexed and not found[key].current}
