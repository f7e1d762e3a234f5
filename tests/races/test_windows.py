"""The windows are right, whatever is taken, given back and made anew at the same time."""

import pytest

from infra_access.core.db import Database
from infra_access.scheduling.bookings import book
from infra_access.scheduling.changes import cancel
from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.models import Booking
from infra_access.scheduling.opening_hours import WeeklyHours
from infra_access.scheduling.places import place_of
from infra_access.scheduling.windows.keeping import keep_up
from infra_access.scheduling.windows.rebuilding import check, rebuild
from tests.factories.people import make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import MONDAY, SYSTEM, copies_of, make_booking, make_place, set_rules, span, wishes
from tests.races.crowd import all_at_once
from tests.scheduling.windows.oracle import assert_right

HOURS = range(6, 18)


@pytest.fixture
def crowded(database_url):
    """Give the database with a connection for each of the crowd."""
    database = Database.connect(database_url, threads=2 * len(HOURS) + 4)
    yield database
    database.dispose()


def test_parallel_bookings_cancellations_and_rebuilds_leave_them_right(crowded):
    with crowded.writer() as session:
        make_policy(session, rules=[raw_rule("all", {"type": "permit"})])
        place = make_place(session)
        set_rules(session, place.instrument, buffer_after_minutes=15, granularity_minutes=15)
        set_hours(session, actor=SYSTEM, now=MONDAY, facility=place.facility, weekly=_weekly(6 * 60))
        actors = [make_actor(session) for _hour in HOURS]
        standing = [
            make_booking(session, place, span(hour, hour + 0.75, day=3), actor=actor).id
            for hour, actor in zip(HOURS, actors, strict=True)
        ]

    def booking(hour, actor):
        def job():
            with crowded.writer() as session:
                there = place_of(session, place.instrument.id)
                wanted = wishes(span(hour, hour + 0.75, day=2))
                return book(session, actor=actor, now=MONDAY, place=there, wishes=wanted).id

        return job

    def cancelling(key, actor):
        def job():
            with crowded.writer() as session:
                return cancel(session, actor=actor, now=MONDAY, booking=session.get_one(Booking, key)).id

        return job

    def changing():
        with crowded.writer() as session:
            facility = place_of(session, place.instrument.id).facility
            set_hours(session, actor=SYSTEM, now=MONDAY, facility=facility, weekly=_weekly(5 * 60))

    def keeping():
        return keep_up(crowded, now=MONDAY)

    def rebuilding():
        return rebuild(crowded, now=MONDAY).windows

    booked = [booking(hour, actor) for hour, actor in zip(HOURS, actors, strict=True)]
    cancelled = [cancelling(key, actor) for key, actor in zip(standing[::2], actors[::2], strict=True)]
    results = all_at_once([*booked, *cancelled, changing, keeping, rebuilding])
    assert [one for one in results if isinstance(one, BaseException)] == []
    keep_up(crowded, now=MONDAY)
    report = check(crowded)
    assert (report.differences, report.stale) == ([], 0)
    with crowded.reader() as session:
        assert_right(session, *copies_of(session, place))


def _weekly(opens):
    return [WeeklyHours(day, opens, 20 * 60) for day in range(7)]
