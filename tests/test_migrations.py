"""The migrations build what the models say, and a filled database survives a table's rebuild, up and down."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from alembic import command
from infra_access import tables
from infra_access.access_requests.models import Agreement, AgreementAcceptance
from infra_access.core.columns import Base
from infra_access.core.db import Database
from infra_access.core.migrations import script_location, upgrade
from infra_access.ledger.models import UsageLine
from infra_access.people.models import Training
from infra_access.people.trainings import withdraw_training
from infra_access.scheduling import guard
from infra_access.scheduling.models import Occupancy
from infra_access.scheduling.places import place_of
from tests import databases
from tests.factories.access_requests import NOW, OPEN_TO_ALL, SYSTEM, TERMS, make_active, make_approved, make_world
from tests.factories.accounting import make_priced_world, make_usage
from tests.factories.catalogue import make_facility
from tests.factories.people import make_account, make_training
from tests.factories.scheduling import (
    copies_of,
    make_booking,
    make_companion,
    make_occupancy,
    make_place,
    occupancies,
    row_counts,
    span,
)

tables.load()

NEXT = '''"""Rebuild three tables that others point to."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "0023"
branch_labels = None
depends_on = None
TABLES = ("resource", "occupancy", "instrument")


def rebuild() -> str:
    return "always" if op.get_bind().dialect.name == "sqlite" else "never"


def upgrade() -> None:
    for name in TABLES:
        with op.batch_alter_table(name, recreate=rebuild()) as batch:
            batch.add_column(sa.Column("extra", sa.String(20)))


def downgrade() -> None:
    for name in TABLES:
        with op.batch_alter_table(name, recreate=rebuild()) as batch:
            batch.drop_column("extra")
'''


def differences(connection: Connection) -> list[object]:
    """Return what autogeneration would change; the search index has no model."""
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "include_name": lambda name, kind, _parents: kind != "table" or not name.startswith("instrument_search"),
        },
    )
    return list(compare_metadata(context, Base.metadata))


def catalogue(connection: Connection) -> dict[str, set[str]]:
    """Return what autogeneration does not see: checks, foreign keys with their rules, triggers and exclusions."""
    inspector = inspect(connection)
    found: dict[str, set[str]] = {"checks": set(), "keys": set(), "guards": set()}
    for name in sorted(Base.metadata.tables):
        found["checks"] |= {f"{name}.{one['name']}" for one in inspector.get_check_constraints(name)}
        found["keys"] |= {
            f"{name}({','.join(one['constrained_columns'])})->{one['referred_table']} {one['options'].get('ondelete')}"
            for one in inspector.get_foreign_keys(name)
        }
    if connection.dialect.name == "sqlite":
        query = "SELECT name || ' ' || sql FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'x'"
            " UNION ALL SELECT tgname || ' ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        )
    found["guards"] = set(connection.execute(text(query)).scalars())
    return found


@pytest.fixture
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give a migrated database that the test may leave in any state."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'own.sqlite'}"
        upgrade(url)
        yield url
    else:
        with databases.migrated_postgresql(f"infra_access_migrations_{tmp_path.name[-12:]}".lower()) as url:
            yield url


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """Return a copy of the migrations with one revision more."""
    copy = tmp_path / "alembic"
    shutil.copytree(script_location(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "versions" / "9999_rebuild.py").write_text(NEXT)
    return copy


def migrate(url: str, scripts: Path, *, down_to: str | None = None) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.attributes["database_url"] = url
    if down_to is not None:
        command.downgrade(config, down_to)
    else:
        command.upgrade(config, "head")


both = pytest.mark.parametrize("fresh_url", ["sqlite", "postgresql"], indirect=True)


def test_the_migrations_build_what_the_models_say(database):
    with database.readers.connect() as connection:
        assert differences(connection) == []


def test_the_migrations_build_the_checks_and_guards_of_the_models_too(database):
    dialect = database.engine.dialect
    written = "\n".join(str(CreateTable(table).compile(dialect=dialect)) for table in Base.metadata.tables.values())
    with database.readers.connect() as connection:
        found = catalogue(connection)
    for check in found["checks"]:
        assert f"CONSTRAINT {check.partition('.')[2]} CHECK" in written, check
    assert written.count(" CHECK (") == len(found["checks"])
    assert written.count("FOREIGN KEY(") == len(found["keys"])
    assert written.count(" EXCLUDE ") == (0 if database.is_sqlite else 1)
    # Of occupancies and of verdicts; what is written of the first on PostgreSQL is one constraint.
    assert len(found["guards"]) == (4 if database.is_sqlite else 3)


@both
def test_a_filled_database_survives_a_rebuild_up_and_down_and_up(fresh_url, scripts):
    database = Database.connect(fresh_url)
    with database.writer() as session:
        place = make_place(session, copies=2)
        make_companion(session, place)
        make_place(session, facility=make_facility(session), techniques=["SEM", "EDX"])
        for number, copy in enumerate(copies_of(session, place)):
            make_occupancy(session, copy, span(10 + number, 12))
    with database.reader() as session:
        before, held = row_counts(session), occupancies(session)
    with database.readers.connect() as connection:
        built = catalogue(connection)
    assert before["instrument_technique"] == 3
    assert len(held) == 2
    for down in (False, True, False):
        migrate(fresh_url, scripts, down_to="-1" if down else None)
        with database.reader() as session:
            assert row_counts(session) == before
            assert occupancies(session) == held
            columns = {column["name"] for column in inspect(session.connection()).get_columns("occupancy")}
            assert ("extra" in columns) is not down
        with database.readers.connect() as connection:
            assert catalogue(connection) == built
            assert guard.missing(connection) == []
        refuse_wrong_rows(database)
    database.dispose()


def refuse_wrong_rows(database: Database) -> None:
    """Show that guard, checks and foreign keys still hold, and that new rows still get their keys."""
    with database.reader() as session:
        starts, ends = span(10, 12).start, span(10, 12).end
        keys = session.scalars(select(Occupancy.resource_id).order_by(Occupancy.resource_id)).all()
    values = {"resource_id": keys[0], "starts": starts, "ends": ends, "kind": "booking", "label": ""}
    for wrong in (values, values | {"resource_id": 10**9}, values | {"starts": ends}):
        with pytest.raises(IntegrityError), database.writers.begin() as connection:
            connection.execute(insert(Occupancy.__table__).values(**wrong))
    with database.writers.connect() as connection:
        right = values | {"starts": ends, "ends": span(12, 14).end}
        assert connection.execute(insert(Occupancy.__table__).values(**right)).inserted_primary_key is not None
        connection.rollback()


@both
def test_lines_of_the_ledger_learn_what_they_are_of(fresh_url):
    """The columns that came with 0003 are filled in for what was written before."""
    columns = (UsageLine.subject, UsageLine.used_from, UsageLine.used_until)
    database = Database.connect(fresh_url)
    try:
        with database.writer() as session:
            world = make_priced_world(session, rules=[OPEN_TO_ALL])
            booking = make_booking(session, place_of(session, world.instrument.id), span(10, 12))
            booking.ended_at = span(10, 11).end
            make_usage(session, world, booking.id, used=span(10, 11))
            expected = (booking.public_id, span(10, 11).start, span(10, 11).end)
        migrate(fresh_url, Path(script_location()), down_to="0002")
        migrate(fresh_url, Path(script_location()))
        with database.reader() as session:
            assert session.execute(select(*columns)).one() == expected
    finally:
        database.dispose()


@both
def test_what_was_agreed_survives_the_way_down_and_up(fresh_url):
    """Terms of requests stay with who accepted them; those for samples have no place further down."""
    samples = {"purpose": "research", "samples": [{"kind": "bone", "country": "KE", "hazards": []}]}
    terms = {**TERMS, "mta": {"title": "Samples", "version": "1", "text": "They stay theirs."}}
    accepted = select(AgreementAcceptance.side).join(Agreement).where(Agreement.kind == "terms")
    texts = select(Agreement.text_hash).where(Agreement.kind == "terms").order_by(Agreement.id)
    database = Database.connect(fresh_url)
    try:
        with database.writer() as session:
            world = make_world(session, terms=terms)
            make_active(session, world)
            make_approved(session, world, project=samples)
            before = session.scalars(texts).all(), sorted(session.scalars(accepted))
        assert before[1] == ["applicant", "host", "host"]
        migrate(fresh_url, Path(script_location()), down_to="0009")
        migrate(fresh_url, Path(script_location()))
        with database.reader() as session:
            assert (session.scalars(texts).all(), sorted(session.scalars(accepted))) == before
        with database.readers.connect() as connection:
            assert differences(connection) == []
    finally:
        database.dispose()


@both
def test_trainings_that_were_recorded_before_can_be_withdrawn_and_withdrawn_ones_never_count_again(fresh_url):
    database = Database.connect(fresh_url)
    try:
        with database.writer() as session:
            for number in range(3):
                make_training(session, account=make_account(session), code=f"code-{number}")
            last = session.scalars(select(Training).order_by(Training.id.desc()).limit(1)).one()
            withdraw_training(session, actor=SYSTEM, now=NOW, training=last, reason="Mixed up.")
        migrate(fresh_url, Path(script_location()), down_to="0014")
        migrate(fresh_url, Path(script_location()))
        with database.reader() as session:
            found = session.execute(select(Training.code, Training.public_id).order_by(Training.id)).all()
        assert [row.code for row in found] == ["code-0", "code-1"]
        assert len({row.public_id for row in found}) == 2
    finally:
        database.dispose()
