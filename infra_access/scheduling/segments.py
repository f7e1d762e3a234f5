"""A stretch of time cut into what one may say of it: free, mine, taken, under maintenance, closed. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.availability import BusySpan


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch: `kind` is free, mine, busy, maintenance, closed, past or soon.

    `booking` is the public id where one may open it.
    """

    span: TimeSpan
    kind: str
    label: str = ""
    booking: str = ""


def segments(
    window: TimeSpan,
    *,
    opened: Sequence[TimeSpan],
    free: Sequence[TimeSpan],
    busy: Iterable[BusySpan],
    known: Iterable[Segment] = (),
    now: datetime | None = None,
    earliest: datetime | None = None,
) -> list[Segment]:
    """Return the window in stretches that follow one another; `known` ones, such as the reader's own, come first.

    Taken time outside the open hours is shown as taken, since somebody is there. What would be free before `now` is
    past, before `earliest` too soon to be booked.
    """
    named = [(part, one) for one in known if (part := one.span.clip(window)) is not None]
    taken = [(part, one) for one in busy if (part := one.span.clip(window)) is not None]
    spans = [*(span for span, _one in named), *(span for span, _one in taken)]
    spans += [part for one in (*opened, *free) if (part := one.clip(window)) is not None]
    early = [moment for moment in (now, earliest) if moment is not None and window.start < moment < window.end]
    cuts = sorted({window.start, window.end, *early, *(one.start for one in spans), *(one.end for one in spans)})
    found: list[Segment] = []
    for start, end in pairwise(cuts):
        span = TimeSpan(start, end)
        one = _of(span, named, free, taken)
        if one.kind == "free" and now is not None and end <= now:
            one = Segment(span, "past")
        elif one.kind == "free" and earliest is not None and end <= earliest:
            one = Segment(span, "soon")
        last = found[-1] if found else None
        if last is not None and (last.kind, last.label, last.booking) == (one.kind, one.label, one.booking):
            found[-1] = Segment(TimeSpan(last.span.start, end), one.kind, one.label, one.booking)
        else:
            found.append(one)
    return found


def _of(
    span: TimeSpan,
    named: Sequence[tuple[TimeSpan, Segment]],
    free: Sequence[TimeSpan],
    taken: Sequence[tuple[TimeSpan, BusySpan]],
) -> Segment:
    own = next((one for part, one in named if part.contains(span)), None)
    if own is not None:
        return Segment(span, own.kind, own.label, own.booking)
    if any(one.contains(span) for one in free):
        return Segment(span, "free")
    here = [one for part, one in taken if part.contains(span)]
    if not here:
        return Segment(span, "closed")
    kind = "maintenance" if any(one.kind == "maintenance" for one in here) else "busy"
    return Segment(span, kind, next((one.label for one in here if one.label), ""))
