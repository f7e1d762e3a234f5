"""The tables around approvals: yeses given ahead, proposed changes, what is asked, who stepped back, exceptions."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal


class StandingAuthorisation(Base):
    """One role's yes given ahead, to later requests of an organisation or a person, until a date.

    `instrument_ids`, `purposes` and `regimes` narrow it; empty means all within the scope. `most_units` is the most
    that one request may ask for. It answers approvals of its role in its scope, and each quotes it.
    """

    __tablename__ = "standing_authorisation"
    __table_args__ = (
        CheckConstraint("(organisation_id IS NULL) <> (account_id IS NULL)", name="for_one"),
        CheckConstraint("account_id IS NULL OR account_id <> given_by_id", name="given_by_another"),
        CheckConstraint("valid_from < valid_until", name="order"),
        Index("ix_standing_authorisation_scope", "role", "scope_kind", "scope_key"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    role: Mapped[str] = mapped_column(String(40))
    scope_kind: Mapped[str] = mapped_column(String(20))
    scope_key: Mapped[str] = mapped_column(String(40))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("access policy", retention="record")
    )
    instrument_ids: Mapped[list[Any]] = mapped_column(default=list)
    purposes: Mapped[list[Any]] = mapped_column(default=list)
    regimes: Mapped[list[Any]] = mapped_column(default=list)
    most_units: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    reason: Mapped[str] = mapped_column(Text)
    conditions: Mapped[str | None] = mapped_column(Text)
    given_by_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal", erasable=False)
    )
    given_at: Mapped[datetime]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal", erasable=False)
    )
    revoked_because: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class RequestCorrection(Base):
    """Changes of a request that staff propose; once the applicant accepts them they are the applicant's own.

    `changes` are as the API takes them; `state` is proposed, accepted, declined or withdrawn. `base_version` is the
    version of the request that they were proposed on.
    """

    __tablename__ = "request_correction"
    __table_args__ = (Index("ix_request_correction_request", "access_request_id", "state"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    access_request_id: Mapped[int] = mapped_column(ForeignKey("access_request.id"))
    proposed_by_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="record")
    )
    base_version: Mapped[int] = mapped_column(Integer)
    changes: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    proposed_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class NationalityDeclaration(Base):
    """What somebody on a team said of their own nationality to one approval, under seal, until it is erased.

    The sealed text names the approval and the account too, so that it opens in no other row.
    """

    __tablename__ = "nationality_declaration"

    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), primary_key=True, index=True, info=personal("one approval", retention="record")
    )
    sealed: Mapped[str] = mapped_column(Text, info=personal("one approval", retention="record"))
    declared_at: Mapped[datetime]


class ConflictOfInterest(Base):
    """That somebody who could decide on a request stepped back from it: they decide nothing of it any more."""

    __tablename__ = "conflict_of_interest"

    access_request_id: Mapped[int] = mapped_column(ForeignKey("access_request.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), primary_key=True, index=True, info=personal("accountability", retention="record")
    )
    reason: Mapped[str] = mapped_column(Text)
    declared_at: Mapped[datetime]


class PolicyOverride(Base):
    """An exception from one rule for one request: who asked for it and why, who confirmed it, until when it counts.

    `rule_hash` is of the rule as it stood in `document_id`: any change of it ends the exception. `rests_on` names the
    fields of the request whose change ends it, which was at `changed_at`. `role` is whom the rule names, within
    `scope_kind` and `scope_key`, where it is attached. The applicant stands in the row so that the database itself
    refuses an exception by them, and one by a single person.
    """

    __tablename__ = "policy_override"
    __table_args__ = (
        CheckConstraint("asked_by_id <> applicant_id", name="asked_by_another"),
        CheckConstraint(
            "confirmed_by_id IS NULL OR (confirmed_by_id <> asked_by_id AND confirmed_by_id <> applicant_id)",
            name="confirmed_by_a_third",
        ),
        CheckConstraint("(confirmed_by_id IS NULL) = (confirmed_at IS NULL)", name="confirmation_has_a_person"),
        CheckConstraint("(withdrawn_by_id IS NULL) = (withdrawn_at IS NULL)", name="withdrawal_has_a_person"),
        CheckConstraint("valid_until IS NULL OR valid_until > asked_at", name="ends_after_it_begins"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    access_request_id: Mapped[int] = mapped_column(ForeignKey("access_request.id"), index=True)
    applicant_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("policy_document.id"))
    scope_kind: Mapped[str] = mapped_column(String(20))
    scope_key: Mapped[str] = mapped_column(String(100), default="")
    rule: Mapped[str] = mapped_column(String(100))
    rule_hash: Mapped[str] = mapped_column(String(64))
    rests_on: Mapped[list[Any]] = mapped_column(default=list)
    message: Mapped[dict[str, Any]] = mapped_column(default=dict)
    role: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(Text)
    asked_by_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal", erasable=False)
    )
    asked_at: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal", erasable=False)
    )
    confirmed_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal", erasable=False)
    )
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
