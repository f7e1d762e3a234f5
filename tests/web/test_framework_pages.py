"""Framework agreements on pages: drafting, offering, accepting, ending, and what a covered request shows."""

import pytest

from infra_access.people.models import Account
from tests.factories.access_requests import OPEN_TO_ALL, TERMS, make_submitted, make_world
from tests.factories.frameworks import make_in_force, make_sides
from tests.factories.people import make_account

POINTS = {"ip": "host", "cost_shares": [{"party": "host", "percent": "100"}]}


@pytest.fixture
def world(database):
    with database.writer() as session:
        terms = {"open": TERMS["open"] | {"points": POINTS}, "mta": TERMS["open"] | {"title": "Samples"}}
        return make_world(session, rules=[OPEN_TO_ALL], terms=terms)


@pytest.fixture
def sides(database, world):
    with database.writer() as session:
        return make_sides(session, world)


def _browse(browser, database, actor):
    with database.reader() as session:
        return browser(session.get_one(Account, actor.account_id))


def _form(page, do):
    return next(one for one in page.forms.values() if "do" in one.fields and one["do"].value == do)


def test_it_is_drafted_offered_accepted_by_each_side_and_ended(browser, database, sides):
    host, partner = (_browse(browser, database, one) for one in (sides.for_host, sides.for_partner))
    page = host.get("/framework-agreements")
    form = next(one for one in page.forms.values() if "text_version" in one.fields)
    form["own"], form["side"], form["kind"] = sides.host.public_id, "host", "framework"
    form["title"], form["text"], form["other"] = "Frame", "What holds.", "Nobody of this name"
    form["cost_shares.applicant"] = "30"
    assert "exactly this name" in form.submit(status=422).text
    form["other"] = sides.partner.name
    wrong = form.submit(status=422)
    assert "come to 30 %" in wrong.html.select_one(".field__error").get_text()
    form["cost_shares.host"] = "70"
    page = form.submit().follow()
    path = page.request.path
    assert "the applicant 30 %; the host 70 %" in page.html.select_one("dl.facts ~ h3 + dl, h3 + dl").get_text()
    partner.get(path, status=404)
    page = _form(page, "offer").submit().follow()
    for browsing in (host, partner):
        page = browsing.get(path)
        assert page.html.select_one("details.terms").has_attr("open")
        page = _form(page, "accept").submit().follow()
    assert "In force" in page.text
    assert "You can accept it" not in partner.get("/framework-agreements").text
    again = _form(page, "end")
    again["reason"] = "We moved."
    assert "We moved." in again.submit().follow().text
    assert "Load it again" in again.submit().follow().text or "Somebody changed this" in again.submit().follow().text


def test_a_covered_request_quotes_what_it_rests_on_and_strangers_see_nothing(browser, database, world, sides):
    with database.writer() as session:
        framework = make_in_force(session, sides, points={"ip": "joint"})
        samples = {"purpose": "research", "samples": [{"kind": "bone", "country": "KE", "hazards": []}]}
        request = make_submitted(session, world, project=samples)
    page = _browse(browser, database, sides.for_partner).get(f"/access-requests/{request.public_id}")
    section = page.html.select_one("#terms").find_parent("section")
    said = section.get_text(" ", strip=True)
    assert f"Covered by {framework.title}" in said
    assert sides.for_partner.name in said
    assert framework.text_hash in said
    results = section.find("dt", string="Results belong to").find_next("dd").get_text(" ", strip=True)
    assert results == ("both sides jointly By the framework agreement The terms of this way in say: the host")
    for_samples = page.html.select_one("#terms-for-samples").find_parent("section")
    assert for_samples.select_one("form[action$=accept-terms]") is not None
    assert section.select_one("form[action$=accept-terms]") is None

    with database.writer() as session:
        stranger = make_account(session)
    page = browser(stranger).get("/framework-agreements")
    assert "No agreement yet" in page.text
    assert not [one for one in page.forms.values() if "text_version" in one.fields]
