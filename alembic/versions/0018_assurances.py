"""assurances of people

Revision ID: 0018
Revises: 0017
Create Date: 2026-11-30 00:00:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "assurance",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("scope_kind", sa.String(length=20), nullable=False),
        sa.Column("scope_key", sa.String(length=40), nullable=False),
        sa.Column("noted_by_id", KEY, nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "noted_by_id IS NULL OR noted_by_id <> account_id", name=op.f("ck_assurance_noted_by_another")
        ),
        sa.CheckConstraint("valid_until IS NULL OR valid_until > noted_at", name=op.f("ck_assurance_valid_for_a_time")),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)", name=op.f("ck_assurance_withdrawn_with_reason")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_assurance_account_id_account")),
        sa.ForeignKeyConstraint(["noted_by_id"], ["account.id"], name=op.f("fk_assurance_noted_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assurance")),
        sa.UniqueConstraint("public_id", name=op.f("uq_assurance_public_id")),
    )
    op.create_index("ix_assurance_account_code", "assurance", ["account_id", "code"], unique=False)


def downgrade() -> None:
    """Revert. What was vouched for is forgotten."""
    op.drop_index("ix_assurance_account_code", table_name="assurance")
    op.drop_table("assurance")
