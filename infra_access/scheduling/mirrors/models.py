"""The table of mirrored calendars; their events are occupancies of kind external."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class MirroredCalendar(Base):
    """The calendar of a resource that is scheduled elsewhere, as of `refreshed_at`.

    `source` is what people call the system it comes from; `content_hash` is the SHA-256 of the file last read. After
    `stale_after_minutes` the copy is shown as out of date.
    """

    __tablename__ = "mirrored_calendar"

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"), unique=True)
    source: Mapped[str] = mapped_column(String(200))
    refreshed_at: Mapped[datetime]
    refreshed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="record")
    )
    since: Mapped[datetime]
    until: Mapped[datetime]
    events: Mapped[int] = mapped_column(Integer)
    left_out: Mapped[int] = mapped_column(Integer, default=0)
    content_hash: Mapped[str] = mapped_column(String(64))
    stale_after_minutes: Mapped[int] = mapped_column(Integer, default=1440)
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
