"""a consent has a date on which it is looked at again

Revision ID: 0019
Revises: 0018
Create Date: 2026-11-30 02:00:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was consented to before has no such date."""
    with op.batch_alter_table("approval") as batch:
        batch.add_column(sa.Column("needs_review", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column("review_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("review_tell_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_approval_review_tell", "approval", ["review_tell_at"], unique=False)
    with op.batch_alter_table("allocation") as batch:
        batch.add_column(sa.Column("review_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Revert. Consents hold without an end again."""
    # Column by column: a table that is made anew would lose the guard on it.
    op.drop_column("allocation", "review_at")
    op.drop_index("ix_approval_review_tell", table_name="approval")
    op.drop_column("approval", "review_tell_at")
    op.drop_column("approval", "review_at")
    op.drop_column("approval", "needs_review")
