"""The tables from a way in to what was granted: routes, access requests, approvals, agreements, allocations."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.core.columns import KEY, Base, PrimaryKey, PublicId, personal


class AccessRoute(Base):
    """One way in to instruments of a facility. Stages, deadlines, tariff and terms are its data, never code.

    `time_given` is team_picks, facility_schedules or queue; `entry` is continuous or rounds; `tariff` maps a regime to
    {amount, currency, per} with decimal strings; `terms` maps a regime, or mta for samples that are handed over, to
    {title, version, text, points}; `serves` is sentences by locale. `turnaround_days` is what a queue promises from
    the arrival of the samples.
    """

    __tablename__ = "access_route"

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    serves: Mapped[dict[str, Any]] = mapped_column(default=dict)
    access_mode: Mapped[str] = mapped_column(String(20))
    entry: Mapped[str] = mapped_column(String(20))
    time_given: Mapped[str] = mapped_column(String(20))
    operated_by: Mapped[str] = mapped_column(String(20))
    access_unit: Mapped[str] = mapped_column(String(20))
    access_types: Mapped[list[Any]]
    regimes: Mapped[list[Any]]
    tariff: Mapped[dict[str, Any]] = mapped_column(default=dict)
    terms: Mapped[dict[str, Any]] = mapped_column(default=dict)
    stages: Mapped[list[Any]] = mapped_column(default=list)
    booking_rules: Mapped[dict[str, Any]] = mapped_column(default=dict)
    report_due_days: Mapped[int] = mapped_column(Integer, default=90)
    turnaround_days: Mapped[int | None] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class AccessRouteInstrument(Base):
    """That a route leads to an instrument."""

    __tablename__ = "access_route_instrument"

    route_id: Mapped[int] = mapped_column(ForeignKey("access_route.id"), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), primary_key=True, index=True)


class AccessRound(Base):
    """A call on a route. A continuous route has one that never closes (`closes_at` is None).

    `units_offered` is how many of the route's access units it has to give, where that is stated; on a continuous route
    in each year.
    """

    __tablename__ = "access_round"

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    route_id: Mapped[int] = mapped_column(ForeignKey("access_route.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]
    decided_by: Mapped[datetime | None]
    period_start: Mapped[datetime | None]
    period_end: Mapped[datetime | None]
    units_offered: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))


class AccessRequest(Base):
    """A team's project on one route: what is asked for, how much, when, under which regime.

    `case` is what a person quotes; `decision` is the policy's last answer, as shown to the applicant. `preference` is
    by how much the rules prefer it to others, hidden rules too.
    """

    __tablename__ = "access_request"
    __table_args__ = (Index("ix_access_request_state", "state", "id"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    route_id: Mapped[int] = mapped_column(ForeignKey("access_route.id"), index=True)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("access_round.id"))
    requester_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("the applicant", retention="record")
    )
    acting_for_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(Text, default="")
    regime: Mapped[str] = mapped_column(String(20))
    access_type: Mapped[str] = mapped_column(String(20))
    quantity: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    access_unit: Mapped[str] = mapped_column(String(20))
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    project: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(24), default="draft")
    state_since: Mapped[datetime]
    state_reason: Mapped[str | None] = mapped_column(Text)
    case: Mapped[str | None] = mapped_column(String(20))
    decision: Mapped[dict[str, Any]] = mapped_column(default=dict)
    preference: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    submitted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    revoked_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal", erasable=False)
    )
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class AccessRequestInstrument(Base):
    """That a request asks for an instrument; `left_out` where what was granted is not for it."""

    __tablename__ = "access_request_instrument"

    access_request_id: Mapped[int] = mapped_column(ForeignKey("access_request.id"), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"), primary_key=True, index=True)
    left_out: Mapped[bool] = mapped_column(default=False, server_default=false())


class DatePreference(Base):
    """Days on which a team cannot come, or would rather come: `kind` is impossible or preferred.

    Whole local days of the facility, both included.
    """

    __tablename__ = "date_preference"
    __table_args__ = (CheckConstraint("first_day <= last_day", name="order"),)

    id: Mapped[PrimaryKey]
    access_request_id: Mapped[int] = mapped_column(ForeignKey("access_request.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(200), default="", info=personal("scheduling", retention="record"))


class Participant(Base):
    """A person on the team, known by account or by an invited address.

    `role` is principal, member, operator, local-contact or data-only; `presence` is on-site, remote or none.
    """

    __tablename__ = "participant"
    __table_args__ = (UniqueConstraint("access_request_id", "email"),)

    id: Mapped[PrimaryKey]
    access_request_id: Mapped[int] = mapped_column(ForeignKey("access_request.id"))
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("the team", retention="record")
    )
    email: Mapped[str] = mapped_column(String(254), info=personal("invitation", retention="record"))
    name: Mapped[str] = mapped_column(String(200), info=personal("the team", retention="record"))
    phone: Mapped[str | None] = mapped_column(String(60), info=personal("contact during a session", retention="record"))
    role: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    country_of_work: Mapped[str] = mapped_column(String(2), info=personal("access policy", retention="record"))
    presence: Mapped[str] = mapped_column(String(20))
    remote_from: Mapped[str | None] = mapped_column(String(2), info=personal("access policy", retention="record"))


class Approval(Base):
    """One role's verdict within a scope, by a deadline.

    `rests_on` names the fields of the request whose change voids it. The applicant stands in the row so that the
    database itself refuses a verdict by them. `subject_kind` is access_request or booking; the subject's public id and
    its instruments stand here too, since bookings lie in a higher layer. An appeal is one too, with the subject_kind
    appeal. What stands in one `stage` is asked at once, and the next once all of it was given. Whoever decides is
    reminded once, from `remind_at` on, and others are told once it is overdue. Of those of a subject that are marked
    `two_people`, the database itself refuses that one person gives all (see `approvals.guard`).

    `access_request_id` is the request that it is about, or that a booking draws on; `acting_for_id` is the organisation
    that a booking is for: who is near to them does not decide.

    A yes may grant less: `most_units` access units, `until` an instant, and not the instruments that are `left_out`,
    each with its `id` and the `name` that it had then. What it `asks` everybody on the team comes
    before a yes. `safety_result` is green, yellow or red; `authorisation_id` the standing authorisation that gave it.
    It is looked at again at `review_at`, which `needs_review` asks for; people are told of that at `review_tell_at`.
    `appealed` is what an appeal is against, and its grounds (see `access_requests.appealed`).
    """

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> applicant_id", name="decided_by_another"),
        CheckConstraint("(decided_by_id IS NULL) = (decided_at IS NULL)", name="decision_has_a_person"),
        Index("ix_approval_open", "state", "role", "scope_kind", "scope_key"),
        Index("ix_approval_subject", "subject_kind", "subject_id"),
        Index("ix_approval_remind", "state", "remind_at"),
        Index("ix_approval_review_tell", "review_tell_at"),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    subject_kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int] = mapped_column(KEY)
    subject_public_id: Mapped[str] = mapped_column(String(16))
    access_request_id: Mapped[int | None] = mapped_column(ForeignKey("access_request.id"), index=True)
    acting_for_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    instrument_ids: Mapped[list[Any]]
    applicant_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str] = mapped_column(String(40))
    scope_kind: Mapped[str] = mapped_column(String(20))
    scope_key: Mapped[str] = mapped_column(String(40))
    rule: Mapped[str] = mapped_column(String(100))
    message: Mapped[dict[str, Any]] = mapped_column(default=dict)
    rests_on: Mapped[list[Any]] = mapped_column(default=list)
    stage: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    two_people: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[str] = mapped_column(String(24), default="pending")
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    remind_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), info=personal("accountability", retention="legal", erasable=False)
    )
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    conditions: Mapped[str | None] = mapped_column(Text)
    most_units: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    until: Mapped[datetime | None]
    safety_result: Mapped[str | None] = mapped_column(String(10))
    authorisation_id: Mapped[int | None] = mapped_column(ForeignKey("standing_authorisation.id"), index=True)
    left_out: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    asks: Mapped[list[Any]] = mapped_column(default=list)
    needs_review: Mapped[bool] = mapped_column(default=False, server_default=false())
    review_at: Mapped[datetime | None]
    review_tell_at: Mapped[datetime | None]
    appealed: Mapped[dict[str, Any] | None]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Agreement(Base):
    """The terms of one request: the text as agreed, its SHA-256, and the points that it states as data.

    `kind` is terms, mta for samples that are handed over, or the code by which rules ask for another one. Where
    `framework_id` names an agreement of both organisations, that one was accepted in place of this. `sources` maps a
    point to what it comes from (framework, terms or nda) and to what the others say of it, as {holds, over}.
    """

    __tablename__ = "agreement"
    __table_args__ = (UniqueConstraint("access_request_id", "kind"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    access_request_id: Mapped[int] = mapped_column(ForeignKey("access_request.id"))
    kind: Mapped[str] = mapped_column(String(100), default="terms")
    title: Mapped[str] = mapped_column(String(200))
    template_version: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str] = mapped_column(String(64))
    points: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sources: Mapped[dict[str, Any]] = mapped_column(default=dict)
    framework_id: Mapped[int | None] = mapped_column(ForeignKey("framework_agreement.id"), index=True)
    nda_id: Mapped[int | None] = mapped_column(ForeignKey("framework_agreement.id"))
    created_at: Mapped[datetime]


class AgreementAcceptance(Base):
    """That one side accepted: side is applicant or host, with who and when and the hash they saw."""

    __tablename__ = "agreement_acceptance"
    __table_args__ = (UniqueConstraint("agreement_id", "side"),)

    id: Mapped[PrimaryKey]
    agreement_id: Mapped[int] = mapped_column(ForeignKey("agreement.id"))
    side: Mapped[str] = mapped_column(String(20))
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), info=personal("signature", retention="legal", erasable=False)
    )
    accepted_at: Mapped[datetime]
    text_hash: Mapped[str] = mapped_column(String(64))


class Allocation(Base):
    """What an approved request grants: an amount of access units from and until, under conditions.

    `used` grows with each confirmed booking and never passes `amount`; from `review_at` on nothing new is booked.
    """

    __tablename__ = "allocation"
    __table_args__ = (CheckConstraint("used >= 0 AND used <= amount", name="never_overdrawn"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    access_request_id: Mapped[int] = mapped_column(ForeignKey("access_request.id"), unique=True)
    access_unit: Mapped[str] = mapped_column(String(20))
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    used: Mapped[Decimal] = mapped_column(Numeric(12, 2), default=Decimal(0))
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    review_at: Mapped[datetime | None]
    conditions: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20), default="active")
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Conversation(Base):
    """Questions and answers on an instrument or a request. Visibility: team_and_staff, staff or all.

    One on a booking or a service order is with its owner (`with_id`), and tells its instrument too and, where that
    draws on a grant, the request. One on a sample of a request knows it by its fingerprint, as a clearance does.
    """

    __tablename__ = "conversation"
    __table_args__ = (Index("ix_conversation_about", "about_kind", "about_public_id"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instrument.id"), index=True)
    access_request_id: Mapped[int | None] = mapped_column(ForeignKey("access_request.id"), index=True)
    about_kind: Mapped[str | None] = mapped_column(String(20))
    about_public_id: Mapped[str | None] = mapped_column(String(16))
    sample: Mapped[str | None] = mapped_column(String(64))
    with_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("correspondence", retention="record")
    )
    opened_by_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), index=True, info=personal("correspondence", retention="record")
    )
    subject: Mapped[str] = mapped_column(String(300))
    visibility: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]


class Message(Base):
    """One message of a conversation, in plain text."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_conversation", "conversation_id", "id"),)

    id: Mapped[PrimaryKey]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    author_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), info=personal("correspondence", retention="record")
    )
    text: Mapped[str] = mapped_column(Text, info=personal("correspondence", retention="record"))
    sent_at: Mapped[datetime]
