"""An access ends when its team says so or when its time is over, and not while something still stands on it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.models import AccessRequest
from infra_access.audit.models import AuditEvent
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.core.timespan import TimeSpan
from infra_access.outbox.models import OutboxEvent
from infra_access.outcomes.completing import complete
from infra_access.outcomes.expiring import expire_ended
from infra_access.outcomes.owing import report_of
from infra_access.outcomes.withdrawing import withdraw_access
from infra_access.scheduling.attendance import complete_unattended
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from tests.factories.access_requests import NOW, World, make_submitted
from tests.factories.orders import make_ordered, make_queue
from tests.factories.outcomes import DATASET, ENDED, make_completed, make_free_world, make_granted, make_outcome
from tests.factories.scheduling import SYSTEM, make_booking

DAY = timedelta(days=1)


def at(days: float) -> TimeSpan:
    """Return a shift so many days after the beginning."""
    return TimeSpan(NOW + days * DAY, NOW + days * DAY + timedelta(hours=8))


def booked(session: Session, world: World, request: AccessRequest, days: float = 45) -> Booking:
    """Book a shift on what was granted."""
    granted = allocations.allocation_of(session, request)
    assert granted is not None
    place = place_of(session, world.instrument.id)
    return make_booking(session, place, at(days), actor=world.applicant, now=NOW, allocation=granted.public_id)


def completed(session: Session, world: World, request: AccessRequest, **overrides: Any) -> AccessRequest:
    values = {"actor": world.applicant, "now": ENDED} | overrides
    return complete(session, access_request=request, **values)


def test_a_completed_access_is_over_and_owes_its_report(session: Session) -> None:
    world = make_free_world(session)
    request = make_completed(session, world)
    granted, owed = allocations.allocation_of(session, request), report_of(session, request)
    assert (request.state, request.state_since, granted.state) == ("completed", ENDED, "ended")
    assert (owed.due_at, owed.met_at) == (ENDED + 90 * DAY, None)
    assert (owed.account_id, owed.organisation_id) == (world.applicant.account_id, world.startup.id)
    with pytest.raises(Conflict, match="not possible"):
        completed(session, world, request)
    with pytest.raises(Conflict, match="has ended"):
        booked(session, world, request, 70)


def test_results_that_stay_private_and_ways_that_ask_for_none_owe_no_report(session: Session) -> None:
    world = make_free_world(session, report_due_days=0)
    assert report_of(session, make_completed(session, world)) is None
    other = make_free_world(session, name="Paid")
    private = make_completed(session, other, regime="proprietary")
    assert report_of(session, private) is None
    with pytest.raises(Conflict, match="No report is owed"):
        completed(session, other, make_granted(session, other, regime="proprietary"), nothing_to_report="Nothing.")


def test_outcomes_may_come_along_all_or_none(session: Session) -> None:
    world = make_free_world(session)
    request = make_granted(session, world)
    with pytest.raises(Invalid) as refused, session.begin_nested():
        completed(session, world, request, outcomes=[DATASET, {"kind": "publication", "title": ""}])
    assert list(refused.value.fields) == ["outcomes.1.title"]
    session.expire_all()
    assert request.state == "active"
    with pytest.raises(Invalid, match="Either"), session.begin_nested():
        completed(session, world, request, outcomes=[DATASET], nothing_to_report="Nothing.")
    session.expire_all()
    completed(session, world, request, outcomes=[DATASET])
    assert report_of(session, request).met_at == ENDED
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (event.action, event.details["outcomes"]) == ("access_request.completed", 1)
    assert "Rust" not in str(event.details)
    broken = completed(session, world, make_granted(session, world), nothing_to_report="The samples broke.")
    assert (report_of(session, broken).met_at, report_of(session, broken).nothing_reason) == (
        ENDED,
        "The samples broke.",
    )


def test_staff_complete_for_a_team_that_does_not_answer_and_say_why(session: Session) -> None:
    world = make_free_world(session)
    request = make_granted(session, world)
    with pytest.raises(Invalid, match="empty"):
        completed(session, world, request, actor=world.manager)
    with pytest.raises(Forbidden):
        completed(session, world, request, actor=world.administrator, reason="Quiet")
    completed(session, world, request, actor=world.manager, reason="Nobody answered for a month.")
    assert (request.state, request.state_reason) == ("completed", "Nobody answered for a month.")


def test_a_session_to_come_keeps_it_from_ending_until_it_is_over(session: Session) -> None:
    world = make_free_world(session)
    request = make_granted(session, world)
    booking = booked(session, world, request)
    with pytest.raises(Conflict, match="still stands") as refused, session.begin_nested():
        completed(session, world, request)
    assert (refused.value.code, refused.value.details) == (
        "access_request.unfinished",
        {"booking": booking.public_id},
    )
    session.expire_all()
    complete_unattended(session, actor=SYSTEM, now=booking.ends + DAY, booking=booking)
    assert completed(session, world, request).state == "completed"


def test_samples_in_work_keep_it_from_ending(session: Session) -> None:
    world = make_queue(session, terms={})
    values = {"quantity": 10, "access_unit": "sample", "access_type": "mail-in"}
    request = make_submitted(session, world, period=(NOW, NOW + 90 * DAY), **values)
    granted = allocations.allocation_of(session, request)
    order = make_ordered(session, world, allocation=granted.public_id)
    with pytest.raises(Conflict, match="in work") as refused:
        completed(session, world, request)
    assert refused.value.details == {"service_order": order.public_id}


def test_the_worker_lets_expire_what_is_over_once_and_its_report_falls_due_from_then(database: Database) -> None:
    with database.writer() as session:
        world = make_free_world(session)
        over, open_still = make_granted(session, world), make_granted(session, world, period=(NOW, NOW + 300 * DAY))
        booked(session, world, over, 89)
        ends = over.period_end
    assert expire_ended(database, now=ends - timedelta(seconds=1)) == 0
    assert expire_ended(database, now=ends + DAY) == 1
    assert expire_ended(database, now=ends + 2 * DAY) == 0
    with database.writer() as session:
        request = session.get_one(AccessRequest, over.id)
        assert (request.state, session.get_one(AccessRequest, open_still.id).state) == ("expired", "active")
        assert allocations.allocation_of(session, request).state == "ended"
        assert report_of(session, request).due_at == ends + 90 * DAY
        booking = session.scalars(select(Booking)).one()
        # A session that nobody signed off yet is counted all the same.
        assert complete_unattended(session, actor=SYSTEM, now=ends + 2 * DAY, booking=booking) is not None
        told = session.scalars(select(OutboxEvent.kind).where(OutboxEvent.kind == "access_request.expired"))
        assert len(told.all()) == 1


def test_whoever_withdraws_after_using_it_owes_a_report(session: Session) -> None:
    world = make_free_world(session)
    unused, request = make_granted(session, world), make_granted(session, world)
    granted = allocations.allocation_of(session, request)
    assert granted is not None
    granted.used = Decimal(2)
    session.flush()
    for one in (unused, request):
        withdraw_access(session, actor=world.applicant, now=ENDED, access_request=one)
    assert report_of(session, unused) is None
    owed = report_of(session, request)
    assert owed is not None
    assert (owed.due_at, owed.met_at) == (ENDED + 90 * DAY, None)
    make_outcome(session, world, request)
    assert owed.met_at is not None
