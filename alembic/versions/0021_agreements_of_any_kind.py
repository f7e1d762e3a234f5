"""agreements of any kind that a rule names

Revision ID: 0021
Revises: 0020
Create Date: 2026-11-30 02:00:00
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
COLUMNS = (("agreement", "kind", 100), ("framework_agreement", "kind", 100), ("terms_version", "part", 120))
"""Each with its length from now on."""

KINDS = {"agreement": ("terms", "mta"), "framework_agreement": ("framework", "nda", "mta")}
ACCEPTANCES = {"agreement": "agreement_acceptance", "framework_agreement": "framework_acceptance"}
KEYS = {"agreement": "agreement_id", "framework_agreement": "framework_id"}


def upgrade() -> None:
    """Apply."""
    for table, column, length in COLUMNS:
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                column, existing_type=sa.String(length=20), type_=sa.String(length=length), existing_nullable=False
            )


def downgrade() -> None:
    """Revert. Agreements of other kinds are forgotten, with the texts that ways in have for them."""
    for name, kinds in KINDS.items():
        agreement = sa.table(name, sa.column("id"), sa.column("kind"))
        acceptance = sa.table(ACCEPTANCES[name], sa.column(KEYS[name]))
        others = sa.select(agreement.c.id).where(agreement.c.kind.not_in(kinds))
        op.execute(acceptance.delete().where(acceptance.c[KEYS[name]].in_(others)))
        op.execute(agreement.delete().where(agreement.c.kind.not_in(kinds)))
    version = sa.table("terms_version", sa.column("part"))
    op.execute(version.delete().where(version.c.part.like("agreement:%")))
    route = sa.table("access_route", sa.column("id"), sa.column("terms", DOCUMENT))
    for row in op.get_bind().execute(sa.select(route.c.id, route.c.terms)).all():
        kept = {part: said for part, said in row.terms.items() if not part.startswith("agreement:")}
        if kept != row.terms:
            op.execute(route.update().where(route.c.id == row.id).values(terms=kept))
    for table, column, length in reversed(COLUMNS):
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                column, existing_type=sa.String(length=length), type_=sa.String(length=20), existing_nullable=False
            )
