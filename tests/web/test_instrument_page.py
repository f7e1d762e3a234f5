"""The page of an instrument: the decision, the ways in, the prices, the week."""

from datetime import timedelta

from infra_access.catalogue.queries import resources_of
from infra_access.core import clock
from infra_access.core.authority import system_actor
from infra_access.core.timespan import TimeSpan
from infra_access.people.models import Account
from infra_access.scheduling.occupancies import Taking, take
from tests.factories.access_requests import FEASIBILITY, OPEN_TO_ALL, make_route, make_world
from tests.factories.catalogue import make_instrument
from tests.factories.policy import raw_rule

RULES = (OPEN_TO_ALL, FEASIBILITY)


def test_it_answers_a_visitor_by_what_they_said(browser, database):
    with database.writer() as session:
        address = f"/instruments/{make_world(session, rules=RULES).instrument.public_id}"
    silent = browser().get(address)
    assert "Say who you are below" in silent.text
    said = browser().get(address, {"as": "sector:company,country:KE"})
    assert "Needs approval" in said.text
    assert "Staff check that there is time." in said.text
    assert "By what you said" in said.text


def test_it_answers_a_signed_in_person_by_their_own_facts(browser, database):
    with database.writer() as session:
        world = make_world(session, rules=RULES)
        address = f"/instruments/{world.instrument.public_id}"
    page = browser(world.applicant_account).get(address)
    assert "Needs approval" in page.text
    assert "By what you said" not in page.text


def test_it_names_what_a_session_needs_before_anybody_asks(browser, database):
    trained = raw_rule("trained", {"type": "require", "kind": "training", "code": "laser"}, applies_to=["book"])
    trained["message"] = {"en": "Operators took the laser course."}
    with database.writer() as session:
        world = make_world(session, rules=(*RULES, trained))
        address = f"/instruments/{world.instrument.public_id}"
    box = browser(world.applicant_account).get(address).html.select_one(".decision").text
    assert "Needs approval" in box
    assert "What is missing" not in box
    afterwards = box.partition("Before your first session you also need")[2]
    assert "Operators took the laser course." in afterwards
    assert "Take the training, or show that you have taken it" in afterwards


def test_it_shows_the_price_of_each_regime(browser, database):
    tariff = {"proprietary": {"amount": "4800", "currency": "CHF", "per": "shift"}}
    with database.writer() as session:
        address = f"/instruments/{make_world(session, rules=RULES, tariff=tariff).instrument.public_id}"
    text = browser().get(address).text.replace("\xa0", " ")
    assert "CHF 4,800" in text
    assert "Free of charge" in text


def test_it_offers_to_ask_where_nothing_can_be_booked(browser, database):
    with database.writer() as session:
        address = f"/instruments/{make_instrument(session, status='down').public_id}"
    page = browser().get(address)
    assert "Out of order" in page.text
    assert "Ask the facility" in page.text
    assert not page.html.select("table.week")


def test_the_week_hides_who_took_a_time_and_links_what_is_free(browser, database):
    monday = _next_monday()
    with database.writer() as session:
        world = make_world(session, rules=RULES)
        make_route(session, facility=world.facility, instruments=[world.instrument], name="Second way")
        resource = resources_of(session, [world.instrument.id])[world.instrument.id][0]
        taken = TimeSpan(monday + timedelta(hours=9), monday + timedelta(hours=11))
        take(session, [Taking(resource.id, taken, "external")], booking_id=None, label="Secret project")
        address = f"/instruments/{world.instrument.public_id}"
    page = browser().get(address, {"week": monday.date().isoformat()})
    assert "Taken" in page.text
    assert "Secret project" not in page.text
    free = [link["href"] for link in page.html.select("td.slot--free > a")]
    assert free
    assert all(href.startswith(f"{address}/book?start=") for href in free)


def test_the_weeks_lead_on_and_nonsense_is_this_week(browser, database):
    with database.writer() as session:
        address = f"/instruments/{make_world(session, rules=RULES).instrument.public_id}"
    page = browser().get(address, {"week": "2026-13-45", "as": "country:KE"})
    assert "Week before" not in page.text
    following = page.click("Week after")
    assert "as=country%3AKE" in following.request.query_string
    assert "Week before" in following.text


def test_a_draft_is_found_by_nobody_but_its_staff(browser, database):
    with database.writer() as session:
        world = make_world(session, rules=RULES)
        draft = make_instrument(session, facility=world.facility, actor=system_actor("tests"), publication="draft")
        manager = world.manager.account_id
        address = f"/instruments/{draft.public_id}"
    browser(world.applicant_account).get(address, status=404)
    with database.reader() as session:
        account = session.get_one(Account, manager)
    assert "Draft: only you and your colleagues see this" in browser(account).get(address).text


def _next_monday():
    now = clock.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=7 - now.weekday())
