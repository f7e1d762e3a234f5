"""The table of service orders."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class ServiceOrder(Base):
    """Work on samples without a slot, in the states of `lifecycle`.

    `promised_at` is when the result is due, counted from the arrival of the samples. The queue of an instrument is
    served by `ordered_at`, except where an urgent order was put ahead by `priority` (higher first). `terms` are those
    offered with the quote, {title, version, text, text_hash}, or nothing; ordering accepts them. Of repeated work the
    instants are those of the last time; `closed_at` is when it was accepted, disputed or cancelled.
    """

    __tablename__ = "service_order"
    __table_args__ = (
        CheckConstraint("samples > 0", name="samples"),
        Index("ix_service_order_queue", "instrument_id", "state", "ordered_at"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    route_id: Mapped[int] = mapped_column(ForeignKey("access_route.id"), index=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("the order", retention="record")
    )
    acting_for_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    allocation_id: Mapped[int | None] = mapped_column(ForeignKey("allocation.id"), index=True)
    quote_id: Mapped[int] = mapped_column(ForeignKey("quote.id"), index=True)
    funding_id: Mapped[int | None] = mapped_column(ForeignKey("funding_source.id"), index=True)
    title: Mapped[str] = mapped_column(String(300))
    regime: Mapped[str] = mapped_column(String(20))
    samples: Mapped[int] = mapped_column(Integer)
    sample_description: Mapped[str] = mapped_column(Text)
    hazards: Mapped[str] = mapped_column(Text, default="")
    return_samples: Mapped[bool] = mapped_column(default=False)
    terms: Mapped[dict[str, Any]] = mapped_column(default=dict)
    case: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    state_reason: Mapped[str | None] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(Integer, default=0)
    ordered_at: Mapped[datetime | None]
    samples_received_at: Mapped[datetime | None]
    samples_received: Mapped[int | None] = mapped_column(Integer)
    condition_note: Mapped[str] = mapped_column(Text, default="")
    promised_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    deliverable: Mapped[str] = mapped_column(Text, default="")
    tracking_in: Mapped[str] = mapped_column(String(200), default="")
    tracking_out: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
