"""The tables of a series: its rule, and what became of each occurrence."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class BookingSeries(Base):
    """A recurrence rule (RFC 5545) in the facility's wall time, as it was asked for; `on_conflict` is skip or fail.

    What stands now is with the occurrences, each of which is a booking of its own.
    """

    __tablename__ = "booking_series"

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), index=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("the booking", retention="record")
    )
    allocation_id: Mapped[int | None] = mapped_column(ForeignKey("allocation.id"))
    resource: Mapped[str | None] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(300), default="", info=personal("the booking", retention="record"))
    rrule: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(String(64))
    on_conflict: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class SeriesOccurrence(Base):
    """One occurrence of a series: `state` is booked or skipped; `code` and `reason` say what was in the way.

    `recurrence` is the wall time at which the rule puts it, its name for ever; `wall_start` and `wall_end` are where
    the series, moved since as a whole, puts it now. All three are naive, as "YYYY-MM-DDTHH:MM", in the series' zone;
    `start_fold` and `end_fold` tell where clocks show such a time twice and the second is meant.
    """

    __tablename__ = "series_occurrence"
    __table_args__ = (UniqueConstraint("series_id", "recurrence"),)

    id: Mapped[PrimaryKey]
    series_id: Mapped[int] = mapped_column(ForeignKey("booking_series.id"))
    recurrence: Mapped[str] = mapped_column(String(16))
    wall_start: Mapped[str] = mapped_column(String(16))
    wall_end: Mapped[str] = mapped_column(String(16))
    start_fold: Mapped[bool]
    end_fold: Mapped[bool]
    state: Mapped[str] = mapped_column(String(10))
    code: Mapped[str | None] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(Text)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"), index=True)
