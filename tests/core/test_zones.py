"""Wall times and instants, at every clock change of some zones and at the edges of the calendar."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from infra_access.core.errors import Invalid
from infra_access.core.i18n import plain
from infra_access.core.zones import (
    day_span,
    day_start,
    first_instant,
    is_repeated,
    last_instant,
    local_to_instant,
    named_zone,
    parse_instant,
)

ZONES = [
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Havana",
    "America/Santiago",
    "America/Nuuk",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Atlantic/Azores",
]


def transitions(name: str) -> list[tuple[datetime, timedelta, timedelta]]:
    """Return (instant, offset before, offset after) in 2024-2030, found by walking half hours of UTC."""
    zone, found = ZoneInfo(name), []
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    offset = moment.astimezone(zone).utcoffset()
    while moment.year < 2031:
        step = moment + timedelta(days=1)
        if step.astimezone(zone).utcoffset() != offset:
            at = moment
            while at.astimezone(zone).utcoffset() == offset:
                at += timedelta(minutes=30)
            after = at.astimezone(zone).utcoffset()
            assert offset is not None
            assert after is not None
            found.append((at, offset, after))
            offset, step = after, at
        moment = step
    return found


def refusal(text: str) -> str:
    with pytest.raises(Invalid) as caught:
        parse_instant(text)
    return caught.value.code


@pytest.mark.parametrize("name", ZONES)
def test_each_clock_change_gives_the_right_instants(name: str) -> None:
    quarter = timedelta(minutes=15)
    changes = transitions(name)
    assert bool(changes) is (name not in {"Asia/Kathmandu", "Asia/Tokyo"})
    for at, before, after in changes:
        old, new = (at + before).replace(tzinfo=None), (at + after).replace(tzinfo=None)
        if after > before:
            with pytest.raises(Invalid) as caught:
                local_to_instant(old + quarter, name)
            assert caught.value.code == "time.gap"
            assert datetime.fromisoformat(caught.value.details["after"]) == at
            assert datetime.fromisoformat(caught.value.details["before"]) == at - timedelta(minutes=1)
            assert first_instant(old + quarter, name) == last_instant(old + quarter, name) == at
            assert local_to_instant(new, name) == at
            assert not is_repeated(old + quarter, name)
        else:
            assert is_repeated(new + quarter, name)
            assert local_to_instant(new + quarter, name) == at + quarter - (before - after)
            assert local_to_instant(new + quarter, name, fold=1) == at + quarter
            assert first_instant(new, name) == at - (before - after)
            assert last_instant(new, name) == at


@pytest.mark.parametrize("name", ZONES)
def test_days_around_each_clock_change_join_without_gap(name: str) -> None:
    for at, before, after in transitions(name):
        day = (at + min(before, after)).date()
        days = [day_span(day + timedelta(days=n), name) for n in range(-1, 3)]
        assert all(left.end == right.start for left, right in pairwise(days))
        assert sum((one.length for one in days), timedelta()) == timedelta(days=4) - (after - before)


def test_a_day_has_23_24_or_25_hours() -> None:
    days = [date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 25)]
    assert [day_span(day, "Europe/Berlin").length for day in days] == [
        timedelta(hours=23),
        timedelta(hours=24),
        timedelta(hours=25),
    ]


def test_a_day_begins_after_midnight_where_clocks_skip_it() -> None:
    assert day_start(date(2026, 4, 24), "Africa/Cairo") == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert day_span(date(2026, 4, 24), "Africa/Cairo").length == timedelta(hours=23)


def test_a_day_that_the_calendar_left_out_is_refused() -> None:
    with pytest.raises(Invalid, match="no 30 Dec 2011 in Pacific/Apia") as caught:
        day_span(date(2011, 12, 30), "Pacific/Apia")
    assert caught.value.code == "time.gap"


def test_a_skipped_time_is_refused_with_its_valid_neighbours() -> None:
    with pytest.raises(Invalid) as caught:
        local_to_instant(datetime.fromisoformat("2026-03-29T02:30"), "Europe/Berlin")
    assert plain(caught.value.message) == (
        "There is no 02:30 on 2026-03-29 in Europe/Berlin: the clocks go forward then. "
        "Choose 01:59 or earlier, or 03:00 or later."
    )


def test_a_skipped_midnight_names_the_day_before() -> None:
    with pytest.raises(Invalid, match="Choose 2026-04-23 23:59 or earlier, or 01:00 or later"):
        local_to_instant(datetime.fromisoformat("2026-04-24T00:30"), "Africa/Cairo")


@pytest.mark.parametrize(
    "name", ["Europe/Atlantis", "", "../etc/passwd", "Europe", "/etc/localtime", "x\0y", "A" * 5000]
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        named_zone(name)
    assert caught.value.code == "zone.unknown"


def test_an_aware_wall_time_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="no offset of its own"):
        local_to_instant(datetime(2026, 1, 1, tzinfo=UTC), "Europe/Berlin")


@pytest.mark.parametrize("year", [1, 1968, 2201, 9999])
def test_wall_times_and_days_far_off_are_refused(year: int) -> None:
    with pytest.raises(Invalid) as wall:
        local_to_instant(datetime.fromisoformat(f"{year:04}-01-01"), "Pacific/Kiritimati")
    with pytest.raises(Invalid) as day:
        day_span(date(year, 12, 31), "Pacific/Pago_Pago")
    assert (wall.value.code, day.value.code) == ("time.range", "time.range")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-29T03:30:00+02:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-03-29t01:30:00z", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-01-01T00:00:00.250-00:00", datetime(2026, 1, 1, 0, 0, 0, 250000, tzinfo=UTC)),
        ("2026-01-01T00:00:00+05:45", datetime(2025, 12, 31, 18, 15, tzinfo=UTC)),
        ("2200-01-01T00:00:00+14:00", datetime(2199, 12, 31, 10, tzinfo=UTC)),
        ("1969-12-31T23:00:00-01:00", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_it_reads_rfc_3339(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-03-29T03:30:00", "time.naive"),
        ("2026-03-29", "time.format"),
        ("2026-03-29 03:30:00Z", "time.format"),
        ("2026-03-29T03:30Z", "time.format"),
        ("2026-03-29T03:30:00Z\n", "time.format"),
        ("2026-02-30T03:30:00Z", "time.format"),
        ("2026-03-29T24:00:00Z", "time.format"),
        ("2026-03-29T24:30:00Z", "time.format"),
        ("2026-03-29T23:59:60Z", "time.format"),
        ("2026-03-29T03:30:00+24:00", "time.format"),
        ("２０２６-03-29T03:30:00Z", "time.format"),
        ("20260329T033000Z", "time.format"),
        ("", "time.format"),
        ("9" * 100000, "time.format"),
        ("0001-01-01T00:00:00+14:00", "time.range"),
        ("9999-12-31T23:59:59-14:00", "time.range"),
        ("2200-01-01T00:00:00Z", "time.range"),
        ("1969-12-31T23:59:59Z", "time.range"),
    ],
)
def test_it_refuses_what_names_no_instant(text: str, code: str) -> None:
    assert refusal(text) == code
