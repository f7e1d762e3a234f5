"""The page of find-time: a form, the first times by day, and one next step each."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from infra_access.core import clock
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import parse_instant
from infra_access.scheduling.bookings import book
from infra_access.scheduling.find_time import finding
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import place_by_public_id
from infra_access.scheduling.plan import Wish
from tests.factories.access_requests import make_route
from tests.factories.find_time import make_windows
from tests.factories.people import make_account, make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import make_allocation, make_place, set_rules


def made(database, **rules):
    with database.writer() as session:
        make_policy(session)
        place = make_place(session, name="Cryo microscope")
        if rules:
            set_rules(session, place.instrument, **rules)
        make_windows(session, now=clock.now())
        return place.instrument.public_id, make_account(session, timezone="Africa/Nairobi")


def test_a_slot_leads_to_the_form_filled_in_with_it(browser, database):
    key, account = made(database, granularity_minutes=60, min_minutes=60)
    page = browser(account).get("/find-time?hours=3")
    assert "Cryo microscope" in page.text
    assert "For you:" in page.text
    form = page.click("Book this time", index=0).forms
    entered = next(one for one in form.values() if "date" in one.fields)
    hours = [int(entered[name].value[:2]) for name in ("start", "end")]
    assert (hours[1] - hours[0]) % 24 == 3
    assert key in page.text


def test_the_form_comes_without_an_answer_until_something_is_asked(browser, database):
    made(database)
    page = browser().get("/find-time")
    assert "Cryo microscope" not in page.text
    found = page.forms[next(key for key, one in page.forms.items() if "hours" in one.fields)].submit()
    assert "Cryo microscope" in found.text


def test_what_cannot_be_asked_is_said_beside_the_field(browser, database):
    made(database)
    for query, field in (("hours=0", "hours"), ("hours=2&near=here", "near"), ("hours=2&first=2026-99-99", "first")):
        page = browser().get(f"/find-time?{query}", status=422)
        assert f'id="field-{field}-error"' in page.text
    assert "No time found" in browser().get("/find-time?hours=1&country=JP").text


def test_an_instrument_and_the_catalogue_lead_to_it(browser, database):
    key, account = made(database)
    page = browser(account).get(f"/instruments/{key}").click("Find a time of another length")
    assert page.request.GET["instrument"] == key
    assert page.text.count("Book this time") > 3
    assert "Cryo microscope" in browser(account).get("/catalogue?q=cryo").click("Find the first free time").text


def test_the_page_says_how_far_it_looked(browser, monkeypatch, place):
    monkeypatch.setattr(finding, "_FEW", 0)
    day = clock.now().date()
    page = browser().get(f"/find-time?hours=1&first={day + timedelta(days=150)}&last={day + timedelta(days=160)}")
    assert "times are known until" in page.text
    near = browser().get(f"/find-time?hours=1&first={day + timedelta(days=2)}&last={day + timedelta(days=3)}")
    assert "times are known until" not in near.text


def two_places(database):
    with database.writer() as session:
        make_policy(session)
        places = [make_place(session, name=name) for name in ("Cryo microscope", "Neutron camera")]
        make_windows(session, now=clock.now())
        return [place.instrument.public_id for place in places], make_account(session)


def test_an_instrument_is_found_and_added_and_left_out_again(browser, database):
    (first, second), account = two_places(database)
    page = browser(account).get(f"/find-time?instrument={first}&add=neutron")
    both = page.click("Add .*Neutron camera")
    assert both.request.GET["instrument"] == f"{first},{second}"
    turned = both.click("Move up", index=0)
    assert turned.request.GET["instrument"] == f"{second},{first}"
    assert turned.click("Leave out", index=0).request.GET["instrument"] == first
    assert "Nothing found that can be booked" in browser(account).get("/find-time?add=zeppelin").text


def test_two_instruments_are_found_and_booked_together(browser, database):
    (first, second), account = two_places(database)
    guest = browser(account)
    page = guest.get(f"/find-time?instrument={first},{second}&order=same&hours=2")
    form = page.click("Book all of them", index=0).forms
    whole = next(one for one in form.values() if "slot" in one.fields)
    whole["title"] = "Seeds"
    done = whole.submit().follow()
    assert "All of them are booked" in done.text
    again = whole.submit()  # a double click
    assert again.location == done.request.url
    with database.reader() as session:
        rows = session.execute(select(Booking.starts, Booking.bundle)).all()
    assert len(rows) == 2
    assert len(set(rows)) == 1


def test_one_after_the_other_keeps_the_order_and_the_gap(browser, database):
    (first, second), account = two_places(database)
    page = browser(account).get(f"/find-time?instrument={second},{first}&order=sequence&min_gap=3&hours=1")
    href = next(link["href"] for link in page.html.find_all("a") if "Book all of them" in link.text)
    slots = [one.split(",") for one in parse_qs(urlsplit(href).query)["slot"]]
    assert [slot[0] for slot in slots] == [second, first]
    assert parse_instant(slots[1][1]) - parse_instant(slots[0][2]) >= timedelta(hours=3)


def test_what_was_taken_meanwhile_books_none_of_them_and_says_which(browser, database):
    (first, second), account = two_places(database)
    guest = browser(account)
    page = guest.get(f"/find-time?instrument={first},{second}&order=same&hours=2").click("Book all of them", index=0)
    whole = next(one for one in page.forms.values() if "slot" in one.fields)
    _key, start, end = whole.fields["slot"][1].value.split(",")
    with database.writer() as session:
        place = place_by_public_id(session, second, actor=None)
        taken = TimeSpan(parse_instant(start), parse_instant(end))
        book(session, actor=make_actor(session), now=clock.now(), place=place, wishes=[Wish(taken)])
    refused = whole.submit(status=409)
    assert "Neutron camera" in refused.html.find(class_="notice--error").text
    with database.reader() as session:
        assert session.scalar(select(func.count(Booking.id))) == 1


def test_addresses_that_name_no_sessions_do_no_harm(browser, database):
    (first, second), account = two_places(database)
    guest = browser(account)
    assert guest.get("/book-together").location.endswith("/find-time")
    guest.get("/book-together?slot=nonsense", status=422)
    guest.get(f"/book-together?slot={first},2026-03-02T10:00:00Z,2026-03-02T09:00:00Z", status=422)
    guest.get("/book-together?slot=0000000000000000,2026-03-02T10:00:00Z,2026-03-02T11:00:00Z", status=404)
    guest.get("/book-together?" + "&".join([f"slot={first},2026-03-02T10:00:00Z,2026-03-02T11:00:00Z"] * 6), status=422)
    browser().get(f"/find-time?instrument={first},{second}&order=sideways&hours=2", status=422)
    browser().get(f"/find-time?instrument={first},{second}&order=sequence&min_gap=x&hours=2", status=422)


def test_shifts_and_a_technique_can_be_asked_for(browser, database):
    with database.writer() as session:
        make_policy(session)
        make_place(session, name="Cryo microscope", techniques=["Cryo-EM"])
        make_place(session, name="Neutron camera")
        make_windows(session, now=clock.now())
    page = browser().get("/find-time?hours=1&unit=shift&technique=cryo-em")
    assert "Cryo microscope" in page.text
    assert "Neutron camera" not in page.text
    form = next(one for one in page.forms.values() if "technique" in one.fields)
    assert (form["technique"].value, form["unit"].value) == ("cryo-em", "shift")


def test_a_slot_to_request_goes_along_into_the_request(browser, database):
    with database.writer() as session:
        place = make_place(session, name="Cryo microscope")
        gate = {"type": "require", "kind": "gate", "code": "allocation"}
        make_policy(session)
        make_policy(session, raw_rule("allocated", gate, applies_to=["book"], expected_days=3, latest_days=4))
        for name in ("By hand", "By staff"):
            make_route(session, facility=place.facility, instruments=[place.instrument], name=name)
        make_windows(session, now=clock.now())
        account = make_account(session)
    ways = browser(account).get("/find-time?hours=12").click("Request access", index=0)
    page = ways.click("Request access this way", index=0)
    assert "You found this time" in page.text
    form = next(one for one in page.forms.values() if "period.start" in one.fields)
    start = parse_instant(page.request.GET["start"])
    assert form["period.start"].value == start.astimezone(ZoneInfo(place.facility.timezone)).date().isoformat()
    assert form["quantity"].value == "1.50"


def test_what_was_granted_is_looked_for_and_booked_on_it(browser, database):
    with database.writer() as session:
        make_policy(session)
        place, _other = make_place(session, name="Cryo microscope"), make_place(session, name="Neutron camera")
        account = make_account(session)
        allocation = make_allocation(session, place, make_actor(session, account=account))
        allocation.valid_until = clock.now() + timedelta(days=30)
        key = allocation.public_id
    page = browser(account).get(f"/find-time?allocation={key}&hours=2")
    assert "Neutron camera" not in page.text
    form = next(one for one in page.click("Book this time", index=0).forms.values() if "date" in one.fields)
    assert form["allocation"].value == key
    assert "are left of what you were granted" in browser(account).get(
        f"/find-time?allocation={key}&hours=11", status=409
    )
    browser().get(f"/find-time?allocation={key}&hours=2", status=404)
