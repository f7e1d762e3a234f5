"""What a session comes to: how much of it was used and lost, and what that is worth. Plain values, no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from infra_access.accounting.money import share
from infra_access.catalogue.vocabularies import AccessUnit
from infra_access.core.timespan import TimeSpan, subtract
from infra_access.ledger.units import HOURS_OF, units_of


@dataclass(frozen=True, slots=True)
class Usage:
    """Units used and lost; both together are what was booked, less what an early end gave back."""

    used: Decimal
    lost: Decimal
    list_value: Decimal
    lost_value: Decimal
    price: Decimal


def usage_of_booking(
    spans: Sequence[TimeSpan],
    *,
    access_unit: str,
    booked: Decimal,
    list_price: Decimal,
    price: Decimal,
    lost: Sequence[TimeSpan] = (),
    ended_at: datetime | None = None,
) -> Usage:
    """Return what a finished booking of these spans comes to; the prices are those of all that was booked.

    Nobody is charged for lost units. What is used is rounded up to a hundredth of a unit, what is lost is the rest.
    """
    delivered = shortened(spans, ended_at)
    whole = min(counted(delivered, delivered, access_unit), booked)
    used = min(counted(delivered, lost_taken(delivered, lost), access_unit), whole)
    value = share(list_price, used, booked)
    return Usage(
        used=used,
        lost=whole - used,
        list_value=value,
        lost_value=share(list_price, whole, booked) - value,
        price=share(price, used, booked),
    )


def shortened(spans: Sequence[TimeSpan], ended_at: datetime | None) -> list[TimeSpan]:
    """Return the parts of the spans before the session ended."""
    if ended_at is None:
        return list(spans)
    return [TimeSpan(span.start, min(span.end, ended_at)) for span in spans if span.start < ended_at]


def lost_taken(spans: Sequence[TimeSpan], lost: Sequence[TimeSpan]) -> list[TimeSpan]:
    """Return the parts of the spans that were not lost; each span by itself, since copies run side by side."""
    return [part for span in spans for part in subtract([span], lost)]


def counted(spans: Sequence[TimeSpan], parts: Sequence[TimeSpan], access_unit: str) -> Decimal:
    """Return the units that parts of sessions come to: their time, or one for each session with any time left."""
    if AccessUnit(access_unit) in HOURS_OF:
        return units_of(parts, access_unit)
    return Decimal(sum(any(span.overlaps(part) for part in parts) for span in spans))
