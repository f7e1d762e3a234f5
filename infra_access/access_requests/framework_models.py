"""The tables of what is agreed beyond one request: the versions of a route's terms, and framework agreements."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey


class TermsVersion(Base):
    """That a route's terms stood under a version, with the SHA-256 of what they said: it never says anything else.

    `part` is a regime, or mta.
    """

    __tablename__ = "terms_version"
    __table_args__ = (UniqueConstraint("route_id", "part", "version"),)

    id: Mapped[PrimaryKey]
    route_id: Mapped[int] = mapped_column(ForeignKey("access_route.id"))
    part: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(40))
    content_hash: Mapped[str] = mapped_column(String(64))
    first_at: Mapped[datetime]
