"""Booking a time, the booking's own page, moving it and cancelling it, as people meet them in a browser."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from infra_access.access_requests.models import Allocation
from infra_access.core import clock
from infra_access.core.timespan import TimeSpan
from infra_access.people.actors import load_actor
from infra_access.people.models import Account
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_of
from tests.factories.access_requests import FEASIBILITY, OPEN_TO_ALL, World, make_world
from tests.factories.people import make_account
from tests.factories.policy import raw_rule
from tests.factories.scheduling import copies_of, make_allocation, make_booking, make_occupancy, set_rules
from tests.factories.upkeep import closed

BERLIN = ZoneInfo("Europe/Berlin")
STAFF_AGREE = FEASIBILITY | {"id": "staff", "applies_to": ["book"], "message": {"en": "Staff agree to each session."}}


@pytest.fixture
def world(database) -> World:
    with database.writer() as session:
        return make_world(session, rules=(OPEN_TO_ALL,))


def at(hour: int, day: int = 0) -> datetime:
    """Return an hour in Berlin on the Tuesday after next Monday, or some days after it."""
    today = clock.now().astimezone(BERLIN)
    tuesday = today.replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=8 - today.weekday() + day)
    return tuesday.astimezone(clock.now().tzinfo)


def times(start: int, end: int, day: int = 0) -> dict[str, str]:
    return {"date": f"{at(start, day).astimezone(BERLIN):%Y-%m-%d}", "start": f"{start:02}:00", "end": f"{end:02}:00"}


def filled(page, address: str, **fields: str):
    """Return the page's own form (not the search or the log-out of the head) with the fields filled in."""
    answer = page.get(address)
    form = next(one for one in answer.forms.values() if one.method.lower() == "post" and one.action == address)
    for name, value in fields.items():
        form[name] = value
    return form


def booked(database, world: World, start: int, end: int, **overrides) -> str:
    with database.writer() as session:
        actor = load_actor(session, world.applicant.account_id, now=clock.now())
        place = place_of(session, world.instrument.id)
        span = TimeSpan(at(start), at(end))
        return make_booking(session, place, span, actor=actor, now=clock.now(), **overrides).public_id


def state_of(database, public_id: str) -> str:
    with database.reader() as session:
        return session.scalars(select(Booking.state).where(Booking.public_id == public_id)).one()


def address_of(world: World) -> str:
    return f"/instruments/{world.instrument.public_id}/book"


def test_a_visitor_is_asked_to_sign_in(browser, world):
    answer = browser().get(address_of(world), status=401)
    assert "/sign-in?next=" in answer.text


def test_the_form_is_filled_in_from_the_start_in_the_address(browser, world):
    start = at(10)
    page = browser(world.applicant_account).get(address_of(world), {"start": start.isoformat()})
    form = next(one for one in page.forms.values() if one.action == address_of(world))
    assert (form["date"].value, form["start"].value, form["end"].value) == tuple(times(10, 11).values())
    assert "Europe/Berlin" in page.text
    assert page.html.select(f'time[datetime="{start.astimezone(BERLIN):%Y-%m-%d}"]')


def test_without_a_start_it_proposes_a_time_that_the_rules_allow(browser, database, world):
    with database.writer() as session:
        set_rules(session, world.instrument, granularity_minutes=480, min_minutes=480, lead_minutes=60)
    form = filled(browser(world.applicant_account), address_of(world))
    assert form["start"].value in {"00:00", "08:00", "16:00"}
    assert "Booked" in form.submit().follow().text


def test_booking_leads_to_the_booking_and_says_so(browser, database, world):
    form = filled(browser(world.applicant_account), address_of(world), title="Steel", **times(10, 12))
    answer = form.submit()
    assert answer.status_int == 303
    page = answer.follow()
    assert "Booked: " in page.text
    assert "10:00–12:00 (Berlin)" in page.text
    assert "For you:" in page.text
    assert "Steel" in page.text
    assert "Confirmed" in page.text


def test_a_last_day_left_from_an_earlier_proposal_is_not_in_the_way(browser, world, database):
    page = browser(world.applicant_account)
    stale = f"{at(10) - timedelta(days=2):%Y-%m-%d}"
    answer = filled(page, address_of(world), **times(10, 12), end_date=stale).submit("book")
    assert state_of(database, answer.location.rpartition("/")[2]) == "confirmed"


def test_the_same_form_sent_twice_books_once(browser, database, world):
    form = filled(browser(world.applicant_account), address_of(world), **times(10, 12))
    first, second = form.submit(), form.submit()
    assert (first.status_int, second.status_int) == (303, 303)
    assert first.location == second.location
    with database.reader() as session:
        assert session.scalar(select(func.count()).select_from(Booking)) == 1


def test_a_taken_time_offers_the_nearest_free_ones_as_one_click(browser, database, world):
    with database.writer() as session:
        copy = copies_of(session, place_of(session, world.instrument.id))[0]
        make_occupancy(session, copy, TimeSpan(at(10), at(12)))
    form = filled(browser(world.applicant_account), address_of(world), title="Steel", **times(10, 12))
    refused = form.submit(status=409)
    assert "Free instead" in refused.text
    again = next(one for one in refused.forms.values() if one.action == address_of(world))
    assert again["title"].value == "Steel"
    offered = refused.html.select('button[name="span"]')
    assert offered
    page = again.submit("span", value=offered[0]["value"]).follow()
    assert "Booked: " in page.text


def test_every_broken_rule_is_named_and_nothing_is_kept(browser, database, world):
    with database.writer() as session:
        set_rules(session, world.instrument, granularity_minutes=60, max_minutes=60)
    form = filled(browser(world.applicant_account), address_of(world), **times(10, 12) | {"start": "10:15"})
    refused = form.submit(status=422)
    assert "grid of 60 minutes" in refused.text
    assert "at most 60 minutes" in refused.text
    with database.reader() as session:
        assert session.scalar(select(func.count()).select_from(Booking)) == 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"end": "09:00"}, "The end must lie after the start"),
        ({"date": "soon"}, "Give a date and a time"),
        ({"date": ""}, "Give a date and a time"),
    ],
)
def test_times_that_make_no_sense_are_said_beside_the_field(browser, world, fields, said):
    form = filled(browser(world.applicant_account), address_of(world), **times(10, 12) | fields)
    refused = form.submit(status=422)
    assert said in refused.html.select_one(".field__error").text


def test_whom_the_policy_refuses_sees_what_is_missing_and_how_to_ask_for_access(browser, database):
    with database.writer() as session:
        needs = OPEN_TO_ALL | {"applies_to": ["request"]}
        world = make_world(session, rules=(needs,))
    page = browser(world.applicant_account).get(address_of(world))
    assert f"/instruments/{world.instrument.public_id}/request" in page.text
    form = next(one for one in page.forms.values() if one.action == address_of(world))
    for name, value in times(10, 12).items():
        form[name] = value
    refused = form.submit(status=403)
    assert "Why it cannot be booked" in refused.text
    assert f"/instruments/{world.instrument.public_id}/request" in refused.text


def test_what_only_a_request_states_or_has_leads_to_one_by_the_way_in(browser, database):
    physical = {"op": "eq", "fact": "request.access_type", "value": "physical"}
    terms = {"type": "require", "kind": "agreement", "code": "access-terms"}
    laser = {"type": "require", "kind": "training", "code": "laser"}
    granted = {"type": "require", "kind": "gate", "code": "allocation"}
    rules = [raw_rule("site", {"type": "deny"}, {"not": physical}), raw_rule("terms", terms)]
    rules += [raw_rule("laser", laser), raw_rule("granted", granted, applies_to=["book"])]
    with database.writer() as session:
        world = make_world(session, rules=(OPEN_TO_ALL, *rules))
    page = browser(world.applicant_account).get(address_of(world))
    told = {one.get_text(): one.select_one("a") for one in page.html.select(".decision li") if one.select_one("small")}
    way = f"/instruments/{world.instrument.public_id}/request/steps?route={world.route.public_id}"
    led = {text: link and link["href"] for text, link in told.items()}
    assert {text.split()[1].strip(".") for text, href in led.items() if href == way} >= {"terms", "granted"}
    assert [href for text, href in led.items() if "laser" in text] == [None]
    assert [href for text, href in led.items() if "work remotely" in text] == [way]
    refused = next(one for one in page.forms.values() if one.action == address_of(world)).submit(status=403)
    assert refused.html.select_one(f'.decision a[href="{way}"]')


def test_a_time_that_needs_approval_is_held_and_says_who_decides(browser, database):
    with database.writer() as session:
        world = make_world(session, rules=(OPEN_TO_ALL, STAFF_AGREE))
    page = filled(browser(world.applicant_account), address_of(world), **times(10, 12)).submit().follow()
    assert "Waiting for approval" in page.text
    assert "Manager of the facility" in page.text
    assert "Staff agree to each session." in page.text


def test_an_allocation_is_offered_and_drawn_on(browser, database, world):
    with database.writer() as session:
        actor = load_actor(session, world.applicant.account_id, now=clock.now())
        place = place_of(session, world.instrument.id)
        allocation = make_allocation(session, place, actor, amount=10)
        allocation.valid_from, allocation.valid_until = clock.now(), clock.now() + timedelta(days=60)
        key = allocation.public_id
    form = filled(browser(world.applicant_account), address_of(world), **times(10, 12))
    assert form["allocation"].value == key
    assert "10 of 10 left" in form.text
    page = form.submit().follow()
    assert "of what was granted" in page.text
    assert "8 of 10 left" in browser(world.applicant_account).get(address_of(world)).text


def test_moving_keeps_the_booking_and_its_place_in_calendars(browser, database, world):
    key = booked(database, world, 10, 12)
    reader = browser(world.applicant_account)
    before = reader.get(f"/bookings/{key}/booking.ics").text
    form = filled(reader, f"/bookings/{key}/move", **times(14, 16))
    page = form.submit().follow()
    assert "Moved to " in page.text
    assert "14:00–16:00 (Berlin)" in page.text
    after = reader.get(f"/bookings/{key}/booking.ics").text
    uid = next(line for line in before.splitlines() if line.startswith("UID:"))
    assert uid in after
    assert "SEQUENCE:0" in before
    assert "SEQUENCE:1" in after


def test_a_form_about_an_older_state_is_refused_and_can_be_sent_again(browser, database, world):
    key = booked(database, world, 10, 12)
    reader = browser(world.applicant_account)
    stale = filled(reader, f"/bookings/{key}/move", **times(14, 16))
    filled(reader, f"/bookings/{key}/move", **times(16, 18)).submit()
    refused = stale.submit(status=412)
    assert "changed since you looked" in refused.text
    again = next(one for one in refused.forms.values() if one.action.endswith("/move"))
    assert "Moved to " in again.submit().follow().text


def test_a_taken_time_offers_others_when_moving_too(browser, database, world):
    key = booked(database, world, 10, 12)
    with database.writer() as session:
        copy = copies_of(session, place_of(session, world.instrument.id))[0]
        make_occupancy(session, copy, TimeSpan(at(14), at(16)))
    refused = filled(browser(world.applicant_account), f"/bookings/{key}/move", **times(14, 16)).submit(status=409)
    assert refused.html.select('button[name="span"]')
    assert state_of(database, key) == "confirmed"


def test_cancelling_asks_first_and_frees_the_time(browser, database, world):
    key = booked(database, world, 10, 12)
    form = filled(browser(world.applicant_account), f"/bookings/{key}/cancel", reason="No samples.")
    assert state_of(database, key) == "confirmed"
    page = form.submit().follow()
    assert "The booking is cancelled" in page.text
    assert "No samples." in page.text
    assert state_of(database, key) == "cancelled"
    calendar = browser(world.applicant_account).get(f"/bookings/{key}/booking.ics")
    assert "STATUS:CANCELLED" in calendar.text


def test_after_the_notice_the_page_says_until_when_it_could_be_changed(browser, database, world):
    key = booked(database, world, 10, 12)
    with database.writer() as session:
        set_rules(session, world.instrument, cancel_notice_minutes=60 * 24 * 30)
    reader = browser(world.applicant_account)
    page = reader.get(f"/bookings/{key}")
    assert "It can no longer be moved or cancelled here" in page.text
    assert f"/bookings/{key}/cancel" not in page.text
    assert "Ask the facility" in reader.get(f"/bookings/{key}/cancel").text


def test_after_the_notice_one_may_still_stay_longer(browser, database, world):
    page = browser(world.applicant_account)
    key = booked(database, world, 10, 12)
    booked(database, world, 14, 15)
    with database.writer() as session:
        set_rules(session, world.instrument, cancel_notice_minutes=60 * 24 * 30)
    shown = page.get(f"/bookings/{key}")
    assert "It can no longer be moved or cancelled here" in shown.text
    assert "Only its end can still be changed" in shown.click("Stay longer").text
    form = filled(page, f"/bookings/{key}/move", **times(10, 15))
    form.submit(status=409)
    filled(page, f"/bookings/{key}/move", **times(10, 13)).submit().follow()
    with database.reader() as session:
        assert session.scalars(select(Booking.ends).where(Booking.public_id == key)).one() == at(13)
    filled(page, f"/bookings/{key}/move", **times(11, 13)).submit(status=409)


def test_the_calendar_file_is_one(browser, database, world):
    key = booked(database, world, 10, 12, title="Steel")
    answer = browser(world.applicant_account).get(f"/bookings/{key}/booking.ics")
    assert answer.content_type == "text/calendar"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{key}.ics"'
    assert "Steel" in answer.text


def test_a_stranger_learns_nothing_and_staff_may_change_it(browser, database, world):
    key = booked(database, world, 10, 12, title="Steel")
    with database.writer() as session:
        stranger = make_account(session)
    for path in ("", "/move", "/cancel", "/booking.ics"):
        browser(stranger).get(f"/bookings/{key}{path}", status=404)
    with database.reader() as session:
        manager = session.get_one(Account, world.manager.account_id)
    page = browser(manager).get(f"/bookings/{key}")
    assert world.applicant.name in page.text
    assert f"/bookings/{key}/move" in page.text


def test_a_title_cannot_be_a_script(browser, world):
    form = filled(browser(world.applicant_account), address_of(world), title="<script>x</script>", **times(10, 12))
    page = form.submit().follow()
    assert "<script>x" not in page.text
    assert "&lt;script&gt;x" in page.text


def test_a_refused_time_shows_its_own_week(browser, database, world):
    address = f"/instruments/{world.instrument.public_id}/book"
    page = browser(world.applicant_account)
    with database.writer() as session:
        set_rules(session, world.instrument, horizon_days=3)
    refused = filled(page, address, **times(9, 10, day=14)).submit(status=422)
    week = at(9, 14).astimezone(BERLIN).date()
    assert f'datetime="{week.isoformat()}"' in refused.text


def test_the_rules_told_are_those_of_the_way_in_and_of_the_reader(browser, database, world):
    with database.writer() as session:
        set_rules(session, world.instrument, horizon_days=5, horizons=[{"days": 40, "relation": "external"}])
        actor = load_actor(session, world.applicant.account_id, now=clock.now())
        place = place_of(session, world.instrument.id)
        allocation = make_allocation(session, place, actor, booking_rules={"lead_minutes": 2880}).public_id
        session.execute(update(Allocation).values(valid_until=clock.now() + timedelta(days=60)))
    guest = browser(world.applicant_account)
    text = guest.get(f"/instruments/{world.instrument.public_id}").html.select_one("#booking-rules").parent.text
    assert "By this way in: Standard access" in " ".join(text.split())
    assert "Book at least 2 days before the start." in text
    assert "up to 40 days ahead" in text
    by_grant = guest.get(f"/instruments/{world.instrument.public_id}/book?allocation={allocation}").text
    assert "Book at least 2 days before the start." in by_grant


def test_whom_maintenance_moved_reads_one_deadline(browser, database, world):
    with database.writer() as session:
        set_rules(session, world.instrument, cancel_notice_minutes=90 * 1440)
    key = booked(database, world, 9, 10)
    with database.writer() as session:
        place = place_of(session, world.instrument.id)
        (copy,) = copies_of(session, place)
        closed(session, place, copy, TimeSpan(at(8), at(12)), displace="move", now=clock.now())
        start = session.scalars(select(Booking.starts).where(Booking.public_id == key)).one()
    text = " ".join(browser(world.applicant_account).get(f"/bookings/{key}").html.text.split())
    assert "you need not keep any notice" in text
    assert f"until {start.astimezone(BERLIN):%a}" in text.partition("moved or cancelled")[2]
