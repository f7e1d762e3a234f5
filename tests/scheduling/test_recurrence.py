"""The guard of recurrence rules, and their occurrences in every zone."""

import os
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
import recurring_ical_events
from dateutil.rrule import rrulestr
from hypothesis import given, reject
from hypothesis import strategies as st
from icalendar import Calendar, Event

from infra_access.core.errors import Invalid
from infra_access.core.zones import named_zone
from infra_access.scheduling.recurrence import MOST_OCCURRENCES, REACH, check_rule, occurrences

at = datetime.fromisoformat
NINE, TEN = at("2026-03-02T09:00"), at("2026-03-02T10:00")
SOAK = bool(os.environ.get("SOAK"))
MONDAYS = "FREQ=WEEKLY;BYDAY=MO;COUNT=5"

REFUSED = {
    "FREQ=WEEKLY;COUNT=1000000000": "rrule.count",
    "FREQ=WEEKLY;COUNT=10000000000000000000000": "rrule.count",
    "FREQ=WEEKLY;COUNT=367": "rrule.count",
    "FREQ=WEEKLY;COUNT=0": "rrule.count",
    "FREQ=WEEKLY;COUNT=-3": "rrule.count",
    "FREQ=WEEKLY;COUNT=1.5": "rrule.count",
    "FREQ=WEEKLY;COUNT=٣": "rrule.count",
    "FREQ=WEEKLY;COUNT=3;INTERVAL=0": "rrule.interval",
    "FREQ=WEEKLY;COUNT=3;INTERVAL=-1": "rrule.interval",
    "FREQ=WEEKLY;COUNT=3;INTERVAL=1001": "rrule.interval",
    "FREQ=SECONDLY;COUNT=3": "rrule.freq",
    "FREQ=MINUTELY;COUNT=3": "rrule.freq",
    "COUNT=3": "rrule.freq",
    "FREQ=FORTNIGHTLY;COUNT=3": "rrule.freq",
    "FREQ=WEEKLY": "rrule.end",
    "FREQ=WEEKLY;COUNT=3;UNTIL=20260401T000000Z": "rrule.end",
    "FREQ=WEEKLY;UNTIL=20260401": "rrule.until",
    "FREQ=WEEKLY;UNTIL=20260401T000000": "rrule.until",
    "FREQ=WEEKLY;UNTIL=20260231T000000Z": "rrule.until",
    "FREQ=WEEKLY;UNTIL=20260301T000000Z": "rrule.until",
    "FREQ=WEEKLY;UNTIL=20280401T000000Z": "rrule.until",
    "FREQ=WEEKLY;UNTIL=00010101T000000Z": "rrule.until",
    "FREQ=DAILY;COUNT=3;BYMINUTE=0,15": "rrule.part",
    "FREQ=DAILY;COUNT=3;BYSECOND=0": "rrule.part",
    "FREQ=DAILY;COUNT=3;BYEASTER=1": "rrule.part",
    "RSCALE=HEBREW;FREQ=YEARLY;COUNT=3": "rrule.part",
    "FREQ=DAILY;COUNT=3;COUNT=3": "rrule.repeated",
    "FREQ=DAILY;COUNT=3;FREQ=DAILY": "rrule.repeated",
    "FREQ=DAILY;COUNT=3;": "rrule.form",
    "FREQ=DAILY;COUNT=": "rrule.form",
    "": "rrule.form",
    "RRULE:FREQ=DAILY;COUNT=3": "rrule.freq",
    "FREQ=DAILY;COUNT=3\nRDATE:20260303T090000": "rrule.count",
    "FREQ=DAILY;COUNT=3;X\x00=1": "rrule.part",
    "FREQ=DAILY\x00;COUNT=3": "rrule.freq",
    "FREQ=WEEKLY;COUNT=3;BYDAY=XX": "rrule.byday",
    "FREQ=WEEKLY;COUNT=3;BYDAY=1MO": "rrule.byday",
    "FREQ=MONTHLY;COUNT=3;BYDAY=54MO": "rrule.byday",
    "FREQ=MONTHLY;COUNT=3;BYDAY=0MO": "rrule.byday",
    "FREQ=MONTHLY;COUNT=3;BYMONTHDAY=32": "rrule.bymonthday",
    "FREQ=MONTHLY;COUNT=3;BYMONTHDAY=0": "rrule.bymonthday",
    "FREQ=WEEKLY;COUNT=3;BYMONTHDAY=2": "rrule.bymonthday",
    "FREQ=MONTHLY;COUNT=3;BYMONTHDAY=1,,2": "rrule.bymonthday",
    "FREQ=DAILY;COUNT=3;BYHOUR=24": "rrule.byhour",
    "FREQ=DAILY;COUNT=3;BYHOUR=-1": "rrule.byhour",
    "FREQ=DAILY;COUNT=3;BYMONTH=13": "rrule.bymonth",
    "FREQ=MONTHLY;COUNT=3;BYWEEKNO=9": "rrule.byweekno",
    "FREQ=DAILY;COUNT=3;BYYEARDAY=9": "rrule.byyearday",
    "FREQ=MONTHLY;COUNT=3;BYSETPOS=1": "rrule.bysetpos",
    "FREQ=DAILY;COUNT=3;BYHOUR=9;BYSETPOS=1": "rrule.bysetpos",
    "FREQ=DAILY;COUNT=3;WKST=XX": "rrule.wkst",
    "FREQ=YEARLY;COUNT=3;BYDAY=" + ",".join(["MO"] * 41): "rrule.byday",
    "FREQ=DAILY;COUNT=3;BYHOUR=" + "9," * 32_000 + "9": "rrule.length",
    "FREQ=DAILY;UNTIL=20270401T000000Z": "rrule.too_many",
    "FREQ=HOURLY;UNTIL=20270401T000000Z": "rrule.too_many",
    "FREQ=YEARLY;COUNT=20": "rrule.reach",
    "FREQ=WEEKLY;COUNT=3;BYDAY=TU": "rrule.start",
    "FREQ=YEARLY;COUNT=3;BYMONTH=2;BYMONTHDAY=30": "rrule.start",
    "FREQ=HOURLY;COUNT=3;BYMONTH=2;BYMONTHDAY=30": "rrule.start",
    "FREQ=HOURLY;COUNT=3;INTERVAL=24;BYHOUR=3": "rrule.start",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40].encode("unicode_escape").decode())
def test_a_rule_out_of_bounds_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        occurrences(check_rule(text), NINE, TEN, "Europe/Berlin")
    assert refused.value.code == REFUSED[text]
    assert refused.value.fields["rrule"]


def test_a_start_that_does_not_follow_the_rule_is_told_the_next_that_does() -> None:
    with pytest.raises(Invalid, match="3 Mar 2026, 09:00"):
        occurrences(check_rule("FREQ=WEEKLY;COUNT=3;BYDAY=TU"), NINE, TEN, "UTC")


def test_nine_in_the_morning_stays_nine_across_both_clock_changes() -> None:
    found = occurrences(check_rule("FREQ=WEEKLY;UNTIL=20261201T000000Z"), NINE, TEN, "Europe/Berlin")
    hours = [one.span.start.hour for one in found if one.span]
    assert (hours[0], hours[10], hours[-1], len(hours)) == (8, 7, 8, 40)


def _days_of_change(zone: ZoneInfo) -> list[date]:
    """Return the days of 2024 to 2030 on which the clocks of a zone change."""
    first = datetime(2024, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=number) for number in range(7 * 366)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    return [days[at].date() for at in range(len(days) - 1) if offsets[at] != offsets[at + 1]]


def test_nine_stays_nine_around_every_clock_change_of_every_zone() -> None:
    wrong, zones, changes, instants = [], 0, 0, 0
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        found = _days_of_change(zone)
        zones, changes = zones + bool(found), changes + len(found)
        for day in found:
            start = at(f"{day - timedelta(days=7)}T09:00")
            # The neighbouring days and the weeks before and after, whatever the weekday of the change.
            rules = ("FREQ=WEEKLY;COUNT=3",) if not SOAK else ("FREQ=WEEKLY;COUNT=3", "FREQ=DAILY;COUNT=15")
            for text in rules:
                for one in occurrences(check_rule(text), start, start.replace(hour=10), zone):
                    instants += 1
                    shown = one.span.start.astimezone(zone) if one.span else None
                    if shown is None or shown.replace(tzinfo=None, fold=0) != one.wall_start or shown.hour != 9:
                        wrong.append((name, one))
    print(f"{zones} zones, {changes} clock changes, {instants} instants, wrong {len(wrong)}")  # noqa: T201
    assert not wrong
    assert changes > 1000


def test_a_skipped_hour_is_reported_and_not_counted() -> None:
    found = occurrences(
        check_rule("FREQ=DAILY;COUNT=3"), at("2026-03-28T02:30"), at("2026-03-28T03:30"), "Europe/Berlin"
    )
    assert [one.problem.code if one.problem else None for one in found] == [None, "time.gap", None, None]


def test_of_a_repeated_hour_the_first_is_taken_unless_the_second_was_asked_for() -> None:
    start, end = at("2026-10-24T02:30"), at("2026-10-24T02:45")
    first = occurrences(check_rule("FREQ=DAILY;COUNT=2"), start, end, "Europe/Berlin")[1]
    second = occurrences(check_rule("FREQ=DAILY;COUNT=2"), start, end, "Europe/Berlin", folds=(1, 1))[1]
    assert first.repeated
    assert first.span
    assert second.span
    assert second.span.start - first.span.start == timedelta(hours=1)
    assert first.span.length == second.span.length == timedelta(minutes=15)


def test_a_night_across_the_change_ends_by_the_wall_clock() -> None:
    start, end = at("2026-03-27T22:00"), at("2026-03-28T06:00")
    found = occurrences(check_rule("FREQ=DAILY;COUNT=3"), start, end, "Europe/Berlin")
    assert [one.span.length.total_seconds() / 3600 for one in found if one.span] == [8, 7, 8]


def test_a_left_out_start_is_not_there_and_still_counts() -> None:
    found = occurrences(check_rule(MONDAYS), NINE, TEN, "UTC", exdates=[NINE + timedelta(weeks=1)])
    assert [one.wall_start.day for one in found] == [2, 16, 23, 30]


_texts = st.builds(
    lambda freq, end, parts: ";".join([f"FREQ={freq}", end, *parts]),
    st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"]),
    st.one_of(
        st.integers(1, MOST_OCCURRENCES).map(lambda n: f"COUNT={n}"),
        st.dates(date(2026, 3, 3), date(2028, 2, 28)).map(lambda day: f"UNTIL={day:%Y%m%d}T120000Z"),
    ),
    st.lists(
        st.sampled_from(
            ["INTERVAL=2", "INTERVAL=1000", "BYMONTH=3,9", "BYMONTH=2", "BYMONTHDAY=2,-1", "BYMONTHDAY=30", "BYDAY=MO",
             "BYDAY=MO,TH,SU", "BYDAY=1MO,-1FR", "BYHOUR=9,21", "BYHOUR=9", "BYWEEKNO=10,-1", "BYYEARDAY=61,-1",
             "BYSETPOS=1,-1", "BYSETPOS=-366", "WKST=SU"]
        ),
        max_size=4,
        unique_by=lambda part: part.partition("=")[0],
    ),
)  # fmt: skip


@given(_texts, st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca"]))
def test_whatever_is_admitted_is_sorted_distinct_and_bounded(text: str, zone: str) -> None:
    try:
        rule = check_rule(text)
        found = occurrences(rule, NINE, TEN, zone)
    except Invalid:
        reject()  # ended quickly, which is the point
    assert found[0].wall_start == NINE
    assert all(before.wall_start < after.wall_start for before, after in pairwise(found))
    assert found[-1].wall_start - NINE <= REACH
    spans = [one.span for one in found if one.span]
    assert len(spans) <= MOST_OCCURRENCES
    assert rule.count is None or len(spans) == rule.count
    assert rule.until is None or spans[-1].start <= rule.until
    expected = rrulestr(rule.pattern, dtstart=NINE)
    assert [one.wall_start for one in found[:20]] == [wall for _n, wall in zip(found[:20], expected, strict=False)]


def _compared(component: Any) -> tuple[str, str]:
    """Return how our expansion of a component's rule stands to that of recurring-ical-events, and why."""
    text = component["RRULE"].to_ical().decode()
    start = component["DTSTART"].dt
    if not isinstance(start, datetime):
        start = at(start.isoformat())
    wall = start.replace(tzinfo=None)
    zone = getattr(start.tzinfo, "key", None) or "UTC"
    if not any(part.startswith(("COUNT", "UNTIL")) for part in text.split(";")):
        text += ";COUNT=9"
    try:
        found = occurrences(check_rule(text), wall, wall + timedelta(hours=1), zone)
    except Invalid as refused:
        return "refused", refused.code
    event = Event()
    event.add("UID", "1")
    event.add("DTSTART", wall.replace(tzinfo=UTC if zone == "UTC" else named_zone(zone)))
    event.add("DTEND", (wall + timedelta(hours=1)).replace(tzinfo=UTC if zone == "UTC" else named_zone(zone)))
    event["RRULE"] = component["RRULE"].from_ical(text)
    calendar = Calendar()
    calendar.add("PRODID", "-//test//EN")
    calendar.add("VERSION", "2.0")
    calendar.add_component(event)
    theirs = recurring_ical_events.of(calendar).between(wall - timedelta(days=2), wall + REACH)
    starts = sorted(one.start.astimezone(UTC) for one in theirs)
    ours = [one.span.start for one in found if one.span]
    return ("equal", "") if ours == starts else ("different", f"{text} {wall} {zone}: {ours} {starts}")


def _calendars(folder: Path) -> list[Any]:
    found = []
    for path in sorted(folder.rglob("*.ics")):
        try:
            found += Calendar.from_ical(path.read_bytes(), multiple=True)
        except (ValueError, KeyError, IndexError, TypeError):
            continue  # what no reader can read has no rule to compare
    return found


@pytest.mark.filterwarnings("ignore")  # broken files of the corpus make the other readers warn
def test_our_expansion_equals_that_of_recurring_ical_events(shared_data: Path) -> None:
    results: dict[str, list[str]] = {}
    for calendar in _calendars(shared_data / "ics"):
        for component in calendar.walk():
            if "RRULE" in component and "DTSTART" in component and not isinstance(component["RRULE"], list):
                kind, why = _compared(component)
                results.setdefault(kind, []).append(why)
    reasons = {why: results["refused"].count(why) for why in sorted(set(results.get("refused", ())))}
    print(  # noqa: T201 - the counts are what the comparison is for
        f"equal {len(results['equal'])}, refused {reasons}, different {results.get('different', [])}"
    )
    assert "different" not in results
    assert len(results["equal"]) >= 50
