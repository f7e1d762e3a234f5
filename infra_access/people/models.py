"""The tables of people and of their rights. Roles are rows, so that a rule can name a new one."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import Base, PrimaryKey, PublicId, personal

UNTOLD = text("met_at IS NULL AND reminded_at IS NULL")
"""Of owed reports: those that somebody may yet have to be told of."""


class Account(Base):
    """A person who signs in. `state` is active, invited or disabled; `email` is kept in its lower-case form.

    Until `email_confirmed_at` nobody knows that the address is theirs, so nothing that names it counts for them.
    """

    __tablename__ = "account"

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    email: Mapped[str] = mapped_column(String(254), unique=True, info=personal("log-in and mail"))
    email_confirmed_at: Mapped[datetime | None]
    name: Mapped[str] = mapped_column(String(200), info=personal("shown to the people one works with"))
    phone: Mapped[str | None] = mapped_column(String(60), info=personal("contact during a session"))
    orcid: Mapped[str | None] = mapped_column(String(40), info=personal("identity of a researcher"))
    country_of_work: Mapped[str | None] = mapped_column(String(2), info=personal("access policy"))
    password_hash: Mapped[str | None] = mapped_column(String(200), info=personal("log-in", exportable=False))
    locale: Mapped[str] = mapped_column(String(10), default="en")
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    state: Mapped[str] = mapped_column(String(20), default="active")
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Affiliation(Base):
    """That a person belongs to an organisation, from and until; `confirmed_at` once the organisation agreed."""

    __tablename__ = "affiliation"
    __table_args__ = (UniqueConstraint("account_id", "organisation_id"),)

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), info=personal("access policy"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]


class Training(Base):
    """A training that a person completed, known by its code; it counts until it expires or is withdrawn.

    `facility_id` is the facility whose staff recorded it, None where the platform did.
    """

    __tablename__ = "training"
    __table_args__ = (Index("ix_training_account_code", "account_id", "code"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), info=personal("safety"))
    code: Mapped[str] = mapped_column(String(80))
    issuer: Mapped[str] = mapped_column(String(200))
    completed_on: Mapped[date] = mapped_column(Date)
    expires_on: Mapped[date | None] = mapped_column(Date)
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facility.id"), index=True)
    recorded_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="record")
    )
    recorded_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="record")
    )
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None] = mapped_column(Text, info=personal("safety"))


class Assurance(Base):
    """That somebody vouches for a person: `code` says for what, such as identity-high (REFEDS assurance).

    `source` says what it rests on, such as the home organisation's log-in or a passport that was seen on site. It was
    noted by staff of its scope (see `RoleGrant`), who may withdraw it; `noted_by_id` is None for the command line.
    """

    __tablename__ = "assurance"
    __table_args__ = (
        Index("ix_assurance_account_code", "account_id", "code"),
        CheckConstraint("noted_by_id IS NULL OR noted_by_id <> account_id", name="noted_by_another"),
        CheckConstraint("valid_until IS NULL OR valid_until > noted_at", name="valid_for_a_time"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)", name="withdrawn_with_reason"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), info=personal("access policy"))
    code: Mapped[str] = mapped_column(String(80), info=personal("access policy"))
    source: Mapped[str] = mapped_column(String(200), info=personal("access policy"))
    scope_kind: Mapped[str] = mapped_column(String(20))
    scope_key: Mapped[str] = mapped_column(String(40), default="")
    noted_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal")
    )
    noted_at: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None] = mapped_column(Text, info=personal("access policy"))


class OwedReport(Base):
    """That a person, and the organisation that they acted for, owe a report of an access that has ended.

    Rules read how many are overdue: those that are due and not met. It is met by an outcome, or by saying in
    `nothing_reason` why there is none; whoever owes it is told once, at `reminded_at`, that it is due.
    """

    __tablename__ = "owed_report"
    __table_args__ = (
        Index("ix_owed_report_account", "account_id", "due_at"),
        Index("ix_owed_report_organisation", "organisation_id", "due_at"),
        Index("ix_owed_report_remind", "due_at", sqlite_where=UNTOLD, postgresql_where=UNTOLD),
    )

    id: Mapped[PrimaryKey]
    access_request_id: Mapped[int] = mapped_column(ForeignKey("access_request.id"), unique=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), info=personal("the report of an access", retention="record")
    )
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    due_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    met_at: Mapped[datetime | None]
    nothing_reason: Mapped[str | None] = mapped_column(Text)


class Role(Base):
    """A role that can be granted, such as facility_manager."""

    __tablename__ = "role"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)


class RoleGrant(Base):
    """A role given to a person within a scope.

    `scope_kind` is network, country, organisation, facility or instrument; `scope_key` is empty for the network, a
    country code for a country, else the public id. From `away_from` until `away_until` its holder has handed it over,
    and so does not hold it: whoever stands in has a grant of their own, `delegated_from_id` this one.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        Index("ix_role_grant_scope", "role", "scope_kind", "scope_key"),
        CheckConstraint("(away_from IS NULL) = (away_until IS NULL)", name="away_from_and_until"),
        CheckConstraint("delegated_by_id IS NULL OR delegated_by_id <> account_id", name="delegated_to_another"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True, info=personal("rights"))
    role: Mapped[str] = mapped_column(ForeignKey("role.name"))
    scope_kind: Mapped[str] = mapped_column(String(20))
    scope_key: Mapped[str] = mapped_column(String(40), default="")
    given_by: Mapped[str] = mapped_column(String(200), info=personal("accountability", retention="legal"))
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    away_from: Mapped[datetime | None]
    away_until: Mapped[datetime | None]
    delegated_from_id: Mapped[int | None] = mapped_column(ForeignKey("role_grant.id"), index=True)
    delegated_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal")
    )


class LoginSession(Base):
    """One browser's log-in. Only the SHA-256 of the cookie's value is kept."""

    __tablename__ = "login_session"

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True, info=personal("log-in"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApiToken(Base):
    """A token for programs: `scope` is read or write. Its SHA-256 is kept, and its first characters to know it by."""

    __tablename__ = "api_token"

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True, info=personal("log-in"))
    name: Mapped[str] = mapped_column(String(100))
    scope: Mapped[str] = mapped_column(String(10))
    hint: Mapped[str] = mapped_column(String(12))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class OneTimeLink(Base):
    """A link that works once, to set a first password; only its SHA-256 is kept."""

    __tablename__ = "one_time_link"

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True, info=personal("log-in"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LoginAttempt(Base):
    """A failed log-in, kept for as long as the limit counts it; `key` is a hash of the address or the source."""

    __tablename__ = "login_attempt"
    __table_args__ = (Index("ix_login_attempt_key", "key", "at"),)

    id: Mapped[PrimaryKey]
    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
