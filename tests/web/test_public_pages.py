"""What anyone can read: pages answer a visitor and a signed-in person, and their empty states teach."""

import pytest

from tests.factories.access_requests import FEASIBILITY, OPEN_TO_ALL, make_world
from tests.factories.catalogue import make_facility, make_instrument
from tests.factories.people import make_account

WRITTEN = ("/", "/about", "/help", "/publish", "/catalogue", "/sign-in", "/sign-up")
PERSONAL = ("/account", "/manage", "/organisations/new")

RULES = (OPEN_TO_ALL, FEASIBILITY)


@pytest.mark.parametrize("path", WRITTEN)
def test_pages_answer_a_visitor_of_an_empty_service(browser, path):
    page = browser().get(path)
    assert page.status_int == 200
    assert "⟦" not in page.text


@pytest.mark.parametrize("path", [*WRITTEN, *PERSONAL])
def test_pages_answer_a_signed_in_person(browser, database, path):
    with database.writer() as session:
        account = make_account(session, name="Wanjiru Kamau")
    page = browser(account).get(path)
    assert page.status_int == 200
    assert "Wanjiru Kamau" in page.text


@pytest.mark.parametrize("path", PERSONAL)
def test_personal_pages_lead_a_visitor_to_sign_in_and_back(browser, path):
    page = browser().get(path, status=401)
    back = page.click("Sign in", index=1)
    assert back.forms[_form(back, "/sign-in")]["next"].value == path


def test_the_empty_catalogue_says_what_to_do(browser):
    assert "Nothing found" in browser().get("/catalogue?q=tomography").text


def test_the_catalogue_finds_and_narrows_and_keeps_what_was_said(browser, database):
    with database.writer() as session:
        world = make_world(session, rules=RULES)
        name = world.instrument.name
    page = browser().get("/catalogue", {"q": name, "as_sector": "company", "as_country": "KE"})
    assert "1 instrument" in page.text
    assert "Needs approval" in page.text
    chosen = page.click("Germany")
    assert "country=DE" in chosen.request.query_string
    assert "as=sector%3Acompany" in chosen.request.query_string
    instrument = chosen.click(name)
    assert "By what you said" in instrument.text


def test_the_catalogue_gives_no_answer_to_a_visitor_who_said_nothing(browser, database):
    with database.writer() as session:
        make_world(session, rules=RULES)
    assert "Needs approval" not in browser().get("/catalogue").text


def test_an_old_or_broken_statement_is_left_out(browser, database):
    with database.writer() as session:
        make_world(session, rules=RULES)
    page = browser().get("/catalogue?as=sector:wizard,country:ZZ,nonsense")
    assert "The answers below" not in page.text


def test_the_catalogue_pages_through_everything_once(browser, database):
    with database.writer() as session:
        facility = make_facility(session)
        names = {make_instrument(session, facility=facility, name=f"Microscope {n:02}").name for n in range(30)}
    first = browser().get("/catalogue")
    second = first.click("Next")
    assert {name for name in names if (name in first.text) != (name in second.text)} == names
    assert "Back to the first page" in second.text


@pytest.mark.parametrize("query", ["cursor=broken", "country=XX", "access_type=teleport", "status=gone"])
def test_a_catalogue_address_that_cannot_be_is_told_so(browser, query):
    page = browser().get(f"/catalogue?{query}", status=422)
    assert page.html.select("[role=search]")


def test_the_facility_tells_where_when_and_under_which_rules(browser, database):
    with database.writer() as session:
        world = make_world(session, rules=RULES)
        address, name = f"/facilities/{world.facility.public_id}", world.instrument.name
    page = browser().get(address)
    for words in ("Berlin", "Open now", "Open at all hours, every day", "Open to everyone.", name):
        assert words in page.text


def test_a_facility_without_instruments_says_so(browser, database):
    with database.writer() as session:
        address = f"/facilities/{make_facility(session).public_id}"
    assert "No instruments yet" in browser().get(address).text


def test_the_language_is_kept_and_leads_back_here(browser):
    page = browser().get("/help")
    form = page.forms[_form(page, "/language")]
    back = form.submit("locale", value="ja")
    assert (back.status_int, back.location) == (303, "http://localhost/help")
    assert back.follow().html.html["lang"] == "ja"


def test_the_language_form_sends_nobody_elsewhere(browser):
    page = browser().get("/help")
    form = page.forms[_form(page, "/language")]
    form["back"] = "//elsewhere.example/"
    assert form.submit("locale", value="ja").location == "http://localhost/"


def _form(page, action):
    return next(number for number, form in page.forms.items() if form.action == action and isinstance(number, int))
