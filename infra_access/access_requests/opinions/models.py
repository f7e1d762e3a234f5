"""The tables of opinions from outside: what was asked of whom, what they said, and the links by which they say it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class OutsideOpinion(Base):
    """What an expert without an account is asked about an approval, and what they answered, once.

    `summary` is all that the expert reads of the request beside its facility and instruments. `conflict` is None where
    there is none. What ends it without an answer is told by `states.state_of`.
    """

    __tablename__ = "outside_opinion"
    __table_args__ = (
        CheckConstraint("asked_at < expires_at", name="order"),
        CheckConstraint("(answered_at IS NULL) = (recommendation IS NULL)", name="answer_is_whole"),
        CheckConstraint("(withdrawn_by_id IS NULL) = (withdrawn_at IS NULL)", name="withdrawal_has_a_person"),
        CheckConstraint("answered_at IS NULL OR withdrawn_at IS NULL", name="one_end"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"), index=True)
    email: Mapped[str] = mapped_column(String(254), info=personal("an opinion", retention="record"))
    name: Mapped[str] = mapped_column(String(200), info=personal("an opinion", retention="record"))
    question: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    asked_by_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal", erasable=False)
    )
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    withdrawn_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal", erasable=False)
    )
    withdrawn_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    conflict: Mapped[str | None] = mapped_column(Text, info=personal("an opinion", retention="record"))
    recommendation: Mapped[str | None] = mapped_column(String(30))
    reasons: Mapped[str | None] = mapped_column(Text, info=personal("an opinion", retention="record"))


class OpinionLink(Base):
    """A link to give one opinion; only its SHA-256 is kept. A mail that goes out again brings another."""

    __tablename__ = "opinion_link"

    id: Mapped[PrimaryKey]
    opinion_id: Mapped[int] = mapped_column(ForeignKey("outside_opinion.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
