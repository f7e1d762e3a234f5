"""The tables of free windows: the index itself, and how far it is up to date for each resource."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base


class FreeWindow(Base):
    """A maximal span at which a resource is open and nothing occupies it or its plant; a search index, not the truth.

    `instrument_id` repeats that of the resource, so that a search over instruments reads this table alone. Its keys are
    not declared foreign: rows come only from resources just read under their lock, and looking each up again cost
    two thirds of the speed of a rebuild.
    """

    __tablename__ = "free_window"
    __table_args__ = (
        CheckConstraint("starts < ends", name="order"),
        Index("ix_free_window_start", "starts"),
        Index("ix_free_window_instrument_start", "instrument_id", "starts"),
    )

    resource_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    starts: Mapped[datetime] = mapped_column(primary_key=True)
    ends: Mapped[datetime]
    instrument_id: Mapped[int | None]


class FreeWindowHead(Base):
    """From when until when a resource's windows are kept, and of what they were made.

    The row is missing, or names an older `hours_version`, another zone or plant than the resource has now, or another
    `stamp` of the calendar data, where the windows must be made anew.
    """

    __tablename__ = "free_window_head"
    __table_args__ = (Index("ix_free_window_head_until", "until"),)

    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"), primary_key=True, autoincrement=False)
    hours_version: Mapped[int] = mapped_column(Integer)
    zone: Mapped[str] = mapped_column(String(64))
    plant_id: Mapped[int | None] = mapped_column(ForeignKey("resource.id"))
    stamp: Mapped[str] = mapped_column(String(80))
    since: Mapped[datetime]
    until: Mapped[datetime]
    refreshed_at: Mapped[datetime]
