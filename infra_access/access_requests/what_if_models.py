"""The table of what a draft of rules would change for all requests of the past, worked out part by part."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class RunState(StrEnum):
    """How far a run is."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


OPEN = (RunState.WAITING, RunState.RUNNING)


class WhatIfRun(Base):
    """That somebody asked what a draft would change, how far that is worked out, and what was found.

    `rules` are those of the draft when it was asked for, and `policy_version` what they are compared with: None before
    the first part. Requests are gone through from the latest to the earliest; (`reached_at`, `reached_id`) is the last
    one. A worker that works on it holds it by `claim` until `claimed_until`; `attempts` are its claims since a part was
    last done. `error` is a code, and says why it failed.
    """

    __tablename__ = "what_if_run"
    __table_args__ = (Index("ix_what_if_run_state", "state", "id"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    document_id: Mapped[int] = mapped_column(ForeignKey("policy_document.id"), index=True)
    document_version: Mapped[int] = mapped_column(Integer)
    rules: Mapped[list[Any]]
    months: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(20))
    asked_by: Mapped[str] = mapped_column(String(200), info=personal("accountability", retention="record"))
    asked_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("accountability", retention="record")
    )
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    policy_version: Mapped[str | None] = mapped_column(String(40))
    reached_at: Mapped[datetime | None]
    reached_id: Mapped[int | None]
    found: Mapped[dict[str, Any]] = mapped_column(default=dict)
    claim: Mapped[str | None] = mapped_column(String(16))
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str | None] = mapped_column(String(60))
