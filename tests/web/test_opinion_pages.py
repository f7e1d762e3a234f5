"""An opinion from outside on pages: asked beside the reasons, given by a link without an account, read by few."""

import logging
import re
from datetime import timedelta

import pytest

from infra_access.access_requests.opinions.by_link import make_link
from infra_access.access_requests.opinions.models import OutsideOpinion
from infra_access.http.opinion_contexts import APART
from infra_access.people.models import Account
from tests.factories.access_requests import make_submitted, make_world, pending
from tests.factories.opinions import make_opinion
from tests.serving import Post

SECRETS = ("Secret sauce", "Why it sticks", "Nyota", "KE")


@pytest.fixture
def world(database):
    with database.writer() as session:
        return make_world(session)


@pytest.fixture
def asked(database, world):
    with database.writer() as session:
        request = make_submitted(session, world, regime="proprietary", title="Secret sauce", summary="Why it sticks.")
        return pending(session, request)["facility_manager"]


def _account(database, actor):
    with database.reader() as session:
        return session.get_one(Account, actor.account_id)


def _form(page, field):
    return next(form for form in page.forms.values() if field in form.fields)


def test_it_is_asked_given_and_read(browser, database, world, asked, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    manager = browser(_account(database, world.manager))
    page = manager.get(f"/approvals/{asked.public_id}")
    form = _form(page, "question")
    form["name"], form["email"], form["question"] = "Ada Nwosu", world.applicant_account.email, "Is it sound?"
    refused = form.submit(status=422)
    assert refused.html.select("#field-email-error")
    form = _form(refused, "question")
    assert form["question"].value == "Is it sound?"
    form["email"], form["summary"] = "ada@elsewhere.example", "Steel in salt water."
    assert "on its way" in form.submit(status=303).follow().text

    mails = Post(database, tmp_path, "https://access.example.org").new()
    (mail,) = (one for one in mails if one["To"].addresses[0].addr_spec == "ada@elsewhere.example")
    text = mail.get_content()
    assert world.facility.name in text
    assert not any(said in text for said in (*SECRETS, "Is it sound?", "Steel"))
    token = re.search(r"https://access\.example\.org/opinions/([\w-]{43})\s", text)[1]

    expert = browser()
    page = expert.get(f"/opinions/{token}")
    assert {name: page.headers[name] for name in APART} == dict(APART)
    for said in ("Is it sound?", "Steel in salt water.", "Manager of the facility", world.facility.name):
        assert said in page.text
    shown = page.html.select_one("main").get_text()
    assert not any(said in shown for said in (*SECRETS, world.applicant.name, world.manager.name, "Ada"))
    form = _form(page, "recommendation")
    form["recommendation"], form["reasons"] = "against", "It dissolves."
    refused = form.submit(status=422)
    assert refused.html.select("#field-conflict-error")
    form = _form(refused, "recommendation")
    assert form["reasons"].value == "It dissolves."
    form["no_conflict"] = True
    # A page without referrer sends forms without origin, also in production.
    secure = {"wsgi.url_scheme": "https", "HTTP_HOST": "localhost"}
    done = form.submit(headers={"Origin": "null"}, extra_environ=secure, status=303)
    assert done.location.endswith(f"/opinions/{token}")
    again = expert.get(f"/opinions/{token}")
    assert "your answer is kept" in again.text
    assert "It dissolves." not in again.text
    assert form.submit(status=409).headers["Cache-Control"] == "no-store"

    (told,) = Post(database, tmp_path, "https://access.example.org").new()
    assert told["To"].addresses[0].addr_spec == _account(database, world.manager).email
    assert "It dissolves." not in told.get_content()
    read = manager.get(f"/approvals/{asked.public_id}").text
    for said in ("Ada Nwosu", "Against", "It dissolves.", "No conflict of interest"):
        assert said in read
    team = browser(world.applicant_account)
    for address in (f"/approvals/{asked.public_id}", f"/access-requests/{asked.subject_public_id}"):
        known = team.get(address).text
        assert not any(said in known for said in ("Ada Nwosu", "It dissolves.", "Is it sound?", "elsewhere.example"))
    assert token not in caplog.text
    with database.reader() as session:
        assert token not in places(session)


def places(session):
    """Return all that is stored, as one text."""
    tables = OutsideOpinion.metadata.sorted_tables
    return " ".join(str(row) for table in tables for row in session.execute(table.select()))


def test_what_is_open_explains_the_wait_and_what_ended_says_so(browser, database, world, asked):
    with database.writer() as session:
        opinion = make_opinion(session, world.manager, asked, now=asked.asked_at, days=60)
        token = make_link(session, opinion)
    address = f"/access-requests/{asked.subject_public_id}"
    explained = "an opinion from outside was asked for"
    expert = browser()
    assert expert.get("/opinions/" + "A" * 43, status=404).headers["X-Robots-Tag"] == "noindex, nofollow"
    _until(database, opinion, opinion.asked_at + timedelta(days=36_500))
    assert explained in browser(world.applicant_account).get(address).text
    assert expert.get(f"/opinions/{token}").html.select("form [name=reasons]")
    _until(database, opinion, opinion.asked_at + timedelta(seconds=1))
    assert explained not in browser(world.applicant_account).get(address).text
    gone = expert.get(f"/opinions/{token}", status=410)
    assert world.facility.name in gone.text
    assert {name: gone.headers[name] for name in APART} == dict(APART)
    manager = browser(_account(database, world.manager))
    page = manager.get(f"/approvals/{asked.public_id}")
    assert "No answer in time" in page.text
    withdraw = next(form for form in page.forms.values() if form.action.endswith("/withdraw"))
    assert "is withdrawn" in withdraw.submit(status=303).follow().text
    assert "answered or withdrawn already" in withdraw.submit(status=303).follow().text
    assert "was withdrawn" in expert.get(f"/opinions/{token}", status=410).text


def _until(database, opinion, instant):
    with database.writer() as session:
        session.get_one(OutsideOpinion, opinion.id).expires_at = instant
