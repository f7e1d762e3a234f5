"""approvals are reminded of and told of when overdue

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-29 17:55:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("approval") as batch:
        batch.add_column(sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True))
    # What waits already is told of with its deadline.
    approval = sa.table("approval", sa.column("remind_at", sa.DateTime(timezone=True)), sa.column("due_at"))
    op.execute(approval.update().values(remind_at=approval.c.due_at))
    with op.batch_alter_table("approval") as batch:
        batch.alter_column("remind_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch.create_index("ix_approval_remind", ["state", "remind_at"])


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("approval") as batch:
        batch.drop_index("ix_approval_remind")
        batch.drop_column("escalated_at")
        batch.drop_column("reminded_at")
        batch.drop_column("remind_at")
