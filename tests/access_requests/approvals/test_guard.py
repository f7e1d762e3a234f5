"""The database itself refuses that one person decides alone where two are needed, whatever writes the verdict."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.guard import TWO_PEOPLE_GUARD
from infra_access.access_requests.approvals.verdicts import approvals_of
from infra_access.access_requests.models import AccessRequest
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import Actor
from infra_access.core.db import Database, violated_constraint
from tests.factories.access_requests import (
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    World,
    decide,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.people import make_actor

USE = {**FEASIBILITY, "id": "use"}


def controlled(session: Session, *rules: dict[str, object]) -> tuple[World, Actor, AccessRequest]:
    """Return a world whose instrument is under export control, a second manager, and a request that was sent."""
    world = make_world(session, rules=[OPEN_TO_ALL, *(rules or (FEASIBILITY,))])
    session.get_one(Instrument, world.instrument.id).control_codes = ["3A001"]
    second = make_actor(session, ("facility_manager", ("facility", world.facility.public_id)))
    return world, second, make_submitted(session, world)


def give(session: Session, request: AccessRequest, rule: str, by: Actor) -> None:
    """Write a yes past every command."""
    session.connection().execute(
        text(
            "UPDATE approval SET state = 'approved', decided_by_id = :by, decided_at = asked_at "
            "WHERE subject_id = :request AND rule = :rule"
        ),
        {"by": by.account_id, "request": request.id, "rule": rule},
    )


def test_the_second_yes_is_another_persons(session: Session) -> None:
    world, second, request = controlled(session)
    give(session, request, "feasibility", world.manager)
    with pytest.raises(IntegrityError) as refusal, session.begin_nested():
        give(session, request, "feasibility#second", world.manager)
    assert violated_constraint(refusal.value) == TWO_PEOPLE_GUARD
    give(session, request, "feasibility#second", second)


def test_of_several_the_last_is_another_persons(session: Session) -> None:
    world, second, request = controlled(session, FEASIBILITY, USE, {**FEASIBILITY, "id": "last"})
    give(session, request, "feasibility", world.manager)
    give(session, request, "use", world.manager)
    with pytest.raises(IntegrityError), session.begin_nested():
        give(session, request, "last", world.manager)
    give(session, request, "last", second)


def test_a_row_that_is_written_whole_is_looked_at_too(session: Session) -> None:
    world, _second, request = controlled(session)
    give(session, request, "feasibility", world.manager)
    row = approvals_of(session, "access_request", request.id)[1]
    columns = [column.name for column in row.__table__.columns if column.name not in ("id", "public_id", "state")]
    named = ", ".join(columns)
    chosen = named.replace("decided_by_id", str(world.manager.account_id)).replace("decided_at", "asked_at")
    session.connection().execute(text("UPDATE approval SET state = 'void' WHERE id = :id"), {"id": row.id})
    with pytest.raises(IntegrityError), session.begin_nested():
        session.connection().execute(
            text(
                f"INSERT INTO approval (public_id, state, {named}) "
                f"SELECT 'zzzzzzzzzzzzzzzz', 'approved', {chosen} FROM approval WHERE id = :id"
            ),
            {"id": row.id},
        )


def test_where_one_person_suffices_they_give_all(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, USE])
    request = make_submitted(session, world)
    for rule in ("feasibility", "use"):
        give(session, request, rule, world.manager)


def test_of_two_at_once_by_one_person_one_stands(database: Database) -> None:
    with database.writer() as session:
        world, _second, request = controlled(session)

    def try_to_give(rule: str) -> bool:
        try:
            with database.writer() as session:
                give(session, request, rule, world.manager)
        except IntegrityError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(try_to_give, ("feasibility", "feasibility#second"))) == [False, True]


def test_what_the_commands_ask_is_marked(session: Session) -> None:
    world, second, request = controlled(session)
    assert all(one.two_people for one in approvals_of(session, "access_request", request.id))
    for actor in (world.manager, second):
        decide(session, actor, pending(session, request)["facility_manager"], now=NOW)
    assert request.state == "agreement_pending"
