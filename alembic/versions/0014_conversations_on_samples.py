"""conversations on samples

Revision ID: 0014
Revises: 0013
Create Date: 2026-11-29 23:10:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("conversation") as batch:
        batch.add_column(sa.Column("sample", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Revert. Conversations on samples stay as those on their requests."""
    with op.batch_alter_table("conversation") as batch:
        batch.drop_column("sample")
