"""What rules ask for beside the terms, on the page of a request: the checklist, offering, reading and accepting."""

from datetime import timedelta

import pytest

from infra_access.access_requests.routes import update_route
from infra_access.access_requests.terms.agreement_queries import agreements_of
from infra_access.core import clock
from infra_access.people.models import Account
from tests.factories.access_requests import OPEN_TO_ALL, SYSTEM, make_submitted, make_world
from tests.factories.frameworks import make_sides
from tests.factories.policy import raw_rule

CODE, KEY = "data-transfer", "agreement:data-transfer"
ASKS = raw_rule("transfer", {"type": "require", "kind": "agreement", "code": CODE}, applies_to=["book"])
TEXT = {"title": "Data transfer", "version": "1", "text": "${host} and ${applicant} protect the data."}


@pytest.fixture
def world(database):
    with database.writer() as session:
        return make_world(session, rules=[OPEN_TO_ALL, ASKS], terms={})


def opened(browser, database, actor):
    with database.reader() as session:
        account = session.get_one(Account, actor.account_id)
    return browser(account)


def form_of(page, end):
    return next(form for form in page.forms.values() if form.action.endswith(end))


def checklist(page):
    return page.html.select_one("#gates").find_parent("section")


def test_the_facility_offers_it_and_each_side_accepts_it_on_the_page(browser, database, world):
    starts = clock.now() + timedelta(days=40)
    with database.writer() as session:
        sides = make_sides(session, world)
        request = make_submitted(session, world, period=(starts, starts + timedelta(days=60)))
    path = f"/access-requests/{request.public_id}"
    office = opened(browser, database, world.manager)
    page = office.get(path)
    assert "There is no text for it yet" in checklist(page).get_text()
    assert page.html.select("#to-offer") == []
    with database.writer() as session:
        route = session.merge(world.route)
        update_route(session, actor=SYSTEM, now=clock.now(), route=route, changes={"terms": {KEY: TEXT}})
    team = opened(browser, database, world.applicant)
    page = team.get(path)
    assert "has yet to offer its text" in checklist(page).get_text()
    assert page.html.select("#to-offer") == []
    offered = form_of(office.get(path), "/offer-agreement").submit()
    assert offered.location.endswith(f"#agreement-{CODE}")
    assert "It is offered." in offered.follow().text
    page = team.get(path)
    assert sides.for_partner.name in checklist(page).get_text()
    assert checklist(page).select_one(f"a[href='#agreement-{CODE}']") is not None
    assert not [form for form in page.forms.values() if form.action.endswith("/accept-terms")]
    for actor in (sides.for_partner, sides.for_host):
        signing = opened(browser, database, actor)
        assert path in signing.get("/me").text
        accepted = form_of(signing.get(path), "/accept-terms").submit()
        assert accepted.location.endswith(f"#agreement-{CODE}")
        assert "accepted for your side" in accepted.follow().text
    page = team.get(path)
    assert page.html.select_one(f"#agreement-{CODE}") is not None
    assert "It is met by what was stated or granted" in checklist(page).get_text()
    with database.reader() as session:
        (view,) = agreements_of(session, request)
        assert view.is_complete
