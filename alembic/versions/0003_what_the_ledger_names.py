"""the ledger names what a line is of and when it was; resources have a version

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-27 17:30:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OF_BOOKING = """
UPDATE usage_line SET
    subject = (SELECT booking.public_id FROM booking WHERE booking.id = usage_line.booking_id),
    used_from = (SELECT booking.starts FROM booking WHERE booking.id = usage_line.booking_id),
    used_until = (SELECT coalesce(booking.ended_at, booking.ends) FROM booking
                  WHERE booking.id = usage_line.booking_id)
WHERE booking_id IS NOT NULL
"""
_OF_ORDER = """
UPDATE usage_line SET
    subject = (SELECT service_order.public_id FROM service_order WHERE service_order.id = usage_line.service_order_id)
WHERE service_order_id IS NOT NULL
"""


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("usage_line") as batch:
        batch.add_column(sa.Column("subject", sa.String(length=16), nullable=True))
        batch.add_column(sa.Column("used_from", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("used_until", sa.DateTime(timezone=True), nullable=True))
    op.execute(_OF_BOOKING)
    op.execute(_OF_ORDER)
    with op.batch_alter_table("usage_line") as batch:
        batch.alter_column("subject", existing_type=sa.String(length=16), nullable=False)
    with op.batch_alter_table("resource") as batch:
        batch.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    with op.batch_alter_table("resource") as batch:
        batch.alter_column("version", existing_type=sa.Integer(), server_default=None)


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("resource") as batch:
        batch.drop_column("version")
    with op.batch_alter_table("usage_line") as batch:
        batch.drop_column("used_until")
        batch.drop_column("used_from")
        batch.drop_column("subject")
