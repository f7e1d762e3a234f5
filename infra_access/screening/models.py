"""The tables of screening: the lists that a site supplied, and what officers decided. Hits are computed, never kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal

_LISTED = personal("sanctions published by an authority", retention="legal", exportable=False, erasable=False)
_DECIDED = personal("export control", retention="legal", exportable=False, erasable=False)


class ScreeningList(Base):
    """A list as it was taken in, with the SHA-256 of its file. `state` is current, superseded or removed.

    `entries` counts the rows of the file, `compared` those with a person or an organisation. Only a current list has
    its entries; of the others it stays known what was used when.
    """

    __tablename__ = "screening_list"
    __table_args__ = (Index("ix_screening_list_state", "state", "name"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(100))
    format: Mapped[str] = mapped_column(String(20))
    sha256: Mapped[str] = mapped_column(String(64))
    aliases_sha256: Mapped[str | None] = mapped_column(String(64))
    entries: Mapped[int] = mapped_column(Integer)
    compared: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(20))
    loaded_at: Mapped[datetime]
    loaded_by: Mapped[str] = mapped_column(String(200), info=personal("accountability", retention="legal"))
    ended_at: Mapped[datetime | None]


class ScreeningEntry(Base):
    """One entry of a current list, as it is listed; `digest` is of all of that, to know the same entry again."""

    __tablename__ = "screening_entry"

    id: Mapped[PrimaryKey]
    list_id: Mapped[int] = mapped_column(ForeignKey("screening_list.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(String(200))
    names: Mapped[list[Any]] = mapped_column(info=_LISTED)
    born: Mapped[str] = mapped_column(Text, info=_LISTED)
    countries: Mapped[str] = mapped_column(Text, info=_LISTED)
    programme: Mapped[str] = mapped_column(Text)
    remarks: Mapped[str] = mapped_column(Text, info=_LISTED)
    digest: Mapped[str] = mapped_column(String(64))


class ScreeningWord(Base):
    """A word of a name of an entry: which of its names (`loading.listed_name`), and how many words that name has."""

    __tablename__ = "screening_word"

    word: Mapped[str] = mapped_column(String(64), primary_key=True, info=_LISTED)
    entry_id: Mapped[int] = mapped_column(ForeignKey("screening_entry.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    size: Mapped[int] = mapped_column(Integer)


class ScreeningDecision(Base):
    """What an officer decided on one candidate: `verdict` is same or different. The latest on a candidate counts.

    `candidate` is the hash of who was compared with which entry as it was listed then, so that it holds for the same
    again, and for nothing else. The subject is known by its public id, since requests and bookings lie above.
    """

    __tablename__ = "screening_decision"
    __table_args__ = (Index("ix_screening_decision_subject", "subject_kind", "subject_public_id"),)

    id: Mapped[PrimaryKey]
    subject_kind: Mapped[str] = mapped_column(String(20))
    subject_public_id: Mapped[str] = mapped_column(String(16))
    approval_public_id: Mapped[str] = mapped_column(String(16))
    candidate: Mapped[str] = mapped_column(String(32))
    party: Mapped[str] = mapped_column(String(300), info=_DECIDED)
    listed: Mapped[str] = mapped_column(Text, info=_DECIDED)
    reference: Mapped[str] = mapped_column(String(200))
    list_name: Mapped[str] = mapped_column(String(100))
    list_sha256: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    decided_by_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal", erasable=False)
    )
    decided_at: Mapped[datetime]


class ScreeningUse(Base):
    """That an approval was given after looking into a list: which, by its hash, and how many candidates it had."""

    __tablename__ = "screening_use"

    id: Mapped[PrimaryKey]
    approval_public_id: Mapped[str] = mapped_column(String(16), index=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("screening_list.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    candidates: Mapped[int] = mapped_column(Integer)
    used_at: Mapped[datetime]
