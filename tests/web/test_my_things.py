"""One's own things: what waits comes first, then bookings, requests and grants; empty places say how to begin."""

from datetime import timedelta

import pytest

from infra_access.access_requests.terms.agreements import accept, agreement_of
from infra_access.access_requests.terms.waiting import terms_waiting_for
from infra_access.core import clock
from infra_access.core.timespan import TimeSpan
from infra_access.people.actors import load_actor
from infra_access.people.models import Account
from infra_access.scheduling.changes import cancel
from infra_access.scheduling.places import place_of
from tests.factories.access_requests import (
    NOW,
    OPEN_TO_ALL,
    World,
    decide,
    make_approved,
    make_request,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.nationality import make_asked, say
from tests.factories.people import make_account, make_actor, make_training
from tests.factories.scheduling import make_booking
from tests.statements import count_statements


@pytest.fixture
def world(database) -> World:
    with database.writer() as session:
        return make_world(session)


def account_of(database, actor) -> Account:
    with database.reader() as session:
        return session.get_one(Account, actor.account_id)


def waiting(page) -> list[str]:
    """Return the titles of what waits, in their order."""
    return [one.text for one in page.html.select(".checklist h3")]


def test_a_visitor_is_asked_to_sign_in(browser, database):
    browser().get("/me", status=401)
    browser().get("/me/bookings.ics", status=401)


def test_whoever_has_nothing_yet_is_told_how_to_begin(browser, database):
    with database.writer() as session:
        newcomer = make_account(session)
    page = browser(newcomer).get("/me")
    assert waiting(page) == []
    assert "No sessions yet" in page.text
    assert "No requests yet" in page.text
    assert page.html.select('a[href="/catalogue"]')
    assert "BEGIN:VCALENDAR" in browser(newcomer).get("/me/bookings.ics").text


def test_an_approver_is_led_to_the_verdicts_that_wait(browser, database, world):
    with database.writer() as session:
        make_submitted(session, world)
    page = browser(account_of(database, world.manager)).get("/me")
    assert waiting(page) == ["Requests wait for your verdict: 1"]
    assert page.html.select('.checklist a[href="/approvals"]')


def test_who_is_asked_for_their_nationality_is_led_there_until_they_said_it(browser, database):
    with database.writer() as session:
        asked = make_asked(session)
    visitor = browser(account_of(database, asked.member))
    page = visitor.get("/me")
    assert waiting(page) == ["Say your nationality, which a decision waits for"]
    assert page.html.select(f'.checklist a[href="/approvals/{asked.approval.public_id}/nationality"]')
    assert page.html.select(".checklist time")
    with database.writer() as session:
        say(session, asked, asked.member, "KE")
    assert waiting(visitor.get("/me")) == []


def test_the_applicant_sees_changes_before_terms_before_drafts(browser, database, world):
    with database.writer() as session:
        make_request(session, world, title="A draft")
        make_approved(session, world, title="With terms")
        asked = make_submitted(session, world, title="To be changed")
        decide(session, world.manager, pending(session, asked)["facility_manager"], "request_changes")
    page = browser(world.applicant_account).get("/me")
    assert waiting(page) == [
        "Make the changes that were asked for, and send it again",
        "Read the terms, and see that they are accepted",
        "Finish your draft and send it",
    ]


def test_terms_wait_for_each_side_until_it_has_accepted(database, world):
    with database.writer() as session:
        request = make_approved(session, world)
        signatory = make_actor(session, ("signatory", ("organisation", world.startup.public_id)))
        stranger = make_actor(session)
        assert [one.title for one in terms_waiting_for(session, actor=world.applicant)] == [request.title]
        assert terms_waiting_for(session, actor=world.manager) == []  # the host's side accepted with its approval
        assert [one.access_request for one in terms_waiting_for(session, actor=signatory)] == [request.public_id]
        assert terms_waiting_for(session, actor=stranger) == []
        text_hash = agreement_of(session, request).text_hash
        accept(session, actor=signatory, now=NOW, access_request=request, text_hash=text_hash)
        assert terms_waiting_for(session, actor=world.applicant) == []
        assert terms_waiting_for(session, actor=signatory) == []


def test_a_training_that_ends_soon_is_named_and_a_later_one_is_not(browser, database):
    today = clock.now().date()
    with database.writer() as session:
        account = make_account(session)
        for code, days in (("laser", 20), ("cryogenics", 300)):
            make_training(session, account=account, code=code, expires_on=today + timedelta(days=days))
    page = browser(account).get("/me")
    assert waiting(page) == ["A training of yours expires"]
    assert "laser" in page.html.select_one(".checklist").text
    assert "cryogenics" not in page.html.select_one(".checklist").text


def test_bookings_to_come_are_listed_and_cancelled_ones_only_in_the_calendar_file(browser, database):
    with database.writer() as session:
        world = make_world(session, rules=(OPEN_TO_ALL,))
        now = clock.now()
        actor = load_actor(session, world.applicant.account_id, now=now)
        place = place_of(session, world.instrument.id)
        start = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
        kept, dropped = (
            make_booking(
                session,
                place,
                TimeSpan(start + n * timedelta(days=1), start + timedelta(days=n, hours=1)),
                actor=actor,
                now=now,
            )
            for n in range(2)
        )
        cancel(session, actor=actor, now=now, booking=dropped)
        keys = kept.public_id, dropped.public_id
    page = browser(world.applicant_account).get("/me")
    links = {link["href"] for link in page.html.select('table a[href^="/bookings/"]')}
    assert links == {f"/bookings/{keys[0]}"}
    assert "For you:" in page.text
    calendar = browser(world.applicant_account).get("/me/bookings.ics")
    assert calendar.text.count("BEGIN:VEVENT") == 2
    assert calendar.text.count("STATUS:CANCELLED") == 1


def test_what_was_granted_leads_to_booking_it(browser, database, world):
    with database.writer() as session:
        request = make_approved(session, world, period=(clock.now(), clock.now() + timedelta(days=50)))
        text_hash = agreement_of(session, request).text_hash
        accept(session, actor=world.applicant, now=NOW, access_request=request, text_hash=text_hash)
    page = browser(world.applicant_account).get("/me")
    link = page.html.select_one(f'a[href^="/instruments/{world.instrument.public_id}/book?allocation="]')
    assert world.instrument.name in link.text
    assert waiting(page) == ["Book the time that you were granted"]


def test_what_is_over_is_folded_away(browser, database, world):
    with database.writer() as session:
        request = make_submitted(session, world)
        decide(session, world.manager, pending(session, request)["facility_manager"], "refuse")
    page = browser(world.applicant_account).get("/me")
    over = next(one for one in page.html.select("details") if "Requests that are over" in one.text)
    assert "Refused" in over.text


def test_many_requests_take_as_many_statements_as_one(browser, database, world):
    counts = []
    reader = browser(world.applicant_account)
    for more in (1, 4):
        with database.writer() as session:
            for _n in range(more):
                make_request(session, world)
        with count_statements(database) as sent:
            reader.get("/me")
        counts.append(sent.count)
    assert counts[0] == counts[1]
