"""The page of an approval for the export control officer, with names side by side, and nothing of it for others."""

import pytest

from infra_access.people.models import Account
from infra_access.screening.loading import remove_list
from tests.factories.access_requests import NOW, SYSTEM
from tests.factories.screening import make_officer, make_screened

DECLARED = {"user": "A firm of Nairobi", "use": "Better buoys", "countries": ["KE"], "peaceful": True}


@pytest.fixture
def screened(database):
    with database.writer() as session:
        made = make_screened(session, project={"end_use": DECLARED})
        made.world.instrument.control_codes = ["3A001.a.2"]
        make_officer(session, made.world)  # two different people decide on what is controlled
        return made


@pytest.fixture
def page(browser, database, screened):
    """Return how to load the approval as somebody."""

    def load(actor, **more):
        with database.reader() as session:
            account = session.get_one(Account, actor.account_id)
        return browser(account).get(f"/approvals/{screened.approval.public_id}", **more)

    return load


def _names_form(page):
    return next(form for form in page.forms.values() if form.action.endswith("/screening"))


def test_the_officer_compares_decides_and_approves(page, screened):
    shown = page(screened.officer)
    for told in ("3A001.a.2", "Better buoys", "Data and results", "Ömer Testmann", "1961-05-04", "Not yet"):
        assert told in shown.text
    verdict = next(form for form in shown.forms.values() if "verdict" in form.fields)
    refused = verdict.submit("verdict", value="approve", status=409)
    assert "Decide on each whether it is the same" in refused.text
    form = _names_form(shown)
    form["candidates"], form["why"] = True, "Born in another year."
    after = form.submit("same", value="different").follow()
    assert "The applicant does not learn of it" in after.text
    assert "Born in another year." in after.text
    verdict = next(form for form in after.forms.values() if "verdict" in form.fields)
    assert verdict.submit("verdict", value="approve").status_int == 303
    assert "Born in another year." in page(screened.officer).text
    told = page(screened.world.applicant).text
    for secret in ("Ömer", "sanction", "Export control</h2>", "OpenSanctions", "Born in another year."):
        assert secret not in told


def test_a_decision_without_a_reason_or_a_name_says_so_beside_it(page, screened, database):
    form = _names_form(page(screened.officer))
    form["candidates"] = True
    shown = form.submit("same", value="same", status=422)
    assert shown.html.select("#field-why-error")
    assert _names_form(shown)["candidates"].checked
    form["candidates"], form["why"] = False, "Somebody else."
    shown = form.submit("same", value="different", status=422)
    assert shown.html.select("#field-candidates")
    assert _names_form(shown)["why"].value == "Somebody else."
    with database.writer() as session:
        remove_list(session, actor=SYSTEM, now=NOW, name="OpenSanctions")
    assert "No sanction list is loaded" in page(screened.officer).text
