"""An emergency revocation ends the grant and what was booked on it, also what is booked at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.drafting import amend
from infra_access.access_requests.models import AccessRequest, Allocation
from infra_access.core.authority import Actor
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, DomainError, Forbidden
from infra_access.core.timespan import TimeSpan
from infra_access.outbox.models import OutboxEvent
from infra_access.outcomes.revoking import revoke_access
from infra_access.outcomes.verdicts import decide
from infra_access.outcomes.withdrawing import withdraw_access
from infra_access.scheduling.attendance import check_in
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import Place, place_of
from tests.factories.access_requests import FEASIBILITY, NOW, OPEN_TO_ALL, make_submitted, make_world, pending
from tests.factories.access_requests import decide as say_yes
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import MONDAY, make_allocation, make_booking, make_place, occupancies, span

HOURS = 12


def granted(session: Session) -> tuple[Place, Actor, Allocation, AccessRequest]:
    """Grant somebody hours on an instrument, and let the request stand as active."""
    place = make_place(session)
    make_policy(session)
    actor = make_actor(session)
    allocation = make_allocation(session, place, actor, amount=HOURS)
    request = session.get_one(AccessRequest, allocation.access_request_id)
    request.state = "active"
    session.flush()
    return place, actor, allocation, request


def test_everything_booked_on_it_is_given_back_and_people_are_told(session: Session) -> None:
    place, actor, allocation, request = granted(session)
    runs = make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    ahead = make_booking(session, place, span(14, 15), actor=actor, allocation=allocation.public_id)
    check_in(session, actor=actor, now=span(10, 12).start, booking=runs)
    now = span(11, 12).start
    with pytest.raises(Forbidden):
        revoke_access(session, actor=actor, now=now, access_request=request, reason="Mine.")
    with pytest.raises(Forbidden):
        revoke_access(session, actor=make_actor(session), now=now, access_request=request, reason="No.")
    assert (runs.state, ahead.state, request.state) == ("checked_in", "confirmed", "active")
    officer = make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))
    found = revoke_access(session, actor=officer, now=now, access_request=request, reason="The laser is unsafe.")
    assert {booking.id for booking in found} == {runs.id, ahead.id}
    assert (runs.state, runs.ended_at) == ("completed", now)
    assert (ahead.state, ahead.state_reason) == ("cancelled", "The laser is unsafe.")
    assert (request.state, allocation.state, allocation.used) == ("revoked", "ended", 1)
    assert [(when.start, when.end) for _key, when, _kind in occupancies(session)] == [(span(10, 12).start, now)]
    kinds = [event.kind for event in session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))]
    assert kinds[-3:] == ["access_request.decided", "booking.ended_early", "booking.cancelled"]
    with pytest.raises(DomainError) as refusal:
        make_booking(session, place, span(16, 17), actor=actor, allocation=allocation.public_id)
    assert refusal.value.code == "allocation.inactive"


@pytest.mark.parametrize("state", ["under_review", "agreement_pending"])
def test_an_amendment_that_waits_keeps_nothing(session: Session, state: str) -> None:
    place, actor, allocation, request = granted(session)
    ahead = make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    request.state, allocation.state = state, "suspended"
    session.flush()
    officer = make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))
    revoke_access(session, actor=officer, now=MONDAY, access_request=request, reason="The laser is unsafe.")
    assert (request.state, allocation.state, ahead.state) == ("revoked", "ended", "cancelled")
    request.state = state
    with pytest.raises(Conflict) as nothing:
        revoke_access(session, actor=officer, now=MONDAY, access_request=request, reason="Once more.")
    assert nothing.value.code == "access_request.not_granted"


def test_withdrawing_gives_back_what_was_booked(session: Session) -> None:
    place, actor, allocation, request = granted(session)
    over = make_booking(session, place, span(8, 9), actor=actor, allocation=allocation.public_id)
    ahead = make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    withdraw_access(session, actor=actor, now=span(9, 10).start, access_request=request, reason="No more money.")
    assert (request.state, over.state) == ("withdrawn", "confirmed")
    assert (ahead.state, ahead.state_reason) == ("cancelled", "No more money.")
    assert (allocation.state, allocation.used) == ("ended", 1)


def test_refusing_an_amendment_ends_what_was_granted_before(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY], terms={})
    request = make_submitted(session, world)
    say_yes(session, world.manager, pending(session, request)["facility_manager"])
    allocation = session.scalars(select(Allocation)).one()
    at = TimeSpan(NOW + timedelta(days=45), NOW + timedelta(days=45, hours=8))
    place = place_of(session, world.instrument.id)
    ahead = make_booking(session, place, at, actor=world.applicant, now=NOW, allocation=allocation.public_id)
    amend(session, actor=world.applicant, now=NOW, access_request=request, changes={"quantity": "3"})
    assert allocation.state == "suspended"
    waiting = pending(session, request)["facility_manager"]
    decide(session, actor=world.manager, now=NOW, approval=waiting, verdict="refuse", reason="No time.")
    assert (request.state, allocation.state, ahead.state) == ("refused", "ended", "cancelled")


def test_nothing_booked_at_the_same_moment_stays(database: Database) -> None:
    with database.writer() as session:
        place, actor, allocation, request = granted(session)
        officer = make_actor(session, ("access_administrator", ("country", place.facility.country)))

    def book(hour: int) -> str:
        try:
            with database.writer() as session:
                make_booking(session, place, span(hour, hour + 1), actor=actor, allocation=allocation.public_id)
        except DomainError as error:
            return error.code
        return "booked"

    def revoke() -> None:
        with database.writer() as session:
            row = session.get_one(AccessRequest, request.id)
            revoke_access(session, actor=officer, now=MONDAY, access_request=row, reason="An embargo.")

    with ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(book, hour) for hour in range(HOURS // 2)]
        done = pool.submit(revoke)
        jobs += [pool.submit(book, hour) for hour in range(HOURS // 2, HOURS)]
        done.result()
        answers = [job.result() for job in jobs]
    assert set(answers) <= {"booked", "allocation.inactive"}
    with database.reader() as session:
        states = session.scalars(select(Booking.state)).all()
        assert len(states) == answers.count("booked")
        assert set(states) <= {"cancelled"}
        assert occupancies(session) == []
        assert session.get_one(Allocation, allocation.id).used == 0
