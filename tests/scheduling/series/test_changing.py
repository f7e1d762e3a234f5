"""Changing a series: one, following or all; what was moved by itself stays; what was left out is booked again."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from infra_access.access_requests.models import Allocation
from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from infra_access.core.timespan import TimeSpan
from infra_access.outbox.models import OutboxEvent
from infra_access.people.actors import load_actor
from infra_access.scheduling.booking_queries import booking_by_public_id
from infra_access.scheduling.changes import cancel, move
from infra_access.scheduling.models import Booking
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.series.booking import book_series
from infra_access.scheduling.series.changing import cancel_series, move_series, re_add
from infra_access.scheduling.series.queries import report_on, series_by_public_id
from tests.factories.people import make_actor
from tests.factories.policy import make_policy
from tests.factories.scheduling import (
    MONDAY,
    make_allocation,
    make_booking,
    make_place,
    occupancies,
    row_counts,
    set_rules,
    span,
    wishes,
)

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest.fixture
def place(session):
    place = make_place(session)
    make_policy(session)
    return place


@pytest.fixture
def actor(session, place):
    return make_actor(session)


@pytest.fixture
def made(session, place, actor):
    """Five Tuesdays from 10:00 to 11:00 in Berlin, the last after the clocks went forward."""
    wish = Wish(span(9, 10))
    return book_series(session, actor=actor, now=MONDAY, place=place, wish=wish, rrule="FREQ=WEEKLY;COUNT=5")


def shift(session, made, actor, position=0, *, hours=1, scope="all", now=MONDAY, **overrides):
    """Move a series by an hour, as seen from one of its occurrences."""
    one = made.report[position]
    asked = {"start": one.span.start + hours * HOUR, "end": one.span.end + hours * HOUR, "scope": scope}
    return move_series(
        session, actor=actor, now=now, series=made.series, occurrence=one.recurrence, **{**asked, **overrides}
    )


def hours_of(session, made):
    """Return the local start of each occurrence as it stands now."""
    return [(one.wall_start.hour, str(one.state)) for one in report_on(session, made.series)]


def booking(session, made, position):
    return session.scalars(select(Booking).where(Booking.public_id == made.report[position].booking)).one()


def test_all_move_by_the_wall_clock_with_one_event(session, actor, made):
    before, version = row_counts(session), made.series.version
    moved = shift(session, made, actor)
    assert hours_of(session, made) == [(11, "booked")] * 5
    assert [one.span.start.hour for one in moved.report] == [10, 10, 10, 10, 9]
    assert made.series.version > version
    after = row_counts(session)
    assert after["audit_event"] - before["audit_event"] == 1
    assert after["occupancy"] == before["occupancy"]
    assert session.scalars(select(AuditEvent.action).order_by(AuditEvent.id.desc()).limit(1)).one() == "series.moved"
    assert session.scalars(select(OutboxEvent.kind).order_by(OutboxEvent.id.desc()).limit(1)).one() == (
        "booking.series_changed"
    )


def test_the_following_move_and_those_before_stay(session, actor, made):
    shift(session, made, actor, 2, scope="following")
    assert [hour for hour, _state in hours_of(session, made)] == [10, 10, 11, 11, 11]


def test_one_moves_alone_and_keeps_its_time_when_all_move_later(session, actor, made):
    move(session, actor=actor, now=MONDAY, booking=booking(session, made, 1), wishes=wishes(span(12, 13, day=8)))
    shift(session, made, actor, 3, scope="one")
    moved = shift(session, made, actor)
    assert [str(one.state) for one in moved.report] == ["booked", "kept", "booked", "booked", "booked"]
    assert [hour for hour, _state in hours_of(session, made)] == [11, 13, 11, 12, 11]


def test_neighbours_move_through_each_other(session, place, actor):
    daily = book_series(
        session, actor=actor, now=MONDAY, place=place, wish=Wish(span(9, 31)), rrule="FREQ=DAILY;COUNT=4"
    )
    for hours in (24, -24):
        moved = shift(session, daily, actor, hours=hours)
        daily = type(daily)(daily.series, report_on(session, daily.series))
        assert {str(one.state) for one in moved.report} == {"booked"}


def test_all_move_or_none(session, place, actor, made):
    make_booking(session, place, span(10, 11, day=15))
    before = occupancies(session)
    with pytest.raises(Conflict) as caught:
        shift(session, made, actor)
    assert caught.value.code == "series.conflicts"
    assert [one["state"] for one in caught.value.details["occurrences"]] == [
        "booked",
        "booked",
        "kept",
        "booked",
        "booked",
    ]
    assert occupancies(session) == before
    moved = shift(session, made, actor, on_conflict="skip")
    assert [one.code for one in moved.report] == [None, None, "booking.overlap", None, None]
    assert [hour for hour, _state in hours_of(session, made)] == [11, 11, 10, 11, 11]


def test_what_has_begun_stays(session, actor, made):
    shift(session, made, actor, 2, now=made.report[1].span.start + HOUR / 2)
    assert [hour for hour, _state in hours_of(session, made)] == [10, 10, 11, 11, 11]
    with pytest.raises(Conflict, match="begun"):
        shift(session, made, actor, 0, scope="one", now=MONDAY + timedelta(days=100))


def test_a_move_may_not_make_the_series_overlap_itself_nor_end_before_it_starts(session, actor, made):
    one = made.report[0]
    with pytest.raises(Invalid, match="overlaps itself"):
        shift(session, made, actor, end=one.span.start + timedelta(days=8))
    with pytest.raises(Invalid) as caught:
        shift(session, made, actor, end=one.span.start - HOUR)
    assert caught.value.code == "time.order"


def test_the_following_are_cancelled_and_give_back_what_they_drew(session, place, actor):
    allocation = make_allocation(session, place, actor, amount=5)
    made = book_series(
        session,
        actor=actor,
        now=MONDAY,
        place=place,
        wish=Wish(span(9, 10)),
        rrule="FREQ=WEEKLY;COUNT=4",
        allocation=allocation.public_id,
    )
    occurrence = made.report[2].recurrence
    done = cancel_series(
        session, actor=actor, now=MONDAY, series=made.series, scope="following", occurrence=occurrence, reason="No beam"
    )
    assert [str(one.state) for one in done.report] == ["cancelled"] * 2
    assert [state for _hour, state in hours_of(session, made)] == ["booked", "booked", "cancelled", "cancelled"]
    session.expire_all()
    assert session.get_one(Allocation, allocation.id).used == Decimal(2)
    assert booking(session, made, 3).state_reason == "No beam"
    again = re_add(session, actor=actor, now=MONDAY, series=made.series, occurrence=occurrence)
    assert [str(one.state) for one in again.report] == ["booked"]
    session.expire_all()
    assert session.get_one(Allocation, allocation.id).used == Decimal(3)


def test_an_owner_too_late_keeps_what_staff_could_still_cancel(session, place, actor, made):
    set_rules(session, place.instrument, cancel_notice_minutes=8 * 1440)
    done = cancel_series(session, actor=actor, now=MONDAY, series=made.series, scope="all")
    assert [(str(one.state), one.code) for one in done.report] == [
        ("kept", "booking.notice"),
        *[("cancelled", None)] * 4,
    ]


def test_what_was_left_out_is_booked_again_where_the_series_stands_now(session, place, actor):
    other = make_booking(session, place, span(9, 12, day=8))
    made = book_series(
        session, actor=actor, now=MONDAY, place=place, wish=Wish(span(9, 10)), rrule="FREQ=WEEKLY;COUNT=3"
    )
    shift(session, made, actor)
    name = made.report[1].recurrence
    with pytest.raises(Conflict) as caught:
        re_add(session, actor=actor, now=MONDAY, series=made.series, occurrence=name)
    assert caught.value.code == "booking.overlap"
    cancel(session, actor=load_actor(session, other.account_id, now=MONDAY), now=MONDAY, booking=other)
    line = re_add(session, actor=actor, now=MONDAY, series=made.series, occurrence=name).report[0]
    assert line.span == TimeSpan(span(10, 11, day=8).start, span(10, 11, day=8).end)
    assert hours_of(session, made) == [(11, "booked")] * 3
    with pytest.raises(Conflict, match="already"):
        re_add(session, actor=actor, now=MONDAY, series=made.series, occurrence=name)


def test_only_the_owner_and_the_staff_touch_a_series(session, made):
    stranger = make_actor(session)
    with pytest.raises(Forbidden):
        shift(session, made, stranger)
    with pytest.raises(Forbidden):
        cancel_series(session, actor=stranger, now=MONDAY, series=made.series, scope="all")
    with pytest.raises(Forbidden):
        re_add(session, actor=stranger, now=MONDAY, series=made.series, occurrence=made.report[0].recurrence)
    with pytest.raises(NotFound):
        series_by_public_id(session, made.series.public_id, actor=stranger)


def test_who_looked_too_early_or_names_nothing_is_refused(session, actor, made):
    with pytest.raises(PreconditionFailed):
        cancel_series(session, actor=actor, now=MONDAY, series=made.series, scope="all", expected_version=99)
    with pytest.raises(NotFound):
        re_add(session, actor=actor, now=MONDAY, series=made.series, occurrence="2026-01-01T00:00")
    with pytest.raises(Invalid):
        cancel_series(session, actor=actor, now=MONDAY, series=made.series, scope="following")


def test_a_series_is_read_with_its_occurrences(session, actor, made):
    view = series_by_public_id(session, made.series.public_id, actor=actor)
    assert view.owner == actor.name
    assert [one.recurrence for one in view.report] == [one.recurrence for one in made.report]
    assert view.report[0].span.start.astimezone(UTC) == span(9, 10).start
    first = booking_by_public_id(session, made.report[0].booking, actor=actor)
    assert first.series == made.series.public_id


@pytest.fixture
def repeated(session, place, actor):
    """Two Sundays from 02:30 to 04:00 in Berlin, the second when 02:30 comes twice: the later of the two is meant."""
    set_rules(session, place.facility, horizon_days=365, min_minutes=30, granularity_minutes=30)
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)
    wish = Wish(TimeSpan(first.astimezone(UTC), datetime(2026, 10, 25, 4, 0, tzinfo=BERLIN).astimezone(UTC)))
    return book_series(session, actor=actor, now=MONDAY, place=place, wish=wish, rrule="FREQ=WEEKLY;COUNT=2")


def test_in_a_repeated_hour_a_move_goes_to_the_instant_that_was_given(session, repeated, actor):
    line = repeated.report[0]
    later = TimeSpan(line.span.start, line.span.start + HOUR / 2)
    earlier = TimeSpan(later.start - HOUR, later.end - HOUR)
    for aim in (later, earlier, later):
        moved = move_series(
            session,
            actor=actor,
            now=MONDAY,
            series=repeated.series,
            scope="one",
            occurrence=line.recurrence,
            start=aim.start,
            end=aim.end,
        )
        assert moved.report[0].span == aim
        assert report_on(session, repeated.series)[0].span == aim


def test_what_was_chosen_of_a_repeated_hour_stays_when_it_is_booked_again_or_moved_with_all(session, repeated, actor):
    first, second = repeated.report
    assert first.span.start == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    cancel_series(session, actor=actor, now=MONDAY, series=repeated.series, scope="one", occurrence=first.recurrence)
    assert report_on(session, repeated.series)[0].span == first.span
    again = re_add(session, actor=actor, now=MONDAY, series=repeated.series, occurrence=first.recurrence)
    assert again.report[0].span == first.span
    longer = move_series(
        session,
        actor=actor,
        now=MONDAY,
        series=repeated.series,
        scope="all",
        occurrence=second.recurrence,
        start=second.span.start,
        end=second.span.end + HOUR,
    )
    assert [one.span for one in longer.report] == [
        TimeSpan(one.span.start, one.span.end + HOUR) for one in repeated.report
    ]
