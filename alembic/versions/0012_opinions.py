"""opinions of experts from outside, and the links by which they are given

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-29 23:10:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "outside_opinion",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("approval_id", KEY, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("asked_by_id", KEY, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("withdrawn_by_id", KEY, nullable=True),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("conflict", sa.Text(), nullable=True),
        sa.Column("recommendation", sa.String(length=30), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.CheckConstraint("asked_at < expires_at", name=op.f("ck_outside_opinion_order")),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (recommendation IS NULL)", name=op.f("ck_outside_opinion_answer_is_whole")
        ),
        sa.CheckConstraint(
            "(withdrawn_by_id IS NULL) = (withdrawn_at IS NULL)",
            name=op.f("ck_outside_opinion_withdrawal_has_a_person"),
        ),
        sa.CheckConstraint("answered_at IS NULL OR withdrawn_at IS NULL", name=op.f("ck_outside_opinion_one_end")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_outside_opinion_approval_id_approval")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["account.id"], name=op.f("fk_outside_opinion_asked_by_id_account")),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"], ["account.id"], name=op.f("fk_outside_opinion_withdrawn_by_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_opinion")),
        sa.UniqueConstraint("public_id", name=op.f("uq_outside_opinion_public_id")),
    )
    op.create_index(op.f("ix_outside_opinion_approval_id"), "outside_opinion", ["approval_id"])
    op.create_table(
        "opinion_link",
        sa.Column("id", KEY, nullable=False),
        sa.Column("opinion_id", KEY, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["opinion_id"], ["outside_opinion.id"], name=op.f("fk_opinion_link_opinion_id_outside_opinion")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_opinion_link_token_hash")),
    )
    op.create_index(op.f("ix_opinion_link_opinion_id"), "opinion_link", ["opinion_id"])


def downgrade() -> None:
    """Revert."""
    op.drop_table("opinion_link")
    op.drop_table("outside_opinion")
