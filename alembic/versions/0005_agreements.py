"""points and versions of terms

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-29 20:00:00
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "terms_version",
        sa.Column("id", KEY, nullable=False),
        sa.Column("route_id", KEY, nullable=False),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["route_id"], ["access_route.id"], name=op.f("fk_terms_version_route_id_access_route")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms_version")),
        sa.UniqueConstraint("route_id", "part", "version", name=op.f("uq_terms_version_route_id_part_version")),
    )
    with op.batch_alter_table("agreement") as batch:
        batch.add_column(sa.Column("points", DOCUMENT, nullable=True))
    # What was agreed before states no points.
    agreement = sa.table("agreement", sa.column("points", DOCUMENT))
    op.execute(agreement.update().values(points={}))
    with op.batch_alter_table("agreement") as batch:
        batch.alter_column("points", existing_type=DOCUMENT, nullable=False)


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("agreement") as batch:
        batch.drop_column("points")
    op.drop_table("terms_version")
