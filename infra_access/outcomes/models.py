"""The table of what came of an access."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class Outcome(Base):
    """One thing that came of an access: `kind` is publication, dataset, patent, software or other.

    `identifier` is a DOI or another address in full, or the number of a patent; `licence` an id of SPDX.
    `instrument_id` says which of the request's instruments it is of, None all of them. Removed ones stay, with the
    reason.
    """

    __tablename__ = "outcome"

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    access_request_id: Mapped[int] = mapped_column(ForeignKey("access_request.id"), index=True)
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instrument.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300))
    identifier: Mapped[str] = mapped_column(String(500), default="")
    licence: Mapped[str | None] = mapped_column(String(100))
    embargo_until: Mapped[date | None] = mapped_column(Date)
    credit: Mapped[str] = mapped_column(Text, default="", info=personal("credit", retention="record"))
    added_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="record")
    )
    added_at: Mapped[datetime]
    removed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="record")
    )
    removed_at: Mapped[datetime | None]
    removed_reason: Mapped[str | None] = mapped_column(Text)
