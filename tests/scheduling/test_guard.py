"""The database itself refuses a second holder, whatever wrote the first."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import IntegrityError

from infra_access.core.db import Database, violated_constraint
from infra_access.core.errors import Conflict
from infra_access.core.migrations import upgrade
from infra_access.scheduling import guard
from infra_access.scheduling.models import OCCUPANCY_GUARD, Occupancy
from infra_access.scheduling.occupancies import Taking, take
from tests.factories.scheduling import copies_of, make_occupancy, make_place, occupancies, span

TAKEN = span(10, 12)
OVERLAPS = [
    pytest.param(span(10, 12), id="the same"),
    pytest.param(span(9, 11), id="over the start"),
    pytest.param(span(11, 13), id="over the end"),
    pytest.param(span(9, 13), id="around"),
    pytest.param(span(10.5, 11), id="within"),
    pytest.param(span(10, 11), id="same start"),
    pytest.param(span(11, 12), id="same end"),
]
TOUCHING = [pytest.param(span(9, 10), id="before"), pytest.param(span(12, 13), id="after")]


@pytest.fixture
def copies(session):
    """Two copies of one instrument; the first is taken from 10 to 12 and again from 14 to 16."""
    first, second = copies_of(session, make_place(session, copies=2))
    make_occupancy(session, first, TAKEN)
    make_occupancy(session, first, span(14, 16))
    return first, second


def by_orm(session, resource, wanted):
    session.add(Occupancy(resource_id=resource.id, starts=wanted.start, ends=wanted.end, kind="booking"))
    session.flush()


def by_core(session, resource, wanted):
    session.execute(
        insert(Occupancy.__table__).values(
            resource_id=resource.id, starts=wanted.start, ends=wanted.end, kind="booking", label=""
        )
    )


def by_sql(session, resource, wanted):
    session.connection().exec_driver_sql(
        "INSERT INTO occupancy (resource_id, starts, ends, kind, label) "
        f"VALUES ({resource.id}, '{stored(session, wanted.start)}', '{stored(session, wanted.end)}', 'booking', '')"
    )


def stored(session, moment):
    zone = "" if session.get_bind().dialect.name == "sqlite" else "+00"
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}{zone}"


WAYS = [by_orm, by_core, by_sql]


@pytest.mark.parametrize("wanted", OVERLAPS)
@pytest.mark.parametrize("way", WAYS)
def test_it_refuses_an_overlap_however_it_is_written(session, copies, way, wanted):
    with pytest.raises(IntegrityError) as caught:
        way(session, copies[0], wanted)
    assert violated_constraint(caught.value) == OCCUPANCY_GUARD


@pytest.mark.parametrize("wanted", TOUCHING)
@pytest.mark.parametrize("way", WAYS)
def test_it_lets_spans_touch(session, copies, way, wanted):
    way(session, copies[0], wanted)
    assert len(occupancies(session)) == 3


@pytest.mark.parametrize("way", WAYS)
def test_it_lets_another_resource_have_the_same_time(session, copies, way):
    way(session, copies[1], TAKEN)
    assert len(occupancies(session)) == 3


@pytest.mark.parametrize("way", WAYS)
def test_it_refuses_the_smallest_overlap_and_no_less(session, copies, way):
    tick = timedelta(microseconds=1)
    with pytest.raises(IntegrityError), session.begin_nested():
        way(session, copies[0], type(TAKEN)(TAKEN.end - tick, TAKEN.end + tick))
    way(session, copies[0], type(TAKEN)(TAKEN.end, TAKEN.end + tick))
    assert len(occupancies(session)) == 3


def change(session, row, values, as_orm):
    if not as_orm:
        session.execute(update(Occupancy.__table__).where(Occupancy.__table__.c.id == row.id).values(**values))
        return
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"starts": span(11, 12).start}, id="starts"),
        pytest.param({"ends": span(14, 15).end}, id="ends"),
        pytest.param({"resource_id": None}, id="resource"),
    ],
)
@pytest.mark.parametrize("as_orm", [True, False], ids=["orm", "core"])
def test_it_refuses_each_change_that_would_overlap(session, copies, changed, as_orm):
    row = Occupancy(resource_id=copies[0].id, starts=span(12, 14).start, ends=span(12, 14).end, kind="booking")
    if "resource_id" in changed:
        row.resource_id, row.starts, row.ends = copies[1].id, TAKEN.start, TAKEN.end
        changed = {"resource_id": copies[0].id}
    session.add(row)
    session.flush()
    with pytest.raises(IntegrityError) as caught:
        change(session, row, changed, as_orm)
    assert violated_constraint(caught.value) == OCCUPANCY_GUARD


def test_it_lets_a_row_change_where_only_its_own_old_span_stood(session, copies):
    row = Occupancy(resource_id=copies[1].id, starts=TAKEN.start, ends=TAKEN.end, kind="booking")
    session.add(row)
    session.flush()
    row.starts, row.ends = span(11, 13).start, span(11, 13).end
    session.flush()
    assert (copies[1].id, span(11, 13), "booking") in occupancies(session)


@pytest.mark.parametrize("hours", [(10, 10), (11, 10)], ids=["empty", "reversed"])
def test_it_refuses_an_empty_span(session, copies, hours):
    start, end = (span(hour, hour + 1).start for hour in hours)
    with pytest.raises(IntegrityError):
        session.execute(
            insert(Occupancy.__table__).values(
                resource_id=copies[1].id, starts=start, ends=end, kind="booking", label=""
            )
        )


def test_taking_turns_the_refusal_into_a_conflict_and_leaves_the_session_usable(session, copies):
    first, second = copies
    with pytest.raises(Conflict) as caught:
        take(session, [Taking(second.id, TAKEN), Taking(first.id, TAKEN)], booking_id=None)
    assert caught.value.code == "booking.overlap"
    assert [key for key, _span, _kind in occupancies(session)] == [first.id, first.id]


def test_taking_an_unknown_resource_is_no_conflict(session, copies):
    with pytest.raises(IntegrityError):
        take(session, [Taking(10**9, TAKEN)], booking_id=None)


def drop(database: Database) -> set[str]:
    with database.writers.begin() as connection:
        if database.is_sqlite:
            guard.remove(connection)
            return {f"{OCCUPANCY_GUARD}_insert", f"{OCCUPANCY_GUARD}_update"}
        connection.execute(text(f"ALTER TABLE occupancy DROP CONSTRAINT {OCCUPANCY_GUARD}"))
        return {OCCUPANCY_GUARD}


def absent(database: Database) -> set[str]:
    with database.readers.connect() as connection:
        return set(guard.missing(connection))


def test_it_names_what_is_missing_and_an_upgrade_sets_it_anew(database):
    assert absent(database) == set()
    gone = drop(database)
    try:
        assert absent(database) == gone
    finally:
        upgrade(database.engine.url.render_as_string(hide_password=False))
    assert absent(database) == set()


def test_an_upgrade_does_not_set_the_guard_over_rows_that_break_it(database, session):
    with session.begin():
        (resource,) = copies_of(session, make_place(session))
    drop(database)
    rows = [{"resource_id": resource.id, "starts": TAKEN.start, "ends": TAKEN.end, "kind": "booking", "label": ""}] * 2
    with database.writers.begin() as connection:
        connection.execute(insert(Occupancy.__table__), rows)
    url = database.engine.url.render_as_string(hide_password=False)
    with pytest.raises(RuntimeError, match="overlap"):
        upgrade(url)
    assert absent(database) != set()
    with database.writers.begin() as connection:
        connection.execute(text("DELETE FROM occupancy"))
    upgrade(url)
    assert absent(database) == set()
