"""The tables of accounting: pools of access units, quotes, and funding sources.

Amounts of money are decimals in the currency's main unit; access units are decimals of the unit that the row names.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal
from infra_access.ledger.models import MONEY, UNITS


class AccessPeriod(Base):
    """A span of time, such as half a year, for which a facility shares out its access units."""

    __tablename__ = "access_period"
    __table_args__ = (CheckConstraint("starts < ends", name="order"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    starts: Mapped[datetime]
    ends: Mapped[datetime]


class AccessPool(Base):
    """An amount of access units of one period for one purpose; a booking draws on exactly one pool, never beyond it.

    `purpose` is open-call, proprietary, in-house or set-aside. `serves` narrows a set-aside as a tariff's reductions
    are: {"country_group": "LDC", "startup": true}. What is unused on `falls_back_on` goes to the pool
    `falls_back_to_id`, once.
    """

    __tablename__ = "access_pool"
    __table_args__ = (
        CheckConstraint("used >= 0 AND used <= amount", name="never_overdrawn"),
        UniqueConstraint("period_id", "name"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    period_id: Mapped[int] = mapped_column(ForeignKey("access_period.id"))
    name: Mapped[str] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(20))
    access_unit: Mapped[str] = mapped_column(String(20))
    amount: Mapped[Decimal] = mapped_column(UNITS)
    used: Mapped[Decimal] = mapped_column(UNITS, default=Decimal(0))
    serves: Mapped[dict[str, Any]] = mapped_column(default=dict)
    falls_back_on: Mapped[date | None] = mapped_column(Date)
    falls_back_to_id: Mapped[int | None] = mapped_column(ForeignKey("access_pool.id"))
    fell_back_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class AccessPoolInstrument(Base):
    """That a pool pays for time on an instrument."""

    __tablename__ = "access_pool_instrument"

    pool_id: Mapped[int] = mapped_column(ForeignKey("access_pool.id"), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), primary_key=True, index=True)


class FundingSource(Base):
    """Where money comes from: `kind` is cost-centre, grant, purchase-order, voucher, programme or waiver.

    It belongs to a person or to an organisation. `used` counts what is booked or was used, never beyond `limit_amount`.
    """

    __tablename__ = "funding_source"
    __table_args__ = (
        CheckConstraint("used >= 0 AND used <= limit_amount", name="never_overdrawn"),
        CheckConstraint("(account_id IS NULL) <> (organisation_id IS NULL)", name="one_owner"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("billing", retention="legal")
    )
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    reference: Mapped[str] = mapped_column(String(200), default="")
    currency: Mapped[str] = mapped_column(String(3))
    limit_amount: Mapped[Decimal] = mapped_column(MONEY)
    used: Mapped[Decimal] = mapped_column(MONEY, default=Decimal(0))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class QuoteNumber(Base):
    """The last number that a facility gave a quote in a year; its row is locked while the next one is taken."""

    __tablename__ = "quote_number"

    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), primary_key=True, autoincrement=False)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class Quote(Base):
    """A numbered offer of a price: never changed once given.

    `facts` and `tariff` are what it was made of; `price` is `list_price` less the reduction that `ground` names.
    """

    __tablename__ = "quote"
    __table_args__ = (UniqueConstraint("facility_id", "number"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    number: Mapped[str] = mapped_column(String(20))
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), index=True)
    route_id: Mapped[int] = mapped_column(ForeignKey("access_route.id"))
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("billing", retention="legal")
    )
    acting_for_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    regime: Mapped[str] = mapped_column(String(20))
    access_unit: Mapped[str] = mapped_column(String(20))
    units: Mapped[Decimal] = mapped_column(UNITS)
    unit_price: Mapped[Decimal] = mapped_column(MONEY)
    list_price: Mapped[Decimal] = mapped_column(MONEY)
    price: Mapped[Decimal] = mapped_column(MONEY)
    currency: Mapped[str] = mapped_column(String(3))
    ground: Mapped[str] = mapped_column(String(200), default="")
    vat_note: Mapped[str] = mapped_column(String(300), default="")
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict, info=personal("billing", retention="legal"))
    tariff: Mapped[dict[str, Any]] = mapped_column(default=dict)
    valid_until: Mapped[datetime]
    created_at: Mapped[datetime]
