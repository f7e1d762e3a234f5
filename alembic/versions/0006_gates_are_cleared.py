"""gates of bookings are cleared

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-29 19:50:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "gate_clearance",
        sa.Column("id", KEY, nullable=False),
        sa.Column("booking_id", KEY, nullable=False),
        sa.Column("gate", sa.String(length=140), nullable=False),
        sa.Column("account_id", KEY, nullable=True),
        sa.Column("sample", sa.String(length=64), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("cleared_by_id", KEY, nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "account_id IS NULL OR account_id <> cleared_by_id", name=op.f("ck_gate_clearance_cleared_by_another")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_gate_clearance_account_id_account")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_gate_clearance_booking_id_booking")),
        sa.ForeignKeyConstraint(
            ["cleared_by_id"], ["account.id"], name=op.f("fk_gate_clearance_cleared_by_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_clearance")),
    )
    op.create_index("ix_gate_clearance_account_id", "gate_clearance", ["account_id"])
    op.create_index("ix_gate_clearance_booking_id", "gate_clearance", ["booking_id"])


def downgrade() -> None:
    """Revert."""
    op.drop_table("gate_clearance")
