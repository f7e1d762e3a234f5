"""An emergency revocation ends the grant and what was booked on it, also what is booked at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, Allocation
from infra_access.core.authority import Actor
from infra_access.core.db import Database
from infra_access.core.errors import DomainError, Forbidden
from infra_access.outbox.models import OutboxEvent
from infra_access.scheduling.attendance import check_in
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import Place
from infra_access.scheduling.revoking import revoke_access
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
