"""Calendars read back by other readers: through the VTIMEZONE alone, by icalendar, by recurring-ical-events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from dateutil.tz import tzical

from infra_access.core.errors import Invalid
from infra_access.scheduling.calendar_zones import bounded_timezone
from infra_access.scheduling.calendars import (
    CalendarEntry,
    EntryStatus,
    Method,
    booking_event,
    calendar,
    entry_status,
)
from infra_access.scheduling.lifecycle import BookingState

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ZONES = ["Europe/Berlin", "Asia/Tokyo", "America/Sao_Paulo", "Asia/Kathmandu", "America/Nuuk", "Africa/Casablanca"]


def entry(start: datetime, zone: str = "Europe/Berlin", **more: object) -> CalendarEntry:
    plain = CalendarEntry(
        uid=f"{start:%Y%m%dT%H%M}@example.org",
        sequence=2,
        start=start,
        end=start + timedelta(minutes=45),
        zone=zone,
        summary="Microscope",
        created=NOW - timedelta(days=2),
        last_modified=NOW - timedelta(days=1),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def lines(data: bytes) -> list[str]:
    return data.decode("utf-8").replace("\r\n ", "").split("\r\n")


def instants(data: bytes, zone: str) -> list[tuple[datetime, datetime]]:
    """Read starts and ends with nothing but the text of the file and dateutil's VTIMEZONE reader."""
    place = tzical(StringIO(data.decode("utf-8").replace("\r\n", "\n"))).get(zone)
    found: dict[str, list[datetime]] = {"DTSTART": [], "DTEND": []}
    inside = False
    for line in lines(data):
        inside = inside or line == "BEGIN:VEVENT"
        key, _colon, value = line.partition(":")
        if inside and key.split(";")[0] in found:
            if value.endswith("Z"):
                moment = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            else:
                assert key.endswith(f";TZID={zone}")
                moment = datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=place)
            found[key.split(";")[0]].append(moment.astimezone(UTC))
    return list(zip(found["DTSTART"], found["DTEND"], strict=True))


def around_changes(year: int) -> list[datetime]:
    """Every 30 minutes for three days about each usual time of change, and one instant a week."""
    days = [(2, 14), (3, 21), (3, 28), (10, 24)]
    close = [
        datetime(year, month, day, tzinfo=UTC) + n * timedelta(minutes=30) for month, day in days for n in range(144)
    ]
    return sorted({*close, *(datetime(year, 1, 1, tzinfo=UTC) + n * timedelta(days=7) for n in range(53))})


@pytest.mark.parametrize("zone", ZONES)
def test_the_vtimezone_alone_gives_the_same_instants(zone: str) -> None:
    entries = [entry(start, zone) for start in around_changes(2026)]
    data = calendar(entries, name="All", now=NOW)
    assert instants(data, zone) == [(one.start, one.end) for one in entries]


@pytest.mark.parametrize("zone", ZONES)
def test_icalendar_reads_the_same_instants_without_errors(zone: str) -> None:
    entries = [entry(start, zone) for start in around_changes(2026)[::7]]
    read = icalendar.Calendar.from_ical(calendar(entries, name="All", now=NOW))
    events = read.walk("VEVENT")
    assert [error for component in read.walk() for error in component.errors] == []
    assert [(e.start.astimezone(UTC), e.end.astimezone(UTC)) for e in events] == [(e.start, e.end) for e in entries]


def test_a_third_reader_finds_each_event_once_on_its_day() -> None:
    starts = [datetime(2026, 3, 29, 8, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)]
    read = icalendar.Calendar.from_ical(calendar([entry(start) for start in starts], name="All", now=NOW))
    found = [recurring_ical_events.of(read).at((start.year, start.month, start.day)) for start in starts]
    assert [[e.start.astimezone(UTC) for e in day] for day in found] == [[start] for start in starts]


def test_times_are_local_but_for_the_repeated_hour() -> None:
    first, second = datetime(2026, 10, 25, 0, 15, tzinfo=UTC), datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    text = lines(calendar([entry(first), entry(second), entry(datetime(2026, 7, 1, 7, tzinfo=UTC))], name="x", now=NOW))
    assert "DTSTART;TZID=Europe/Berlin:20260701T090000" in text
    assert "DTSTART:20261025T001500Z" in text
    assert "DTSTART:20261025T011500Z" in text


def test_onsets_are_given_in_the_time_before_them() -> None:
    text = lines(bounded_timezone(ZoneInfo("Europe/Berlin"), 2026, 2027).to_ical())
    assert "RDATE:20260329T020000,20270328T020000" in text
    assert "RDATE:20261025T030000,20271031T030000" in text


def test_the_vtimezone_is_bounded_to_the_years_needed() -> None:
    entries = [entry(datetime(2026, 12, 31, 22, 30, tzinfo=UTC)), entry(datetime(2027, 6, 1, tzinfo=UTC))]
    text = lines(calendar(entries, name="x", now=NOW))
    years = {value[:4] for line in text if line.startswith("RDATE") for value in line.split(":")[1].split(",")}
    assert years == {"2025", "2026", "2027"}
    assert sum(line == "BEGIN:VTIMEZONE" for line in text) == 1


def test_an_event_says_all_that_a_reader_needs() -> None:
    full = entry(
        datetime(2026, 3, 3, 8, tzinfo=UTC),
        description="Bring: gloves; goggles, both",
        location="Hall 3",
        url="https://example.org/bookings/b1?x=1&y=2",
        organizer="office@example.org",
        status=EntryStatus.TENTATIVE,
    )
    event = icalendar.Calendar.from_ical(calendar([full], name="x", now=NOW)).walk("VEVENT")[0]
    assert {name: str(event[name]) for name in ["UID", "SEQUENCE", "STATUS", "DESCRIPTION", "LOCATION", "URL"]} == {
        "UID": full.uid,
        "SEQUENCE": "2",
        "STATUS": "TENTATIVE",
        "DESCRIPTION": full.description,
        "LOCATION": "Hall 3",
        "URL": full.url,
    }
    assert str(event["ORGANIZER"]) == "mailto:office@example.org"
    assert (event["DTSTAMP"].dt, event["CREATED"].dt, event["LAST-MODIFIED"].dt) == (
        NOW,
        full.created,
        full.last_modified,
    )


def test_a_feed_has_a_name_and_a_message_has_a_method() -> None:
    feed = lines(calendar([], name="My, bookings", now=NOW))
    assert {"NAME:My\\, bookings", "X-WR-CALNAME:My\\, bookings", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"} <= set(feed)
    assert not [line for line in feed if line.startswith("METHOD")]
    gone = entry(datetime(2026, 3, 3, 8, tzinfo=UTC), status=EntryStatus.CANCELLED)
    message = lines(calendar([gone], name="x", now=NOW, method=Method.CANCEL))
    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "TRANSP:TRANSPARENT"} <= set(message)


def test_the_same_input_gives_the_same_bytes() -> None:
    some = [entry(start, zone) for start in around_changes(2026)[:3] for zone in ZONES[:1]]
    assert calendar(some, name="x", now=NOW) == calendar(list(reversed(some)), name="x", now=NOW)


def test_lines_are_folded_at_75_octets_between_characters() -> None:
    data = calendar([entry(datetime(2026, 3, 3, 8, tzinfo=UTC), summary="東京" * 60)], name="x", now=NOW)
    assert max(len(line) for line in data.split(b"\r\n")) <= 75
    assert all(line.decode("utf-8") is not None for line in data.split(b"\r\n"))
    assert f"SUMMARY:{'東京' * 60}" in lines(data)


@pytest.mark.parametrize(
    "break_", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\ud800"]
)
@pytest.mark.parametrize("field", ["summary", "description", "location", "name"])
def test_user_text_cannot_add_a_line(break_: str, field: str) -> None:
    text = f"a{break_}ATTACH:http://evil.example{break_}END:VEVENT"
    one = entry(datetime(2026, 3, 3, 8, tzinfo=UTC))
    data = (
        calendar([one], name=text, now=NOW)
        if field == "name"
        else calendar([replace(one, **{field: text})], name="x", now=NOW)  # type: ignore[arg-type]
    )
    text_lines = data.decode("utf-8").splitlines()
    assert not [line for line in text_lines if line.startswith("ATTACH")]
    assert text_lines.count("END:VEVENT") == 1


@pytest.mark.parametrize(
    "unfit",
    [
        {"uid": ""},
        {"uid": "a\r\nX:1"},
        {"url": "https://example.org/\r\nATTACH:x"},
        {"url": "https://example.org/a b"},
        {"organizer": 'a@b.c"\nX:1'},
    ],
)
def test_values_written_bare_are_refused_when_unfit(unfit: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        booking_event(entry(datetime(2026, 3, 3, 8, tzinfo=UTC), **unfit), now=NOW)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        calendar([entry(datetime(2026, 3, 3, 8, tzinfo=UTC), "Europe/Atlantis")], name="x", now=NOW)
    assert caught.value.code == "zone.unknown"


def test_each_booking_state_has_its_status() -> None:
    assert {state.value: entry_status(state).value for state in BookingState} == {
        "held": "TENTATIVE",
        "requested": "TENTATIVE",
        "proposed": "TENTATIVE",
        "pending_approval": "TENTATIVE",
        "confirmed": "CONFIRMED",
        "ready": "CONFIRMED",
        "checked_in": "CONFIRMED",
        "completed": "CONFIRMED",
        "no_show": "CANCELLED",
        "cancelled": "CANCELLED",
        "released": "CANCELLED",
    }
