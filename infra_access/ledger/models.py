"""The tables of the ledger: what was used, the months that were closed, and what was contributed in kind.

Amounts of money are decimals in the currency's main unit; access units are decimals of the unit that the row names.
Whose use a line is of stands in the booking or the order, whose packages lie above this one (`ledger.giving`).
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal

UNITS = Numeric(12, 2)
MONEY = Numeric(14, 2)


class UsageLine(Base):
    """One entry of the ledger: `kind` is used, lost, no-show or adjusted. Corrected only by a further line.

    `subject` is the public id of the booking or the order that it is of, `used_from` and `used_until` when that was;
    an order has no such time. `month` ("YYYY-MM") is that of the facility's calendar in which the use ended. `units`
    and `price` are negative where a correction takes back.
    """

    __tablename__ = "usage_line"
    __table_args__ = (
        CheckConstraint("booking_id IS NOT NULL OR service_order_id IS NOT NULL", name="of_something"),
        Index("ix_usage_line_month", "facility_id", "month"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    resource_id: Mapped[int | None] = mapped_column(ForeignKey("resource.id"))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"), index=True)
    service_order_id: Mapped[int | None] = mapped_column(ForeignKey("service_order.id"), index=True)
    allocation_id: Mapped[int | None] = mapped_column(ForeignKey("allocation.id"))
    funding_id: Mapped[int | None] = mapped_column(ForeignKey("funding_source.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("usage_line.id"))
    subject: Mapped[str] = mapped_column(String(16))
    used_from: Mapped[datetime | None]
    used_until: Mapped[datetime | None]
    kind: Mapped[str] = mapped_column(String(20))
    access_unit: Mapped[str] = mapped_column(String(20))
    units: Mapped[Decimal] = mapped_column(UNITS)
    list_value: Mapped[Decimal] = mapped_column(MONEY)
    price: Mapped[Decimal] = mapped_column(MONEY)
    currency: Mapped[str] = mapped_column(String(3))
    ground: Mapped[str] = mapped_column(String(200), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    month: Mapped[str] = mapped_column(String(7))
    written_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal")
    )
    written_at: Mapped[datetime]


class ClosedMonth(Base):
    """That a facility closed a month of its ledger, with what it came to: {currency: {lines, list_value, price}}."""

    __tablename__ = "closed_month"
    __table_args__ = (UniqueConstraint("facility_id", "month"),)

    id: Mapped[PrimaryKey]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    month: Mapped[str] = mapped_column(String(7))
    lines: Mapped[int] = mapped_column(Integer)
    totals: Mapped[dict[str, Any]] = mapped_column(default=dict)
    closed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal")
    )
    closed_at: Mapped[datetime]


class Contribution(Base):
    """What an organisation gave the network otherwise than by access, at a stated value.

    Corrected only by a further line; `value` is negative where a correction takes back.
    """

    __tablename__ = "contribution"
    __table_args__ = (Index("ix_contribution_given_on", "given_on"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("contribution.id"), index=True)
    what: Mapped[str] = mapped_column(String(300))
    value: Mapped[Decimal] = mapped_column(MONEY)
    currency: Mapped[str] = mapped_column(String(3))
    given_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    noted_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal")
    )
    noted_at: Mapped[datetime]
