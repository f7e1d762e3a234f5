"""Repeating a booking in a browser: the preview before anything is written, the report, and changes of a series."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from infra_access.core import clock
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from infra_access.scheduling.series.models import BookingSeries
from tests.factories.access_requests import OPEN_TO_ALL, World, make_world
from tests.factories.people import make_account
from tests.factories.scheduling import copies_of, make_occupancy

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def world(database) -> World:
    with database.writer() as session:
        return make_world(session, rules=(OPEN_TO_ALL,))


def at(hour: int, day: int = 0) -> datetime:
    """Return an hour in Berlin on the Tuesday after next Monday, or some days after it."""
    today = clock.now().astimezone(BERLIN)
    tuesday = today.replace(hour=hour, minute=0, second=0, microsecond=0, tzinfo=None)
    return (tuesday + timedelta(days=8 - today.weekday() + day)).replace(tzinfo=BERLIN)


def page_for(browser, world):
    return browser(world.applicant_account)


def form_of(page, address: str, step: str):
    """Return the page's form whose button sends that step."""
    found = (one for one in page.forms.values() if one.action == address)
    return next(one for one in found if f'value="{step}"' in one.text)


def repeat(browser, world, step: str = "preview", status: int | None = None, **fields):
    address = f"/instruments/{world.instrument.public_id}/repeat"
    form = form_of(page_for(browser, world).get(address), address, "preview")
    values = {"date": f"{at(9):%Y-%m-%d}", "start": "09:00", "end": "10:00", "times": "3", **fields}
    for name, value in values.items():
        form[name] = value
    return form.submit("step", value="preview", status=status), address


def counted(database) -> tuple[int, int]:
    with database.reader() as session:
        rows = (select(func.count()).select_from(table) for table in (Booking, BookingSeries))
        bookings, series = (session.scalar(one) for one in rows)
        return bookings, series


def taken(database, world, day: int) -> None:
    with database.writer() as session:
        copy = copies_of(session, place_of(session, world.instrument.id))[0]
        make_occupancy(session, copy, TimeSpan(at(9, day), at(10, day)))


def test_a_preview_shows_each_time_with_its_conflict_and_writes_nothing(browser, database, world):
    taken(database, world, 7)
    page, _address = repeat(browser, world)
    words = [one.get_text() for one in page.html.select("td .badge")]
    assert [word.strip() for word in words] == ["Can be booked", "Left out", "Can be booked"]
    assert "Something else takes part of this time." in page.text
    assert counted(database) == (0, 0)


def test_what_is_free_is_booked_and_the_series_shows_it(browser, database, world):
    taken(database, world, 7)
    preview, address = repeat(browser, world)
    page = form_of(preview, address, "book").submit("step", value="book").follow()
    assert "2 of 3 times are booked" in page.text
    assert counted(database) == (2, 1)
    booking = page.html.select_one("th a")["href"]
    assert "One of a series" in page_for(browser, world).get(booking).text


def test_a_rule_that_cannot_be_is_named_beside_its_field(browser, database, world):
    page, _address = repeat(browser, world, status=422, rrule="FREQ=SECONDLY;COUNT=3")
    assert "Say how often with FREQ" in page.html.select_one("#field-rrule-error").get_text()
    assert counted(database) == (0, 0)


def test_fail_names_every_time_and_keeps_none(browser, database, world):
    taken(database, world, 7)
    preview, address = repeat(browser, world, on_conflict="fail")
    page = form_of(preview, address, "book").submit("step", value="book", status=409)
    assert "1 of 3 times cannot be booked" in page.text
    assert "This would be free." in page.text
    assert counted(database) == (0, 0)


def test_a_series_moves_and_is_cancelled_and_booked_again(browser, database, world):
    preview, address = repeat(browser, world)
    page = form_of(preview, address, "book").submit("step", value="book").follow()
    address = page.request.path
    form = form_of(page, address, "move")
    form["date"], form["start"], form["end"] = f"{at(9):%Y-%m-%d}", "11:00", "12:00"
    page = form.submit("step", value="move").follow()
    assert "3 of 3 times were moved" in page.text
    assert page.text.count("11:00–12:00 (Berlin)") == 3
    form = form_of(page, address, "cancel")
    form["occurrence"].select(form["occurrence"].options[1][0])
    page = form.submit("step", value="cancel").follow()
    assert "2 of 2 times were cancelled" in page.text
    again = form_of(page, address, "book")
    page = again.submit("occurrence").follow()
    assert "It is booked again" in page.text


def test_a_stale_page_changes_nothing_and_a_stranger_sees_nothing(browser, database, world):
    preview, address = repeat(browser, world)
    page = form_of(preview, address, "book").submit("step", value="book").follow()
    address = page.request.path
    form = form_of(page, address, "cancel")
    form["version"].force_value("99")
    assert "changed since you looked" in form.submit("step", value="cancel", status=412).text
    with database.writer() as session:
        stranger = make_account(session)
    browser(stranger).get(address, status=404)


def test_a_move_is_looked_at_first_with_what_stands_in_its_way(browser, database, world):
    preview, address = repeat(browser, world)
    page = form_of(preview, address, "book").submit("step", value="book").follow()
    with database.writer() as session:
        copy = copies_of(session, place_of(session, world.instrument.id))[0]
        make_occupancy(session, copy, TimeSpan(at(11, 7), at(12, 7)))
    form = form_of(page, page.request.path, "move")
    form["date"], form["start"], form["end"] = f"{at(9):%Y-%m-%d}", "11:00", "12:00"
    looked = form.submit("step", value="look")
    words = [one.get_text().strip() for one in looked.html.select("section[aria-labelledby=would-be] td .badge")]
    assert words == ["Moves here", "Stays as it was", "Moves here"]
    assert "11:00" not in browser(world.applicant_account).get(page.request.path).html.select_one("#times").parent.text
    again = form_of(looked, page.request.path, "move")
    assert again["start"].value == "11:00"
    refused = again.submit("step", value="move", status=409)
    assert "This would be free." in refused.text
    again["on_conflict"] = "skip"
    assert "2 of 3 times were moved" in again.submit("step", value="move").follow().text


def test_the_rule_is_said_in_words(browser, database, world):
    preview, address = repeat(browser, world, rrule="FREQ=WEEKLY;INTERVAL=2;COUNT=3")
    page = form_of(preview, address, "book").submit("step", value="book").follow()
    assert "every 2 weeks, 3 times in all" in page.text
