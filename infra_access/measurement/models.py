"""The table of what was contributed in kind, beside the use that the ledger counts."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Date, ForeignKey, Index, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class Contribution(Base):
    """What an organisation gave the network otherwise than by access, at a stated value.

    Corrected only by a further line; `value` is negative where a correction takes back.
    """

    __tablename__ = "contribution"
    __table_args__ = (Index("ix_contribution_given_on", "given_on"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("contribution.id"), index=True)
    what: Mapped[str] = mapped_column(String(300))
    value: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    currency: Mapped[str] = mapped_column(String(3))
    given_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    noted_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal")
    )
    noted_at: Mapped[datetime]
