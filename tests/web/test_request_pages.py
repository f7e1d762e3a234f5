"""Asking for access on pages: the way in, the draft, sending, changing, the terms, talking, withdrawing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from infra_access.access_requests.corrections import propose
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.routes import update_route
from infra_access.core import clock
from infra_access.people.models import Account
from tests.factories.access_requests import (
    END_USE,
    NOW,
    OPEN_TO_ALL,
    SYSTEM,
    TERMS,
    make_active,
    make_approved,
    make_request,
    make_route,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.people import make_account, make_affiliation, make_grant

ETHICS = {
    "id": "ethics",
    "applies_to": ["request"],
    "effect": {"type": "require", "kind": "document", "code": "ethics-approval"},
    "grounds": "ethics",
    "message": {"en": "Show the vote of an ethics board."},
    "expected_days": 5,
    "latest_days": 20,
}


@pytest.fixture
def world(database):
    with database.writer() as session:
        return make_world(session)


def _account(database, actor):
    with database.reader() as session:
        return session.get_one(Account, actor.account_id)


def _form(page, end):
    return next(form for form in page.forms.values() if form.action.endswith(end))


def _filled(page, world):
    form = _form(page, "/request")
    form["title"], form["summary"], form["quantity"] = "Corrosion of sensors", "Ten pins.", "2"
    form["regime"], form["access_type"] = "open", "physical"
    first = clock.now().date() + timedelta(days=40)
    form["period.start"], form["period.end"] = first.isoformat(), (first + timedelta(days=60)).isoformat()
    form["participants.0.country_of_work"] = "KE"
    return form


def _only(database):
    with database.reader() as session:
        return session.scalars(select(AccessRequest)).one()


def _address(world):
    return f"/instruments/{world.instrument.public_id}/request"


def test_the_way_in_is_chosen_first(browser, database, world):
    with database.writer() as session:
        other = make_route(session, facility=world.facility, instruments=[world.instrument], name="Paid access")
    visitor = browser(world.applicant_account)
    page = visitor.get(_address(world))
    assert "Rapid access" in page.text
    assert "Paid access" in page.text
    assert page.html.select(f'a[href$="route={other.public_id}"]')
    chosen = visitor.get(_address(world), {"route": other.public_id})
    assert _form(chosen, "/request")["route"].value == other.public_id


def test_rows_of_people_come_and_go_without_a_script_and_keep_what_was_typed(browser, database, world):
    form = _filled(browser(world.applicant_account).get(_address(world)), world)
    more = form.submit("rows", value="add:participants")
    form = _form(more, "/request")
    assert form["title"].value == "Corrosion of sensors"
    form["participants.1.name"], form["participants.1.email"] = "Wanjiru", "wanjiru@startup.example"
    more = form.submit("rows", value="add:participants")
    form = _form(more, "/request")
    assert form["participants.1.name"].value == "Wanjiru"
    less = form.submit("rows", value="remove:participants:1")
    assert "wanjiru@startup.example" not in less.text
    with database.reader() as session:
        assert session.scalars(select(AccessRequest)).all() == []


def test_a_draft_is_saved_and_seen_by_its_team_alone(browser, database, world):
    visitor = browser(world.applicant_account)
    answer = _filled(visitor.get(_address(world)), world).submit("save")
    assert answer.status_int == 303
    page = answer.follow()
    assert "Your draft is saved" in page.text
    draft = _only(database)
    assert (draft.state, draft.title) == ("draft", "Corrosion of sensors")
    browser(_account(database, world.manager)).get(f"/access-requests/{draft.public_id}", status=404)


def test_faults_stand_beside_their_fields_and_nothing_is_saved(browser, database, world):
    form = _filled(browser(world.applicant_account).get(_address(world)), world)
    form["title"], form["quantity"] = "", "-1"
    page = form.submit("save", status=422)
    assert page.html.select("#field-title-error")
    assert page.html.select("#field-quantity-error")
    assert _form(page, "/request")["summary"].value == "Ten pins."
    with database.reader() as session:
        assert session.scalars(select(AccessRequest)).all() == []


def test_sending_says_who_holds_it_and_by_when(browser, database, world):
    page = _filled(browser(world.applicant_account).get(_address(world)), world).submit("send").follow()
    assert _only(database).state == "under_review"
    for told in ("Under review", "Manager of the facility", "Access administrator", "usually within 4 days"):
        assert told in page.text


def test_what_is_missing_keeps_the_draft_and_is_named_then_supplied(browser, database):
    with database.writer() as session:
        world = make_world(session, rules=(OPEN_TO_ALL, ETHICS))
    visitor = browser(world.applicant_account)
    page = _filled(visitor.get(_address(world)), world).submit("send").follow()
    draft = _only(database)
    assert draft.state == "draft"
    assert "Show the vote of an ethics board." in page.text
    form = _form(visitor.get(f"/access-requests/{draft.public_id}/edit"), "/edit")
    form["documents.ethics-approval"] = "Vote 12/2026"
    sent = form.submit("send").follow()
    assert "Vote 12/2026" in sent.text
    assert _only(database).state not in ("draft", "refused")


def test_the_end_use_is_asked_for_where_a_rule_requires_it(browser, database):
    with database.writer() as session:
        world = make_world(session, rules=(OPEN_TO_ALL, END_USE))
    visitor = browser(world.applicant_account)
    form = _filled(visitor.get(_address(world)), world)
    form["end_use.user"], form["end_use.countries"] = "A firm of Nairobi", "ke, nowhere"
    page = form.submit("save", status=422)
    assert page.html.select('[id="field-end_use.countries-error"]')
    form["end_use.countries"] = "ke, DE"
    assert form.submit("send").follow().text.count("Say what the results are for.")
    draft = _only(database)
    assert draft.project["end_use"] == {"user": "A firm of Nairobi", "countries": ["KE", "DE"]}
    form = _form(visitor.get(f"/access-requests/{draft.public_id}/edit"), "/edit")
    assert form["end_use.countries"].value == "KE, DE"
    form["end_use.use"] = "Better buoys"
    page = form.submit("save", status=422)
    assert (
        "ask the facility for its export control officer"
        in page.html.select_one('[id="field-end_use.peaceful-error"]').get_text()
    )
    form["end_use.peaceful"] = True
    sent = form.submit("send").follow()
    assert "It serves neither weapons of mass destruction" in sent.text
    assert _only(database).state not in ("draft", "refused")


def test_a_change_after_sending_says_what_it_asks_again_and_asks_just_that(browser, database, world):
    with database.writer() as session:
        request = make_submitted(session, world, period=_soon())
        before = {role: one.public_id for role, one in pending(session, request).items()}
    visitor = browser(world.applicant_account)
    page = visitor.get(f"/access-requests/{request.public_id}/edit")
    assert "Manager of the facility" in page.text
    form = _form(page, "/edit")
    form["quantity"] = "3"
    assert "The changes are saved" in form.submit("save").follow().text
    with database.reader() as session:
        after = {role: one.public_id for role, one in pending(session, request).items()}
    assert after["access_administrator"] == before["access_administrator"]
    assert after["facility_manager"] != before["facility_manager"]


def test_a_form_of_an_older_version_changes_nothing(browser, database, world):
    with database.writer() as session:
        request = make_request(session, world, period=_soon())
    pages = [browser(world.applicant_account).get(f"/access-requests/{request.public_id}/edit") for _each in range(2)]
    first, second = (_form(page, "/edit") for page in pages)
    first["title"], second["title"] = "First", "Second"
    assert first.submit("save").status_int == 303
    assert second.submit("save", status=412).html.select("[role=alert]")
    assert _only(database).title == "First"


def test_a_draft_is_sent_from_its_page(browser, database, world):
    with database.writer() as session:
        request = make_request(session, world, period=_soon())
    visitor = browser(world.applicant_account)
    page = visitor.get(f"/access-requests/{request.public_id}")
    assert "Under review" in _form(page, "/submit").submit().follow().text
    assert all(not form.action.endswith("/submit") for form in visitor.get(page.request.path).forms.values())


def test_it_is_withdrawn_with_a_notice(browser, database, world):
    with database.writer() as session:
        request = make_submitted(session, world, period=_soon())
    visitor = browser(world.applicant_account)
    form = _form(visitor.get(f"/access-requests/{request.public_id}"), "/withdraw")
    form["reason"] = "The pins arrived broken."
    done = form.submit().follow()
    assert "The request is withdrawn" in done.text
    assert _only(database).state == "withdrawn"
    stale = visitor.post(form.action, dict(form.submit_fields())).follow()
    assert stale.html.select("[role=alert]")


def test_the_terms_are_read_and_accepted_by_their_hash(browser, database, world):
    with database.writer() as session:
        request = make_approved(session, world, period=_soon())
    visitor = browser(world.applicant_account)
    page = visitor.get(f"/access-requests/{request.public_id}")
    assert page.html.select_one(".terms__text p").get_text() == "Results are published."
    assert world.applicant.name in page.html.select_one("#terms").find_parent("section").get_text()
    form = _form(page, "/accept-terms")
    kept = form["text_hash"].value
    form["text_hash"] = "0" * 64
    refused = form.submit().follow()
    assert "The terms have changed" in refused.text
    form = _form(refused, "/accept-terms")
    assert form["text_hash"].value == kept
    assert "The terms are accepted" in form.submit().follow().text
    assert _only(database).state == "active"


def test_the_points_of_the_terms_stand_first(browser, database, world):
    points = {
        "ip": "joint",
        "sharing": {"what": "Spectra", "licence": "CC BY 4.0"},
        "publication": {"duty": "required"},
        "cost_shares": [{"party": "applicant", "percent": "12.5"}, {"party": "host", "percent": "87.5"}],
        "liability": {"cap": {"amount": "1000", "currency": "EUR"}},
    }
    with database.writer() as session:
        route = session.get_one(type(world.route), world.route.id)
        terms = {"open": TERMS["open"] | {"version": "2", "points": points}}
        update_route(session, actor=SYSTEM, now=NOW, route=route, changes={"terms": terms})
        request = make_approved(session, world, period=_soon())
    page = browser(world.applicant_account).get(f"/access-requests/{request.public_id}")
    section = page.html.select_one("#terms").find_parent("section")
    said = {term.get_text(): term.find_next("dd").get_text() for term in section.select("dt")}
    assert said["Results belong to"] == "both sides jointly"
    assert said["Sharing and reuse"] == "Spectra; CC BY 4.0"
    assert said["Costs"] == "the applicant 12.5 %; the host 87.5 %"
    assert said["Liability"] == "up to EUR\xa01,000.00"
    assert section.get_text().index("both sides jointly") < section.get_text().index("Results are published.")


def test_what_was_granted_leads_to_booking(browser, database, world):
    with database.writer() as session:
        request = make_active(session, world, period=_soon())
    page = browser(world.applicant_account).get(f"/access-requests/{request.public_id}")
    assert page.html.select(f'a[href^="/instruments/{world.instrument.public_id}/book?allocation="]')
    manager = browser(_account(database, world.manager)).get(f"/access-requests/{request.public_id}")
    assert not manager.html.select('a[href*="/book?allocation="]')


def test_the_team_writes_and_the_facility_answers(browser, database, world):
    with database.writer() as session:
        request = make_submitted(session, world, period=_soon())
    team, staff = browser(world.applicant_account), browser(_account(database, world.manager))
    address = f"/access-requests/{request.public_id}"
    form = _form(team.get(address), "/messages")
    empty = form.submit(status=422)
    assert empty.html.select("#field-subject-error")
    form["subject"], form["text"] = "Dates", "May we come\na week later? <b>Please</b>"
    talk = form.submit().follow()
    assert "&lt;b&gt;Please" in talk.text
    path = talk.request.path
    answer = _form(staff.get(path), path)
    answer["text"] = "Yes, in week 23."
    answer.submit().follow()
    assert "Yes, in week 23." in team.get(path).text
    assert "Dates" in staff.get(address).text


def test_the_staff_talks_among_itself(browser, database, world):
    with database.writer() as session:
        request = make_submitted(session, world, period=_soon())
    address = f"/access-requests/{request.public_id}"
    form = _form(browser(_account(database, world.manager)).get(address), "/messages")
    form["subject"], form["text"], form["staff"] = "Hazards", "Is this safe?", True
    path = form.submit().follow().request.path
    team = browser(world.applicant_account)
    assert "Hazards" not in team.get(address).text
    team.get(path, status=404)


def test_somebody_else_finds_nothing_there(browser, database, world):
    with database.writer() as session:
        request = make_submitted(session, world, period=_soon())
        stranger = make_account(session)
    for end in ("", "/edit"):
        assert "Corrosion" not in browser(stranger).get(f"/access-requests/{request.public_id}{end}", status=404).text


def _soon():
    return clock.now() + timedelta(days=40), clock.now() + timedelta(days=100)


def test_a_proposal_says_who_would_be_on_the_team(browser, database, world):
    with database.writer() as session:
        request = make_submitted(session, world)
        team = [{"email": "li@lab.example", "name": "Li", "role": "operator", "country_of_work": "CN"}]
        changes = {"participants": team, "regime": "proprietary", "quantity": "1", "access_unit": "shift"}
        values = {"actor": world.manager, "now": NOW, "changes": changes, "reason": "As you wrote."}
        propose(session, access_request=request, **values)
    page = browser(world.applicant_account).get(f"/access-requests/{request.public_id}")
    told = " ".join(page.html.select_one("section[aria-labelledby=corrections]").text.split())
    assert "Li (li@lab.example): Works the instrument, China" in told
    assert "is changed" not in told
    assert "access_unit" not in told
    assert "how much So far: 2 Proposed: 1" in told
    assert "what comes of it So far:" in told


def test_the_page_offers_the_staff_no_more_than_the_commands_take(browser, database, world):
    scope = {"role": "facility_manager", "scope_kind": "facility", "scope_key": world.facility.public_id}
    with database.writer() as session:
        request = make_active(session, world)
        free, near = make_account(session), make_account(session)
        for account in (free, near):
            make_grant(session, account=account, **scope)
        make_affiliation(session, account=near, organisation=world.startup)
    address = f"/access-requests/{request.public_id}"
    offered = browser(free).get(address)
    assert {f"{address}/revoke", f"{address}/corrections"} <= {form["action"] for form in offered.html.select("form")}
    kept = browser(near).get(address)
    assert not any("revoke" in form["action"] or "corrections" in form["action"] for form in kept.html.select("form"))
    words = " ".join(kept.html.select_one("main").text.split())
    assert "of your team or of your organisation. Leave it to others: Access administrator" in words
