"""appeals say against what

Revision ID: 0022
Revises: 0021
Create Date: 2026-11-30 02:40:00
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Apply. What was appealed against before stands in the audit trail alone."""
    with op.batch_alter_table("approval") as batch:
        batch.add_column(sa.Column("appealed", DOCUMENT, nullable=True))


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("approval") as batch:
        batch.drop_column("appealed")
