"""approvals are asked stage by stage

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-29 23:30:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was asked already stays asked, all in one stage."""
    with op.batch_alter_table("approval") as batch:
        batch.add_column(sa.Column("stage", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    """Revert. What waits for an earlier stage is asked at once, as it was before."""
    op.execute("UPDATE approval SET state = 'pending' WHERE state = 'waiting'")
    with op.batch_alter_table("approval") as batch:
        batch.drop_column("stage")
