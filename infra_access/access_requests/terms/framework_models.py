"""The tables of what is agreed beyond one request: the versions of a route's terms, and framework agreements."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class TermsVersion(Base):
    """That a route's terms stood under a version, with the SHA-256 of what they said: it never says anything else.

    `part` is a regime, mta, or agreement: with the code by which rules ask for it.
    """

    __tablename__ = "terms_version"
    __table_args__ = (UniqueConstraint("route_id", "part", "version"),)

    id: Mapped[PrimaryKey]
    route_id: Mapped[int] = mapped_column(ForeignKey("access_route.id"))
    part: Mapped[str] = mapped_column(String(120))
    version: Mapped[str] = mapped_column(String(40))
    content_hash: Mapped[str] = mapped_column(String(64))
    first_at: Mapped[datetime]


class FrameworkAgreement(Base):
    """What a host organisation and a partner organisation agreed for the partner's later requests at the host's places.

    `kind` is framework, nda, mta or the code by which rules ask for it; `state` is draft, offered, in_force or ended.
    Its text, regimes and points never change: another version is another row. `text` holds points, regimes, sides and
    validity too, so that its hash covers them. `drafted_by` is the side whose draft it was; `valid_until` None is
    without an end.
    """

    __tablename__ = "framework_agreement"
    __table_args__ = (
        CheckConstraint("host_id <> partner_id", name="two_sides"),
        CheckConstraint("valid_until IS NULL OR valid_from < valid_until", name="order"),
        Index("ix_framework_agreement_sides", "host_id", "partner_id", "state"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    host_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(200))
    text_version: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str] = mapped_column(String(64))
    regimes: Mapped[list[Any]]
    points: Mapped[dict[str, Any]] = mapped_column(default=dict)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    drafted_by: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), default="draft")
    state_since: Mapped[datetime]
    end_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    offered_at: Mapped[datetime | None]
    in_force_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class FrameworkAcceptance(Base):
    """That one side accepted: side is host or partner, with who and when and the hash they saw.

    The database itself refuses a second acceptance of a side, and one person for both.
    """

    __tablename__ = "framework_acceptance"
    __table_args__ = (UniqueConstraint("framework_id", "side"), UniqueConstraint("framework_id", "account_id"))

    id: Mapped[PrimaryKey]
    framework_id: Mapped[int] = mapped_column(ForeignKey("framework_agreement.id"))
    side: Mapped[str] = mapped_column(String(20))
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), info=personal("signature", retention="legal", erasable=False)
    )
    accepted_at: Mapped[datetime]
    text_hash: Mapped[str] = mapped_column(String(64))
