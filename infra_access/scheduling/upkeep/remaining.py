"""Giving back what remains of a span: what is past stays as it was, for it did take its time."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.core.timespan import TimeSpan, subtract
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.occupancies import Taking, give_back, take

OVER = (BookingState.COMPLETED, BookingState.NO_SHOW)
"""States of a session that nobody can displace any more, nor has to."""


def give_back_rest(
    session: Session,
    now: datetime,
    *,
    booking_id: int | None = None,
    closure_id: int | None = None,
    label: str = "",
    used: bool = False,
) -> Sequence[Taking]:
    """Free what a booking or a closure occupies from now on, and return what it occupied.

    After a session that was `used`, the change-over that was to follow it follows its end. The caller holds the locks
    of the resources.
    """
    held = give_back(session, booking_id, closure_id=closure_id)
    kept = [Taking(one.resource_id, part, one.kind) for one in held if (part := _until(one.span, now)) is not None]
    if used:
        kept += [
            Taking(one.resource_id, TimeSpan(now, now + one.span.length), one.kind)
            for one in held
            if one.kind == "change_over" and any(_follows(one, each, now) for each in held)
        ]
    origin: dict[str, int] = {} if closure_id is None else {"closure_id": closure_id}
    if kept:
        take(session, kept, booking_id=booking_id, label=label, lapses_at=None, **origin)
    return held


def give_way(session: Session, booking_id: int, spans: Sequence[TimeSpan]) -> None:
    """Let a session that is over leave these spans, such as by the change-over that follows it; the rest it keeps.

    Its lines say when it was, whatever it occupies.
    """
    held = give_back(session, booking_id)
    kept = [
        Taking(one.resource_id, part, one.kind)
        for one in held
        for part in subtract([one.span], spans)
        # Nothing of the session is left to be cleared away once the closure is over.
        if one.kind != "change_over" or part.start == one.span.start
    ]
    if kept:
        take(session, kept, booking_id=booking_id, lapses_at=None)


def _follows(change_over: Taking, session: Taking, now: datetime) -> bool:
    """Tell whether it follows, on the same resource, a session that is under way."""
    same = session.resource_id == change_over.resource_id and session.kind != "change_over"
    return same and session.span.start < now < session.span.end == change_over.span.start


def _until(span: TimeSpan, now: datetime) -> TimeSpan | None:
    return TimeSpan(span.start, min(span.end, now)) if span.start < now else None
