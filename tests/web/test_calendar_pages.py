"""The calendar of an instrument, the timeline of a facility, holds, the wait list, and copies of other calendars."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from infra_access.catalogue.models import Instrument, Resource
from infra_access.core import clock
from infra_access.core.ids import new_public_id
from infra_access.core.timespan import TimeSpan
from infra_access.people.models import Account
from infra_access.scheduling.models import Booking, Occupancy
from infra_access.scheduling.timeline_queries import timeline_of
from infra_access.scheduling.waiting.models import WaitListEntry
from infra_access.scheduling.waiting.offers import make_offers
from tests.factories.access_requests import OPEN_TO_ALL, World, make_world
from tests.factories.people import make_account
from tests.factories.scheduling import set_rules
from tests.statements import count_statements
from tests.web.test_booking_pages import address_of, at, booked, filled, times

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def world(database) -> World:
    with database.writer() as session:
        return make_world(session, rules=(OPEN_TO_ALL,))


def calendar_of(world: World, **query: str) -> str:
    more = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/instruments/{world.instrument.public_id}/calendar?{more}"


def on(day: int = 0) -> str:
    return at(0, day).astimezone(BERLIN).date().isoformat()


def test_a_week_leads_to_the_form_and_shows_strangers_no_title(browser, database, world):
    booked(database, world, 10, 12, title="Secret alloy")
    for account, own in ((None, False), (world.applicant_account, True)):
        page = browser(account).get(calendar_of(world, on=on()))
        assert ("Secret alloy" in page.text) is own
        [cell] = page.html.select(f'td[data-start="{at(13):%Y-%m-%dT%H:%M:%SZ}"]')
        assert f"start={at(13):%Y-%m-%d}" in cell.a["href"]
        taken = page.html.select("td.slot--mine[data-move]" if own else "td.slot--busy")
        assert taken


def test_a_month_counts_the_free_hours_of_each_day_and_leads_on(browser, database, world):
    booked(database, world, 10, 12)
    page = browser(world.applicant_account).get(calendar_of(world, view="month", on=on()))
    day = page.html.find("a", class_="month__day", href=lambda href: f"on={on()}" in href).parent
    assert "10:00–12:00" in day.text
    assert "Free 22 h" in " ".join(day.text.split())
    assert page.click("After").status_int == 200
    assert "Week of" in page.click("Week", index=0).text


def test_a_time_is_kept_then_booked_or_given_back(browser, database, world):
    app = browser(world.applicant_account)
    form = filled(app, address_of(world), **times(10, 11))
    page = form.submit("do", value="hold").follow()
    assert "This time is kept for you" in page.text
    assert [one.text for one in app.get("/me").html.select(".checklist h3")] == [
        "Book the time that is kept for you, or give it back"
    ]
    back = page.click("Give it back")
    assert "Cancel the booking" in back.text
    page = next(one for one in page.forms.values() if one.action.endswith("/confirm")).submit().follow()
    assert "Confirmed" in page.text
    held = filled(app, address_of(world), **times(13, 14)).submit("do", value="hold").follow()
    gone = next(one for one in held.click("Give it back").forms.values() if one.action.endswith("/cancel"))
    assert "The time is free for others again" in gone.submit().follow().text


def test_whoever_finds_a_time_taken_waits_and_is_offered_what_comes_free(browser, database, world):
    with database.writer() as session:
        rival = make_account(session)
    first = booked(database, world, 10, 12)
    app = browser(rival)
    refused = filled(app, address_of(world), **times(10, 12)).submit(status=409)
    wait = refused.click("Wait until a time comes free")
    form = next(one for one in wait.forms.values() if one.action.endswith("/wait"))
    assert form["first"].value == on()
    form["last"], form["hours"] = on(), "0"
    form = next(one for one in form.submit(status=422).forms.values() if one.action.endswith("/wait"))
    form["hours"] = "2"
    mine = form.submit().follow()
    assert "You wait for" in mine.text
    assert "1 waits already" in browser().get(calendar_of(world, on=on())).text
    with database.reader() as session:
        assert session.scalars(select(WaitListEntry.minutes)).all() == [120]
    assert first
    make_offers(database, now=clock.now())
    mine = app.get("/me")
    assert "A time came free: book it, or leave it to the next" in mine.text
    assert "Answer by" in mine.text
    left = next(one for one in mine.forms.values() if one.action.endswith("/leave")).submit().follow()
    assert "You wait for" not in left.text
    with database.reader() as session:
        assert session.scalars(select(Booking.state).order_by(Booking.id)).all()[-1] == "released"


EVENTS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//\r\nBEGIN:VEVENT\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\n"
    "DURATION:PT2H\r\nSUMMARY:Secret\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_a_calendar_kept_elsewhere_says_how_old_its_copy_is_and_offers_no_booking(browser, database, world):
    with database.writer() as session:
        session.get_one(Instrument, world.instrument.id).scheduling_authority = "elsewhere"
        manager = world.manager.account_id
    path = f"/instruments/{world.instrument.public_id}"
    staff = browser(account_with(database, manager))
    form = next(one for one in staff.get(f"{path}/mirrored-calendar").forms.values() if "source" in one.fields)
    form["source"], form["content"] = "Beamline portal", "no calendar"
    form = next(one for one in form.submit(status=422).forms.values() if "source" in one.fields)
    assert form["content"].value == "no calendar"
    form["content"] = EVENTS.format(start=at(10))
    assert "renewed with 1 events" in form.submit().follow().text
    for page in (browser().get(f"{path}/calendar?on={on()}"), browser().get(path)):
        assert "Scheduled elsewhere" in page.text
        assert "Beamline portal" in page.text
        assert "Secret" not in page.text
        assert "Ask for a time" in page.text
        assert not page.html.select('a[href*="/book"]')
    window = f"start={at(0):%Y-%m-%dT%H:%M:%SZ}&end={at(23):%Y-%m-%dT%H:%M:%SZ}"
    [copy] = browser().get(f"/api/v1{path}/availability?{window}").json["mirrored"]
    assert (copy["source"], copy["stale"]) == ("Beamline portal", False)


def account_with(database, key):
    with database.reader() as session:
        return session.get_one(Account, key)


def test_a_timeline_shows_strangers_that_it_is_taken_and_staff_why(browser, database, world):
    booked(database, world, 10, 12, title="Secret alloy")
    path = f"/facilities/{world.facility.public_id}/timeline?on={on()}"
    manager = world.manager.account_id
    seen = {
        who: browser(account).get(path)
        for who, account in (
            ("stranger", None),
            ("owner", world.applicant_account),
            ("staff", account_with(database, manager)),
        )
    }
    assert {who: "Secret alloy" in page.text for who, page in seen.items()} == {
        "stranger": False,
        "owner": True,
        "staff": True,
    }
    assert "Taken 10:00–12:00" in " ".join(seen["stranger"].html.select_one("td.slot--busy").text.split())
    assert seen["owner"].html.select("td.slot--mine a")
    assert browser().get(path + "&view=week").html.select("td.slot--busy")


def test_a_thousand_instruments_take_no_more_statements_than_one(browser, database, world):
    with database.writer() as session:
        many(session, world, 1_000)
    path = f"/facilities/{world.facility.public_id}/timeline?on={on()}"
    with count_statements(database) as sent:
        page = browser(world.applicant_account).get(path)
    assert sent.count <= 10, list(sent)
    assert "Instruments 1 to 100 of 1001" in page.text
    assert len(page.html.select(".lanes tbody tr")) == 100
    last = browser().get(path + "&page=11")
    assert "Instruments 1001 to 1001 of 1001" in last.text
    with database.reader() as session, count_statements(database) as sent:
        window = TimeSpan(at(0), at(0) + timedelta(days=1))
        found = timeline_of(
            session, facility=world.facility, scopes=(), window=window, actor=None, now=clock.now(), limit=2_000
        )
    assert sent.count <= 4
    assert len(found.lanes) == found.total == 1_001
    assert sum(any(one.kind == "busy" for one in lane.segments) for lane in found.lanes) == 1_000


def many(session, world: World, count: int) -> None:
    """Put rows in bulk into the facility, each instrument with one copy that is taken for two hours."""
    template = {
        column.key: getattr(session.get_one(Instrument, world.instrument.id), column.key)
        for column in Instrument.__table__.columns
        if column.key not in {"id", "public_id", "name", "source_id"}
    }
    rows = [{**template, "public_id": new_public_id(), "name": f"Oven {n:04}"} for n in range(count)]
    session.execute(insert(Instrument), rows)
    keys = session.scalars(select(Instrument.id).where(Instrument.name.like("Oven %"))).all()
    [copy] = session.scalars(select(Resource).where(Resource.instrument_id == world.instrument.id)).all()
    like = {
        column.key: getattr(copy, column.key)
        for column in Resource.__table__.columns
        if column.key not in {"id", "public_id", "instrument_id"}
    }
    session.execute(insert(Resource), [{**like, "public_id": new_public_id(), "instrument_id": key} for key in keys])
    resources = session.scalars(select(Resource.id).where(Resource.instrument_id.in_(keys))).all()
    session.execute(
        insert(Occupancy),
        [{"resource_id": key, "starts": at(10), "ends": at(12), "kind": "external", "label": ""} for key in resources],
    )


def test_the_timeline_says_what_it_is_too_late_to_book(browser, database, world):
    path = f"/facilities/{world.facility.public_id}/timeline?on={on()}"
    assert browser().get(path).html.select("td.slot--free")
    with database.writer() as session:
        set_rules(session, world.instrument, lead_minutes=60 * 1440)
    page = browser().get(path)
    assert page.html.select("td.slot--soon")
    assert not page.html.select("td.slot--free")
