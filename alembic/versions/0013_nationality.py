"""what an approval asks of a team, and nationalities under seal

Revision ID: 0013
Revises: 0012
Create Date: 2026-11-29 23:00:00
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Apply. Approvals of before ask nothing."""
    with op.batch_alter_table("approval") as batch:
        batch.add_column(sa.Column("asks", DOCUMENT, nullable=True))
    approval = sa.table("approval", sa.column("asks", DOCUMENT))
    op.execute(approval.update().values(asks=[]))
    with op.batch_alter_table("approval") as batch:
        batch.alter_column("asks", existing_type=DOCUMENT, nullable=False)
    op.create_table(
        "nationality_declaration",
        sa.Column("approval_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approval.id"], name=op.f("fk_nationality_declaration_approval_id_approval")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_nationality_declaration_account_id_account")
        ),
        sa.PrimaryKeyConstraint("approval_id", "account_id", name=op.f("pk_nationality_declaration")),
    )
    op.create_index(
        op.f("ix_nationality_declaration_account_id"), "nationality_declaration", ["account_id"], unique=False
    )


def downgrade() -> None:
    """Revert. What was said under seal is erased with its table."""
    op.drop_table("nationality_declaration")
    with op.batch_alter_table("approval") as batch:
        batch.drop_column("asks")
