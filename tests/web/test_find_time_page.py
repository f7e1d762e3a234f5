"""The page of find-time: a form, the first times by day, and one next step each."""

from datetime import timedelta

from infra_access.core import clock
from infra_access.scheduling.find_time import finding
from tests.factories.find_time import make_windows
from tests.factories.people import make_account
from tests.factories.policy import make_policy
from tests.factories.scheduling import make_place, set_rules


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
