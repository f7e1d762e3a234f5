"""conversations on bookings

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-29 21:00:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("conversation") as batch:
        batch.add_column(sa.Column("about_kind", sa.String(length=20), nullable=True))
        batch.add_column(sa.Column("about_public_id", sa.String(length=16), nullable=True))
        batch.add_column(sa.Column("with_id", KEY, nullable=True))
        batch.create_foreign_key("fk_conversation_with_id_account", "account", ["with_id"], ["id"])
        batch.create_index(batch.f("ix_conversation_with_id"), ["with_id"], unique=False)
        batch.create_index("ix_conversation_about", ["about_kind", "about_public_id"], unique=False)


def downgrade() -> None:
    """Revert. Conversations on bookings stay as those on their instruments and requests."""
    with op.batch_alter_table("conversation") as batch:
        batch.drop_index("ix_conversation_about")
        batch.drop_index(batch.f("ix_conversation_with_id"))
        batch.drop_constraint("fk_conversation_with_id_account", type_="foreignkey")
        for name in ("with_id", "about_public_id", "about_kind"):
            batch.drop_column(name)
