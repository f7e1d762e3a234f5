"""A yes to less than was asked: fewer access units, only until an earlier day, or to be looked at again on one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.catalogue.fields import fault
from infra_access.core.i18n import _


@dataclass(frozen=True, slots=True)
class Narrower:
    """What an approver grants at most: access units, and until when (UTC); None is as asked.

    At `review_at` the consent is looked at again, and lapses where it is not renewed.
    """

    most_units: Decimal | None = None
    until: datetime | None = None
    review_at: datetime | None = None


WHOLE = Narrower()
SMALLEST = Decimal("0.01")
MOST_UNITS = Decimal(9_999_999_999)


def in_hundredths(units: Decimal) -> Decimal:
    """Return access units as they are stored, never more than were given: of a thousandth nothing is left.

    >>> in_hundredths(Decimal("7.519"))
    Decimal('7.51')
    """
    return units.quantize(SMALLEST, ROUND_DOWN)


def fitting(narrower: Narrower, access_request: AccessRequest, now: datetime, *, used: Decimal) -> Narrower:
    """Return what is granted at most, in hundredths of a unit; `used` is what was drawn already.

    Raises Invalid naming the field where nothing would be left, or more were granted than was asked, or less than is
    used.
    """
    units, until = narrower.most_units, narrower.until
    if units is not None and not SMALLEST <= units <= access_request.quantity:
        asked = {"asked": str(access_request.quantity)}
        message = _("${asked} access units were asked for. Grant that many or fewer, or refuse.", mapping=asked)
        raise fault("grant.units", "most_units", message)
    units = in_hundredths(units) if units is not None else None
    if units is not None and units < used:
        drawn = {"used": str(used)}
        message = _(
            "${used} access units are booked or used already. Grant at least as many, or refuse.", mapping=drawn
        )
        raise fault("grant.used", "most_units", message)
    if until is not None and not max(now, access_request.period_start) < until <= access_request.period_end:
        raise fault("grant.until", "until", _("Choose a day within the period that was asked for."))
    refuse_past(narrower.review_at, now)
    return Narrower(units, until, narrower.review_at)


def refuse_past(review_at: datetime | None, now: datetime) -> None:
    """Raise Invalid naming `review_at` where that is not ahead."""
    if review_at is not None and review_at <= now:
        raise fault("review.past", "review_at", _("Choose a day ahead, on which the consent is looked at again."))


def granted_of(access_request: AccessRequest, given: Iterable[Approval]) -> tuple[Decimal, datetime]:
    """Return how many access units and until when all approvals together grant."""
    units, until = access_request.quantity, access_request.period_end
    for approval in given:
        units = min(units, units if approval.most_units is None else approval.most_units)
        until = min(until, until if approval.until is None else approval.until)
    return units, until


def leaves_nothing(approval: Approval, access_request: AccessRequest) -> bool:
    """Tell whether a yes ends before the period that the request was amended to."""
    given = approval.state == ApprovalState.APPROVED
    return given and approval.until is not None and approval.until <= access_request.period_start
