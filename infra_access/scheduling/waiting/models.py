"""The table of who waits for time on an instrument."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class WaitListEntry(Base):
    """That somebody waits for `minutes` on an instrument between two instants.

    `way` is the access route by which an offer is booked. `state` is waiting, offered, taken, lapsed or withdrawn. An
    offer is a booking on hold, `booking_id`, so that no time is ever offered to two.
    """

    __tablename__ = "wait_list_entry"
    __table_args__ = (
        CheckConstraint("earliest < latest", name="order"),
        CheckConstraint("minutes > 0", name="minutes"),
        Index("ix_wait_list_entry_instrument", "instrument_id", "state", "id"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("the booking", retention="record")
    )
    allocation_id: Mapped[int | None] = mapped_column(ForeignKey("allocation.id"))
    way: Mapped[str | None] = mapped_column(String(16))
    earliest: Mapped[datetime]
    latest: Mapped[datetime]
    minutes: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"), index=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
