"""what searches may look in, who gave a name, who asked what rules would change, what a yes leaves out

Revision ID: 0020
Revises: 0019
Create Date: 2026-11-30 02:10:00
"""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from infra_access.catalogue.countries import names_of_country
from infra_access.core.search_text import index_tokens

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
SEARCHED = {"description", "manufacturer", "model", "tags"}
SIGN = "\ue000"
AT_ONCE = 1_000

ORGANISATION = sa.table("organisation", sa.column("id"), sa.column("name"), sa.column("names", DOCUMENT))
FACILITY = sa.table(
    "facility",
    *(sa.column(name) for name in ("id", "organisation_id", "name", "city", "country")),
    sa.column("names", DOCUMENT),
)
INSTRUMENT = sa.table(
    "instrument",
    *(sa.column(name) for name in ("id", "facility_id", "name", "technique_text")),
    sa.column("names", DOCUMENT),
)
TECHNIQUE = sa.table("instrument_technique", sa.column("instrument_id"), sa.column("name"))
HEAD = sa.table("catalogue_head", sa.column("number"), sa.column("veiled", DOCUMENT))
POLICY = sa.table(
    "policy_document",
    *(sa.column(name) for name in ("scope_kind", "scope_key", "state")),
    sa.column("rules", DOCUMENT),
)


def upgrade() -> None:
    """Apply. What no rule can hide is marked among the words of each instrument; the names of now count as verified."""
    with op.batch_alter_table("catalogue_head") as batch:
        batch.add_column(sa.Column("veiled", DOCUMENT, server_default="[]", nullable=False))
    for name in ("organisation", "facility"):
        with op.batch_alter_table(name) as batch:
            batch.add_column(sa.Column("named_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("approval") as batch:
        batch.add_column(sa.Column("left_out", DOCUMENT, server_default="[]", nullable=False))
    with op.batch_alter_table("access_request_instrument") as batch:
        batch.add_column(sa.Column("left_out", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("what_if_run") as batch:
        batch.add_column(sa.Column("asked_by_id", KEY, nullable=True))
        batch.create_foreign_key(op.f("fk_what_if_run_asked_by_id_account"), "account", ["asked_by_id"], ["id"])
        batch.create_index(op.f("ix_what_if_run_asked_by_id"), ["asked_by_id"], unique=False)
    connection = op.get_bind()
    keys = connection.scalars(sa.select(INSTRUMENT.c.id).order_by(INSTRUMENT.c.id)).all()
    for first in range(0, len(keys), AT_ONCE):
        mark(connection, keys[first : first + AT_ONCE])
    veiled = {
        (kind, key)
        for kind, key, rules in connection.execute(
            sa.select(POLICY.c.scope_kind, POLICY.c.scope_key, POLICY.c.rules).where(
                POLICY.c.state == "published", POLICY.c.scope_kind != "route"
            )
        )
        if any(hides(rule) for rule in rules)
    }
    connection.execute(
        sa.update(HEAD).values(veiled=[list(scope) for scope in sorted(veiled)], number=HEAD.c.number + 1)
    )


def mark(connection: sa.Connection, keys: Any) -> None:
    techniques = defaultdict(list)
    for key, name in connection.execute(sa.select(TECHNIQUE).where(TECHNIQUE.c.instrument_id.in_(keys))):
        techniques[key].append(name)
    rows = connection.execute(
        sa.select(
            INSTRUMENT.c.id,
            INSTRUMENT.c.name,
            INSTRUMENT.c.names,
            INSTRUMENT.c.technique_text,
            FACILITY.c.name,
            FACILITY.c.names,
            ORGANISATION.c.name,
            ORGANISATION.c.names,
            FACILITY.c.city,
            FACILITY.c.country,
        )
        .join(FACILITY, FACILITY.c.id == INSTRUMENT.c.facility_id)
        .join(ORGANISATION, ORGANISATION.c.id == FACILITY.c.organisation_id)
        .where(INSTRUMENT.c.id.in_(keys))
    )
    marked = []
    for key, name, names, technique, facility, facility_names, organisation, organisation_names, city, country in rows:
        texts = [name, *names.values(), *techniques[key], technique, facility, *facility_names.values()]
        texts += [organisation, *organisation_names.values(), city, *names_of_country(country)]
        marked.append({"key": key, "tokens": [SIGN + token for token in index_tokens("\n".join(texts))]})
    if connection.dialect.name == "postgresql":
        statement = sa.text(
            "UPDATE instrument_search SET tokens = tokens || array_to_tsvector(:tokens) WHERE instrument_id = :key"
        ).bindparams(sa.bindparam("tokens", type_=sa.ARRAY(sa.String)))
    else:
        statement = sa.text("UPDATE instrument_search SET tokens = tokens || ' ' || :tokens WHERE rowid = :key")
        marked = [{**one, "tokens": " ".join(one["tokens"])} for one in marked]
    connection.execute(statement, marked)


def hides(rule: dict[str, Any]) -> bool:
    if "view_details" not in rule["applies_to"]:
        return False
    effect = rule["effect"]
    if effect["type"] == "mask":
        return not SEARCHED.isdisjoint(effect["fields"])
    return effect["type"] != "prefer" and (effect["type"] != "permit" or "when" in rule)


def downgrade() -> None:
    """Revert. The marked words stay: nothing that is typed finds them."""
    for name in ("access_request_instrument", "approval"):
        with op.batch_alter_table(name) as batch:
            batch.drop_column("left_out")
    with op.batch_alter_table("what_if_run") as batch:
        batch.drop_index(op.f("ix_what_if_run_asked_by_id"))
        batch.drop_constraint(op.f("fk_what_if_run_asked_by_id_account"), type_="foreignkey")
        batch.drop_column("asked_by_id")
    for name in ("organisation", "facility"):
        with op.batch_alter_table(name) as batch:
            batch.drop_column("named_at")
    with op.batch_alter_table("catalogue_head") as batch:
        batch.drop_column("veiled")
