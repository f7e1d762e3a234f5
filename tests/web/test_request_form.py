"""Asking for access: choosing the way in, filling in the form row by row without any script, sending, changing it."""

import pytest
from sqlalchemy import select

from infra_access.access_requests.approvals.verdicts import approvals_of
from infra_access.access_requests.models import AccessRequest, Participant
from infra_access.core import clock
from tests.factories.access_requests import make_request, make_route, make_submitted, make_world
from tests.factories.catalogue import make_organisation
from tests.factories.people import make_account, make_assurance
from tests.factories.policy import make_policy, raw_rule

NEXT_YEAR = clock.now().year + 1


@pytest.fixture
def world(database):
    with database.writer() as session:
        return make_world(session)


@pytest.fixture
def address(world):
    return f"/instruments/{world.instrument.public_id}/request"


def test_a_visitor_is_asked_to_sign_in(browser, address):
    assert "Sign in" in browser().get(address, status=401).text


def test_of_several_ways_in_one_is_chosen_first(browser, database, world, address):
    with database.writer() as session:
        make_route(session, facility=world.facility, instruments=[world.instrument], name="By mail", tariff={})
    page = browser(world.applicant_account).get(address)
    assert "First choose the way in" in page.text
    form = page.click("Request access this way", index=1)
    assert "By mail" in form.text
    assert "What you ask for" in form.text


def test_the_only_way_in_needs_no_choice_and_the_team_begins_with_oneself(browser, world, address):
    form = _form(browser(world.applicant_account).get(address), address)
    assert form["participants.0.email"].value == world.applicant_account.email
    assert form["acting_for"].value == world.startup.public_id
    assert form["participants.0.organisation"].value == world.startup.name


def test_another_person_is_added_and_removed_with_all_that_was_typed(browser, database, world, address):
    form = _form(browser(world.applicant_account).get(address), address)
    form["title"] = "Corrosion of sensors"
    more = _form(form.submit("rows", value="add:participants"), address)
    assert more["title"].value == "Corrosion of sensors"
    assert more["participants.1.name"].value == ""
    more["participants.1.name"] = "Second Person"
    more["participants.1.email"] = "second@example.org"
    fewer = _form(more.submit("rows", value="remove:participants:0"), address)
    assert fewer["participants.0.name"].value == "Second Person"
    assert "participants.1.name" not in fewer.fields
    with database.reader() as session:
        assert session.scalars(select(AccessRequest)).all() == []


def test_a_draft_is_saved_once_however_often_the_form_is_sent(browser, database, world, address):
    form = _filled(browser(world.applicant_account), address)
    first, second = form.submit("save"), form.submit("save")
    assert first.status_int == second.status_int == 303
    assert first.location == second.location
    assert "Your draft is saved" in first.follow().text
    with database.reader() as session:
        saved = session.scalars(select(AccessRequest)).one()
        assert (saved.state, saved.title, saved.regime) == ("draft", "Corrosion of sensors", "open")
        # The last day counts whole, on the facility's clock.
        assert saved.period_end.isoformat() == f"{NEXT_YEAR}-06-30T22:00:00+00:00"


def test_it_is_sent_at_once_and_says_what_comes_next(browser, database, world, address):
    sent = _filled(browser(world.applicant_account), address).submit("send").follow()
    assert "It was sent." in sent.text
    with database.reader() as session:
        assert session.scalars(select(AccessRequest.state)).one() == "under_review"


def test_what_cannot_be_sent_yet_stays_saved_and_says_why(browser, database):
    with database.writer() as session:
        world = make_world(session, entry="rounds")
    visitor, address = browser(world.applicant_account), f"/instruments/{world.instrument.public_id}/request"
    shown = _filled(visitor, address).submit("send").follow()
    assert "It is saved, but it was not sent." in shown.text
    with database.reader() as session:
        assert session.scalars(select(AccessRequest.state)).one() == "draft"


def test_each_fault_stands_beside_its_field_and_nothing_typed_is_lost(browser, database, world, address):
    form = _filled(browser(world.applicant_account), address)
    form = _form(form.submit("rows", value="add:participants"), address)
    form["participants.1.name"], form["participants.1.email"] = "Second Person", "second@example.org"
    form["participants.1.organisation"] = "Nowhere Institute"
    refused = form.submit("save", status=422)
    assert _error(refused, "participants.1.organisation")
    form = _form(refused, address)
    assert form["participants.1.name"].value == "Second Person"
    form["participants.1.organisation"] = ""
    assert _error(form.submit("save", status=422), "participants.1.country_of_work")
    form["participants.1.country_of_work"] = "KE"
    form["quantity"] = "0"
    assert _error(form.submit("save", status=422), "quantity")
    form["quantity"], form["period.end"] = "2", f"{NEXT_YEAR}-01-01"
    assert _error(form.submit("save", status=422), "period.end")


def test_an_organisation_of_a_member_is_known_by_its_name(browser, database, world, address):
    with database.writer() as session:
        institute = make_organisation(session, name="Njoro Institute", country="KE")
    form = _filled(browser(world.applicant_account), address)
    form = _form(form.submit("rows", value="add:participants"), address)
    form["participants.1.name"], form["participants.1.email"] = "Second Person", "second@example.org"
    form["participants.1.organisation"], form["participants.1.country_of_work"] = "njoro institute", "KE"
    assert form.submit("save").status_int == 303
    with database.reader() as session:
        member = session.scalars(select(Participant).where(Participant.email == "second@example.org")).one()
        assert member.organisation_id == institute.id


def test_samples_are_named_row_by_row(browser, database, world, address):
    form = _filled(browser(world.applicant_account), address)
    form = _form(form.submit("rows", value="add:samples"), address)
    form["samples.0.kind"], form["samples.0.country"], form["samples.0.hazards"] = "Steel", "KE", "sharp, dusty"
    form["samples.0.biosafety"], form["samples.0.fate"] = "bsl-1", "returned"
    form["samples.0.papers"] = "import-permit: P: 12;\r\n mta: 7\r\n"
    papers = {"import-permit": "P: 12", "mta": "7"}
    steel = {"kind": "Steel", "country": "KE", "hazards": ["sharp", "dusty"], "biosafety": "bsl-1", "fate": "returned"}
    page = form.submit("save").follow()
    assert _samples(database) == [steel | {"documents": papers}]
    said = page.html.find("dt", string="Sample").find_next("dd").get_text()
    for words in ("Steel, Kenya", "BSL-1: not known to make healthy people ill", "Returned to the team", "mta: 7"):
        assert words in said
    # The form shows what was said, keeps it, and takes it back; a sample is named by its substance.
    edit = f"{page.request.path}/edit"
    form = _form(page.test_app.get(edit), edit)
    assert (form["samples.0.biosafety"].value, form["samples.0.fate"].value) == ("bsl-1", "returned")
    assert sorted(form["samples.0.papers"].value.splitlines()) == ["import-permit: P: 12", "mta: 7"]
    form["samples.0.biosafety"] = form["samples.0.hazards"] = form["samples.0.papers"] = ""
    form.submit("save")
    assert _samples(database) == [{"kind": "Steel", "country": "KE", "fate": "returned"}]
    form = _form(page.test_app.get(edit), edit)
    form["samples.0.kind"] = form["samples.0.country"] = ""
    assert _error(form.submit("save", status=422), "samples.0.kind")


def test_a_paper_that_comes_later_leaves_its_sample_as_it_was_stated(browser, database, world):
    bone = {"kind": "bone", "country": "KE", "hazards": []}
    with database.writer() as session:
        request = make_submitted(session, world, project={"samples": [{"kind": "soil"}, bone]})
    edit = f"/access-requests/{request.public_id}/edit"
    form = _form(browser(world.applicant_account).get(edit), edit)
    form["samples.1.papers"] = "import-permit: P-12"
    assert form.submit("save").status_int == 303
    assert _samples(database) == [{"kind": "soil"}, bone | {"documents": {"import-permit": "P-12"}}]


def test_who_works_from_afar_may_do_so_from_another_country(browser, database, world, address):
    form = _filled(browser(world.applicant_account), address)
    form["participants.0.presence"], form["participants.0.remote_from"] = "remote", "NO"
    page = form.submit("save").follow()
    assert "(Norway)" in page.html.find("table").get_text()
    edit = f"{page.request.path}/edit"
    form = _form(page.test_app.get(edit), edit)
    assert form["participants.0.remote_from"].value == "NO"
    form["participants.0.remote_from"] = ""
    form.submit("save")
    with database.reader() as session:
        member = session.scalars(select(Participant)).one()
        assert (member.presence, member.remote_from) == ("remote", member.country_of_work)
    assert _form(page.test_app.get(edit), edit)["participants.0.remote_from"].value == ""


def test_a_change_of_the_title_keeps_every_approval(browser, database, world):
    edit, page = _submitted(browser, database, world)
    assert "asked again if you change" in page.text
    form = _form(page, edit)
    form["title"] = "Another title"
    assert "The changes are saved" in form.submit("save").follow().text
    with database.reader() as session:
        row = session.scalars(select(AccessRequest)).one()
        assert row.title == "Another title"
        # A period that was given to the hour is not rounded to days by a form that nobody changed.
        assert (row.period_start.hour, row.period_end.hour) == (9, 9)
        assert {one.state for one in approvals_of(session, "access_request", row.id)} == {"pending"}


def test_a_change_of_the_period_asks_again_who_rests_on_it(browser, database, world):
    edit, page = _submitted(browser, database, world)
    form = _form(page, edit)
    form["period.end"] = "2026-12-31"
    assert form.submit("save").status_int == 303
    with database.reader() as session:
        row = session.scalars(select(AccessRequest)).one()
        found = [(one.role, one.state) for one in approvals_of(session, "access_request", row.id)]
        assert ("facility_manager", "void") in found
        assert ("access_administrator", "void") not in found


def test_a_change_on_an_older_version_is_not_taken(browser, database, world):
    edit, page = _submitted(browser, database, world)
    first, second = _form(page, edit), _form(browser(world.applicant_account).get(edit), edit)
    first["title"], second["title"] = "First", "Second"
    first.submit("save")
    refused = second.submit("save", status=412)
    assert "changed this in the meantime" in refused.html.select_one("[role=alert]").get_text()
    # What the other one wrote is not overwritten by sending it a second time without looking.
    _form(refused, edit).submit("save", status=412)
    with database.reader() as session:
        assert session.scalars(select(AccessRequest.title)).one() == "First"


def test_only_the_requester_changes_it(browser, database, world):
    with database.writer() as session:
        draft = make_request(session, world).public_id
        stranger = make_account(session)
    browser(stranger).get(f"/access-requests/{draft}/edit", status=404)


def _samples(database):
    with database.reader() as session:
        return session.scalars(select(AccessRequest.project)).one().get("samples")


def _submitted(browser, database, world):
    with database.writer() as session:
        edit = f"/access-requests/{make_submitted(session, world).public_id}/edit"
    return edit, browser(world.applicant_account).get(edit)


def _filled(visitor, address):
    form = _form(visitor.get(address), address)
    form["title"], form["quantity"] = "Corrosion of sensors", "2"
    form["period.start"], form["period.end"] = f"{NEXT_YEAR}-04-01", f"{NEXT_YEAR}-06-30"
    return form


def _form(page, action):
    return next(form for form in page.forms.values() if form.action == action)


def _error(page, field):
    return page.html.find(id=f"field-{field}-error")


def test_it_asks_at_once_for_what_booking_by_this_way_will_need(browser, database, world, address):
    funding = {"type": "require", "kind": "funding", "code": "purchase-order"}
    with database.writer() as session:
        paid = {"op": "eq", "fact": "request.regime", "value": "proprietary"}
        make_policy(session, raw_rule("paid", funding, paid, applies_to=["book"]), name="paid")
        route = make_route(
            session, facility=world.facility, instruments=[world.instrument], name="Paid", regimes=["proprietary"]
        )
    form = browser(world.applicant_account).get(address, params={"route": route.public_id})
    assert 'value="purchase-order"' in form.text


def test_an_assurance_may_be_stated_and_the_form_says_who_has_to_note_it(browser, database, world, address):
    identity = {"type": "require", "kind": "assurance", "code": "identity-high"}
    with database.writer() as session:
        make_policy(session, raw_rule("identity", identity, applies_to=["request"]), name="identity")
    form = browser(world.applicant_account).get(address)
    assert 'value="identity-high"' in form.text
    assert "Whom to ask: the staff of the facility" in form.text
    with database.writer() as session:
        make_assurance(session, world.applicant_account)
    assert "Whom to ask" not in browser(world.applicant_account).get(address).text
    assert "Passport seen" in browser(world.applicant_account).get("/account").text
