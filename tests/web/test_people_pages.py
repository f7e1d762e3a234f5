"""Signing up, in and out, the account, and entering an organisation."""

from infra_access.core import clock
from infra_access.people.accounts import account_by_email
from infra_access.people.links import make_link
from tests.factories.catalogue import make_organisation
from tests.factories.people import PASSWORD, make_account, make_newcomer


def test_a_newcomer_signs_up_and_in_and_out(browser):
    page = browser().get("/sign-up")
    form = _form(page, "/sign-up")
    form["name"], form["email"], form["password"] = "Amina Odhiambo", "amina@startup.example", "four words in a row"
    form["country_of_work"] = "KE"
    signing_in = form.submit()
    assert signing_in.status_int == 303
    form = _form(signing_in.follow(), "/sign-in")
    assert form["email"].value == "amina@startup.example"
    form["password"] = "four words in a row"
    home = form.submit()
    assert home.status_int == 303
    home = home.follow()
    assert "Amina Odhiambo" in home.text
    assert "Amina Odhiambo" not in _form(home, "/sign-out").submit().follow().text


def test_a_sign_up_tells_each_fault_beside_its_field_and_keeps_what_was_typed(browser):
    form = _form(browser().get("/sign-up"), "/sign-up")
    form["name"], form["email"], form["password"] = "Amina", "no address", "a long enough password"
    page = form.submit(status=422)
    again = _form(page, "/sign-up")
    assert again["name"].value == "Amina"
    assert page.html.select("#field-email-error")
    assert "a long enough password" not in page.text
    form["password"] = "short"
    assert form.submit(status=422).html.select("#field-password-error")


def test_a_taken_address_looks_like_any_other(browser, database):
    with database.writer() as session:
        email = make_account(session).email
    answers = []
    for address in (email, "new@example.org"):
        form = _form(browser().get("/sign-up"), "/sign-up")
        form["name"], form["email"], form["password"] = "Somebody", address, "a long enough password"
        answer = form.submit()
        answers.append((answer.status_int, answer.location.replace(address.replace("@", "%40"), "")))
    assert answers[0] == answers[1]


def test_a_wrong_password_is_told_without_saying_what_was_wrong(browser, database):
    with database.writer() as session:
        email = make_account(session).email
    texts = []
    for address in (email, "nobody@example.org"):
        form = _form(browser().get("/sign-in"), "/sign-in")
        form["email"], form["password"] = address, "not the password"
        page = form.submit(status=422)
        texts.append(page.html.select_one("[role=alert]").get_text())
        assert _form(page, "/sign-in")["email"].value == address
    assert texts[0] == texts[1] != ""


def test_signing_in_leads_back_but_never_to_another_site(browser, database):
    with database.writer() as session:
        email = make_account(session).email
    for wanted, reached in (
        ("/account", "http://localhost/account"),
        ("https://elsewhere.example/", "http://localhost/"),
    ):
        form = _form(browser().get("/sign-in", {"next": wanted}), "/sign-in")
        form["email"], form["password"] = email, PASSWORD
        assert form.submit(status=303).location == reached


def test_forms_without_their_token_are_refused(browser, database):
    with database.writer() as session:
        account = make_account(session)
    assert "This form has expired" in browser().post("/sign-in", {"email": "a@b.example"}, status=400).text
    assert "This form has expired" in browser(account).post("/account", {"name": "Mallory"}, status=400).text


def test_a_link_sets_a_password_once(browser, database):
    with database.writer() as session:
        account = make_account(session)
        email, token = account.email, make_link(session, account, now=clock.now())
    address = f"/set-password/{token}"
    form = _form(browser().get(address), address)
    form["password"] = "short"
    page = form.submit(status=422)
    form = _form(page, address)
    form["password"] = "an entirely new password"
    assert form.submit().status_int == 303
    browser().get(address, status=410)
    form = _form(browser().get("/sign-in"), "/sign-in")
    form["email"], form["password"] = email, "an entirely new password"
    assert form.submit().status_int == 303


def test_a_newcomer_confirms_the_address_and_is_told_so(browser, database):
    with database.writer() as session:
        account = make_newcomer(session)
        token = make_link(session, account, now=clock.now())
    visitor = browser(account)
    assert "Please confirm your address" in visitor.get("/account").text
    address = f"/confirm-address/{token}"
    assert "your address is confirmed" in _form(visitor.get(address), address).submit().follow().text
    assert "Please confirm your address" not in visitor.get("/account").text
    assert "few minutes ago" not in visitor.get(address).text


def test_a_link_is_promised_to_any_address(browser, database):
    form = _form(browser().get("/sign-in"), "/sign-in")
    form["email"] = "nobody@example.org"
    assert "If there is an account" in form.submit("link").follow().text


def test_the_account_is_changed_and_faults_stand_beside_their_fields(browser, database):
    with database.writer() as session:
        account = make_account(session)
        email = account.email
    visitor = browser(account)
    form = _form(visitor.get("/account"), "/account")
    form["name"], form["orcid"] = "New Name", "0000-0002-1825-0098"
    page = form.submit(status=422)
    assert page.html.select("#field-orcid-error")
    with database.reader() as session:
        assert account_by_email(session, email).name != "New Name"
    form = _form(page, "/account")
    form["orcid"] = "0000-0002-1825-0097"
    assert form.submit().status_int == 303
    with database.reader() as session:
        assert account_by_email(session, email).name == "New Name"


def test_a_token_is_shown_once_and_can_be_ended(browser, database):
    with database.writer() as session:
        account = make_account(session)
    visitor = browser(account)
    form = _form(visitor.get("/account"), "/account/tokens")
    form["token_name"] = "Lab robot"
    shown = form.submit(status=200)
    secret = shown.html.select_one(".notice code").get_text()
    assert secret.startswith("ia_")
    assert shown.headers["Cache-Control"] == "no-store"
    later = visitor.get("/account")
    assert secret not in later.text
    assert "Lab robot" in later.text
    ended = next(form for form in later.forms.values() if "revoke" in form.fields).submit("revoke").follow()
    assert "no longer works" in ended.text


def test_a_token_that_lasts_too_long_is_refused_beside_its_field(browser, database):
    with database.writer() as session:
        account = make_account(session)
    form = _form(browser(account).get("/account"), "/account/tokens")
    form["token_name"], form["expires_in_days"] = "Robot", "9999"
    assert form.submit(status=422).html.select("#field-expires_in_days-error")


def test_a_startup_enters_itself_and_acts_for_it(browser, database):
    with database.writer() as session:
        account = make_account(session)
    visitor = browser(account)
    form = _form(visitor.get("/organisations/new"), "/organisations/new")
    form["country"] = "KE"
    page = form.submit(status=422)
    assert page.html.select("#field-name-error")
    form = _form(page, "/organisations/new")
    assert form["country"].value == "KE"
    form["name"], form["startup"], form["size"] = "Sensor Startup Ltd", True, "micro"
    done = form.submit().follow()
    assert "Sensor Startup Ltd" in done.text
    assert "Stated by you" in done.text


def test_an_organisation_is_found_by_the_beginning_of_its_name_joined_and_left(browser, database):
    with database.writer() as session:
        account = make_account(session)
        make_organisation(session, name="Njoro Institute", country="KE")
    visitor = browser(account)
    found = visitor.get("/account", {"organisation": "njoro"})
    joined = next(form for form in found.forms.values() if "belong" in form.fields).submit("belong").follow()
    assert "You act for Njoro Institute now" in joined.text
    left = next(form for form in joined.forms.values() if "leave" in form.fields).submit("leave").follow()
    assert "You act for nobody yet" in left.text


def _form(page, action):
    return next(form for form in page.forms.values() if form.action == action)
