"""roles handed over, approvals given ahead, narrower grants, corrections, conflicts of interest

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-29 19:50:00
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("role_grant") as batch:
        batch.add_column(sa.Column("away_from", INSTANT, nullable=True))
        batch.add_column(sa.Column("away_until", INSTANT, nullable=True))
        batch.add_column(sa.Column("delegated_from_id", KEY, nullable=True))
        batch.add_column(sa.Column("delegated_by_id", KEY, nullable=True))
        batch.create_foreign_key(
            "fk_role_grant_delegated_from_id_role_grant", "role_grant", ["delegated_from_id"], ["id"]
        )
        batch.create_foreign_key("fk_role_grant_delegated_by_id_account", "account", ["delegated_by_id"], ["id"])
        batch.create_check_constraint("away_from_and_until", "(away_from IS NULL) = (away_until IS NULL)")
        batch.create_check_constraint(
            "delegated_to_another", "delegated_by_id IS NULL OR delegated_by_id <> account_id"
        )
        batch.create_index("ix_role_grant_delegated_from_id", ["delegated_from_id"])
    op.create_table(
        "standing_authorisation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("scope_kind", sa.String(20), nullable=False),
        sa.Column("scope_key", sa.String(40), nullable=False),
        sa.Column("organisation_id", KEY, nullable=True),
        sa.Column("account_id", KEY, nullable=True),
        sa.Column("instrument_ids", JSON, nullable=False),
        sa.Column("purposes", JSON, nullable=False),
        sa.Column("regimes", JSON, nullable=False),
        sa.Column("most_units", sa.Numeric(12, 2), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=True),
        sa.Column("given_by_id", KEY, nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("valid_until", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("revoked_by_id", KEY, nullable=True),
        sa.Column("revoked_because", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(organisation_id IS NULL) <> (account_id IS NULL)", name=op.f("ck_standing_authorisation_for_one")
        ),
        sa.CheckConstraint(
            "account_id IS NULL OR account_id <> given_by_id", name=op.f("ck_standing_authorisation_given_by_another")
        ),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_standing_authorisation_order")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_standing_authorisation_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_standing_authorisation_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["given_by_id"], ["account.id"], name=op.f("fk_standing_authorisation_given_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"], ["account.id"], name=op.f("fk_standing_authorisation_revoked_by_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_authorisation")),
        sa.UniqueConstraint("public_id", name=op.f("uq_standing_authorisation_public_id")),
    )
    op.create_index("ix_standing_authorisation_scope", "standing_authorisation", ["role", "scope_kind", "scope_key"])
    op.create_index(op.f("ix_standing_authorisation_organisation_id"), "standing_authorisation", ["organisation_id"])
    op.create_index(op.f("ix_standing_authorisation_account_id"), "standing_authorisation", ["account_id"])
    op.create_table(
        "request_correction",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("access_request_id", KEY, nullable=False),
        sa.Column("proposed_by_id", KEY, nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("changes", JSON, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["access_request_id"],
            ["access_request.id"],
            name=op.f("fk_request_correction_access_request_id_access_request"),
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["account.id"], name=op.f("fk_request_correction_proposed_by_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_correction")),
        sa.UniqueConstraint("public_id", name=op.f("uq_request_correction_public_id")),
    )
    op.create_index("ix_request_correction_request", "request_correction", ["access_request_id", "state"])
    op.create_table(
        "conflict_of_interest",
        sa.Column("access_request_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("declared_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["access_request_id"],
            ["access_request.id"],
            name=op.f("fk_conflict_of_interest_access_request_id_access_request"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_conflict_of_interest_account_id_account")
        ),
        sa.PrimaryKeyConstraint("access_request_id", "account_id", name=op.f("pk_conflict_of_interest")),
    )
    op.create_index(op.f("ix_conflict_of_interest_account_id"), "conflict_of_interest", ["account_id"])
    with op.batch_alter_table("access_request") as batch:
        batch.add_column(sa.Column("revoked_by_id", KEY, nullable=True))
        batch.create_foreign_key("fk_access_request_revoked_by_id_account", "account", ["revoked_by_id"], ["id"])
    with op.batch_alter_table("approval") as batch:
        batch.add_column(sa.Column("most_units", sa.Numeric(12, 2), nullable=True))
        batch.add_column(sa.Column("until", INSTANT, nullable=True))
        batch.add_column(sa.Column("safety_result", sa.String(10), nullable=True))
        batch.add_column(sa.Column("authorisation_id", KEY, nullable=True))
        batch.add_column(sa.Column("access_request_id", KEY, nullable=True))
        batch.add_column(sa.Column("acting_for_id", KEY, nullable=True))
        batch.create_foreign_key(
            "fk_approval_authorisation_id_standing_authorisation",
            "standing_authorisation",
            ["authorisation_id"],
            ["id"],
        )
        batch.create_foreign_key(
            "fk_approval_access_request_id_access_request", "access_request", ["access_request_id"], ["id"]
        )
        batch.create_foreign_key("fk_approval_acting_for_id_organisation", "organisation", ["acting_for_id"], ["id"])
        batch.create_index("ix_approval_authorisation_id", ["authorisation_id"])
        batch.create_index("ix_approval_access_request_id", ["access_request_id"])
        batch.create_index("ix_approval_acting_for_id", ["acting_for_id"])
    op.execute("UPDATE approval SET access_request_id = subject_id WHERE subject_kind <> 'booking'")
    op.execute(
        "UPDATE approval SET access_request_id = (SELECT allocation.access_request_id FROM booking "
        "JOIN allocation ON allocation.id = booking.allocation_id WHERE booking.id = approval.subject_id), "
        "acting_for_id = (SELECT booking.acting_for_id FROM booking WHERE booking.id = approval.subject_id) "
        "WHERE subject_kind = 'booking'"
    )


def downgrade() -> None:
    """Revert."""
    with op.batch_alter_table("approval") as batch:
        batch.drop_index("ix_approval_acting_for_id")
        batch.drop_index("ix_approval_access_request_id")
        batch.drop_index("ix_approval_authorisation_id")
        batch.drop_constraint("fk_approval_acting_for_id_organisation", type_="foreignkey")
        batch.drop_constraint("fk_approval_access_request_id_access_request", type_="foreignkey")
        batch.drop_constraint("fk_approval_authorisation_id_standing_authorisation", type_="foreignkey")
        for name in ("acting_for_id", "access_request_id", "authorisation_id", "safety_result", "until", "most_units"):
            batch.drop_column(name)
    with op.batch_alter_table("access_request") as batch:
        batch.drop_constraint("fk_access_request_revoked_by_id_account", type_="foreignkey")
        batch.drop_column("revoked_by_id")
    op.drop_table("conflict_of_interest")
    op.drop_table("request_correction")
    op.drop_table("standing_authorisation")
    with op.batch_alter_table("role_grant") as batch:
        batch.drop_index("ix_role_grant_delegated_from_id")
        batch.drop_constraint(op.f("ck_role_grant_delegated_to_another"), type_="check")
        batch.drop_constraint(op.f("ck_role_grant_away_from_and_until"), type_="check")
        batch.drop_constraint("fk_role_grant_delegated_by_id_account", type_="foreignkey")
        batch.drop_constraint("fk_role_grant_delegated_from_id_role_grant", type_="foreignkey")
        for name in ("delegated_by_id", "delegated_from_id", "away_until", "away_from"):
            batch.drop_column(name)
