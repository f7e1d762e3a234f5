"""Access units: which of them are time, and how one turns into another."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import ROUND_UP, Decimal

from infra_access.catalogue.vocabularies import AccessUnit
from infra_access.core.timespan import TimeSpan

HOURS_OF = {AccessUnit.HOUR: 1, AccessUnit.SHIFT: 8, AccessUnit.DAY: 24}
"""The units of time in hours; a day is 24 of them."""


def units_of(spans: Sequence[TimeSpan], access_unit: str) -> Decimal:
    """Return the access units that sessions draw: time, rounded up to a hundredth, or one for each otherwise.

    >>> from datetime import UTC, datetime
    >>> units_of([TimeSpan(datetime(2026, 1, 1, 8, tzinfo=UTC), datetime(2026, 1, 1, 20, tzinfo=UTC))], "shift")
    Decimal('1.50')
    """
    hours = HOURS_OF.get(AccessUnit(access_unit))
    if hours is None:
        return Decimal(len(spans))
    seconds = sum((span.length for span in spans), timedelta()) // timedelta(seconds=1)
    return (Decimal(seconds) / Decimal(3600 * hours)).quantize(Decimal("0.01"), rounding=ROUND_UP)


def ratio(unit: str, per: str) -> Decimal | None:
    """Return how many `per` one `unit` is, or None where neither turns into the other.

    >>> ratio("day", "shift"), ratio("hour", "sample")
    (Decimal('3'), None)
    """
    if unit == per:
        return Decimal(1)
    hours, by = HOURS_OF.get(AccessUnit(unit)), HOURS_OF.get(AccessUnit(per))
    return Decimal(hours) / Decimal(by) if hours and by else None
