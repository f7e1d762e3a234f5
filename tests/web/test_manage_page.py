"""The manager's console, and asking a facility."""

import pytest

from infra_access.people.models import Account
from tests.factories.access_requests import make_submitted, make_world
from tests.factories.people import make_account, make_actor


@pytest.fixture
def world(database):
    with database.writer() as session:
        return make_world(session)


def _account(database, actor):
    with database.reader() as session:
        return session.get_one(Account, actor.account_id)


def test_it_shows_the_facility_and_what_waits(browser, database, world):
    with database.writer() as session:
        make_submitted(session, world)
    page = browser(_account(database, world.manager)).get("/manage")
    assert world.facility.name in page.text
    assert "1 waits for your verdict" in page.text
    assert "Nobody is booked today" in page.text


def test_it_teaches_somebody_without_a_facility(browser, database):
    with database.writer() as session:
        account = make_account(session)
    assert "You run no facility yet" in browser(account).get("/manage").text


def test_a_manager_adds_an_instrument(browser, database, world):
    page = browser(_account(database, world.manager)).get("/manage")
    form = next(form for form in page.forms.values() if "techniques" in form.fields)
    form["copies"] = "0"
    form["name"] = "Bench-top NMR"
    refused = form.submit("add", status=422)
    assert refused.html.select("#field-copies-error")
    form = next(form for form in refused.forms.values() if "techniques" in form.fields)
    assert form["name"].value == "Bench-top NMR"
    form["copies"], form["techniques"] = "2", "NMR, Relaxometry"
    shown = form.submit("add").follow()
    assert "Bench-top NMR" in shown.text
    assert "Relaxometry" in shown.text


def test_an_administrator_of_an_organisation_adds_a_facility(browser, database, world):
    with database.writer() as session:
        organisation = world.startup.public_id
        actor = make_actor(session, ("organisation_admin", ("organisation", organisation)))
    page = browser(_account(database, actor)).get("/manage")
    form = next(form for form in page.forms.values() if "security_contact" in form.fields)
    form["name"], form["country"], form["timezone"] = "Nairobi Bench", "KE", "Africa/Nairobi"
    done = form.submit("add").follow()
    assert "Nairobi Bench" in done.text
    form = next(form for form in done.forms.values() if "security_contact" in form.fields)
    form["name"], form["country"], form["publish"] = "Second Bench", "KE", True
    refused = form.submit("add", status=409)
    assert "has not been verified yet" in refused.text


def test_a_question_reaches_the_facility(browser, database, world):
    visitor = browser(world.applicant_account)
    address = f"/instruments/{world.instrument.public_id}/ask"
    form = next(form for form in visitor.get(address).forms.values() if form.action == address)
    form["text"] = "Do you take powders?"
    refused = form.submit(status=422)
    assert refused.html.select("#field-subject-error")
    form = next(form for form in refused.forms.values() if form.action == address)
    assert form["text"].value == "Do you take powders?"
    form["subject"] = "Powders"
    assert "/conversations/" in form.submit(status=303).location
    console = browser(_account(database, world.manager)).get("/manage")
    assert "Powders" in console.text


def test_a_visitor_must_sign_in_to_ask(browser, world):
    browser().get(f"/instruments/{world.instrument.public_id}/ask", status=401)
