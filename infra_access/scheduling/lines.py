"""The lines of bookings: which resource is taken when, and what goes along when a session moves."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Resource
from infra_access.core.timespan import TimeSpan, merge
from infra_access.scheduling.models import BookingLine

Line = tuple[Resource, TimeSpan]


def lines_of(session: Session, booking_ids: Collection[int]) -> Mapping[int, list[Line]]:
    """Return the lines of bookings by the key of the booking, in their order. One statement."""
    lines: dict[int, list[Line]] = {}
    for key, row, starts, ends in session.execute(
        select(BookingLine.booking_id, Resource, BookingLine.starts, BookingLine.ends)
        .join(Resource, Resource.id == BookingLine.resource_id)
        .where(BookingLine.booking_id.in_(sorted(booking_ids)))
        .order_by(BookingLine.id)
    ):
        lines.setdefault(key, []).append((row, TimeSpan(starts, ends)))
    return lines


def parted(instrument_id: int, lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Return the lines on the instrument itself, and what was named for other times than these.

    What every session takes is in neither: it goes wherever the session goes.
    """
    own = [(row, span) for row, span in lines if row.instrument_id == instrument_id]
    whole = merge(span for _row, span in own)
    named = [(row, span) for row, span in lines if row.instrument_id != instrument_id and span not in whole]
    return own, named
