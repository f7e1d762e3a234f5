"""The tables of closures and of lost time."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class Closure(Base):
    """That a resource is closed, once or by a recurrence rule in the facility's wall time; a plant closes its own.

    `starts` and `ends` are those of the first occurrence; each occurrence occupies the resource. `state` is planned or
    withdrawn; `kind` is maintenance, shutdown or other.
    """

    __tablename__ = "closure"
    __table_args__ = (
        CheckConstraint("starts < ends", name="order"),
        Index("ix_closure_facility_start", "facility_id", "starts"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(200), default="")
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    rrule: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20), default="planned")
    created_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="record")
    )
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class LostTime(Base):
    """Time of a booking at which the instrument could not be used, and why."""

    __tablename__ = "lost_time"
    __table_args__ = (CheckConstraint("starts < ends", name="order"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), index=True)
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    cause: Mapped[str] = mapped_column(String(30))
    note: Mapped[str] = mapped_column(Text, default="")
    recorded_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="record")
    )
    recorded_at: Mapped[datetime]
