"""Booking: the policy, the rules and the calendar all agree, or nothing is written."""

from decimal import Decimal

import pytest
from sqlalchemy import select, update

from infra_access.audit.models import AuditEvent
from infra_access.catalogue.models import Instrument
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotAuthenticated, NotFound
from infra_access.outbox.models import OutboxEvent
from infra_access.people.models import Account
from infra_access.policy.models import DecisionRecord
from infra_access.scheduling.bookings import book
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking, BookingLine
from tests.factories.people import make_actor, make_training
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import (
    MONDAY,
    copies_of,
    make_allocation,
    make_booking,
    make_companion,
    make_occupancy,
    make_place,
    occupancies,
    row_counts,
    set_rules,
    span,
    wishes,
)

APPROVAL = raw_rule("safety", {"type": "approve", "role": "safety_officer", "scope": "facility"}, applies_to=["book"])


@pytest.fixture
def place(session):
    """An instrument that anyone signed in may book."""
    place = make_place(session)
    make_policy(session)
    return place


@pytest.fixture
def actor(session, place):
    return make_actor(session)


def booked(session, place, actor, *spans, **overrides):
    values = {"now": MONDAY, "wishes": wishes(*spans)} | overrides
    return book(session, actor=actor, place=place, **values)


def refused(session, kind, place, actor, *spans, **overrides):
    """Return the refusal, after showing that it left nothing behind."""
    session.flush()
    before = row_counts(session)
    with pytest.raises(kind) as caught:
        booked(session, place, actor, *spans, **overrides)
    session.flush()
    assert row_counts(session) == before
    return caught.value


def test_a_booking_takes_its_time_and_leaves_one_trace_of_each_kind(session, place, actor):
    before = row_counts(session)
    booking = booked(session, place, actor, span(10, 12), title="Steel at 700 K")
    assert booking.state == BookingState.CONFIRMED
    assert (booking.starts, booking.ends) == (span(10, 12).start, span(10, 12).end)
    assert booking.uid.endswith("@infra-access")
    (copy,) = copies_of(session, place)
    assert occupancies(session) == [(copy.id, span(10, 12), "booking")]
    after = row_counts(session)
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown == {
        "booking": 1,
        "booking_line": 1,
        "occupancy": 1,
        "audit_event": 1,
        "outbox_event": 1,
        "decision_record": 1,
        "free_window": 2,  # before it and after it, now that the resource is in the index
        "free_window_head": 1,
    }
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (event.action, event.object_id) == ("booking.created", booking.public_id)
    assert "Steel" not in str(event.details)
    told = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id.desc()).limit(1)).one()
    assert (told.kind, told.payload) == ("booking.confirmed", {"booking": booking.public_id})
    decision = session.scalars(select(DecisionRecord)).one()
    assert (decision.subject_id, decision.case, decision.outcome) == (booking.public_id, booking.case, "permit")


def test_a_conflict_names_what_is_free_and_never_whose_time_it_is(session, place, actor):
    booked(session, place, make_actor(session), span(10, 12), title="Secret project")
    error = refused(session, Conflict, place, actor, span(11, 13), title="Mine")
    assert error.code == "booking.overlap"
    assert [one["start"] for one in error.details["alternatives"]] == [
        "2026-03-03T12:00:00Z",
        "2026-03-03T12:15:00Z",
        "2026-03-03T12:30:00Z",
    ]
    assert "Secret" not in str(error) + str(error.details)


def test_all_lines_are_booked_or_none(session, place, actor):
    (copy,) = copies_of(session, place)
    make_occupancy(session, copy, span(10, 12, day=3))
    refused(session, Conflict, place, actor, span(10, 12), span(10, 12, day=2), span(11, 13, day=3))
    booking = booked(session, place, actor, span(10, 12), span(10, 12, day=2))
    assert (booking.starts, booking.ends) == (span(10, 12).start, span(10, 12, day=2).end)
    assert len(session.scalars(select(BookingLine).where(BookingLine.booking_id == booking.id)).all()) == 2


def test_lines_of_one_booking_may_not_overlap_each_other(session, place, actor):
    refused(session, Conflict, place, actor, span(10, 12), span(11, 13))


def test_every_broken_rule_is_named_at_once(session, place, actor):
    set_rules(session, place.instrument, max_minutes=60, lead_minutes=2880)
    error = refused(session, Invalid, place, actor, span(10.1, 12))
    assert {one["code"] for one in error.details["broken"]} == {"granularity", "max_length", "lead"}


def test_companions_are_booked_too_and_their_conflict_refuses_all(session, place, actor):
    contact = make_companion(session, place)
    booked(session, place, actor, span(10, 12))
    assert (contact.id, span(10, 12), "booking") in occupancies(session)
    make_occupancy(session, contact, span(14, 16))
    refused(session, Conflict, place, actor, span(15, 17))


@pytest.mark.parametrize(
    "changes", [{"status": "down"}, {"listing": "unclaimed"}, {"scheduling_authority": "elsewhere"}]
)
def test_what_offers_no_booking_is_refused_as_it_stands_now(session, place, actor, changes):
    session.execute(
        update(Instrument.__table__).where(Instrument.__table__.c.id == place.instrument.id).values(**changes)
    )
    assert refused(session, Conflict, place, actor, span(10, 12)).code == "instrument.not_bookable"


def test_without_a_permit_nobody_books(session):
    actor = make_actor(session)
    place = make_place(session)
    error = refused(session, Forbidden, place, actor, span(10, 12))
    assert error.code == "policy.refused"
    assert error.details["decision"]["outcome"] == "not_eligible"


def test_a_visitor_does_not_book(session, place):
    refused(session, NotAuthenticated, place, None, span(10, 12))


def test_an_allocation_that_is_not_there_is_refused(session, place, actor):
    refused(session, NotFound, place, actor, span(10, 12), allocation="0000000000000000")


def test_a_title_is_one_line_of_bounded_length(session, place, actor):
    refused(session, Invalid, place, actor, span(10, 12), title="x" * 301)


def test_a_booking_that_needs_approval_holds_its_time_and_asks_once(session, actor, place):
    make_policy(session, APPROVAL)
    officer = make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))
    before = row_counts(session)
    booking = booked(session, place, actor, span(10, 12))
    after = row_counts(session)
    assert booking.state == BookingState.PENDING_APPROVAL
    assert len(occupancies(session)) == 1
    assert after["approval"] - before["approval"] == 1
    assert after["audit_event"] - before["audit_event"] == 1
    refused(session, Conflict, place, officer, span(11, 13))


def test_a_booking_made_by_the_factory_is_one_like_any_other(session, place):
    booking = make_booking(session, place, span(10, 12))
    owner = session.get_one(Account, booking.account_id)
    assert session.scalars(select(Booking).where(Booking.account_id == owner.id)).all() == [booking]


def test_an_allocation_is_drawn_on_and_never_overdrawn(session, place, actor):
    allocation = make_allocation(session, place, actor, amount=5)
    booking = booked(session, place, actor, span(10, 13.5), allocation=allocation.public_id)
    assert (booking.units, booking.allocation_id, allocation.used) == (Decimal("3.50"), allocation.id, Decimal("3.50"))
    error = refused_late(session, place, actor, span(14, 16), allocation=allocation.public_id)
    assert error.code == "allocation.overdrawn"
    assert allocation.used == Decimal("3.50")
    booked(session, place, actor, span(14, 15.5), allocation=allocation.public_id)
    assert allocation.used == Decimal("5.00")


def test_the_rules_of_the_route_apply_to_what_it_granted(session, place, actor):
    allocation = make_allocation(session, place, actor, booking_rules={"max_minutes": 60})
    refused(session, Invalid, place, actor, span(10, 12), allocation=allocation.public_id)
    booked(session, place, actor, span(10, 11), allocation=allocation.public_id)


def test_nobody_books_on_the_allocation_of_another_team(session, place, actor):
    allocation = make_allocation(session, place, actor)
    refused(session, NotFound, place, make_actor(session), span(10, 12), allocation=allocation.public_id)


def refused_late(session, place, actor, *spans, **overrides):
    """Return a refusal that comes after the first writes: whoever commits per command rolls these back."""
    session.flush()
    before = row_counts(session)
    with session.begin_nested() as savepoint:
        with pytest.raises(Conflict) as caught:
            booked(session, place, actor, *spans, **overrides)
        savepoint.rollback()
    session.expire_all()
    assert row_counts(session) == before
    return caught.value


UNTRAINED = {
    "some": {
        "over": "participants",
        "when": {
            "all": [
                {"op": "eq", "fact": "participants[].presence", "value": "on-site"},
                {"not": {"op": "contains", "fact": "participants[].trainings", "value": "laser-safety"}},
            ]
        },
    }
}


def test_whoever_books_without_a_request_is_the_one_participant(session, place, actor):
    training = {"type": "require", "kind": "training", "code": "laser-safety"}
    make_policy(session, raw_rule("trained", training, UNTRAINED, applies_to=["book"]), name="training")
    missing = refused(session, Forbidden, place, actor, span(9, 10)).details["decision"]["missing"]
    assert [(one["kind"], one["code"]) for one in missing] == [("training", "laser-safety")]
    make_training(session, account=session.get_one(Account, actor.account_id), code="laser-safety")
    session.flush()
    assert booked(session, place, actor, span(9, 10)).state == BookingState.CONFIRMED
