"""Opening hours in real time: ordinary weeks, exceptions, nights, and every clock change of some zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from infra_access.core.errors import Invalid
from infra_access.core.i18n import plain
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_span
from infra_access.scheduling.opening_hours import (
    ALWAYS_OPEN,
    DatedException,
    DayHours,
    WeeklyHours,
    check_hours,
    clock_text,
    dated_exceptions,
    describe,
    minute_of_day,
    open_spans,
    weekly_hours,
)

ZONES = ["Europe/Berlin", "America/Havana", "America/Nuuk", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Chatham"]
OFFICE = weekly_hours([(day, "09:00", "17:00") for day in range(5)])
MONDAY = date(2026, 1, 5)


def week(zone: str = "Europe/Berlin", monday: date = MONDAY) -> TimeSpan:
    return TimeSpan(day_span(monday, zone).start, day_span(monday + timedelta(days=6), zone).end)


def local(spans: list[TimeSpan], zone: str = "Europe/Berlin") -> list[str]:
    place = ZoneInfo(zone)
    return [f"{s.start.astimezone(place):%a %H:%M}-{s.end.astimezone(place):%a %H:%M}" for s in spans]


def change_days(zone: str) -> list[date]:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(7 * 365)]
    return [day for day in days if day_span(day, zone).length != timedelta(days=1)]


def problems(hours: list[WeeklyHours], exceptions: list[DatedException] | None = None) -> set[str]:
    with pytest.raises(Invalid) as caught:
        check_hours(hours, exceptions or [])
    assert caught.value.code == "hours.invalid"
    return set(caught.value.fields)


def test_it_opens_on_weekdays() -> None:
    found = open_spans(OFFICE, [], "Europe/Berlin", week())
    assert local(found) == [f"{day} 09:00-{day} 17:00" for day in ["Mon", "Tue", "Wed", "Thu", "Fri"]]


def test_it_is_clipped_to_the_window() -> None:
    noon = datetime(2026, 1, 5, 11, tzinfo=UTC)
    assert open_spans(OFFICE, [], "Europe/Berlin", TimeSpan(noon, noon + timedelta(hours=1))) == [
        TimeSpan(noon, noon + timedelta(hours=1))
    ]
    assert (
        open_spans(OFFICE, [], "Europe/Berlin", TimeSpan(noon + timedelta(hours=9), noon + timedelta(hours=10))) == []
    )


def test_several_spans_a_day_and_a_night_of_two_rows() -> None:
    hours = weekly_hours([(0, "08:00", "12:00"), (0, "13:00", "17:00"), (0, "22:00", "24:00"), (1, "00:00", "06:00")])
    found = open_spans(hours, [], "Asia/Tokyo", week("Asia/Tokyo"))
    assert local(found, "Asia/Tokyo") == ["Mon 08:00-Mon 12:00", "Mon 13:00-Mon 17:00", "Mon 22:00-Tue 06:00"]


def test_exceptions_replace_the_hours_of_their_date() -> None:
    closed_and_short = dated_exceptions([(date(2026, 1, 6), None, None, ""), (date(2026, 1, 10), "10:00", "12:00", "")])
    found = local(open_spans(OFFICE, closed_and_short, "Europe/Berlin", week()))
    assert "Tue 09:00-Tue 17:00" not in found
    assert found[-1] == "Sat 10:00-Sat 12:00"


def test_rows_of_one_date_make_one_exception() -> None:
    found = dated_exceptions([(MONDAY, "13:00", "17:00", "Fair"), (MONDAY, "08:00", "12:00", "Fair")])
    assert found == (DatedException(MONDAY, (DayHours(480, 720), DayHours(780, 1020)), "Fair"),)


def test_without_rows_it_is_always_open() -> None:
    assert weekly_hours([]) == ALWAYS_OPEN


@pytest.mark.parametrize("zone", ZONES)
def test_always_open_has_no_gap_through_any_clock_change(zone: str) -> None:
    window = TimeSpan(datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC))
    assert open_spans(ALWAYS_OPEN, [], zone, window) == [window]


@pytest.mark.parametrize("zone", ZONES)
def test_on_each_day_of_change_it_is_open_exactly_when_the_wall_clock_says_so(zone: str) -> None:
    days = change_days(zone)
    place = ZoneInfo(zone)
    # Both ends lie outside every change, so the clock alone decides each quarter of an hour.
    hours = [WeeklyHours(day, 5 * 60, 21 * 60) for day in range(7)]
    assert len(days) >= 14
    for day in days:
        window = day_span(day, zone)
        found = open_spans(hours, [], zone, window)
        assert len(found) == 1
        quarter = window.start
        while quarter < window.end:
            assert found[0].contains(TimeSpan(quarter, quarter + timedelta(minutes=15))) is (
                5 <= quarter.astimezone(place).hour < 21
            )
            quarter += timedelta(minutes=15)


@pytest.mark.parametrize(
    ("day", "opens", "closes", "start", "end"),
    [
        (date(2026, 3, 29), "02:30", "05:00", "01:00", "03:00"),  # opens within the gap: at its end
        (date(2026, 3, 29), "01:00", "02:30", "00:00", "01:00"),  # closes within it: the same instant
        (date(2026, 10, 25), "02:30", "05:00", "00:30", "04:00"),  # opens at the first 02:30
        (date(2026, 10, 25), "01:00", "02:30", "23:00", "01:30"),  # closes at the last 02:30
        (date(2026, 3, 29), "00:00", "24:00", "23:00", "22:00"),
        (date(2026, 10, 25), "00:00", "24:00", "22:00", "23:00"),
    ],
)
def test_ends_within_a_clock_change(day: date, opens: str, closes: str, start: str, end: str) -> None:
    found = open_spans(weekly_hours([(6, opens, closes)]), [], "Europe/Berlin", day_span(day, "Europe/Berlin"))
    assert [(f"{one.start:%H:%M}", f"{one.end:%H:%M}") for one in found] == [(start, end)]


def test_hours_wholly_within_the_gap_do_not_exist() -> None:
    hours = weekly_hours([(6, "02:10", "02:50")])
    assert open_spans(hours, [], "Europe/Berlin", day_span(date(2026, 3, 29), "Europe/Berlin")) == []


def test_until_midnight_ends_before_a_repeated_midnight_hour() -> None:
    # In Havana 00:00 to 01:00 of 2026-11-01 comes twice; Saturday ends at the first midnight.
    saturday = day_span(date(2026, 10, 31), "America/Havana")
    found = open_spans(
        weekly_hours([(5, "20:00", "24:00")]), [], "America/Havana", week("America/Havana", date(2026, 10, 26))
    )
    assert found == [TimeSpan(saturday.end - timedelta(hours=4), saturday.end)]


def test_right_hours_are_accepted_also_when_they_touch() -> None:
    touching = [WeeklyHours(0, 540, 720), WeeklyHours(0, 720, 1440)]
    check_hours(touching, [DatedException(MONDAY), DatedException(date(2026, 1, 6), (DayHours(0, 60),))])
    assert plain(describe(touching)[0]) == "Mon 09:00-24:00"


def test_each_wrong_row_is_named() -> None:
    rows = [
        WeeklyHours(7, 540, 600),
        WeeklyHours(0, 600, 540),
        WeeklyHours(1, 0, 1441),
        WeeklyHours(2, 540, 720),
        WeeklyHours(2, 700, 800),
    ]
    twice = [DatedException(MONDAY), DatedException(MONDAY, (DayHours(0, 60), DayHours(30, 90), DayHours(5, 5)))]
    assert problems(rows, twice) == {
        "weekly.0.weekday",
        "weekly.1",
        "weekly.2",
        "weekly.4",
        "exceptions.1.day",
        "exceptions.1.hours.1",
        "exceptions.1.hours.2",
    }


@pytest.mark.parametrize("text", ["9:00", "24:01", "25:00", "09:60", "", "09:00\n", "٠٩:00", "-1:00"])
def test_it_refuses_what_is_no_time_of_day(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        minute_of_day(text)
    assert caught.value.code == "hours.invalid"


def test_times_of_day_round_trip() -> None:
    assert [minute_of_day(clock_text(minute)) for minute in range(1441)] == list(range(1441))


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        open_spans(OFFICE, [], "Europe/Atlantis", week())
    assert caught.value.code == "zone.unknown"


def test_it_describes_hours_for_people() -> None:
    hours = [*OFFICE, WeeklyHours(5, 600, 720), WeeklyHours(5, 780, 900)]
    assert [plain(line) for line in describe(hours)] == ["Mon-Fri 09:00-17:00", "Sat 10:00-12:00, 13:00-15:00"]
    assert [plain(line) for line in describe(OFFICE, "ja")] == ["月-金 09:00-17:00"]
    assert [plain(line) for line in describe(ALWAYS_OPEN)] == ["Open at all hours, every day"]
    assert [plain(line) for line in describe([])] == ["Closed"]
