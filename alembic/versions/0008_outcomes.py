"""outcomes, owed reports, and contributions in kind

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-29 19:40:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "owed_report",
        sa.Column("id", KEY, nullable=False),
        sa.Column("access_request_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("organisation_id", KEY, nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nothing_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["access_request_id"], ["access_request.id"], name=op.f("fk_owed_report_access_request_id_access_request")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_owed_report_account_id_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_owed_report_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owed_report")),
        sa.UniqueConstraint("access_request_id", name=op.f("uq_owed_report_access_request_id")),
    )
    op.create_index("ix_owed_report_account", "owed_report", ["account_id", "due_at"])
    op.create_index("ix_owed_report_organisation", "owed_report", ["organisation_id", "due_at"])
    unmet = sa.text("met_at IS NULL AND reminded_at IS NULL")
    op.create_index("ix_owed_report_remind", "owed_report", ["due_at"], sqlite_where=unmet, postgresql_where=unmet)
    op.create_table(
        "outcome",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("access_request_id", KEY, nullable=False),
        sa.Column("instrument_id", KEY, nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("identifier", sa.String(length=500), nullable=False),
        sa.Column("licence", sa.String(length=100), nullable=True),
        sa.Column("embargo_until", sa.Date(), nullable=True),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("added_by_id", KEY, nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by_id", KEY, nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["access_request_id"], ["access_request.id"], name=op.f("fk_outcome_access_request_id_access_request")
        ),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_outcome_instrument_id_instrument")),
        sa.ForeignKeyConstraint(["added_by_id"], ["account.id"], name=op.f("fk_outcome_added_by_id_account")),
        sa.ForeignKeyConstraint(["removed_by_id"], ["account.id"], name=op.f("fk_outcome_removed_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome")),
        sa.UniqueConstraint("public_id", name=op.f("uq_outcome_public_id")),
    )
    op.create_index(op.f("ix_outcome_access_request_id"), "outcome", ["access_request_id"])
    op.create_index(op.f("ix_outcome_instrument_id"), "outcome", ["instrument_id"])
    op.create_table(
        "contribution",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("organisation_id", KEY, nullable=False),
        sa.Column("corrects_id", KEY, nullable=True),
        sa.Column("what", sa.String(length=300), nullable=False),
        sa.Column("value", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("noted_by_id", KEY, nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_contribution_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["contribution.id"], name=op.f("fk_contribution_corrects_id_contribution")
        ),
        sa.ForeignKeyConstraint(["noted_by_id"], ["account.id"], name=op.f("fk_contribution_noted_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution")),
        sa.UniqueConstraint("public_id", name=op.f("uq_contribution_public_id")),
    )
    op.create_index(op.f("ix_contribution_organisation_id"), "contribution", ["organisation_id"])
    op.create_index(op.f("ix_contribution_corrects_id"), "contribution", ["corrects_id"])
    op.create_index("ix_contribution_given_on", "contribution", ["given_on"])


def downgrade() -> None:
    """Revert."""
    op.drop_table("contribution")
    op.drop_table("outcome")
    op.drop_table("owed_report")
