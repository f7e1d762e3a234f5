"""The tables of time: opening hours, bookings with their lines, and the occupancy that the database guards."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, String, Text, literal_column, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal

OCCUPANCY_GUARD = "occupancy_no_overlap"


class OpeningHours(Base):
    """One span of weekly opening hours in the facility's wall time: weekday 0 is Monday, `closes` may be 24:00.

    A facility without a row is open at all times.
    """

    __tablename__ = "opening_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("opens < closes", name="order"),
    )

    id: Mapped[PrimaryKey]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), index=True)
    weekday: Mapped[int] = mapped_column(Integer)
    opens: Mapped[str] = mapped_column(String(5))
    closes: Mapped[str] = mapped_column(String(5))


class OpeningException(Base):
    """What holds on one date instead of the weekly hours; without times the facility is closed all day."""

    __tablename__ = "opening_exception"
    __table_args__ = (Index("ix_opening_exception_day", "facility_id", "day"),)

    id: Mapped[PrimaryKey]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    day: Mapped[date] = mapped_column(Date)
    opens: Mapped[str | None] = mapped_column(String(5))
    closes: Mapped[str | None] = mapped_column(String(5))
    label: Mapped[str] = mapped_column(String(200), default="")


class FacilityCalendar(Base):
    """Which public holidays close a facility, and the version of its hours, raised by each change of them.

    `holiday_country` (ISO 3166-1) and `holiday_region` (the part after the hyphen of ISO 3166-2) name the calendar; no
    country means that public holidays do not close it. A facility without a row has version 0.
    """

    __tablename__ = "facility_calendar"

    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, default=0)
    holiday_country: Mapped[str | None] = mapped_column(String(2))
    holiday_region: Mapped[str | None] = mapped_column(String(10))


class BookingRuleSet(Base):
    """Booking rules of a facility (its defaults) or of one instrument; a route's own stand with the route."""

    __tablename__ = "booking_rule_set"
    __table_args__ = (CheckConstraint("(facility_id IS NULL) <> (instrument_id IS NULL)", name="one_scope"),)

    id: Mapped[PrimaryKey]
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facility.id"), unique=True)
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instrument.id"), unique=True)
    rules: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")


WAITING = text("state IN ('pending_approval', 'requested')")


class Booking(Base):
    """One purpose with one or more lines, all or nothing. `uid` and `sequence` are what calendars know it by.

    `route_id` is the way in that it came by without a request; of one with an allocation, the request knows that.
    `answer_by` is when a hold or a proposal lapses; `wanted_minutes` the length that a team asked for without
    choosing the time, anywhere from `wanted_from` to `wanted_until`; `recurrence_id` the start that its series
    first gave it; bookings made together share a `bundle`; `ended_at` is when a session ended, where that was
    earlier than booked. It draws `units` on its allocation, `pool_units` on its pool and `funding_amount` on its
    funding source.
    Whom the closure `displaced_by_id` moved to another time may cancel without notice.
    """

    __tablename__ = "booking"
    __table_args__ = (
        Index("ix_booking_account_start", "account_id", "starts"),
        Index("ix_booking_instrument_start", "instrument_id", "starts"),
        Index("ix_booking_waiting", "starts", sqlite_where=WAITING, postgresql_where=WAITING),
        CheckConstraint("starts < ends", name="order"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), info=personal("the booking", retention="record"))
    acting_for_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    allocation_id: Mapped[int | None] = mapped_column(ForeignKey("allocation.id"), index=True)
    route_id: Mapped[int | None] = mapped_column(ForeignKey("access_route.id"), index=True)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("booking_series.id"), index=True)
    recurrence_id: Mapped[datetime | None]
    bundle: Mapped[str | None] = mapped_column(String(16), index=True)
    pool_id: Mapped[int | None] = mapped_column(ForeignKey("access_pool.id"), index=True)
    quote_id: Mapped[int | None] = mapped_column(ForeignKey("quote.id"), index=True)
    funding_id: Mapped[int | None] = mapped_column(ForeignKey("funding_source.id"), index=True)
    pool_units: Mapped[Decimal] = mapped_column(Numeric(12, 2), default=Decimal(0), server_default="0")
    funding_amount: Mapped[Decimal] = mapped_column(Numeric(14, 2), default=Decimal(0), server_default="0")
    title: Mapped[str] = mapped_column(String(300), default="", info=personal("the booking", retention="record"))
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    units: Mapped[Decimal] = mapped_column(Numeric(12, 2), default=Decimal(0))
    state: Mapped[str] = mapped_column(String(24))
    state_reason: Mapped[str | None] = mapped_column(Text)
    answer_by: Mapped[datetime | None] = mapped_column(index=True)
    wanted_minutes: Mapped[int | None] = mapped_column(Integer)
    wanted_from: Mapped[datetime | None]
    wanted_until: Mapped[datetime | None]
    checked_in_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    displaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("closure.id"), index=True)
    uid: Mapped[str] = mapped_column(String(80), unique=True)
    sequence: Mapped[int] = mapped_column(Integer, default=0)
    case: Mapped[str | None] = mapped_column(String(20))
    decision: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class BookingLine(Base):
    """One resource that a booking takes, for its own span."""

    __tablename__ = "booking_line"
    __table_args__ = (CheckConstraint("starts < ends", name="order"),)

    id: Mapped[PrimaryKey]
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), index=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"), index=True)
    starts: Mapped[datetime]
    ends: Mapped[datetime]


class Occupancy(Base):
    """A span that keeps a resource busy: kind booking, hold, draft, change_over, maintenance or external.

    A hold or a proposal lapses at `lapses_at`, whether or not somebody has deleted its rows by then. Rows exist only
    while they hold; a cancelled booking has none. No two of a resource overlap, whatever writes them: an exclusion
    constraint on PostgreSQL, a trigger on SQLite (see `guard`).
    """

    __tablename__ = "occupancy"
    __table_args__ = (
        CheckConstraint("starts < ends", name="order"),
        Index("ix_occupancy_resource_start", "resource_id", "starts"),
        ExcludeConstraint(
            (literal_column("int8range(resource_id, resource_id, '[]')"), "&&"),
            (literal_column("tstzrange(starts, ends)"), "&&"),
            name=OCCUPANCY_GUARD,
            using="gist",
        ).ddl_if(dialect="postgresql"),
    )

    id: Mapped[PrimaryKey]
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"), index=True)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("session_draft.id"), index=True)
    closure_id: Mapped[int | None] = mapped_column(ForeignKey("closure.id"), index=True)
    mirror_id: Mapped[int | None] = mapped_column(ForeignKey("mirrored_calendar.id"), index=True)
    lapses_at: Mapped[datetime | None]
    label: Mapped[str] = mapped_column(String(200), default="")
