"""names on sanction lists are candidates for an officer

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-29 19:50:00
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "screening_list",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("format", sa.String(20), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("aliases_sha256", sa.String(64), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("loaded_at", INSTANT, nullable=False),
        sa.Column("loaded_by", sa.String(200), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_list")),
        sa.UniqueConstraint("public_id", name=op.f("uq_screening_list_public_id")),
    )
    op.create_index("ix_screening_list_state", "screening_list", ["state", "name"])
    op.create_table(
        "screening_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("list_id", KEY, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("names", DOCUMENT, nullable=False),
        sa.Column("born", sa.Text(), nullable=False),
        sa.Column("countries", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["screening_list.id"], name=op.f("fk_screening_entry_list_id_screening_list")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_entry")),
    )
    op.create_index(op.f("ix_screening_entry_list_id"), "screening_entry", ["list_id"])
    op.create_table(
        "screening_word",
        sa.Column("word", sa.String(64), nullable=False),
        sa.Column("entry_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["screening_entry.id"], name=op.f("fk_screening_word_entry_id_screening_entry")
        ),
        sa.PrimaryKeyConstraint("word", "entry_id", "position", name=op.f("pk_screening_word")),
    )
    op.create_index(op.f("ix_screening_word_entry_id"), "screening_word", ["entry_id"])
    op.create_table(
        "screening_decision",
        sa.Column("id", KEY, nullable=False),
        sa.Column("subject_kind", sa.String(20), nullable=False),
        sa.Column("subject_public_id", sa.String(16), nullable=False),
        sa.Column("approval_public_id", sa.String(16), nullable=False),
        sa.Column("candidate", sa.String(32), nullable=False),
        sa.Column("party", sa.String(300), nullable=False),
        sa.Column("listed", sa.Text(), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("list_name", sa.String(100), nullable=False),
        sa.Column("list_sha256", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by_id", KEY, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["account.id"], name=op.f("fk_screening_decision_decided_by_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_decision")),
    )
    op.create_index("ix_screening_decision_subject", "screening_decision", ["subject_kind", "subject_public_id"])
    op.create_table(
        "screening_use",
        sa.Column("id", KEY, nullable=False),
        sa.Column("approval_public_id", sa.String(16), nullable=False),
        sa.Column("list_id", KEY, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["screening_list.id"], name=op.f("fk_screening_use_list_id_screening_list")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_use")),
    )
    op.create_index(op.f("ix_screening_use_approval_public_id"), "screening_use", ["approval_public_id"])


def downgrade() -> None:
    """Revert."""
    for table in ("screening_use", "screening_decision", "screening_word", "screening_entry", "screening_list"):
        op.drop_table(table)
