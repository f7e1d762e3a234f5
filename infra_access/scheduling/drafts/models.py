"""The tables of a drafted schedule. A draft is no booking, so that no list of bookings can show it by mistake."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class SessionSchedule(Base):
    """A schedule of a facility for a period: `state` is draft, published or discarded.

    Once it is published, each team answers by `answer_by`.
    """

    __tablename__ = "session_schedule"
    __table_args__ = (CheckConstraint("period_start < period_end", name="order"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20), default="draft")
    answer_by: Mapped[datetime | None]
    created_by_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="record")
    )
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class SessionDraft(Base):
    """One session of a schedule for what a team was granted: it occupies its resource, and only the office sees whose.

    `booking_id` names what it became when the schedule was published.
    """

    __tablename__ = "session_draft"
    __table_args__ = (CheckConstraint("starts < ends", name="order"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("session_schedule.id"), index=True)
    allocation_id: Mapped[int] = mapped_column(ForeignKey("allocation.id"), index=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    note: Mapped[str] = mapped_column(String(200), default="")
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"), index=True)
