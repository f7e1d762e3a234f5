"""preferred requests

Revision ID: 0017
Revises: 0016
Create Date: 2026-11-29 23:40:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Of what was decided before, nothing goes before anything else until the policy is asked again."""
    with op.batch_alter_table("access_request") as batch:
        batch.add_column(sa.Column("preference", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("access_request") as batch:
        batch.drop_column("preference")
