"""Conversations on pages: a question becomes a request in one click, and both pages lead to each other."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from infra_access.access_requests.conversations.speaking import ask, reply
from infra_access.access_requests.models import AccessRequest, Conversation
from infra_access.core import clock
from infra_access.core.timespan import TimeSpan
from infra_access.people.actors import load_actor
from infra_access.people.models import Account
from tests.factories.access_requests import make_route, make_submitted, make_world
from tests.factories.orders import make_ordered, make_queue
from tests.factories.people import make_account
from tests.factories.scheduling import make_booking

NEXT_YEAR = clock.now().year + 1


@pytest.fixture
def world(database):
    with database.writer() as session:
        return make_world(session)


@pytest.fixture
def question(database, world):
    """Return the address of a question of the applicant."""
    with database.writer() as session:
        words = {"subject": "Wet samples?", "text": "Can they be measured?"}
        asked = ask(session, actor=world.applicant, now=clock.now(), instrument=world.instrument, **words)
        return f"/conversations/{asked.public_id}"


def test_a_question_becomes_a_request_in_one_click(browser, database, world, question):
    visitor = browser(world.applicant_account)
    page = visitor.get(question).click("Make a request of it")
    address = f"/instruments/{world.instrument.public_id}/request/steps"
    form = _form(page, address)
    assert (form["title"].value, form["summary"].value) == ("Wet samples?", "Can they be measured?")
    form["period.start"], form["period.end"] = f"{NEXT_YEAR}-04-01", f"{NEXT_YEAR}-06-30"
    form["quantity"] = "0"
    form = _form(form.submit("next", status=422), address)
    form["quantity"] = "2"
    made = form.submit("next")
    back = visitor.get(question)
    assert "Make a request of it" not in back.text
    assert back.html.select_one("main a[href*='/access-requests/']")["href"] in made.location
    with database.reader() as session:
        request, asked = session.scalars(select(AccessRequest)).one(), session.scalars(select(Conversation)).one()
        assert (asked.access_request_id, request.summary) == (request.id, "Can they be measured?")


def test_the_conversation_is_kept_while_a_way_in_is_chosen(browser, database, world, question):
    with database.writer() as session:
        make_route(session, facility=world.facility, instruments=[world.instrument], name="By mail", tariff={})
    address = f"/instruments/{world.instrument.public_id}/request/steps"
    ways = browser(world.applicant_account).get(address, {"conversation": question.rpartition("/")[2]})
    links = ways.html.find_all("a", string="Request access this way")
    assert len(links) == 2
    assert all(question.rpartition("/")[2] in one["href"] for one in links)


def test_how_fast_a_facility_answers_stands_in_its_console_and_on_its_page(browser, database, world):
    address = f"/facilities/{world.facility.public_id}"
    with database.reader() as session:
        console = browser(session.get_one(Account, world.manager.account_id))
    assert "In the last 90 days" not in console.get("/manage").text
    with database.writer() as session:
        now = clock.now() - timedelta(days=2)
        for hours in range(1, 6):
            words = {"subject": "Powders", "text": "Do you take them?"}
            asked = ask(session, actor=world.applicant, now=now, instrument=world.instrument, **words)
            later = now + timedelta(hours=hours)
            reply(session, actor=world.manager, now=later, conversation=asked, text="We do.")
    page = console.get("/manage").text
    assert "half of the questions had an answer within 3 hours" in page
    assert "100 % had one within two working days; 5 were answered, 0 wait for a first answer" in page
    assert "Usually answers within 1 day." in browser().get(address).text


def test_a_booking_is_talked_about_on_its_page_by_its_owner_and_the_staff(browser, database, office, place):
    with database.writer() as session:
        owner = make_account(session)
        start = (clock.now() + timedelta(days=3)).replace(hour=9, minute=0, second=0, microsecond=0)
        actor = load_actor(session, owner.id, now=clock.now())
        span = TimeSpan(start, start + timedelta(hours=2))
        address = f"/bookings/{make_booking(session, place, span, actor=actor, now=clock.now()).public_id}"
    form = _form(browser(owner).get(address), f"{address}/messages")
    assert "staff" not in form.fields
    form["text"] = "Is there argon?"
    refused = form.submit(status=422)
    assert refused.html.select("#field-subject-error")
    form = _form(refused, f"{address}/messages")
    form["subject"] = "Gases"
    talk = form.submit().follow()
    assert address in talk.html.find("a", string="The booking that it is about")["href"]
    assert "Make a request of it" not in talk.text
    page = office.get(address)
    assert "Is there argon?" in page.click("Gases").text
    form = _form(page, f"{address}/messages")
    form["subject"], form["text"], form["staff"] = "Bottles", "One is left.", True
    form.submit(status=303)
    assert "Only among the staff" in office.get(address).text
    assert "Bottles" not in browser(owner).get(address).text


def _form(page, action):
    return next(form for form in page.forms.values() if form.action == action)


def test_what_is_written_on_an_order_stands_on_its_page_and_names_its_samples(browser, database):
    with database.writer() as session:
        world = make_queue(session)
        order = make_ordered(session, world)
    address = f"/service-orders/{order.public_id}"
    visitor = browser(world.applicant_account)
    form = _form(visitor.get(address), f"{address}/messages")
    form["subject"] = "Coating"
    refused = _form(form.submit(status=422), f"{address}/messages")
    assert refused["subject"].value == "Coating"
    refused["text"] = "The upper side is coated."
    page = refused.submit().follow()
    assert "8 samples" in page.text
    assert order.sample_description in page.text
    back = page.click("The order that it is about")
    assert "Coating" in back.html.select_one("section[aria-labelledby=conversations] li").text


def test_a_sample_is_chosen_on_the_page_of_its_request(browser, database, world):
    samples = [{"kind": "Steel"}, {"kind": "Plant material", "country": "KE"}]
    with database.writer() as session:
        request = make_submitted(session, world, project={"samples": samples})
    address = f"/access-requests/{request.public_id}"
    visitor = browser(world.applicant_account)
    form = _form(visitor.get(address), f"{address}/messages")
    form["subject"], form["text"] = "Drying", "It was dried in air."
    form["sample"].force_value("none")
    form = _form(form.submit(status=422), f"{address}/messages")
    form["sample"].select(text="Sample 2: Plant material")
    page = form.submit().follow()
    assert "Sample 2: Plant material" in " ".join(page.html.select_one("main").text.split())
    assert "sample 2" in visitor.get(address).html.select_one("section[aria-labelledby=conversations] li").text
