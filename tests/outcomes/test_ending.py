"""Whatever ends a grant ends the service orders on it: what waits is cancelled, begun work is delivered and billed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from infra_access.access_requests.allocations import set_state
from infra_access.access_requests.models import AccessRequest, AccessRequestInstrument, Allocation
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.audit.models import AuditEvent
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, DomainError
from infra_access.core.timespan import TimeSpan
from infra_access.ledger.models import UsageLine
from infra_access.orders import closing, work
from infra_access.orders.models import ServiceOrder
from infra_access.orders.ordering import place_order
from infra_access.outbox.models import OutboxEvent
from infra_access.outcomes.completing import complete
from infra_access.outcomes.expiring import expire
from infra_access.outcomes.owing import report_of
from infra_access.outcomes.refusing import end_exception, submit_access
from infra_access.outcomes.revoking import revoke_access
from infra_access.outcomes.withdrawing import withdraw_access
from infra_access.scheduling.attendance import check_in
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from tests.factories.access_requests import FEASIBILITY, World, make_rules
from tests.factories.accounting import make_funding
from tests.factories.orders import (
    NOW,
    OPEN_TO_SENDERS,
    make_order,
    make_ordered,
    make_queue,
    make_quoted,
    make_sample_grant,
)
from tests.factories.overrides import LATER, VERIFIED_ONLY, administrators, grant
from tests.factories.people import make_actor
from tests.factories.scheduling import SYSTEM, make_booking

DAY = timedelta(days=1)
OPEN = {**OPEN_TO_SENDERS, "applies_to": ["request", "mail_in", "book"]}


def granted(session: Session, amount: int = 40) -> tuple[World, Allocation, AccessRequest]:
    """Grant the startup an amount of samples, and let the request stand as active."""
    world = make_queue(session, rules=[OPEN])
    allocation = make_sample_grant(session, world, amount=amount)
    request = session.get_one(AccessRequest, allocation.access_request_id)
    request.state = "active"
    session.flush()
    return world, allocation, request


def ordered(session: Session, world: World, allocation: Allocation, state: str) -> ServiceOrder:
    return make_order(session, world, state, allocation=allocation.public_id, samples=4)


def make_session(session: Session, world: World, allocation: Allocation) -> Booking:
    """Book a morning beside the samples, on the same grant."""
    start = NOW + timedelta(days=15)
    place = place_of(session, world.instrument.id)
    at = TimeSpan(start, start + timedelta(hours=2))
    booking = make_booking(session, place, at, actor=world.applicant, now=NOW)
    booking.allocation_id = allocation.id
    session.flush()
    return booking


def events(session: Session) -> list[str]:
    return [event.kind for event in session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))]


def revoked(session: Session, world: World, request: AccessRequest, **more: Any) -> None:
    officer = make_actor(session, ("safety_officer", ("facility", world.facility.public_id)))
    values = {"actor": officer, "now": NOW + 9 * DAY, "reason": "The laser is unsafe."} | more
    revoke_access(session, access_request=request, **values)


def test_revoking_cancels_what_waits_and_gives_back_units_and_money(session: Session) -> None:
    world, allocation, request = granted(session)
    quoted = ordered(session, world, allocation, "quoted")
    sent = ordered(session, world, allocation, "ordered")
    arrived = ordered(session, world, allocation, "samples_received")
    paid = ordered(session, world, allocation, "quoted")
    funding = make_funding(session, world.applicant)
    place_order(
        session,
        actor=world.applicant,
        now=NOW,
        order=paid,
        text_hash=paid.terms["text_hash"],
        funding=funding.public_id,
    )
    assert (allocation.used, funding.used) == (12, Decimal("100.00"))
    revoked(session, world, request)
    assert {one.state for one in (quoted, sent, arrived, paid)} == {"cancelled"}
    assert {one.state_reason for one in (quoted, sent, arrived, paid)} == {"The laser is unsafe."}
    assert (allocation.state, allocation.used, funding.used) == ("ended", 0, 0)
    assert events(session)[-5:] == ["access_request.decided", *["service_order.cancelled"] * 4]
    acts = session.scalars(select(AuditEvent).where(AuditEvent.action == "service_order.cancelled")).all()
    assert [(one.details["from"], one.details["access_ended"]) for one in acts] == [
        (state, True) for state in ("quoted", "ordered", "samples_received", "ordered")
    ]
    with pytest.raises(DomainError, match="Nothing can be booked"):
        make_quoted(session, world, allocation=allocation.public_id)


@pytest.mark.parametrize("state", ["in_work", "quality_checked"])
def test_begun_work_is_delivered_and_billed_and_people_are_told(session: Session, state: str) -> None:
    world, allocation, request = granted(session)
    begun = ordered(session, world, allocation, state)
    other = make_ordered(session, world, samples=2)
    withdraw_access(session, actor=world.applicant, now=NOW + 9 * DAY, access_request=request, reason="No more money.")
    assert (begun.state, begun.state_reason, other.state) == (state, "No more money.", "ordered")
    assert (request.state, allocation.used, events(session)[-1]) == ("withdrawn", 4, "service_order.access_ended")
    assert report_of(session, request) is not None
    if state == "in_work":
        work.check_quality(session, actor=world.manager, now=NOW + 10 * DAY, order=begun)
    work.deliver(session, actor=world.manager, now=NOW + 11 * DAY, order=begun, deliverable="Four spectra")
    assert session.scalars(select(UsageLine.units)).all() == [4]
    closing.dispute(session, actor=world.applicant, now=NOW + 12 * DAY, order=begun, reason="One is empty.")
    with pytest.raises(Conflict) as refused:
        work.start(session, actor=world.manager, now=NOW + 13 * DAY, order=begun)
    assert refused.value.code == "order.access_ended"


def refused_by_policy(session: Session, world: World, request: AccessRequest) -> None:
    """Let a change that was asked for be sent again under rules that refuse it now."""
    request.state = "changes_requested"
    make_rules(session, [OPEN, VERIFIED_ONLY])
    submit_access(session, actor=world.applicant, now=NOW + DAY, access_request=request)


def test_a_changed_request_that_the_policy_refuses_ends_what_was_booked_and_ordered(session: Session) -> None:
    world, allocation, request = granted(session)
    sent = ordered(session, world, allocation, "ordered")
    booking = make_session(session, world, allocation)
    set_state(session, request, AllocationState.SUSPENDED)
    refused_by_policy(session, world, request)
    assert (request.state, allocation.state, allocation.used) == ("refused", "ended", 0)
    assert (booking.state, sent.state) == ("cancelled", "cancelled")
    assert booking.state_reason == sent.state_reason == "The organisation must be verified first."
    assert events(session)[-3:] == ["access_request.decided", "booking.cancelled", "service_order.cancelled"]


def test_an_exception_that_ends_while_a_change_waits_ends_them_too(session: Session) -> None:
    world, allocation, request = granted(session)
    booking = make_session(session, world, allocation)
    make_rules(session, [OPEN, FEASIBILITY, VERIFIED_ONLY])
    request.state = "under_review"
    set_state(session, request, AllocationState.SUSPENDED)
    view = grant(session, request)
    assert (request.state, booking.state) == ("under_review", "confirmed")
    officer = administrators(session, 1)[0]
    end_exception(session, actor=officer, now=LATER, override=view.override, reason="A mistake.")
    assert (request.state, allocation.state, booking.state) == ("refused", "ended", "cancelled")


def test_what_ended_before_is_not_told_of_again(session: Session) -> None:
    world, allocation, request = granted(session)
    ordered(session, world, allocation, "in_work")
    revoked(session, world, request)
    request.state = "changes_requested"  # after an appeal
    refused_by_policy(session, world, request)
    assert events(session).count("service_order.access_ended") == 1


@pytest.mark.parametrize(("state", "words"), [("ended", "has ended"), ("suspended", "is being looked at")])
def test_nobody_begins_a_session_on_what_is_not_active(session: Session, state: str, words: str) -> None:
    world, allocation, _request = granted(session)
    booking = make_session(session, world, allocation)
    allocation.state = state
    with pytest.raises(Conflict, match=words) as refused:
        check_in(session, actor=world.manager, now=booking.starts, booking=booking)
    assert (refused.value.code, booking.state) == ("allocation.inactive", "confirmed")


def test_nobody_begins_a_session_on_what_the_access_does_not_cover_any_more(session: Session) -> None:
    world, allocation, _request = granted(session)
    booking = make_session(session, world, allocation)
    session.execute(update(AccessRequestInstrument).values(left_out=True))
    with pytest.raises(Conflict, match="for other instruments") as refused:
        check_in(session, actor=world.manager, now=booking.starts, booking=booking)
    assert (refused.value.code, booking.state) == ("allocation.outside", "confirmed")


def test_what_ran_out_by_time_is_not_begun_and_a_dispute_is_still_settled(session: Session) -> None:
    world, allocation, request = granted(session)
    waits, disputed = (ordered(session, world, allocation, state) for state in ("samples_received", "disputed"))
    assert expire(session, actor=SYSTEM, now=allocation.valid_until, access_request=request) is request
    assert (waits.state, disputed.state, allocation.used) == ("cancelled", "disputed", 4)
    assert waits.state_reason == "The time for which access was granted is over."
    assert work.start(session, actor=world.manager, now=allocation.valid_until, order=disputed).state == "in_work"


def test_completing_ends_a_quote_and_is_kept_by_an_order(session: Session) -> None:
    world, allocation, request = granted(session)
    quoted, sent = (ordered(session, world, allocation, state) for state in ("quoted", "ordered"))
    with pytest.raises(Conflict, match="still in work"), session.begin_nested():
        complete(session, actor=world.applicant, now=NOW + DAY, access_request=request)
    session.expire_all()
    session.delete(sent)
    complete(session, actor=world.applicant, now=NOW + DAY, access_request=request)
    assert (quoted.state, quoted.state_reason) == ("cancelled", "The access that it belonged to was completed.")


def test_nothing_ordered_at_the_same_moment_stays(database: Database) -> None:
    with database.writer() as session:
        world, allocation, request = granted(session)
        officer = make_actor(session, ("access_administrator", ("country", world.facility.country)))
        quotes = [session.merge(ordered(session, world, allocation, "quoted")).id for _one in range(4)]

    def order(key: int) -> str:
        try:
            with database.writer() as session:
                row = session.get_one(ServiceOrder, key)
                terms = row.terms["text_hash"]
                place_order(session, actor=world.applicant, now=NOW, order=row, text_hash=terms)
        except DomainError as error:
            return error.code
        return "ordered"

    def revoke() -> None:
        with database.writer() as session:
            row = session.get_one(AccessRequest, request.id)
            revoke_access(session, actor=officer, now=NOW, access_request=row, reason="An embargo.")

    with ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(order, key) for key in quotes[:2]]
        done = pool.submit(revoke)
        jobs += [pool.submit(order, key) for key in quotes[2:]]
        done.result()
        answers = {job.result() for job in jobs}
    assert answers <= {"ordered", "order.state", "allocation.inactive"}
    with database.reader() as session:
        assert set(session.scalars(select(ServiceOrder.state))) == {"cancelled"}
        assert session.get_one(Allocation, allocation.id).used == 0
