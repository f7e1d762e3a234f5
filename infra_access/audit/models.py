"""The audit table. Rows are only ever inserted."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import KEY, Base, PrimaryKey, PublicId, personal


class AuditEvent(Base):
    """One act: `action` is `object.verb`, `object_id` the public id of what it was done to.

    `leaf` is the SHA-256 of the event with its own random `salt`, so that a later change of a row shows, and an
    erasure of the salt and the personal parts leaves the leaves as they are.
    """

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_object", "object_kind", "object_id", "id"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None] = mapped_column(
        KEY, info=personal("accountability", retention="legal", erasable=False)
    )
    actor_label: Mapped[str] = mapped_column(String(200), info=personal("accountability", retention="legal"))
    action: Mapped[str] = mapped_column(String(80), index=True)
    object_kind: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(10), default="done")
    details: Mapped[dict[str, Any]] = mapped_column(info=personal("accountability", retention="legal"))
    request_id: Mapped[str | None] = mapped_column(String(36))
    salt: Mapped[str] = mapped_column(String(32))
    leaf: Mapped[str] = mapped_column(String(64))
