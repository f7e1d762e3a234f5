"""what drafts of rules would change, worked out by the worker

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-29 23:10:00
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "what_if_run",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("document_id", _KEY, nullable=False),
        sa.Column("document_version", sa.Integer(), nullable=False),
        sa.Column("rules", _DOCUMENT, nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy_version", sa.String(length=40), nullable=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_id", _KEY, nullable=True),
        sa.Column("found", _DOCUMENT, nullable=False),
        sa.Column("claim", sa.String(length=16), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["policy_document.id"], name=op.f("fk_what_if_run_document_id_policy_document")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_what_if_run")),
        sa.UniqueConstraint("public_id", name=op.f("uq_what_if_run_public_id")),
    )
    with op.batch_alter_table("what_if_run") as batch:
        batch.create_index("ix_what_if_run_state", ["state", "id"], unique=False)
        batch.create_index(batch.f("ix_what_if_run_document_id"), ["document_id"], unique=False)


def downgrade() -> None:
    """Revert."""
    op.drop_table("what_if_run")
