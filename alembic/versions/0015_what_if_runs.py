"""what drafts of rules would change, worked out by the worker, and trainings that a facility records

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-29 23:10:00
"""

import secrets

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEYS = {"facility_id": "facility", "recorded_by_id": "account", "withdrawn_by_id": "account"}
_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "what_if_run",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("document_id", _KEY, nullable=False),
        sa.Column("document_version", sa.Integer(), nullable=False),
        sa.Column("rules", _DOCUMENT, nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy_version", sa.String(length=40), nullable=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_id", _KEY, nullable=True),
        sa.Column("found", _DOCUMENT, nullable=False),
        sa.Column("claim", sa.String(length=16), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["policy_document.id"], name=op.f("fk_what_if_run_document_id_policy_document")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_what_if_run")),
        sa.UniqueConstraint("public_id", name=op.f("uq_what_if_run_public_id")),
    )
    with op.batch_alter_table("what_if_run") as batch:
        batch.create_index("ix_what_if_run_state", ["state", "id"], unique=False)
        batch.create_index(batch.f("ix_what_if_run_document_id"), ["document_id"], unique=False)
    with op.batch_alter_table("training") as batch:
        batch.add_column(sa.Column("public_id", sa.String(length=16), nullable=True))
        for name in ("facility_id", "recorded_by_id", "withdrawn_by_id"):
            batch.add_column(sa.Column(name, _KEY, nullable=True))
        for name in ("recorded_at", "withdrawn_at"):
            batch.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("withdrawn_reason", sa.Text(), nullable=True))
    _name_trainings()
    with op.batch_alter_table("training") as batch:
        batch.alter_column("public_id", existing_type=sa.String(length=16), nullable=False)
        batch.create_unique_constraint(batch.f("uq_training_public_id"), ["public_id"])
        for name, table in _KEYS.items():
            batch.create_foreign_key(batch.f(f"fk_training_{name}_{table}"), table, [name], ["id"])
        batch.create_index(batch.f("ix_training_facility_id"), ["facility_id"], unique=False)


def downgrade() -> None:
    """Revert. A training that was withdrawn goes with its withdrawal: further down it would count again."""
    op.execute(sa.text("DELETE FROM training WHERE withdrawn_at IS NOT NULL"))
    with op.batch_alter_table("training") as batch:
        batch.drop_index(batch.f("ix_training_facility_id"))
        for name, table in _KEYS.items():
            batch.drop_constraint(batch.f(f"fk_training_{name}_{table}"), type_="foreignkey")
        batch.drop_constraint(batch.f("uq_training_public_id"), type_="unique")
        for name in ("public_id", *_KEYS, "recorded_at", "withdrawn_at", "withdrawn_reason"):
            batch.drop_column(name)
    op.drop_table("what_if_run")


def _name_trainings() -> None:
    """Give each training that was recorded before an id by which it can be withdrawn."""
    trainings = sa.table("training", sa.column("id", _KEY), sa.column("public_id", sa.String))
    connection = op.get_bind()
    for key in connection.scalars(sa.select(trainings.c.id)).all():
        connection.execute(sa.update(trainings).where(trainings.c.id == key).values(public_id=_new_public_id()))


def _new_public_id() -> str:
    return "".join(secrets.choice("0123456789abcdefghjkmnpqrstvwxyz") for _position in range(16))
