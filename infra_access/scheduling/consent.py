"""What a booking draws on a grant, as long as the consent behind that has not lapsed."""

from collections.abc import Sequence
from decimal import Decimal

from infra_access.access_requests.allocations import Granted
from infra_access.access_requests.consents import consent_lapsed
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.units import units_of
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking

_STANDS = (BookingState.PENDING_APPROVAL, BookingState.CONFIRMED, BookingState.READY, BookingState.CHECKED_IN)
"""What is booked, though it may wait for an approval; a time that is kept or proposed is not."""


def units_drawn(granted: Granted | None, spans: Sequence[TimeSpan], booking: Booking | None) -> Decimal:
    """Return how many access units a booking, or one that is made anew, draws on a grant.

    What is booked may be moved after the consent has lapsed, but takes no more. Raises Conflict
    `allocation.consent_lapsed`.
    """
    if granted is None:
        return Decimal(0)
    units = units_of(spans, granted.access_unit)
    held = booking.units if booking is not None and booking.state in _STANDS else Decimal(0)
    if granted.lapsed_at is not None and units > held:
        raise consent_lapsed(granted.lapsed_at)
    return units
