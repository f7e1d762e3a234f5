"""a call states how many access units it has to give

Revision ID: 0023
Revises: 0022
Create Date: 2026-11-30 02:50:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was not asked so far nobody has stated."""
    with op.batch_alter_table("access_round") as batch:
        batch.add_column(sa.Column("units_offered", sa.Numeric(12, 2), nullable=True))


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("access_round") as batch:
        batch.drop_column("units_offered")
