"""Exceptions from rules on pages: asked for on that of a request, confirmed and ended in the report."""

from datetime import timedelta

import pytest

from infra_access.access_requests.models import AccessRequest
from infra_access.core import clock
from infra_access.people.models import Account
from tests.factories.access_requests import FEASIBILITY, OPEN_TO_ALL, make_request, make_world
from tests.factories.overrides import SAFETY_COURSE, administrators, make_refused


@pytest.fixture
def refused(database):
    """Return a request that the policy refused, and two who may grant an exception."""
    with database.writer() as session:
        world, request = make_refused(session)
        return world, request, administrators(session)


def _browser(browser, database, actor):
    with database.reader() as session:
        account = session.get_one(Account, actor.account_id)
    return browser(account)


def _form(page, action):
    return next(form for form in page.forms.values() if action in form.action)


def test_one_asks_another_confirms_and_it_is_ended(browser, database, refused):
    world, request, (one, two) = refused
    first, second = _browser(browser, database, one), _browser(browser, database, two)
    page = first.get(f"/access-requests/{request.public_id}")
    page = page.click("Exceptions from rules")
    form = _form(page, "/exceptions")
    form["reason"] = " "
    again = form.submit(status=422)
    assert again.html.select(".field__error")
    form = _form(again, "/exceptions")
    form["reason"] = "The registry is closed."
    form["valid_until"] = "2100-01-01"
    page = form.submit().follow()
    assert "Waits for a second person" in page.text
    assert not any("/confirm" in form.action for form in page.forms.values())

    report = second.get("/policies").click("Exceptions from rules")
    assert "The registry is closed." in report.text
    answer = _form(report, "/confirm").submit().follow()
    assert "In force" in answer.text
    assert _state(database, request) == "changes_requested"
    assert "Nothing" not in second.get("/overrides?state=in_force").text
    form = _form(answer, "/withdraw")
    assert "nothing" not in form.submit().follow().text
    form["reason"] = "It was a mistake."
    assert "Withdrawn" in form.submit().follow().text
    assert second.get("/overrides?state=in_force").html.select(".empty")
    page = _browser(browser, database, world.manager).get(f"/access-requests/{request.public_id}/exceptions")
    assert "It was a mistake." in page.text  # whom no rule names reads of it, and is offered nothing
    assert not any("/exceptions" in form.action for form in page.forms.values())
    own = _browser(browser, database, world.applicant)
    assert "Exceptions from rules" not in own.get(f"/access-requests/{request.public_id}").text


def test_what_only_an_exception_gives_may_be_missing_when_it_is_sent(browser, database):
    start = clock.now() + timedelta(days=40)
    with database.writer() as session:
        world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, SAFETY_COURSE])
        request = make_request(session, world, period=(start, start + timedelta(days=30)), now=clock.now())
        (administrator,) = administrators(session, 1)
    own = _browser(browser, database, world.applicant)
    page = own.get(f"/access-requests/{request.public_id}")
    assert "Access administrator" in page.html.select_one("#exception").get_text()
    without, wished = (form for form in page.forms.values() if form.action.endswith("/submit"))
    assert "was not sent" in without.submit().follow().text
    wished["exception"] = "She teaches that course."
    page = wished.submit().follow()
    assert page.text.count("It waits for an exception from a rule") == 2
    assert "This may grant the exception: Access administrator" in " ".join(page.html.get_text().split())
    assert _state(database, request) == "under_review"
    granting = _browser(browser, database, administrator).get(f"/access-requests/{request.public_id}")
    assert "She teaches that course." in granting.text
    assert "Everybody takes the safety course." in granting.click("Exceptions from rules").text


def _state(database, request):
    with database.reader() as session:
        return session.get_one(AccessRequest, request.id).state
