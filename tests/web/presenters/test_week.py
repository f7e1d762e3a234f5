from datetime import UTC, date, datetime, timedelta

from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.availability import BusySpan
from infra_access.scheduling.calendar_queries import Calendar
from infra_access.web.presenters.week import week_of

MONDAY = date(2026, 3, 2)
START = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = TimeSpan(START, START + timedelta(days=7))
TAKEN = TimeSpan(START + timedelta(days=1, hours=10), START + timedelta(days=1, hours=12))


def calendar() -> Calendar:
    free = (TimeSpan(WEEK.start, TAKEN.start), TimeSpan(TAKEN.end, WEEK.end))
    return Calendar("UTC", (WEEK,), free, (BusySpan(TAKEN, "booking"),))


def kinds(**more) -> list[list[str]]:
    week = week_of(calendar(), MONDAY, now=START, locale="en", **more)
    return [[cell.kind if cell else "" for cell in row.cells] for row in week.rows]


def test_rows_are_as_high_as_the_grid_and_a_part_of_one_is_no_choice() -> None:
    rows = kinds(step=8)
    assert len(rows) == 3
    assert rows[0] == ["free"] * 7
    assert rows[1] == ["free", "busy", *["free"] * 5]


def test_an_hour_is_a_row_otherwise() -> None:
    rows = kinds()
    assert len(rows) == 24
    assert rows[10][1] == "busy"
    assert rows[11][1] == ""  # the cell above reaches down
    assert rows[12][1] == "free"


def test_what_lies_before_the_lead_time_is_too_soon() -> None:
    rows = kinds(step=8, earliest=START + timedelta(hours=30))
    assert [row[:3] for row in rows] == [["soon", "soon", "free"], ["", "busy", "free"], ["", "free", "free"]]
