"""A yes to less than was asked: fewer access units, or only until an earlier day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.catalogue.fields import fault
from infra_access.core.i18n import _


@dataclass(frozen=True, slots=True)
class Narrower:
    """What an approver grants at most: access units, and until when (UTC); None is as asked."""

    most_units: Decimal | None = None
    until: datetime | None = None


WHOLE = Narrower()
SMALLEST = Decimal("0.01")
MOST_UNITS = Decimal(9_999_999_999)


def in_hundredths(units: Decimal) -> Decimal:
    """Return access units as they are stored, never more than were given: of a thousandth nothing is left.

    >>> in_hundredths(Decimal("7.519"))
    Decimal('7.51')
    """
    return units.quantize(SMALLEST, ROUND_DOWN)


def refuse_unfit(narrower: Narrower, access_request: AccessRequest, now: datetime) -> None:
    """Raise Invalid naming the field where nothing would be left, or more were granted than was asked."""
    units, until = narrower.most_units, narrower.until
    if units is not None and not 0 < units <= access_request.quantity:
        asked = {"asked": str(access_request.quantity)}
        message = _("${asked} access units were asked for. Grant that many or fewer, or refuse.", mapping=asked)
        raise fault("grant.units", "most_units", message)
    if until is not None and not max(now, access_request.period_start) < until <= access_request.period_end:
        raise fault("grant.until", "until", _("Choose a day within the period that was asked for."))


def granted_of(access_request: AccessRequest, given: Iterable[Approval]) -> tuple[Decimal, datetime]:
    """Return how many access units and until when all approvals together grant."""
    units, until = access_request.quantity, access_request.period_end
    for approval in given:
        units = min(units, approval.most_units or units)
        until = min(until, approval.until or until)
    return units, until
