"""approvals are asked stage by stage, and the database holds to two people

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-29 23:30:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was asked already stays asked, all in one stage."""
    with op.batch_alter_table("approval") as batch:
        batch.add_column(sa.Column("stage", sa.Integer(), server_default="1", nullable=False))
        batch.add_column(sa.Column("two_people", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "UPDATE approval SET two_people = true WHERE subject_kind = 'access_request' AND subject_id IN ("
        "SELECT access_request_instrument.access_request_id FROM access_request_instrument "
        "JOIN instrument ON instrument.id = access_request_instrument.instrument_id "
        "WHERE CAST(instrument.control_codes AS TEXT) <> '[]')"
    )


def downgrade() -> None:
    """Revert. What waits for an earlier stage is asked at once, as it was before."""
    op.execute("UPDATE approval SET state = 'pending' WHERE state = 'waiting'")
    on = " ON approval" if op.get_bind().dialect.name == "postgresql" else ""
    for event in ("insert", "update"):
        op.execute(f"DROP TRIGGER IF EXISTS approval_two_people_{event}{on}")
    if on:
        op.execute("DROP FUNCTION IF EXISTS approval_two_people()")
    with op.batch_alter_table("approval") as batch:
        batch.drop_column("two_people")
        batch.drop_column("stage")
