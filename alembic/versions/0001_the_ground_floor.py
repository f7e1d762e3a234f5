"""the ground floor

Revision ID: 0001
Revises:
Create Date: 2026-11-21 03:22:14.251575
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ORDER_KEY = sa.String(300).with_variant(sa.String(300, collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")

ROLES = (
    "platform_admin",
    "access_administrator",
    "organisation_admin",
    "signatory",
    "facility_manager",
    "user_officer",
    "instrument_scientist",
    "safety_officer",
    "export_control_officer",
    "community_authority",
    "reviewer",
    "finance",
    "auditor",
    "member",
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "account",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=60), nullable=True),
        sa.Column("orcid", sa.String(length=40), nullable=True),
        sa.Column("country_of_work", sa.String(length=2), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
        sa.UniqueConstraint("public_id", name=op.f("uq_account_public_id")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", KEY, nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("object_kind", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("leaf", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("public_id", name=op.f("uq_audit_event_public_id")),
    )
    op.create_index(op.f("ix_audit_event_action"), "audit_event", ["action"], unique=False)
    op.create_index(op.f("ix_audit_event_at"), "audit_event", ["at"], unique=False)
    op.create_index("ix_audit_event_object", "audit_event", ["object_kind", "object_id", "id"], unique=False)
    op.create_table(
        "catalogue_head",
        sa.Column("id", KEY, nullable=False),
        sa.Column("number", KEY, nullable=False),
        sa.Column("stamp", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_head")),
    )
    op.create_table(
        "country_group",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("countries", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_country_group")),
    )
    op.create_table(
        "decision_record",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case", sa.String(length=20), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("policy_version", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("facts_hash", sa.String(length=64), nullable=False),
        sa.Column("rules_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_record")),
    )
    op.create_index(op.f("ix_decision_record_case"), "decision_record", ["case"], unique=False)
    op.create_index("ix_decision_record_subject", "decision_record", ["subject_kind", "subject_id"], unique=False)
    op.create_table(
        "login_attempt",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempt")),
    )
    op.create_index("ix_login_attempt_key", "login_attempt", ["key", "at"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("name_key", ORDER_KEY, nullable=False),
        sa.Column("names", DOCUMENT, nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("website", sa.String(length=500), nullable=True),
        sa.Column("trust", sa.String(length=20), nullable=False),
        sa.Column("trust_by", sa.String(length=200), nullable=True),
        sa.Column("trust_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created_by", KEY, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("public_id", name=op.f("uq_organisation_public_id")),
    )
    op.create_index(op.f("ix_organisation_country"), "organisation", ["country"], unique=False)
    op.create_index("ix_organisation_order", "organisation", ["name_key", "id"], unique=False)
    op.create_table(
        "outbox_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("payload", DOCUMENT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_event")),
    )
    op.create_index("ix_outbox_event_due", "outbox_event", ["delivered_at", "due_at", "id"], unique=False)
    op.create_table(
        "policy_document",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("scope_kind", sa.String(length=20), nullable=False),
        sa.Column("scope_key", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("number", KEY, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("rules", DOCUMENT, nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_document")),
        sa.UniqueConstraint("public_id", name=op.f("uq_policy_document_public_id")),
        sa.UniqueConstraint(
            "scope_kind",
            "scope_key",
            "name",
            "number",
            name=op.f("uq_policy_document_scope_kind_scope_key_name_number"),
        ),
    )
    op.create_index("ix_policy_document_state", "policy_document", ["state", "scope_kind", "scope_key"], unique=False)
    op.create_table(
        "policy_head",
        sa.Column("id", KEY, nullable=False),
        sa.Column("number", KEY, nullable=False),
        sa.Column("stamp", sa.String(length=16), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_head")),
    )
    op.create_table(
        "role",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_role")),
    )
    op.create_table(
        "affiliation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_affiliation_account_id_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_affiliation_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliation")),
        sa.UniqueConstraint("account_id", "organisation_id", name=op.f("uq_affiliation_account_id_organisation_id")),
    )
    op.create_index(op.f("ix_affiliation_organisation_id"), "affiliation", ["organisation_id"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("hint", sa.String(length=12), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_token_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_token_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_account_id"), "api_token", ["account_id"], unique=False)
    op.create_table(
        "approval",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("subject_kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", KEY, nullable=False),
        sa.Column("subject_public_id", sa.String(length=16), nullable=False),
        sa.Column("instrument_ids", DOCUMENT, nullable=False),
        sa.Column("applicant_id", KEY, nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("scope_kind", sa.String(length=20), nullable=False),
        sa.Column("scope_key", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("message", DOCUMENT, nullable=False),
        sa.Column("rests_on", DOCUMENT, nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", KEY, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("conditions", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(decided_by_id IS NULL) = (decided_at IS NULL)", name=op.f("ck_approval_decision_has_a_person")
        ),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> applicant_id", name=op.f("ck_approval_decided_by_another")
        ),
        sa.ForeignKeyConstraint(["applicant_id"], ["account.id"], name=op.f("fk_approval_applicant_id_account")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_approval_decided_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint("public_id", name=op.f("uq_approval_public_id")),
    )
    op.create_index("ix_approval_open", "approval", ["state", "role", "scope_kind", "scope_key"], unique=False)
    op.create_index("ix_approval_subject", "approval", ["subject_kind", "subject_id"], unique=False)
    op.create_table(
        "facility",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("source_id", sa.String(length=200), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("name_key", ORDER_KEY, nullable=False),
        sa.Column("names", DOCUMENT, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("city", sa.String(length=200), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("website", sa.String(length=500), nullable=True),
        sa.Column("contact_name", sa.String(length=200), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=True),
        sa.Column("contact_phone", sa.String(length=60), nullable=True),
        sa.Column("security_contact", sa.String(length=254), nullable=True),
        sa.Column("publication", sa.String(length=20), nullable=False),
        sa.Column("source", DOCUMENT, nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_facility_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facility")),
        sa.UniqueConstraint("organisation_id", "source_id", name=op.f("uq_facility_organisation_id_source_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_facility_public_id")),
    )
    op.create_index(op.f("ix_facility_country"), "facility", ["country"], unique=False)
    op.create_index("ix_facility_order", "facility", ["name_key", "id"], unique=False)
    op.create_index(op.f("ix_facility_organisation_id"), "facility", ["organisation_id"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("route", sa.String(length=300), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("location", sa.String(length=500), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_idempotency_key_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_key")),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_idempotency_key_account_id_key")),
    )
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "login_session",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_login_session_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_session_token_hash")),
    )
    op.create_index(op.f("ix_login_session_account_id"), "login_session", ["account_id"], unique=False)
    op.create_table(
        "one_time_link",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_one_time_link_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_link_token_hash")),
    )
    op.create_index(op.f("ix_one_time_link_account_id"), "one_time_link", ["account_id"], unique=False)
    op.create_table(
        "organisation_fact",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("asserted_by", sa.String(length=200), nullable=False),
        sa.Column("asserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_organisation_fact_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_fact")),
    )
    op.create_index("ix_organisation_fact_name", "organisation_fact", ["organisation_id", "name"], unique=False)
    op.create_table(
        "organisation_identifier",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("scheme", sa.String(length=20), nullable=False),
        sa.Column("register", sa.String(length=2), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_organisation_identifier_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_identifier")),
        sa.UniqueConstraint(
            "scheme", "register", "value", name=op.f("uq_organisation_identifier_scheme_register_value")
        ),
    )
    op.create_index(
        op.f("ix_organisation_identifier_organisation_id"), "organisation_identifier", ["organisation_id"], unique=False
    )
    op.create_table(
        "role_grant",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("scope_kind", sa.String(length=20), nullable=False),
        sa.Column("scope_key", sa.String(length=40), nullable=False),
        sa.Column("given_by", sa.String(length=200), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_role_grant_account_id_account")),
        sa.ForeignKeyConstraint(["role"], ["role.name"], name=op.f("fk_role_grant_role_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
        sa.UniqueConstraint("public_id", name=op.f("uq_role_grant_public_id")),
    )
    op.create_index(op.f("ix_role_grant_account_id"), "role_grant", ["account_id"], unique=False)
    op.create_index("ix_role_grant_scope", "role_grant", ["role", "scope_kind", "scope_key"], unique=False)
    op.create_table(
        "training",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_training_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training")),
    )
    op.create_index("ix_training_account_code", "training", ["account_id", "code"], unique=False)
    op.create_table(
        "access_route",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("names", DOCUMENT, nullable=False),
        sa.Column("serves", DOCUMENT, nullable=False),
        sa.Column("access_mode", sa.String(length=20), nullable=False),
        sa.Column("entry", sa.String(length=20), nullable=False),
        sa.Column("time_given", sa.String(length=20), nullable=False),
        sa.Column("operated_by", sa.String(length=20), nullable=False),
        sa.Column("access_unit", sa.String(length=20), nullable=False),
        sa.Column("access_types", DOCUMENT, nullable=False),
        sa.Column("regimes", DOCUMENT, nullable=False),
        sa.Column("tariff", DOCUMENT, nullable=False),
        sa.Column("terms", DOCUMENT, nullable=False),
        sa.Column("stages", DOCUMENT, nullable=False),
        sa.Column("booking_rules", DOCUMENT, nullable=False),
        sa.Column("report_due_days", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_access_route_facility_id_facility")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_route")),
        sa.UniqueConstraint("public_id", name=op.f("uq_access_route_public_id")),
    )
    op.create_index(op.f("ix_access_route_facility_id"), "access_route", ["facility_id"], unique=False)
    op.create_table(
        "instrument",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("source_id", sa.String(length=200), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("name_key", ORDER_KEY, nullable=False),
        sa.Column("names", DOCUMENT, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("manufacturer", sa.String(length=200), nullable=True),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("pid", sa.String(length=200), nullable=True),
        sa.Column("website", sa.String(length=500), nullable=True),
        sa.Column("technique_text", sa.Text(), nullable=False),
        sa.Column("capabilities", DOCUMENT, nullable=False),
        sa.Column("hazards", DOCUMENT, nullable=False),
        sa.Column("control_codes", DOCUMENT, nullable=False),
        sa.Column("tags", DOCUMENT, nullable=False),
        sa.Column("contact_name", sa.String(length=200), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=True),
        sa.Column("listing", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("scheduling_authority", sa.String(length=20), nullable=False),
        sa.Column("publication", sa.String(length=20), nullable=False),
        sa.Column("source", DOCUMENT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_instrument_facility_id_facility")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instrument")),
        sa.UniqueConstraint("facility_id", "source_id", name=op.f("uq_instrument_facility_id_source_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_instrument_public_id")),
    )
    op.create_index(op.f("ix_instrument_facility_id"), "instrument", ["facility_id"], unique=False)
    op.create_index("ix_instrument_order", "instrument", ["name_key", "id"], unique=False)
    op.create_index(op.f("ix_instrument_status"), "instrument", ["status"], unique=False)
    op.create_table(
        "opening_exception",
        sa.Column("id", KEY, nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opens", sa.String(length=5), nullable=True),
        sa.Column("closes", sa.String(length=5), nullable=True),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["facility.id"], name=op.f("fk_opening_exception_facility_id_facility")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_exception")),
    )
    op.create_index("ix_opening_exception_day", "opening_exception", ["facility_id", "day"], unique=False)
    op.create_table(
        "opening_hours",
        sa.Column("id", KEY, nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens", sa.String(length=5), nullable=False),
        sa.Column("closes", sa.String(length=5), nullable=False),
        sa.CheckConstraint("opens < closes", name=op.f("ck_opening_hours_order")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_opening_hours_weekday")),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_opening_hours_facility_id_facility")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_hours")),
    )
    op.create_index(op.f("ix_opening_hours_facility_id"), "opening_hours", ["facility_id"], unique=False)
    op.create_table(
        "access_round",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("route_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["route_id"], ["access_route.id"], name=op.f("fk_access_round_route_id_access_route")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_round")),
        sa.UniqueConstraint("public_id", name=op.f("uq_access_round_public_id")),
    )
    op.create_index(op.f("ix_access_round_route_id"), "access_round", ["route_id"], unique=False)
    op.create_table(
        "access_route_instrument",
        sa.Column("route_id", KEY, nullable=False),
        sa.Column("instrument_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_access_route_instrument_instrument_id_instrument")
        ),
        sa.ForeignKeyConstraint(
            ["route_id"], ["access_route.id"], name=op.f("fk_access_route_instrument_route_id_access_route")
        ),
        sa.PrimaryKeyConstraint("route_id", "instrument_id", name=op.f("pk_access_route_instrument")),
    )
    op.create_index(
        op.f("ix_access_route_instrument_instrument_id"), "access_route_instrument", ["instrument_id"], unique=False
    )
    op.create_table(
        "booking_rule_set",
        sa.Column("id", KEY, nullable=False),
        sa.Column("facility_id", KEY, nullable=True),
        sa.Column("instrument_id", KEY, nullable=True),
        sa.Column("rules", DOCUMENT, nullable=False),
        sa.CheckConstraint(
            "(facility_id IS NULL) <> (instrument_id IS NULL)", name=op.f("ck_booking_rule_set_one_scope")
        ),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["facility.id"], name=op.f("fk_booking_rule_set_facility_id_facility")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_booking_rule_set_instrument_id_instrument")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_rule_set")),
        sa.UniqueConstraint("facility_id", name=op.f("uq_booking_rule_set_facility_id")),
        sa.UniqueConstraint("instrument_id", name=op.f("uq_booking_rule_set_instrument_id")),
    )
    op.create_table(
        "catalogue_entry",
        sa.Column("instrument_id", KEY, autoincrement=False, nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("name_key", ORDER_KEY, nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("bookable", sa.Boolean(), nullable=False),
        sa.Column("traits", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_catalogue_entry_facility_id_facility")),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instrument.id"],
            name=op.f("fk_catalogue_entry_instrument_id_instrument"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("instrument_id", name=op.f("pk_catalogue_entry")),
    )
    op.create_index(
        "ix_catalogue_entry_country", "catalogue_entry", ["country", "name_key", "instrument_id"], unique=False
    )
    op.create_index(op.f("ix_catalogue_entry_facility_id"), "catalogue_entry", ["facility_id"], unique=False)
    op.create_index("ix_catalogue_entry_order", "catalogue_entry", ["name_key", "instrument_id"], unique=False)
    op.create_table(
        "instrument_access_type",
        sa.Column("instrument_id", KEY, nullable=False),
        sa.Column("access_type", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instrument.id"],
            name=op.f("fk_instrument_access_type_instrument_id_instrument"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("instrument_id", "access_type", name=op.f("pk_instrument_access_type")),
    )
    op.create_index(
        op.f("ix_instrument_access_type_access_type"), "instrument_access_type", ["access_type"], unique=False
    )
    op.create_table(
        "instrument_technique",
        sa.Column("instrument_id", KEY, nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instrument.id"],
            name=op.f("fk_instrument_technique_instrument_id_instrument"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("instrument_id", "key", name=op.f("pk_instrument_technique")),
    )
    op.create_index(op.f("ix_instrument_technique_key"), "instrument_technique", ["key"], unique=False)
    op.create_table(
        "resource",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("instrument_id", KEY, nullable=True),
        sa.Column("account_id", KEY, nullable=True),
        sa.Column("plant_id", KEY, nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("plant_id IS NULL OR plant_id <> id", name=op.f("ck_resource_plant_is_another")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_resource_account_id_account")),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_resource_facility_id_facility")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_resource_instrument_id_instrument")
        ),
        sa.ForeignKeyConstraint(["plant_id"], ["resource.id"], name=op.f("fk_resource_plant_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
        sa.UniqueConstraint("public_id", name=op.f("uq_resource_public_id")),
    )
    op.create_index(op.f("ix_resource_account_id"), "resource", ["account_id"], unique=False)
    op.create_index(op.f("ix_resource_facility_id"), "resource", ["facility_id"], unique=False)
    op.create_index(op.f("ix_resource_instrument_id"), "resource", ["instrument_id"], unique=False)
    op.create_index(op.f("ix_resource_plant_id"), "resource", ["plant_id"], unique=False)
    op.create_table(
        "access_request",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("route_id", KEY, nullable=False),
        sa.Column("round_id", KEY, nullable=True),
        sa.Column("requester_id", KEY, nullable=False),
        sa.Column("acting_for_id", KEY, nullable=True),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("regime", sa.String(length=20), nullable=False),
        sa.Column("access_type", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("access_unit", sa.String(length=20), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("project", DOCUMENT, nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("case", sa.String(length=20), nullable=True),
        sa.Column("decision", DOCUMENT, nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["acting_for_id"], ["organisation.id"], name=op.f("fk_access_request_acting_for_id_organisation")
        ),
        sa.ForeignKeyConstraint(["requester_id"], ["account.id"], name=op.f("fk_access_request_requester_id_account")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["access_round.id"], name=op.f("fk_access_request_round_id_access_round")
        ),
        sa.ForeignKeyConstraint(
            ["route_id"], ["access_route.id"], name=op.f("fk_access_request_route_id_access_route")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_request")),
        sa.UniqueConstraint("public_id", name=op.f("uq_access_request_public_id")),
    )
    op.create_index(op.f("ix_access_request_acting_for_id"), "access_request", ["acting_for_id"], unique=False)
    op.create_index(op.f("ix_access_request_requester_id"), "access_request", ["requester_id"], unique=False)
    op.create_index(op.f("ix_access_request_route_id"), "access_request", ["route_id"], unique=False)
    op.create_index("ix_access_request_state", "access_request", ["state", "id"], unique=False)
    op.create_table(
        "instrument_companion",
        sa.Column("instrument_id", KEY, nullable=False),
        sa.Column("resource_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instrument.id"],
            name=op.f("fk_instrument_companion_instrument_id_instrument"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resource.id"], name=op.f("fk_instrument_companion_resource_id_resource")
        ),
        sa.PrimaryKeyConstraint("instrument_id", "resource_id", name=op.f("pk_instrument_companion")),
    )
    op.create_table(
        "access_request_instrument",
        sa.Column("access_request_id", KEY, nullable=False),
        sa.Column("instrument_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["access_request_id"],
            ["access_request.id"],
            name=op.f("fk_access_request_instrument_access_request_id_access_request"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_access_request_instrument_instrument_id_instrument")
        ),
        sa.PrimaryKeyConstraint("access_request_id", "instrument_id", name=op.f("pk_access_request_instrument")),
    )
    op.create_index(
        op.f("ix_access_request_instrument_instrument_id"), "access_request_instrument", ["instrument_id"], unique=False
    )
    op.create_table(
        "agreement",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("access_request_id", KEY, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("template_version", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_request_id"], ["access_request.id"], name=op.f("fk_agreement_access_request_id_access_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("access_request_id", name=op.f("uq_agreement_access_request_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_agreement_public_id")),
    )
    op.create_table(
        "allocation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("access_request_id", KEY, nullable=False),
        sa.Column("access_unit", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("used", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0 AND used <= amount", name=op.f("ck_allocation_never_overdrawn")),
        sa.ForeignKeyConstraint(
            ["access_request_id"], ["access_request.id"], name=op.f("fk_allocation_access_request_id_access_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation")),
        sa.UniqueConstraint("access_request_id", name=op.f("uq_allocation_access_request_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_allocation_public_id")),
    )
    op.create_table(
        "conversation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("instrument_id", KEY, nullable=True),
        sa.Column("access_request_id", KEY, nullable=True),
        sa.Column("opened_by_id", KEY, nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("visibility", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_request_id"], ["access_request.id"], name=op.f("fk_conversation_access_request_id_access_request")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_conversation_instrument_id_instrument")
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["account.id"], name=op.f("fk_conversation_opened_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("public_id", name=op.f("uq_conversation_public_id")),
    )
    op.create_index(op.f("ix_conversation_access_request_id"), "conversation", ["access_request_id"], unique=False)
    op.create_index(op.f("ix_conversation_instrument_id"), "conversation", ["instrument_id"], unique=False)
    op.create_index(op.f("ix_conversation_opened_by_id"), "conversation", ["opened_by_id"], unique=False)
    op.create_table(
        "participant",
        sa.Column("id", KEY, nullable=False),
        sa.Column("access_request_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=60), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("organisation_id", KEY, nullable=True),
        sa.Column("country_of_work", sa.String(length=2), nullable=False),
        sa.Column("presence", sa.String(length=20), nullable=False),
        sa.Column("remote_from", sa.String(length=2), nullable=True),
        sa.ForeignKeyConstraint(
            ["access_request_id"], ["access_request.id"], name=op.f("fk_participant_access_request_id_access_request")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_participant_account_id_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_participant_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
        sa.UniqueConstraint("access_request_id", "email", name=op.f("uq_participant_access_request_id_email")),
    )
    op.create_index(op.f("ix_participant_account_id"), "participant", ["account_id"], unique=False)
    op.create_table(
        "agreement_acceptance",
        sa.Column("id", KEY, nullable=False),
        sa.Column("agreement_id", KEY, nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_agreement_acceptance_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_acceptance_agreement_id_agreement")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_acceptance")),
        sa.UniqueConstraint("agreement_id", "side", name=op.f("uq_agreement_acceptance_agreement_id_side")),
    )
    op.create_table(
        "booking",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("instrument_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("acting_for_id", KEY, nullable=True),
        sa.Column("allocation_id", KEY, nullable=True),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("units", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("uid", sa.String(length=80), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("case", sa.String(length=20), nullable=True),
        sa.Column("decision", DOCUMENT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("starts < ends", name=op.f("ck_booking_order")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_booking_account_id_account")),
        sa.ForeignKeyConstraint(
            ["acting_for_id"], ["organisation.id"], name=op.f("fk_booking_acting_for_id_organisation")
        ),
        sa.ForeignKeyConstraint(["allocation_id"], ["allocation.id"], name=op.f("fk_booking_allocation_id_allocation")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_booking_instrument_id_instrument")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint("public_id", name=op.f("uq_booking_public_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_booking_uid")),
    )
    op.create_index("ix_booking_account_start", "booking", ["account_id", "starts"], unique=False)
    op.create_index(op.f("ix_booking_acting_for_id"), "booking", ["acting_for_id"], unique=False)
    op.create_index(op.f("ix_booking_allocation_id"), "booking", ["allocation_id"], unique=False)
    op.create_index("ix_booking_instrument_start", "booking", ["instrument_id", "starts"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", KEY, nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("author_id", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["account.id"], name=op.f("fk_message_author_id_account")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_message_conversation_id_conversation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_conversation", "message", ["conversation_id", "id"], unique=False)
    op.create_table(
        "booking_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("booking_id", KEY, nullable=False),
        sa.Column("resource_id", KEY, nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts < ends", name=op.f("ck_booking_line_order")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_booking_line_booking_id_booking")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_booking_line_resource_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_line")),
    )
    op.create_index(op.f("ix_booking_line_booking_id"), "booking_line", ["booking_id"], unique=False)
    op.create_index(op.f("ix_booking_line_resource_id"), "booking_line", ["resource_id"], unique=False)
    op.create_table(
        "occupancy",
        sa.Column("id", KEY, nullable=False),
        sa.Column("resource_id", KEY, nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("booking_id", KEY, nullable=True),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("starts < ends", name=op.f("ck_occupancy_order")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_occupancy_booking_id_booking")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_occupancy_resource_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupancy")),
    )
    op.create_index(op.f("ix_occupancy_booking_id"), "occupancy", ["booking_id"], unique=False)
    op.create_index("ix_occupancy_resource_start", "occupancy", ["resource_id", "starts"], unique=False)
    op.bulk_insert(sa.table("role", sa.column("name")), [{"name": role} for role in ROLES])
    op.bulk_insert(
        sa.table(
            "policy_head",
            sa.column("id"),
            sa.column("number"),
            sa.column("stamp"),
            sa.column("changed_at", sa.DateTime(timezone=True)),
        ),
        [{"id": 1, "number": 0, "stamp": "", "changed_at": datetime(2026, 1, 1, tzinfo=UTC)}],
    )
    op.bulk_insert(
        sa.table("catalogue_head", sa.column("id"), sa.column("number"), sa.column("stamp")),
        [{"id": 1, "number": 0, "stamp": ""}],
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE occupancy ADD CONSTRAINT occupancy_no_overlap EXCLUDE USING gist "
            "(int8range(resource_id, resource_id, '[]') WITH &&, tstzrange(starts, ends) WITH &&)"
        )
        op.execute(
            "CREATE TABLE instrument_search "
            "(instrument_id bigint PRIMARY KEY REFERENCES instrument (id) ON DELETE CASCADE, tokens tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_instrument_search_tokens ON instrument_search USING gin (tokens)")
    else:
        op.execute(
            "CREATE VIRTUAL TABLE instrument_search USING fts5(tokens, tokenize='unicode61 remove_diacritics 0')"
        )


def downgrade() -> None:
    """Take back."""
    op.execute("DROP TABLE instrument_search")
    op.drop_index("ix_catalogue_entry_order", table_name="catalogue_entry")
    op.drop_index(op.f("ix_catalogue_entry_facility_id"), table_name="catalogue_entry")
    op.drop_index("ix_catalogue_entry_country", table_name="catalogue_entry")
    op.drop_table("catalogue_entry")
    op.drop_table("catalogue_head")
    op.drop_index("ix_occupancy_resource_start", table_name="occupancy")
    op.drop_index(op.f("ix_occupancy_booking_id"), table_name="occupancy")
    op.drop_table("occupancy")
    op.drop_index(op.f("ix_booking_line_resource_id"), table_name="booking_line")
    op.drop_index(op.f("ix_booking_line_booking_id"), table_name="booking_line")
    op.drop_table("booking_line")
    op.drop_index("ix_message_conversation", table_name="message")
    op.drop_table("message")
    op.drop_index("ix_booking_instrument_start", table_name="booking")
    op.drop_index(op.f("ix_booking_allocation_id"), table_name="booking")
    op.drop_index(op.f("ix_booking_acting_for_id"), table_name="booking")
    op.drop_index("ix_booking_account_start", table_name="booking")
    op.drop_table("booking")
    op.drop_table("agreement_acceptance")
    op.drop_index(op.f("ix_participant_account_id"), table_name="participant")
    op.drop_table("participant")
    op.drop_index(op.f("ix_conversation_opened_by_id"), table_name="conversation")
    op.drop_index(op.f("ix_conversation_instrument_id"), table_name="conversation")
    op.drop_index(op.f("ix_conversation_access_request_id"), table_name="conversation")
    op.drop_table("conversation")
    op.drop_table("allocation")
    op.drop_table("agreement")
    op.drop_index(op.f("ix_access_request_instrument_instrument_id"), table_name="access_request_instrument")
    op.drop_table("access_request_instrument")
    op.drop_table("instrument_companion")
    op.drop_index("ix_access_request_state", table_name="access_request")
    op.drop_index(op.f("ix_access_request_route_id"), table_name="access_request")
    op.drop_index(op.f("ix_access_request_requester_id"), table_name="access_request")
    op.drop_index(op.f("ix_access_request_acting_for_id"), table_name="access_request")
    op.drop_table("access_request")
    op.drop_index(op.f("ix_resource_plant_id"), table_name="resource")
    op.drop_index(op.f("ix_resource_instrument_id"), table_name="resource")
    op.drop_index(op.f("ix_resource_facility_id"), table_name="resource")
    op.drop_index(op.f("ix_resource_account_id"), table_name="resource")
    op.drop_table("resource")
    op.drop_index(op.f("ix_instrument_technique_key"), table_name="instrument_technique")
    op.drop_table("instrument_technique")
    op.drop_index(op.f("ix_instrument_access_type_access_type"), table_name="instrument_access_type")
    op.drop_table("instrument_access_type")
    op.drop_table("booking_rule_set")
    op.drop_index(op.f("ix_access_route_instrument_instrument_id"), table_name="access_route_instrument")
    op.drop_table("access_route_instrument")
    op.drop_index(op.f("ix_access_round_route_id"), table_name="access_round")
    op.drop_table("access_round")
    op.drop_index(op.f("ix_opening_hours_facility_id"), table_name="opening_hours")
    op.drop_table("opening_hours")
    op.drop_index("ix_opening_exception_day", table_name="opening_exception")
    op.drop_table("opening_exception")
    op.drop_index(op.f("ix_instrument_status"), table_name="instrument")
    op.drop_index("ix_instrument_order", table_name="instrument")
    op.drop_index(op.f("ix_instrument_facility_id"), table_name="instrument")
    op.drop_table("instrument")
    op.drop_index(op.f("ix_access_route_facility_id"), table_name="access_route")
    op.drop_table("access_route")
    op.drop_index("ix_training_account_code", table_name="training")
    op.drop_table("training")
    op.drop_index("ix_role_grant_scope", table_name="role_grant")
    op.drop_index(op.f("ix_role_grant_account_id"), table_name="role_grant")
    op.drop_table("role_grant")
    op.drop_index(op.f("ix_organisation_identifier_organisation_id"), table_name="organisation_identifier")
    op.drop_table("organisation_identifier")
    op.drop_index("ix_organisation_fact_name", table_name="organisation_fact")
    op.drop_table("organisation_fact")
    op.drop_index(op.f("ix_one_time_link_account_id"), table_name="one_time_link")
    op.drop_table("one_time_link")
    op.drop_index(op.f("ix_login_session_account_id"), table_name="login_session")
    op.drop_table("login_session")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_index(op.f("ix_facility_organisation_id"), table_name="facility")
    op.drop_index("ix_facility_order", table_name="facility")
    op.drop_index(op.f("ix_facility_country"), table_name="facility")
    op.drop_table("facility")
    op.drop_index("ix_approval_subject", table_name="approval")
    op.drop_index("ix_approval_open", table_name="approval")
    op.drop_table("approval")
    op.drop_index(op.f("ix_api_token_account_id"), table_name="api_token")
    op.drop_table("api_token")
    op.drop_index(op.f("ix_affiliation_organisation_id"), table_name="affiliation")
    op.drop_table("affiliation")
    op.drop_table("role")
    op.drop_table("policy_head")
    op.drop_index("ix_policy_document_state", table_name="policy_document")
    op.drop_table("policy_document")
    op.drop_index("ix_outbox_event_due", table_name="outbox_event")
    op.drop_table("outbox_event")
    op.drop_index("ix_organisation_order", table_name="organisation")
    op.drop_index(op.f("ix_organisation_country"), table_name="organisation")
    op.drop_table("organisation")
    op.drop_index("ix_login_attempt_key", table_name="login_attempt")
    op.drop_table("login_attempt")
    op.drop_index("ix_decision_record_subject", table_name="decision_record")
    op.drop_index(op.f("ix_decision_record_case"), table_name="decision_record")
    op.drop_table("decision_record")
    op.drop_table("country_group")
    op.drop_index("ix_audit_event_object", table_name="audit_event")
    op.drop_index(op.f("ix_audit_event_at"), table_name="audit_event")
    op.drop_index(op.f("ix_audit_event_action"), table_name="audit_event")
    op.drop_table("audit_event")
    op.drop_table("account")
