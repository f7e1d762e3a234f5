"""Every broken rule is named at once; the grid and the limits hold on the wall clock of the place."""

from datetime import UTC, datetime, timedelta

import pytest

from infra_access.core.errors import Invalid
from infra_access.core.i18n import plain
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_span, local_to_instant
from infra_access.scheduling.booking_rules import (
    BookingRules,
    broken,
    cancel_by,
    change_overs,
    from_json,
    refuse,
)
from infra_access.scheduling.rule_parts import OffHours

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def span(start: str, end: str, zone: str = "Europe/Berlin") -> TimeSpan:
    return TimeSpan(
        local_to_instant(datetime.fromisoformat(start), zone), local_to_instant(datetime.fromisoformat(end), zone)
    )


def codes(rules: BookingRules, wanted: TimeSpan, zone: str = "Europe/Berlin", **more: list[TimeSpan]) -> list[str]:
    return [one.code for one in broken(rules, wanted, now=NOW, zone=zone, open_spans=more.get("open_spans"))]


def problems(*levels: dict[str, object]) -> set[str]:
    with pytest.raises(Invalid) as caught:
        from_json(*levels)
    assert caught.value.code == "booking_rules.invalid"
    return set(caught.value.fields)


def test_a_fitting_span_breaks_nothing() -> None:
    wanted = span("2026-03-03T09:00", "2026-03-03T10:00")
    refuse(broken(BookingRules(), wanted, now=NOW, zone="Europe/Berlin", open_spans=[wanted]))
    assert codes(BookingRules(), wanted, open_spans=[wanted]) == []


def test_every_broken_rule_is_named_at_once() -> None:
    rules = BookingRules(granularity_minutes=30, min_minutes=60, lead_minutes=120)
    wanted = span("2026-03-02T09:10", "2026-03-02T09:40")
    assert codes(rules, wanted, open_spans=[]) == ["granularity", "granularity", "min_length", "lead", "off_hours"]
    with pytest.raises(Invalid) as caught:
        refuse(broken(rules, wanted, now=NOW, zone="Europe/Berlin"))
    assert caught.value.code == "booking.rules"
    listed = caught.value.details["broken"]
    assert [(one["code"], one["limit"], one["value"]) for one in listed] == [
        ("granularity", 30, "09:10"),
        ("granularity", 30, "09:40"),
        ("min_length", 60, 30),
        ("lead", 120, 10),
    ]
    assert plain(listed[3]["message"]) == (
        "Book at least 120 minutes ahead: the earliest start is now 2 Mar 2026, 11:00."
    )
    assert caught.value.fields["span"] == [one["message"] for one in listed]


@pytest.mark.parametrize(
    ("rules", "start", "end", "expected"),
    [
        (BookingRules(max_minutes=60), "2026-03-03T09:00", "2026-03-03T10:00", []),
        (BookingRules(max_minutes=60), "2026-03-03T09:00", "2026-03-03T10:15", ["max_length"]),
        (BookingRules(), "2026-03-02T08:45", "2026-03-02T10:00", ["past"]),
        (BookingRules(), "2026-03-02T09:00", "2026-03-02T10:00", []),
        (BookingRules(horizon_days=7), "2026-03-09T23:00", "2026-03-09T23:30", []),
        (BookingRules(horizon_days=7), "2026-03-10T00:00", "2026-03-10T00:30", ["horizon"]),
        (BookingRules(), "2026-03-03T09:00:30", "2026-03-03T10:00", ["granularity"]),
    ],
)
def test_each_limit_holds_to_the_minute(rules: BookingRules, start: str, end: str, expected: list[str]) -> None:
    assert codes(rules, span(start, end)) == expected


def test_the_grid_lies_on_the_wall_clock_of_the_place() -> None:
    rules = BookingRules(granularity_minutes=60, min_minutes=60)
    assert codes(rules, span("2026-03-03T09:00", "2026-03-03T10:00", "Asia/Kathmandu"), "Asia/Kathmandu") == []
    assert codes(rules, span("2026-03-03T09:00", "2026-03-03T10:00"), "Asia/Kathmandu") == ["granularity"] * 2


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-06-01"])
def test_a_shift_fits_also_on_the_day_of_a_clock_change(day: str) -> None:
    rules = BookingRules(granularity_minutes=480, min_minutes=480, max_minutes=480, horizon_days=365)
    assert codes(rules, span(f"{day}T00:00", f"{day}T08:00")) == []
    assert codes(BookingRules(granularity_minutes=1440, max_minutes=1440, horizon_days=365), whole_day(day)) == []


def whole_day(day: str) -> TimeSpan:
    return day_span(datetime.fromisoformat(day).date(), "Europe/Berlin")


def test_off_hours_may_be_allowed() -> None:
    wanted = span("2026-03-03T22:00", "2026-03-03T23:00")
    office = [span("2026-03-03T09:00", "2026-03-03T17:00")]
    assert codes(BookingRules(), wanted, open_spans=office) == ["off_hours"]
    assert codes(BookingRules(off_hours=OffHours.ALLOWED), wanted, open_spans=office) == []


def test_touching_open_spans_count_as_one() -> None:
    halves = [span("2026-03-03T12:00", "2026-03-03T17:00"), span("2026-03-03T09:00", "2026-03-03T12:00")]
    assert codes(BookingRules(), span("2026-03-03T11:00", "2026-03-03T13:00"), open_spans=halves) == []


def test_later_levels_win_key_by_key() -> None:
    rules = from_json({"min_minutes": 30, "lead_minutes": 60}, {}, {"min_minutes": 120, "off_hours_allowed": True})
    assert rules == BookingRules(min_minutes=120, lead_minutes=60, off_hours=OffHours.ALLOWED)
    assert from_json() == BookingRules()


def test_wrong_rules_are_named() -> None:
    assert problems({"granularity_minutes": 50, "lead_minutes": -1, "max_minutes": True, "colour": 1}) == {
        "granularity_minutes",
        "lead_minutes",
        "max_minutes",
        "colour",
    }
    assert problems({"off_hours_allowed": 1, "min_minutes": "15", "horizon_days": 1.5}) == {
        "off_hours_allowed",
        "min_minutes",
        "horizon_days",
    }
    assert problems({"min_minutes": 60}, {"max_minutes": 30}) == {"max_minutes"}


def test_change_overs_touch_the_span() -> None:
    wanted = span("2026-03-03T09:00", "2026-03-03T10:00")
    both = BookingRules(buffer_before_minutes=15, buffer_after_minutes=30)
    assert change_overs(BookingRules(), wanted) == ()
    assert change_overs(both, wanted) == (
        TimeSpan(wanted.start - timedelta(minutes=15), wanted.start),
        TimeSpan(wanted.end, wanted.end + timedelta(minutes=30)),
    )


def test_notice_counts_back_from_the_start() -> None:
    wanted = span("2026-03-03T09:00", "2026-03-03T10:00")
    assert cancel_by(BookingRules(cancel_notice_minutes=1440), wanted) == wanted.start - timedelta(days=1)
