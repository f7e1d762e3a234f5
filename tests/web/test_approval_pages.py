"""The inbox of whoever decides, and giving a verdict with its reason."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from infra_access.access_requests import appeals, revoking
from infra_access.access_requests.approvals.verdicts import inbox
from infra_access.access_requests.models import AccessRequest, Allocation, Approval
from infra_access.people.models import Account
from tests.factories.access_requests import (
    COMMUNITY,
    NOW,
    OPEN_TO_ALL,
    make_active,
    make_authority,
    make_network_administrator,
    make_route,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.catalogue import make_instrument
from tests.factories.people import make_account, make_actor


@pytest.fixture
def world(database):
    with database.writer() as session:
        return make_world(session)


@pytest.fixture
def asked(database, world):
    """Return what the manager of the facility is asked."""
    with database.writer() as session:
        request = make_submitted(session, world, title="Secret sauce", summary="Why it sticks.")
        return pending(session, request)["facility_manager"]


def _account(database, actor):
    with database.reader() as session:
        return session.get_one(Account, actor.account_id)


def _verdict_form(page):
    return next(form for form in page.forms.values() if "verdict" in form.fields)


def _state(database, approval):
    with database.reader() as session:
        return session.get_one(Approval, approval.id).state


def test_the_inbox_says_who_asks_from_where_for_what_and_why(browser, database, world, asked):
    page = browser(_account(database, world.manager)).get("/approvals")
    for told in ("Secret sauce", world.applicant.name, "Kenya", "Staff check that there is time."):
        assert told in page.text
    assert page.html.select(f'a[href="/approvals/{asked.public_id}"]')


def test_an_empty_inbox_teaches(browser, database):
    with database.writer() as session:
        account = make_account(session)
    page = browser(account).get("/approvals")
    assert page.html.select(".empty")


def test_a_case_number_leads_to_its_request(browser, database, world, asked):
    with database.reader() as session:
        request = session.scalars(select(AccessRequest)).one()
    visitor = browser(_account(database, world.manager))
    for path in ("/approvals", "/manage"):
        form = next(form for form in visitor.get(path).forms.values() if "case" in form.fields)
        form["case"] = request.case
        assert form.submit().location == f"http://localhost/access-requests/{request.public_id}"
    form["case"] = "ZZZZ-ZZZZ"
    assert "You can read no request with the case number ZZZZ-ZZZZ." in form.submit().follow().text


def test_a_yes_is_recorded_and_leads_back_to_the_inbox(browser, database, world, asked):
    visitor = browser(_account(database, world.manager))
    page = visitor.get(f"/approvals/{asked.public_id}")
    assert "Why it sticks." in page.text
    assert "Access administrator" in page.text
    answer = _verdict_form(page).submit("verdict", value="approve")
    assert (answer.status_int, answer.location) == (303, "http://localhost/approvals")
    after = answer.follow()
    assert "You approved it" in after.text
    assert "Secret sauce" not in after.text
    assert "Secret sauce" in visitor.get("/approvals?state=decided").text
    assert _state(database, asked) == "approved"


def test_a_refusal_needs_a_reason_and_keeps_what_was_typed(browser, database, world, asked):
    visitor = browser(_account(database, world.manager))
    form = _verdict_form(visitor.get(f"/approvals/{asked.public_id}"))
    form["conditions"] = "Only in June"
    refused = form.submit("verdict", value="refuse", status=422)
    assert refused.html.select("#field-reason-error")
    form = _verdict_form(refused)
    assert form["conditions"].value == "Only in June"
    assert _state(database, asked) == "pending"
    form["reason"] = "No samples of this kind."
    form.submit("verdict", value="refuse").follow()
    with database.reader() as session:
        assert session.get_one(AccessRequest, asked.subject_id).state == "refused"


def test_the_team_reads_the_reason_but_not_the_form(browser, database, world, asked):
    form = _verdict_form(browser(_account(database, world.manager)).get(f"/approvals/{asked.public_id}"))
    form["reason"] = "Name the alloy."
    form.submit("verdict", value="request_changes")
    team = browser(world.applicant_account)
    with database.reader() as session:
        key = session.get_one(AccessRequest, asked.subject_id).public_id
    assert "Name the alloy." in team.get(f"/access-requests/{key}").text
    own = team.get(f"/approvals/{asked.public_id}")
    assert all("verdict" not in form.fields for form in own.forms.values())


def test_a_verdict_on_an_older_version_is_refused_with_what_happened(browser, database, world, asked):
    manager = _account(database, world.manager)
    early, late = (_verdict_form(browser(manager).get(f"/approvals/{asked.public_id}")) for _each in range(2))
    early["reason"] = late["reason"] = "Wait for the radiation officer."
    assert early.submit("verdict", value="pause").status_int == 303
    stale = late.submit("verdict", value="refuse", status=412)
    assert stale.html.select("[role=alert]")
    assert _state(database, asked) == "paused"
    again = _verdict_form(stale)
    assert again["reason"].value == "Wait for the radiation officer."
    assert again.submit("verdict", value="resume").status_int == 303
    assert _state(database, asked) == "pending"


def test_a_forged_form_decides_nothing(browser, database, world, asked):
    visitor = browser(_account(database, world.manager))
    visitor.post(f"/approvals/{asked.public_id}", {"verdict": "approve", "version": "1"}, status=400)
    assert _state(database, asked) == "pending"


def test_nobody_else_learns_of_it(browser, database, asked):
    with database.writer() as session:
        account = make_account(session)
    page = browser(account).get(f"/approvals/{asked.public_id}", status=404)
    assert "Secret sauce" not in page.text


def test_it_offers_only_what_can_be_said(browser, database, world, asked):
    visitor, path = browser(_account(database, world.manager)), f"/approvals/{asked.public_id}"
    offered = {button["value"] for button in visitor.get(path).html.select("button[name=verdict]")}
    # The route has announced no later round.
    assert offered == {"approve", "request_changes", "pause", "reserve", "refuse"}
    with database.writer() as session:
        session.scalars(select(AccessRequest)).one().state = "changes_requested"
    offered = {button["value"] for button in visitor.get(path).html.select("button[name=verdict]")}
    assert offered == {"approve", "request_changes", "refuse"}


def test_a_consent_is_given_until_a_day_shown_to_both_and_renewed(browser, database):
    with database.writer() as session:
        world = make_world(session, rules=[OPEN_TO_ALL, COMMUNITY], terms={})
        authority = make_authority(session, world)
        request = make_submitted(session, world)
        asked = pending(session, request)["community_authority"]
    visitor, team = browser(_account(database, authority)), browser(world.applicant_account)
    path = f"/approvals/{asked.public_id}"
    form = _verdict_form(visitor.get(path))
    refused = form.submit("verdict", value="approve", status=422)
    assert refused.html.select("#field-review_at-error")
    form = _verdict_form(refused)
    form["review_at"] = "2030-06-30"
    assert form.submit("verdict", value="approve").status_int == 303
    with database.reader() as session:  # the day is included, in Berlin
        assert session.get_one(Approval, asked.id).review_at == datetime(2030, 6, 30, 22, 0, tzinfo=UTC)
    page = team.get(f"/access-requests/{request.public_id}")
    assert "this consent is to be looked at again by" in page.text
    assert "Consent to be looked at again by" in page.text
    assert "as long as the consent to it is renewed" in page.text
    assert "Renew the consent" not in team.get(path).text
    with database.writer() as session:
        past = datetime(2026, 1, 1, tzinfo=UTC)
        session.execute(update(Approval).values(review_at=past))
        session.execute(update(Allocation).values(review_at=past))
    page = team.get(f"/access-requests/{request.public_id}")
    assert "nothing new can be booked until it is renewed" in page.text
    assert not page.html.select('a[href*="/book?"]')
    shown = visitor.get(path)
    assert "This consent has lapsed" in shown.text
    form = next(form for form in shown.forms.values() if form.action.endswith("/renewal"))
    form["review_at"] = "2020-01-01"
    again = form.submit(status=422)
    assert again.html.select("#field-review_at-error")
    form = next(form for form in again.forms.values() if form.action.endswith("/renewal"))
    form["review_at"] = "2031-06-30"
    assert "You renewed it" in form.submit().follow().text


def test_a_yes_leaves_out_an_instrument_and_the_team_reads_which_and_why(browser, database):
    with database.writer() as session:
        world = make_world(session)
        second = make_instrument(session, facility=world.facility, name="Second microscope")
        route = make_route(session, facility=world.facility, instruments=[world.instrument, second]).public_id
        both = [world.instrument.public_id, second.public_id]
        request = make_submitted(session, world, route=route, instruments=both)
        asked = pending(session, request)["facility_manager"]
    visitor = browser(_account(database, world.manager))
    form = _verdict_form(visitor.get(f"/approvals/{asked.public_id}"))
    for number in range(2):
        form.set("left_out", True, index=number)
    form["reason"] = "It is in repair."
    refused = form.submit("verdict", value="approve", status=422)
    assert refused.html.select("#field-left_out")
    form = _verdict_form(refused)
    assert [form.get("left_out", index=number).checked for number in range(2)] == [True, True]
    form.set("left_out", False, index=0)
    form.submit("verdict", value="approve").follow()
    own = browser(world.applicant_account).get(f"/access-requests/{request.public_id}")
    for page in (own, visitor.get(f"/approvals/{asked.public_id}")):
        text = " ".join(page.html.get_text().split())
        assert "Not granted: Second microscope" in text
        assert "It is in repair." in text


def test_whoever_looks_at_an_appeal_reads_what_it_is_against_and_why(browser, database):
    with database.writer() as session:
        world = make_world(session)
        request = make_active(session, world)
        revoker = make_actor(session, ("access_administrator", ("country", "DE")))
        revoking.revoke(session, actor=revoker, now=NOW, access_request=request, reason="Tank leak.")
        third = make_network_administrator(session)
        appeals.appeal(session, actor=world.applicant, now=NOW, access_request=request, reason="It is mended.")
        (asked,) = inbox(session, actor=third, now=NOW).items
        pages = [(third, f"/approvals/{asked.approval.public_id}")]
        pages += [(who, f"/access-requests/{request.public_id}") for who in (world.applicant, third, world.manager)]
    for who, path in pages:
        page = browser(_account(database, who)).get(path)
        for told in ("Tank leak.", "It is mended.", "The revocation that was appealed against", "Access administrator"):
            assert told in page.text, (path, told)
