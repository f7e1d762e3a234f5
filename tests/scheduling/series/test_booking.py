"""A series: each occurrence a booking under every rule, the report of all, and nothing left of what was refused."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from infra_access.access_requests.models import Allocation
from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.outbox.models import OutboxEvent
from infra_access.scheduling.models import Booking
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.series.booking import book_series, preview_series
from tests.factories.people import make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import (
    MONDAY,
    copies_of,
    make_allocation,
    make_booking,
    make_occupancy,
    make_place,
    occupancies,
    row_counts,
    set_rules,
    span,
)

WEEKLY = "FREQ=WEEKLY;COUNT=5"


@pytest.fixture
def place(session):
    place = make_place(session)
    make_policy(session)
    return place


@pytest.fixture
def actor(session, place):
    return make_actor(session)


def book(session, place, actor, when, rrule=WEEKLY, **overrides):
    return book_series(session, actor=actor, now=MONDAY, place=place, wish=Wish(when), rrule=rrule, **overrides)


def refused(session, kind, *asked, **overrides):
    """Return the refusal, after showing that it left nothing behind."""
    session.flush()
    before = row_counts(session)
    with pytest.raises(kind) as caught:
        book(session, *asked, **overrides)
    session.flush()
    assert row_counts(session) == before
    return caught.value


def test_a_series_is_a_booking_each_with_one_event_for_all(session, place, actor):
    before = row_counts(session)
    made = book(session, place, actor, span(9, 10), title="Steel")
    assert [(one.state, one.code) for one in made.report] == [("booked", None)] * 5
    # Berlin's clocks go forward on 29 March 2026: 10:00 there is an hour earlier in UTC from then on.
    assert [one.span.start.hour for one in made.report] == [9, 9, 9, 9, 8]
    assert {one.wall_start.hour for one in made.report} == {10}
    bookings = session.scalars(select(Booking).order_by(Booking.starts)).all()
    assert [one.public_id for one in bookings] == [one.booking for one in made.report]
    assert {one.series_id for one in bookings} == {made.series.id}
    assert [one.recurrence_id for one in bookings] == [one.starts for one in bookings]
    assert len({one.uid for one in bookings}) == 5
    after = row_counts(session)
    assert after["audit_event"] - before["audit_event"] == 1
    assert session.scalars(select(OutboxEvent.kind).order_by(OutboxEvent.id)).all()[-1] == "booking.series_made"
    assert session.scalars(select(AuditEvent.action).order_by(AuditEvent.id.desc()).limit(1)).one() == "series.created"


def test_what_is_taken_is_skipped_and_told(session, place, actor):
    make_booking(session, place, span(9, 10, day=8))
    made = book(session, place, actor, span(9, 10))
    assert [(one.state, one.code) for one in made.report] == [
        ("booked", None),
        ("skipped", "booking.overlap"),
        *[("booked", None)] * 3,
    ]
    assert made.report[1].booking is None
    assert "free" in str(made.report[1].message).lower()


def test_or_refuses_everything_with_the_report_of_all(session, place, actor):
    make_booking(session, place, span(9, 10, day=8))
    error = refused(session, Conflict, place, actor, span(9, 10), on_conflict="fail")
    assert error.code == "series.conflicts"
    assert [one["state"] for one in error.details["occurrences"]] == ["booked", "skipped", "booked", "booked", "booked"]


def test_where_nothing_is_free_nothing_is_made(session, place, actor):
    make_occupancy(session, copies_of(session, place)[0], span(0, 24 * 60))
    error = refused(session, Conflict, place, actor, span(9, 10))
    assert error.code == "series.nothing"
    assert len(error.details["occurrences"]) == 5


def test_each_occurrence_keeps_the_horizon_and_the_length(session, place, actor):
    set_rules(session, place.instrument, horizon_days=20, max_minutes=60)
    made = book(session, place, actor, span(9, 10))
    assert [one.code for one in made.report] == [None, None, None, "booking.rules", "booking.rules"]
    assert refused(session, Invalid, place, actor, span(9, 11, day=2), on_conflict="fail").code == "series.conflicts"


def test_what_was_granted_is_drawn_by_each_and_never_overdrawn(session, place, actor):
    allocation = make_allocation(session, place, actor, amount=7)
    made = book(session, place, actor, span(9, 11), allocation=allocation.public_id)
    assert [one.code for one in made.report] == [None, None, None, "allocation.overdrawn", "allocation.overdrawn"]
    session.expire_all()
    assert session.get_one(Allocation, allocation.id).used == Decimal(6)
    assert len(occupancies(session)) == 3


def test_a_series_never_overlaps_itself(session, place, actor):
    assert refused(session, Invalid, place, actor, span(9, 34), "FREQ=DAILY;COUNT=3").code == "series.overlaps_itself"
    set_rules(session, place.instrument, buffer_before_minutes=30, buffer_after_minutes=30)
    hourly = "FREQ=HOURLY;INTERVAL=2;COUNT=3"
    error = refused(session, Invalid, place, actor, span(9, 10.25), hourly)
    assert error.code == "series.overlaps_itself"
    assert "2026-03-03 10:00" in str(error)
    assert len(book(session, place, actor, span(9, 10), hourly).report) == 3


def test_the_policy_refuses_the_whole_series(session, place, actor):
    make_policy(session, raw_rule("lasers", {"type": "require", "kind": "training", "code": "laser-safety"}))
    assert refused(session, Forbidden, place, actor, span(9, 10)).code == "policy.refused"


def test_a_resource_of_another_instrument_is_refused_once(session, place, actor):
    other = copies_of(session, make_place(session))[0]
    before = row_counts(session)
    with pytest.raises(Invalid) as caught:
        book_series(
            session, actor=actor, now=MONDAY, place=place, wish=Wish(span(9, 10), other.public_id), rrule=WEEKLY
        )
    assert caught.value.code == "booking.resource"
    assert row_counts(session) == before


@pytest.mark.parametrize(
    ("rrule", "code"),
    [
        ("FREQ=WEEKLY;COUNT=1000000000", "rrule.count"),
        ("FREQ=WEEKLY;COUNT=3;INTERVAL=0", "rrule.interval"),
        ("FREQ=SECONDLY;COUNT=3", "rrule.freq"),
        ("FREQ=WEEKLY;UNTIL=20260101T000000Z", "rrule.until"),
        ("FREQ=WEEKLY;COUNT=3;" + "X" * 65_536, "rrule.length"),
        ("FREQ=WEEKLY\x00;COUNT=3", "rrule.freq"),
    ],
    ids=["count", "interval", "secondly", "until", "64kB", "nul"],
)
def test_a_rule_out_of_bounds_writes_nothing(session, place, actor, rrule, code):
    assert refused(session, Invalid, place, actor, span(9, 10), rrule).code == code


def test_nothing_but_skip_or_fail_is_understood(session, place, actor):
    assert refused(session, Invalid, place, actor, span(9, 10), on_conflict="maybe").fields.keys() == {"on_conflict"}


def test_a_time_that_the_clocks_skip_is_skipped_with_the_reason(session, place, actor):
    night = span(1.5, 1.75, day=26)  # 02:30 in Berlin on Saturday 28 March
    made = book(session, place, actor, night, "FREQ=DAILY;COUNT=2")
    assert [(one.code, one.span is None) for one in made.report] == [
        (None, False),
        ("time.gap", True),
        (None, False),
    ]


def test_a_preview_says_the_same_and_leaves_nothing(session, place, actor):
    make_booking(session, place, span(9, 10, day=8))
    session.flush()
    before = row_counts(session)
    asked = {"actor": actor, "now": MONDAY, "place": place, "wish": Wish(span(9, 10)), "rrule": WEEKLY}
    preview = preview_series(session, **asked)
    session.flush()
    assert row_counts(session) == before
    made = book_series(session, **asked)
    assert [(one.recurrence, one.state, one.code) for one in preview] == [
        (one.recurrence, one.state, one.code) for one in made.report
    ]
    full = preview_series(session, **asked)
    assert {one.state for one in full} == {"skipped"}
    assert timedelta(0) < full[0].span.length
