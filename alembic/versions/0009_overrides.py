"""exceptions from a rule for one request, and the rules that a decision left out

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-29 19:50:00
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "policy_override",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("access_request_id", _KEY, nullable=False),
        sa.Column("applicant_id", _KEY, nullable=False),
        sa.Column("document_id", _KEY, nullable=False),
        sa.Column("scope_kind", sa.String(length=20), nullable=False),
        sa.Column("scope_key", sa.String(length=100), nullable=False),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("rule_hash", sa.String(length=64), nullable=False),
        sa.Column("rests_on", _DOCUMENT, nullable=False),
        sa.Column("message", _DOCUMENT, nullable=False),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", _KEY, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_id", _KEY, nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_id", _KEY, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("asked_by_id <> applicant_id", name=op.f("ck_policy_override_asked_by_another")),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR (confirmed_by_id <> asked_by_id AND confirmed_by_id <> applicant_id)",
            name=op.f("ck_policy_override_confirmed_by_a_third"),
        ),
        sa.CheckConstraint(
            "(confirmed_by_id IS NULL) = (confirmed_at IS NULL)",
            name=op.f("ck_policy_override_confirmation_has_a_person"),
        ),
        sa.CheckConstraint(
            "(withdrawn_by_id IS NULL) = (withdrawn_at IS NULL)",
            name=op.f("ck_policy_override_withdrawal_has_a_person"),
        ),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until > asked_at", name=op.f("ck_policy_override_ends_after_it_begins")
        ),
        sa.ForeignKeyConstraint(
            ["access_request_id"],
            ["access_request.id"],
            name=op.f("fk_policy_override_access_request_id_access_request"),
        ),
        sa.ForeignKeyConstraint(["applicant_id"], ["account.id"], name=op.f("fk_policy_override_applicant_id_account")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["policy_document.id"], name=op.f("fk_policy_override_document_id_policy_document")
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["account.id"], name=op.f("fk_policy_override_asked_by_id_account")),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["account.id"], name=op.f("fk_policy_override_confirmed_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"], ["account.id"], name=op.f("fk_policy_override_withdrawn_by_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_override")),
        sa.UniqueConstraint("public_id", name=op.f("uq_policy_override_public_id")),
    )
    with op.batch_alter_table("policy_override") as batch:
        batch.create_index(batch.f("ix_policy_override_access_request_id"), ["access_request_id"], unique=False)
    with op.batch_alter_table("decision_record") as batch:
        batch.add_column(sa.Column("overridden", sa.Text(), server_default="[]", nullable=False))


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("decision_record") as batch:
        batch.drop_column("overridden")
    op.drop_table("policy_override")
