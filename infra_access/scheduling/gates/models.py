"""The table of clearances."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, personal


class GateClearance(Base):
    """That somebody of the facility holds a gate of a booking for met, until it is taken back.

    `gate` is `kind:code`; `account_id` the person of whom it asks, `sample` the fingerprint of the sample (see
    `access_requests.gates.judging`). The paper that was seen is named by `title` and `number`, and by the SHA-256 of
    its file. The person stands in the row so that the database itself refuses a clearance by them.
    """

    __tablename__ = "gate_clearance"
    __table_args__ = (CheckConstraint("account_id IS NULL OR account_id <> cleared_by_id", name="cleared_by_another"),)

    id: Mapped[PrimaryKey]
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), index=True)
    gate: Mapped[str] = mapped_column(String(140))
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("safety", retention="record")
    )
    sample: Mapped[str | None] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200), default="", info=personal("safety", retention="record"))
    number: Mapped[str] = mapped_column(String(100), default="", info=personal("safety", retention="record"))
    sha256: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="", info=personal("safety", retention="record"))
    cleared_by_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal", erasable=False)
    )
    cleared_at: Mapped[datetime]
