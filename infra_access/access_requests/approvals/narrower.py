"""A yes to less than was asked: fewer units, until an earlier day, not all instruments, or to be looked at again."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRequestInstrument, Approval
from infra_access.access_requests.vocabularies import ApprovalState
from infra_access.catalogue.fields import fault
from infra_access.catalogue.models import Instrument
from infra_access.core.i18n import _


@dataclass(frozen=True, slots=True)
class Narrower:
    """What an approver grants at most: access units, and until when (UTC); None is as asked.

    At `review_at` the consent is looked at again, and lapses where it is not renewed.
    `left_out` are the public ids of the instruments that are not granted.
    """

    most_units: Decimal | None = None
    until: datetime | None = None
    review_at: datetime | None = None
    left_out: tuple[str, ...] = ()


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
    return Narrower(units, until, narrower.review_at, narrower.left_out)


def refuse_past(review_at: datetime | None, now: datetime) -> None:
    """Raise Invalid naming `review_at` where that is not ahead."""
    if review_at is not None and review_at <= now:
        raise fault("review.past", "review_at", _("Choose a day ahead, on which the consent is looked at again."))


def refuse_to_leave_out(
    session: Session, narrower: Narrower, access_request: AccessRequest, given: Iterable[Approval], reason: str
) -> None:
    """Raise Invalid where instruments are left out that nobody asked for, all of them together, or without a reason."""
    asked = asked_for(session, access_request)
    if not asked.issuperset(narrower.left_out):
        message = _("Only instruments that the request asks for can be left out. Load it again to see which they are.")
        raise fault("grant.instruments", "left_out", message)
    if asked <= left_out_by(given) | set(narrower.left_out):
        message = _("With what others left out, nothing would be granted. Grant at least one instrument, or refuse.")
        raise fault("grant.instruments", "left_out", message)
    if not reason.strip():
        raise fault("grant.reason", "reason", _("Say why you leave instruments out; the applicant reads it."))


def asked_for(session: Session, access_request: AccessRequest) -> set[str]:
    """Return the public ids of the instruments that a request asks for. One statement."""
    return set(
        session.scalars(
            select(Instrument.public_id)
            .join(AccessRequestInstrument, AccessRequestInstrument.instrument_id == Instrument.id)
            .where(AccessRequestInstrument.access_request_id == access_request.id)
        )
    )


def left_out_by(given: Iterable[Approval]) -> set[str]:
    """Return the public ids of the instruments that any of these approvals leaves out."""
    return {one["id"] for approval in given for one in approval.left_out}


def with_names(session: Session, left_out: Collection[str]) -> list[dict[str, str]]:
    """Return instruments as an approval keeps them. One statement, none without any."""
    if not left_out:
        return []
    named = select(Instrument.public_id, Instrument.name).where(Instrument.public_id.in_(left_out))
    return [{"id": row.public_id, "name": row.name} for row in session.execute(named.order_by(Instrument.id))]


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
