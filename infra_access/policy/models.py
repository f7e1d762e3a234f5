"""The tables of policy: documents of rules, the groups of countries they name, and the decisions made."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId


class PolicyDocument(Base):
    """A version of a set of rules for one scope: draft, published or superseded. A published one is never edited.

    `scope_kind` is network, country, organisation, facility, route, instrument or tag; `scope_key` is empty for the
    network, a country code, a tag, else a public id.
    """

    __tablename__ = "policy_document"
    __table_args__ = (
        UniqueConstraint("scope_kind", "scope_key", "name", "number"),
        Index("ix_policy_document_state", "state", "scope_kind", "scope_key"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    scope_kind: Mapped[str] = mapped_column(String(20))
    scope_key: Mapped[str] = mapped_column(String(100), default="")
    name: Mapped[str] = mapped_column(String(100))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    rules: Mapped[list[Any]]
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class PolicyHead(Base):
    """The one row that every publication advances and every decision reads: what "the policy" was at a moment.

    `stamp` is new each time, so that a number used again, after a roll-back or a restored copy, is not taken for known.
    """

    __tablename__ = "policy_head"

    id: Mapped[PrimaryKey]
    number: Mapped[int]
    stamp: Mapped[str] = mapped_column(String(16))
    changed_at: Mapped[datetime]


class CountryGroup(Base):
    """A dated group of countries, such as ODA-eligible on a day. Sources disagree on members, so each names its own."""

    __tablename__ = "country_group"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    as_of: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(300))
    countries: Mapped[list[Any]]


class DecisionRecord(Base):
    """A decision that something rested on: the facts and rules as canonical JSON, so that it can be made again.

    `overridden` are the rules that were left out, since an exception from them was granted, with its day. After an
    erasure `facts` is emptied; the hashes and the outcome stay.
    """

    __tablename__ = "decision_record"
    __table_args__ = (Index("ix_decision_record_subject", "subject_kind", "subject_id"),)

    id: Mapped[PrimaryKey]
    case: Mapped[str] = mapped_column(String(20), index=True)
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(30))
    policy_version: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    facts: Mapped[str] = mapped_column(Text)
    rules: Mapped[str] = mapped_column(Text)
    decision: Mapped[str] = mapped_column(Text)
    facts_hash: Mapped[str] = mapped_column(String(64))
    rules_hash: Mapped[str] = mapped_column(String(64))
    overridden: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
