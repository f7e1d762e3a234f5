"""The ledger of use: a line is written once and never changed; what was wrong is put right by a further line.

A month is that of the facility's own calendar. Writing a line and closing a month exclude each other by the row of
the facility, so that no line slips into a month that was just summed up.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.accounting import funding as sources
from infra_access.accounting.ledger_queries import totals_of
from infra_access.accounting.money import cents, share
from infra_access.accounting.months import clean_month, month_of
from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _, plain
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_text
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.models import ClosedMonth, UsageLine
from infra_access.ledger.vocabularies import UsageKind

_MOST = Decimal(10**9)


def write_usage(
    session: Session,
    *,
    now: datetime,
    actor: Actor,
    facility: Facility,
    instrument: Instrument,
    kind: str,
    units: Decimal,
    access_unit: str,
    list_value: Decimal,
    price: Decimal,
    currency: str,
    ground: str = "",
    note: str = "",
    subject: str,
    used: TimeSpan | None = None,
    booking_id: int | None = None,
    service_order_id: int | None = None,
    resource_id: int | None = None,
    allocation_id: int | None = None,
    funding_id: int | None = None,
    corrects: UsageLine | None = None,
    ended: datetime | None = None,
) -> UsageLine:
    """Write a line, in the month in which the use ended (by default, now); the command around it audits.

    `subject` is the public id of the booking or the order, `used` when it was.
    Where that month was closed, the line stands in the month of now and its note says so.
    """
    month = _open_month(session, facility, ended or now, now)
    belongs = month_of(facility, ended or now)
    if month != belongs:
        late = plain(_("Of ${month}, which was closed already.", mapping={"month": belongs}))
        note = f"{note}\n{late}" if note else late
    line = UsageLine(
        public_id=new_public_id(),
        facility_id=facility.id,
        instrument_id=instrument.id,
        resource_id=resource_id,
        booking_id=booking_id,
        service_order_id=service_order_id,
        allocation_id=allocation_id,
        funding_id=funding_id,
        corrects_id=corrects.id if corrects else None,
        subject=subject,
        used_from=used.start if used else None,
        used_until=used.end if used else None,
        kind=UsageKind(kind).value,
        access_unit=access_unit,
        units=units,
        list_value=cents(list_value),
        price=cents(price),
        currency=currency,
        ground=ground,
        note=note,
        month=month,
        written_by_id=actor.account_id,
        written_at=now,
    )
    session.add(line)
    session.flush()
    return line


def correct(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    line: UsageLine,
    units: Decimal,
    price: Decimal,
    note: str,
) -> UsageLine:
    """Put a line right by a further one: `units` and `price` are what is added, negative where something is taken back.

    It stands in the running month; what the funding source has left follows it. Raises Invalid where nothing would
    change, or less than nothing would remain.
    """
    facility = session.get_one(Facility, line.facility_id)
    require(actor, Permission.LEDGER_WRITE, facility_scopes(session, facility))
    note = clean_text(note, field="note", max_length=2_000, required=True)
    _refuse_correction(session, facility, line, units, price)
    if line.funding_id is not None and price > 0:
        sources.reserve(session, sources.lock_by_key(session, line.funding_id), price)
    elif line.funding_id is not None:
        sources.give_back(session, line.funding_id, -price)
    added = write_usage(
        session,
        now=now,
        actor=actor,
        facility=facility,
        instrument=session.get_one(Instrument, line.instrument_id),
        kind=UsageKind.ADJUSTED,
        units=units,
        access_unit=line.access_unit,
        list_value=share(line.list_value, units, line.units),
        price=price,
        currency=line.currency,
        note=note,
        subject=line.subject,
        used=TimeSpan(line.used_from, line.used_until) if line.used_from and line.used_until else None,
        booking_id=line.booking_id,
        service_order_id=line.service_order_id,
        resource_id=line.resource_id,
        allocation_id=line.allocation_id,
        funding_id=line.funding_id,
        corrects=line,
    )
    details = {"line": line.public_id, "units": str(units), "price": str(price), "reason": note}
    record(
        session,
        actor=actor,
        action="usage.corrected",
        object_kind="usage_line",
        object_id=added.public_id,
        now=now,
        details=details,
    )
    return added


def close_month(session: Session, *, actor: Actor, now: datetime, facility: Facility, month: str) -> ClosedMonth:
    """Close a month that is over: it gets no line any more. Raises Conflict `month.running` or `month.closed`."""
    require(actor, Permission.LEDGER_WRITE, facility_scopes(session, facility))
    month = clean_month(month)
    if month >= month_of(facility, now):
        message = _("${month} is not over yet. It can be closed once it is.", mapping={"month": month})
        raise Conflict("month.running", message)
    session.scalars(select(Facility.id).where(Facility.id == facility.id).with_for_update(key_share=True)).one()
    if is_closed(session, facility.id, month):
        raise Conflict("month.closed", _("${month} was closed already.", mapping={"month": month}))
    totals = totals_of(session, facility.id, month)
    closed = ClosedMonth(
        facility_id=facility.id,
        month=month,
        lines=sum(total.lines for total in totals),
        totals={total.currency: total.as_json() for total in totals},
        closed_by_id=actor.account_id,
        closed_at=now,
    )
    session.add(closed)
    session.flush()
    record(
        session,
        actor=actor,
        action="month.closed",
        object_kind="facility",
        object_id=facility.public_id,
        now=now,
        details={"month": month, "lines": closed.lines, "totals": closed.totals},
    )
    return closed


def is_closed(session: Session, facility_id: int, month: str) -> bool:
    """Tell whether a facility closed a month."""
    found = select(ClosedMonth.id).where(ClosedMonth.facility_id == facility_id, ClosedMonth.month == month)
    return session.scalar(found) is not None


def _open_month(session: Session, facility: Facility, ended: datetime, now: datetime) -> str:
    """Return the month that a line goes to, which stays open until the transaction ends."""
    session.scalars(select(Facility.id).where(Facility.id == facility.id).with_for_update(read=True)).one()
    month = month_of(facility, ended)
    return month_of(facility, now) if is_closed(session, facility.id, month) else month


def _refuse_correction(session: Session, facility: Facility, line: UsageLine, units: Decimal, price: Decimal) -> None:
    for field, value in (("units", units), ("price", price)):
        if not value.is_finite() or abs(value) > _MOST or value != round(value, 2):
            raise fields.fault("usage.amount", field, _("Give a number with at most two decimals."))
    if line.corrects_id is not None:
        raise fields.fault("usage.corrects", "line", _("This line corrects another. Correct that one again."))
    if not units and not price:
        raise fields.fault("usage.nothing", "units", _("This would change nothing."))
    # Two corrections at once would each see what was there before.
    session.scalars(select(UsageLine.id).where(UsageLine.id == line.id).with_for_update(key_share=True)).one()
    so_far = session.execute(
        select(func.sum(UsageLine.units), func.sum(UsageLine.price)).where(UsageLine.corrects_id == line.id)
    ).one()
    for field, whole, before, value in (
        ("units", line.units, so_far[0], units),
        ("price", line.price, so_far[1], price),
    ):
        if whole + (before or Decimal(0)) + value < 0:
            raise fields.fault("usage.below_zero", field, _("This takes back more than there is."))
