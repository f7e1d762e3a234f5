"""Making windows right again: open minus occupied, around a span or of all days that are kept.

Whoever refreshes holds the locks of the resources, so that nobody takes or gives back their time meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from infra_access.core.columns import table_of
from infra_access.core.timespan import TimeSpan, subtract
from infra_access.scheduling.hours import hours_of
from infra_access.scheduling.models import Occupancy
from infra_access.scheduling.windows.kept import EVER, Kept, kept
from infra_access.scheduling.windows.models import FreeWindow, FreeWindowHead
from infra_access.scheduling.windows.spans import range_at, windows_of
from infra_access.scheduling.windows.stamp import calendar_stamp

_window, _head = table_of(FreeWindow), table_of(FreeWindowHead)

# Built once: making a statement anew costs as much as running it.
_OCCUPIED = select(Occupancy.resource_id, Occupancy.starts, Occupancy.ends).where(
    Occupancy.resource_id.in_(bindparam("resources", expanding=True)),
    Occupancy.starts < bindparam("until"),
    Occupancy.ends > bindparam("since"),
)
_DELETE = delete(_window).where(
    _window.c.resource_id == bindparam("of_resource"), _window.c.starts == bindparam("started")
)
_INSERT = insert(_window)
_INSERT_HEAD = insert(_head)
_UPDATE_HEAD = update(_head).where(_head.c.resource_id == bindparam("of_resource"))
_DROP_HEADS = delete(_head).where(_head.c.resource_id.in_(bindparam("resources", expanding=True)))


def refresh(session: Session, spans: Mapping[int, TimeSpan]) -> None:
    """Make the windows of each locked resource, and of what depends on it, right around its span.

    They join what is free on either side. Windows that cannot be relied on are left to whoever makes them anew.
    """
    if not spans:
        return
    part = []
    for one in kept(session, spans, hull(spans.values()), dependants=True).values():
        if one.indexed and one.current:
            bounds = _bounds(one, hull(spans[key] for key in one.takers if key in spans))
            part += [(one, bounds)] if bounds else []
    _reconcile(session, part, [[old for old in one.windows if old.overlaps(bounds)] for one, bounds in part])


def refresh_whole(session: Session, resource_ids: Iterable[int], *, now: datetime) -> int:
    """Make all windows of locked resources anew, of the days kept at `now`; return how many windows there are.

    What is right already is not written again, so that extending them by a day writes little.
    """
    found = kept(session, resource_ids, EVER).values()
    span = range_at(now)
    indexed = [one for one in found if one.indexed]
    count = _reconcile(session, [(one, span) for one in indexed], [one.windows for one in indexed])
    dropped = [one for one in found if not one.indexed]
    replace(session, [], [(one, old) for one in dropped for old in one.windows])
    set_heads(session, found, span, now=now)
    return count


def hull(spans: Iterable[TimeSpan]) -> TimeSpan:
    """Return the span from the first start to the last end."""
    listed = list(spans)
    return TimeSpan(min(one.start for one in listed), max(one.end for one in listed))


def wanted(session: Session, work: Sequence[tuple[Kept, TimeSpan]]) -> list[list[TimeSpan]]:
    """Return the windows that each resource should have within its bounds. Two statements, however many."""
    if not work:
        return []
    whole = hull(bounds for _one, bounds in work)
    hours = hours_of(session, {one.facility_id: one.zone for one, _bounds in work}, whole)
    opened = {key: each.open_within(whole) for key, each in hours.items()}
    taken: dict[int, list[TimeSpan]] = {}
    keys = {key for one, _bounds in work for key in one.takers}
    asked = {"resources": sorted(keys), "since": whole.start, "until": whole.end}
    for key, starts, ends in session.execute(_OCCUPIED, asked):
        taken.setdefault(key, []).append(TimeSpan(starts, ends))
    # Most resources of a facility are free whenever it is open: that is worked out once.
    untaken: dict[tuple[int, TimeSpan], list[TimeSpan]] = {}
    found = []
    for one, bounds in work:
        busy = [span for key in one.takers for span in taken.get(key, ())]
        place = (one.facility_id, bounds)
        if place not in untaken:
            untaken[place] = windows_of(opened[one.facility_id], [], bounds)
        found.append(subtract(untaken[place], busy) if busy else untaken[place])
    return found


def replace(session: Session, fresh: Sequence[tuple[Kept, TimeSpan]], gone: Sequence[tuple[Kept, TimeSpan]]) -> None:
    """Delete windows and write others, in at most two statements."""
    if gone:
        session.execute(_DELETE, [{"of_resource": one.resource_id, "started": span.start} for one, span in gone])
    if fresh:
        session.execute(
            _INSERT,
            [
                {
                    "resource_id": one.resource_id,
                    "starts": span.start,
                    "ends": span.end,
                    "instrument_id": one.instrument_id,
                }
                for one, span in fresh
            ],
        )


def set_heads(session: Session, found: Iterable[Kept], span: TimeSpan, *, now: datetime) -> None:
    """Note of what the windows were made, and until when; of resources without windows, nothing."""
    new, old, dropped = [], [], []
    for one in found:
        values = {
            "hours_version": one.hours_version,
            "zone": one.zone,
            "plant_id": one.plant_id,
            "stamp": calendar_stamp(),
            "since": span.start,
            "until": span.end,
            "refreshed_at": now,
        }
        if not one.indexed:
            dropped.append(one.resource_id)
        elif one.span is None:
            new.append(values | {"resource_id": one.resource_id})
        else:
            old.append(values | {"of_resource": one.resource_id})
    if new:
        session.execute(_INSERT_HEAD, new)
    if old:
        session.execute(_UPDATE_HEAD, old)
    if dropped:
        session.execute(_DROP_HEADS, {"resources": dropped})


def _bounds(one: Kept, changed: TimeSpan) -> TimeSpan | None:
    """Return the span to look at: the one that changed, and the windows that touch it, within the days kept."""
    assert one.span is not None, "what is current was made once"
    touching = [old for old in one.windows if old.start <= changed.end and old.end >= changed.start]
    return hull([changed, *touching]).clip(one.span)


def _reconcile(session: Session, work: Sequence[tuple[Kept, TimeSpan]], old: Sequence[Sequence[TimeSpan]]) -> int:
    """Write the difference between the old windows and those that should be; return how many there are now."""
    fresh: list[tuple[Kept, TimeSpan]] = []
    gone: list[tuple[Kept, TimeSpan]] = []
    count = 0
    for (one, _within), right, before in zip(work, wanted(session, work), old, strict=True):
        count += len(right)
        fresh += [(one, span) for span in sorted(set(right).difference(before))]
        gone += [(one, span) for span in sorted(set(before).difference(right))]
    replace(session, fresh, gone)
    return count
