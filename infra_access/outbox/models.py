"""The table of events that wait for delivery."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey


class OutboxEvent(Base):
    """One event: committed with the change it tells of, or not at all."""

    __tablename__ = "outbox_event"
    __table_args__ = (Index("ix_outbox_event_due", "delivered_at", "due_at", "id"),)

    id: Mapped[PrimaryKey]
    kind: Mapped[str] = mapped_column(String(80))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    claimed_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
