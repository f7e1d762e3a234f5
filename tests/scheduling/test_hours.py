"""A facility's hours as they are stored: set as a whole, closed on public holidays, with a version for each change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from infra_access.core.errors import Forbidden, Invalid, PreconditionFailed
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_span
from infra_access.scheduling.hours import all_hours, hours_of, set_hours
from infra_access.scheduling.opening_hours import DatedException, DayHours, WeeklyHours
from infra_access.scheduling.public_holidays import HolidayCalendar
from infra_access.scheduling.terms import terms_of
from tests.factories.catalogue import make_facility
from tests.factories.people import make_actor
from tests.factories.scheduling import MONDAY, SYSTEM, make_place
from tests.statements import count_statements

OFFICE = [WeeklyHours(day, 9 * 60, 17 * 60) for day in range(5)]
YEAR = TimeSpan(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def opened(session, facility, day, zone="Europe/Berlin"):
    window = day_span(day, zone)
    spans = hours_of(session, {facility.id: zone}, window)[facility.id].open_within(window)
    place = ZoneInfo(zone)
    return [(f"{one.start.astimezone(place):%H:%M}", f"{one.end.astimezone(place):%H:%M}") for one in spans]


def put(session, facility, *exceptions, weekly=OFFICE, **more):
    return set_hours(session, actor=SYSTEM, now=MONDAY, facility=facility, weekly=weekly, exceptions=exceptions, **more)


def test_a_holiday_closes_that_local_day_and_no_other(session):
    facility = make_facility(session)
    put(session, facility, holidays=HolidayCalendar("DE", "BE"))
    assert opened(session, facility, date(2026, 5, 1)) == []
    assert opened(session, facility, date(2026, 4, 30)) == [("09:00", "17:00")]
    assert opened(session, facility, date(2026, 1, 6)) == [("09:00", "17:00")]  # Epiphany, not in Berlin


@pytest.mark.parametrize(
    ("country", "region", "zone", "day", "closed"),
    [
        ("DE", "BY", "Europe/Berlin", date(2026, 1, 6), True),
        ("US", "TX", "America/Chicago", date(2026, 7, 3), True),
        ("KE", None, "Africa/Nairobi", date(2026, 6, 1), True),
        ("NZ", None, "Pacific/Auckland", date(2026, 2, 6), True),
        ("NZ", None, "Pacific/Auckland", date(2026, 2, 5), False),
        ("WS", None, "Pacific/Apia", date(2026, 6, 1), True),
    ],
)
def test_it_is_the_day_of_the_facility_far_from_greenwich(session, country, region, zone, day, closed):
    facility = make_facility(session, timezone=zone)
    put(session, facility, holidays=HolidayCalendar(country, region))
    assert opened(session, facility, day, zone) == ([] if closed else [("09:00", "17:00")])


def test_a_dated_exception_wins_over_the_holiday_of_that_day(session):
    facility = make_facility(session)
    short = DatedException(date(2026, 5, 1), (DayHours(600, 720), DayHours(780, 840)), "Visitors' day")
    put(session, facility, short, holidays=HolidayCalendar("DE"))
    assert opened(session, facility, date(2026, 5, 1)) == [("10:00", "12:00"), ("13:00", "14:00")]
    dated = hours_of(session, {facility.id: "Europe/Berlin"}, YEAR)[facility.id].dated_within(YEAR)
    assert short in dated
    assert [one.label for one in dated if one.day == date(2026, 5, 1)] == ["Visitors' day"]
    assert DatedException(date(2026, 10, 3), (), "German Unity Day") in dated


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 12, 25), 24)]
)
def test_a_day_that_is_open_again_is_open_all_of_it_also_when_the_clocks_change(session, day, hours):
    facility = make_facility(session)
    closed = put(session, facility, DatedException(day), weekly=[], holidays=HolidayCalendar("DE"))
    assert opened(session, facility, day) == []
    put(session, facility, DatedException(day, (DayHours(0, 1440),)), weekly=[])
    window = day_span(day, "Europe/Berlin")
    (span,) = hours_of(session, {facility.id: "Europe/Berlin"}, window)[facility.id].open_within(window)
    assert span.length == timedelta(hours=hours)
    assert closed.holiday_country == "DE"


def test_each_change_raises_the_version_and_keeps_what_it_does_not_say(session):
    facility = make_facility(session)
    assert all_hours(session, facility).version == 0
    assert put(session, facility, holidays=HolidayCalendar("DE", "BE")).version == 1
    assert put(session, facility, DatedException(date(2001, 1, 2), (), "Inventory"), expected_version=1).version == 2
    found = all_hours(session, facility)
    assert (found.version, found.holidays) == (2, HolidayCalendar("DE", "BE"))
    assert found.exceptions == (DatedException(date(2001, 1, 2), (), "Inventory"),)
    with pytest.raises(PreconditionFailed):
        put(session, facility, expected_version=1)
    put(session, facility, holidays=HolidayCalendar())
    assert opened(session, facility, date(2026, 5, 1)) == [("09:00", "17:00")]


def test_what_is_wrong_is_named_and_nothing_is_written(session):
    facility = make_facility(session)
    wrong = DatedException(date(1066, 10, 14), (), "x" * 201)
    with pytest.raises(Invalid) as caught:
        put(session, facility, wrong, weekly=[WeeklyHours(7, 540, 500)])
    assert set(caught.value.fields) == {"weekly.0.weekday", "weekly.0", "exceptions.0.day", "exceptions.0.label"}
    with pytest.raises(Invalid, match="is not known"):
        put(session, facility, holidays=HolidayCalendar("XX"))
    with pytest.raises(Invalid) as caught:
        put(session, facility, weekly=OFFICE * 21)
    assert "weekly" in caught.value.fields
    assert all_hours(session, facility).version == 0


def test_nobody_else_sets_them(session):
    with pytest.raises(Forbidden):
        set_hours(session, actor=make_actor(session), now=MONDAY, facility=make_facility(session), weekly=[])


def test_holidays_cost_no_statement_more(session, database):
    place = make_place(session)
    put(session, place.facility, holidays=HolidayCalendar("DE", "BE"))
    with count_statements(database) as statements:
        hours = terms_of(session, place, YEAR).hours
        assert not hours.open_within(day_span(date(2026, 5, 1), "Europe/Berlin"))
        hours_of(session, {place.facility.id: "Europe/Berlin"}, YEAR)
    assert statements.count == 2
