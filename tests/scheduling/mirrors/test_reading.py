"""What other systems' calendar files say is busy, odd and broken ones among them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from recurring_ical_events import of

from infra_access.core.errors import Invalid
from infra_access.core.timespan import TimeSpan, merge
from infra_access.scheduling.mirrors.reading import MOST_BYTES, read_busy

BERLIN = ZoneInfo("Europe/Berlin")
WINDOW = TimeSpan(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 30, tzinfo=UTC))


def file(*events: str) -> str:
    body = "\r\n".join(f"BEGIN:VEVENT\r\nUID:{n}\r\n{event}\r\nEND:VEVENT" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//\r\n{body}\r\nEND:VCALENDAR\r\n"


def busy(*events: str) -> list[str]:
    reading = read_busy(file(*events), BERLIN, WINDOW)
    assert reading.left_out == 0
    return [f"{one.start:%m-%d %H:%M}/{one.end:%m-%d %H:%M}" for one in reading.busy]


@pytest.mark.parametrize(
    ("event", "spans"),
    [
        ("DTSTART:20260310T080000Z\r\nDTEND:20260310T100000Z", ["03-10 08:00/03-10 10:00"]),
        ("DTSTART:20260310T080000Z\r\nDURATION:PT90M", ["03-10 08:00/03-10 09:30"]),
        # A whole day, and a time without a zone, are the facility's.
        ("DTSTART;VALUE=DATE:20260310", ["03-09 23:00/03-10 23:00"]),
        ("DTSTART:20260310T080000\r\nDTEND:20260310T100000", ["03-10 07:00/03-10 09:00"]),
        ("DTSTART;TZID=Africa/Nairobi:20260310T080000\r\nDURATION:PT1H", ["03-10 05:00/03-10 06:00"]),
        ("DTSTART:20260310T080000Z\r\nDTEND:20260310T100000Z\r\nSTATUS:CANCELLED", []),
        ("DTSTART:20260310T080000Z\r\nDTEND:20260310T100000Z\r\nTRANSP:TRANSPARENT", []),
        # Begun long ago, never ending, and kept at 09:00 across the clock change of 29 March.
        (
            "DTSTART;TZID=Europe/Berlin:20190107T090000\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;INTERVAL=4",
            ["03-23 08:00/03-23 09:00", "04-20 07:00/04-20 08:00"],
        ),
        (
            "DTSTART:20260302T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=4\r\n"
            "EXDATE:20260303T080000Z\r\nRDATE:20260320T080000Z",
            [
                "03-02 08:00/03-02 09:00",
                "03-04 08:00/03-04 09:00",
                "03-05 08:00/03-05 09:00",
                "03-20 08:00/03-20 09:00",
            ],
        ),
        (
            "DTSTART:20260302T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;UNTIL=20260303",
            [
                "03-02 08:00/03-02 09:00",
                "03-03 08:00/03-03 09:00",
            ],
        ),
        # What reaches into the window from before it, and out of it.
        ("DTSTART:20260227T080000Z\r\nDTEND:20260302T100000Z", ["03-01 00:00/03-02 10:00"]),
        ("DTSTART:20260429T200000Z\r\nDTEND:20260501T100000Z", ["04-29 20:00/04-30 00:00"]),
    ],
)
def test_it_reads_what_is_busy(event, spans):
    assert busy(event) == spans


def test_an_occurrence_that_was_moved_counts_where_it_stands_now():
    series = "UID:one\r\nDTSTART:20260302T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=2"
    moved = "UID:one\r\nRECURRENCE-ID:20260303T080000Z\r\nDTSTART:20260303T150000Z\r\nDURATION:PT1H"
    content = file("X", "Y").replace("UID:0\r\nX", series).replace("UID:1\r\nY", moved)
    found = [one.start.hour for one in read_busy(content, BERLIN, WINDOW).busy]
    assert found == [8, 15]


def test_overlapping_events_are_joined():
    assert busy(
        "DTSTART:20260310T080000Z\r\nDURATION:PT2H",
        "DTSTART:20260310T090000Z\r\nDURATION:PT2H",
        "DTSTART:20260310T110000Z\r\nDURATION:PT1H",
    ) == ["03-10 08:00/03-10 12:00"]


@pytest.mark.parametrize(
    "event",
    [
        "DTSTART:yesterday",
        "SUMMARY:no start",
        "DTSTART:20260310T100000Z\r\nDTEND:20260310T080000Z",
        "DTSTART:20260310T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=SECONDLY",
        "DTSTART:20260310T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=HOURLY",
        "DTSTART:20260310T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;INTERVAL=0",
        "DTSTART:20260310T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1000000000;X=1",
        "DTSTART:20260310T080000Z\r\nDTEND:20400310T080000Z",
    ],
)
def test_an_event_that_cannot_be_followed_is_left_out_and_counted(event):
    reading = read_busy(file(event, "DTSTART:20260310T080000Z\r\nDURATION:PT1H"), BERLIN, WINDOW)
    assert (reading.events, reading.left_out, len(reading.busy)) == (2, 1, 1)


def test_a_rule_that_never_matches_ends_soon():
    assert busy("DTSTART:20260310T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30") == [
        "03-10 08:00/03-10 09:00"
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "mirror.unreadable"),
        ("PK\x03\x04 a workbook", "mirror.unreadable"),
        ("BEGIN:VCALENDAR\r\nBEGIN:VEVENT", "mirror.unreadable"),
        ("X" * (MOST_BYTES + 1), "mirror.too_large"),
        (file(*["DTSTART:20260310T080000Z"] * 5_001), "mirror.too_many"),
        (file(*["DTSTART:20260301T000000Z\r\nDURATION:PT1M\r\nRRULE:FREQ=DAILY"] * 400), "mirror.too_many"),
    ],
)
def test_a_file_that_is_none_or_too_large_is_refused_whole(content, code):
    with pytest.raises(Invalid) as refused:
        read_busy(content, BERLIN, WINDOW)
    assert refused.value.code == code


# The parser says in a warning how it understood a zone's odd name; that is what it should do.
@pytest.mark.filterwarnings("ignore:Timezone")
def test_every_calendar_of_another_parsers_tests_is_read_or_refused(shared_data):
    paths = sorted((shared_data / "ics").rglob("*.ics"))
    assert len(paths) > 150
    read = 0
    for path in paths:
        try:
            reading = read_busy(path.read_bytes().decode("utf-8", "replace"), BERLIN, WINDOW)
        except Invalid:
            continue
        read += 1
        assert list(reading.busy) == merge(reading.busy)
    assert read > len(paths) // 2


def test_it_agrees_with_another_library_on_what_a_real_week_looks_like():
    content = file(
        "DTSTART;TZID=Europe/Berlin:20260105T090000\r\nDTEND;TZID=Europe/Berlin:20260105T170000\r\n"
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260415T220000Z\r\nEXDATE;TZID=Europe/Berlin:20260330T090000",
        "DTSTART;VALUE=DATE:20260403\r\nDTEND;VALUE=DATE:20260407",
    )
    theirs = [
        TimeSpan(_utc(one["DTSTART"].dt), _utc(one["DTEND"].dt))
        for one in of(Calendar.from_ical(content)).between(WINDOW.start, WINDOW.end)
    ]
    assert list(read_busy(content, BERLIN, WINDOW).busy) == merge(theirs)
    assert len(theirs) > 10


def _utc(moment):
    if not isinstance(moment, datetime):
        return datetime.combine(moment, datetime.min.time(), tzinfo=BERLIN).astimezone(UTC)
    return moment.astimezone(UTC) + timedelta()
