"""points and versions of terms, framework agreements, terms for samples

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-29 20:00:00
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0010"
down_revision = "0009"
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
    op.create_table(
        "framework_agreement",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("host_id", KEY, nullable=False),
        sa.Column("partner_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text_version", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("regimes", DOCUMENT, nullable=False),
        sa.Column("points", DOCUMENT, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("drafted_by", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_force_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("host_id <> partner_id", name=op.f("ck_framework_agreement_two_sides")),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_from < valid_until", name=op.f("ck_framework_agreement_order")
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["organisation.id"], name=op.f("fk_framework_agreement_host_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["organisation.id"], name=op.f("fk_framework_agreement_partner_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_framework_agreement")),
        sa.UniqueConstraint("public_id", name=op.f("uq_framework_agreement_public_id")),
    )
    with op.batch_alter_table("framework_agreement") as batch:
        batch.create_index("ix_framework_agreement_sides", ["host_id", "partner_id", "state"], unique=False)
        batch.create_index(batch.f("ix_framework_agreement_partner_id"), ["partner_id"], unique=False)
    op.create_table(
        "framework_acceptance",
        sa.Column("id", KEY, nullable=False),
        sa.Column("framework_id", KEY, nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["framework_id"],
            ["framework_agreement.id"],
            name=op.f("fk_framework_acceptance_framework_id_framework_agreement"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_framework_acceptance_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_framework_acceptance")),
        sa.UniqueConstraint("framework_id", "side", name=op.f("uq_framework_acceptance_framework_id_side")),
        sa.UniqueConstraint("framework_id", "account_id", name=op.f("uq_framework_acceptance_framework_id_account_id")),
    )
    with op.batch_alter_table("agreement") as batch:
        batch.add_column(sa.Column("kind", sa.String(length=20), nullable=True))
        batch.add_column(sa.Column("points", DOCUMENT, nullable=True))
        batch.add_column(sa.Column("sources", DOCUMENT, nullable=True))
        batch.add_column(sa.Column("framework_id", KEY, nullable=True))
        batch.add_column(sa.Column("nda_id", KEY, nullable=True))
    # What was agreed before are terms that state no points.
    agreement = sa.table(
        "agreement", sa.column("kind", sa.String), sa.column("points", DOCUMENT), sa.column("sources", DOCUMENT)
    )
    op.execute(agreement.update().values(kind="terms", points={}, sources={}))
    with op.batch_alter_table("agreement") as batch:
        batch.alter_column("kind", existing_type=sa.String(length=20), nullable=False)
        batch.alter_column("points", existing_type=DOCUMENT, nullable=False)
        batch.alter_column("sources", existing_type=DOCUMENT, nullable=False)
        batch.drop_constraint("uq_agreement_access_request_id", type_="unique")
        batch.create_unique_constraint("uq_agreement_access_request_id_kind", ["access_request_id", "kind"])
        batch.create_foreign_key(
            "fk_agreement_framework_id_framework_agreement", "framework_agreement", ["framework_id"], ["id"]
        )
        batch.create_foreign_key("fk_agreement_nda_id_framework_agreement", "framework_agreement", ["nda_id"], ["id"])
        batch.create_index(batch.f("ix_agreement_framework_id"), ["framework_id"], unique=False)


def downgrade() -> None:
    """Revert. Terms for samples have no place before."""
    acceptance = sa.table("agreement_acceptance", sa.column("agreement_id"))
    agreement = sa.table("agreement", sa.column("id"), sa.column("kind", sa.String))
    for_samples = sa.select(agreement.c.id).where(agreement.c.kind == "mta")
    op.execute(acceptance.delete().where(acceptance.c.agreement_id.in_(for_samples)))
    op.execute(agreement.delete().where(agreement.c.kind == "mta"))
    with op.batch_alter_table("agreement") as batch:
        batch.drop_index(batch.f("ix_agreement_framework_id"))
        batch.drop_constraint("fk_agreement_nda_id_framework_agreement", type_="foreignkey")
        batch.drop_constraint("fk_agreement_framework_id_framework_agreement", type_="foreignkey")
        batch.drop_constraint("uq_agreement_access_request_id_kind", type_="unique")
        batch.create_unique_constraint("uq_agreement_access_request_id", ["access_request_id"])
        for name in ("nda_id", "framework_id", "sources", "points", "kind"):
            batch.drop_column(name)
    op.drop_table("framework_acceptance")
    op.drop_table("framework_agreement")
    op.drop_table("terms_version")
