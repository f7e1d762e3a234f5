"""An office in a browser: a ring closes with its beamlines, and ten sessions go from a draft to their answers."""

import re
from datetime import timedelta

from playwright.sync_api import Browser, Page, expect

from infra_access.access_requests import allocations
from infra_access.access_requests.drafting import create_access_request
from infra_access.access_requests.models import AccessRequest, AccessRoute, AgreementAcceptance
from infra_access.access_requests.terms import agreements
from infra_access.access_requests.terms.agreement_queries import APPLICANT, HOST, agreement_of
from infra_access.catalogue.models import Organisation
from infra_access.http.sessions import LOGIN_COOKIE
from infra_access.people.actors import load_actor
from tests.browser.conftest import Site
from tests.demo_world import NOW

SESSIONS = 10


def opened(site: Site, browser: Browser, who: str) -> Page:
    """Return a page of somebody who is signed in."""
    context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 1200})
    context.add_cookies([{"name": LOGIN_COOKIE, "value": site.world.cookies[who], "url": site.url}])
    context.set_default_timeout(20_000)
    return context.new_page()


def free_cells(page: Page, site: Site, instrument: str, day: str) -> int:
    """Return how many cells of a day, until 20:00 UTC, are free in the calendar of an instrument."""
    page.goto(f"/instruments/{site.world.ids['instruments'][instrument]}/calendar?on={day}")
    morning_and_afternoon = (f'td[data-start^="{day}T{tens}"].slot--free' for tens in (0, 1))
    return page.locator(", ".join(morning_and_afternoon)).count()


def test_closing_the_ring_for_a_day_closes_its_beamlines(site: Site, browser: Browser) -> None:
    page, day = opened(site, browser, "manager"), "2026-04-15"
    beamlines = ("sls-micro-xas", "sls-tomography")
    try:
        before = [free_cells(page, site, one, day) for one in (*beamlines, "sls-sample-laboratory")]
        assert all(before)
        page.goto(f"/facilities/{site.world.ids['facilities']['swiss-light-source']}/maintenance")
        form = page.get_by_role("region", name="Close something")
        ring = form.get_by_label("What", exact=True).locator("option", has_text=re.compile("ring", re.IGNORECASE))
        form.get_by_label("What", exact=True).select_option(value=ring.first.get_attribute("value"))
        form.get_by_label("Day", exact=True).fill(day)
        form.get_by_label("From").fill("00:00")
        form.get_by_label("Until").fill("00:00")
        form.get_by_label("Last day, if another").fill("2026-04-16")
        form.get_by_label("What for").fill("Machine day")
        form.get_by_role("button", name="Show what it comes to").press("Enter")
        expect(page.get_by_role("heading", name="What closing it comes to")).to_be_visible()
        assert free_cells(page, site, beamlines[0], day) == before[0]
        page.go_back()
        page.get_by_role("region", name="What closing it comes to").get_by_role("button").press("Enter")
        expect(page.locator("main")).to_contain_text("Machine day")
        assert [free_cells(page, site, one, day) for one in (*beamlines, "sls-sample-laboratory")] == [0, 0, before[2]]
    finally:
        page.context.close()


def test_ten_sessions_are_drafted_published_once_and_answered(site: Site, browser: Browser) -> None:
    grant_teams(site)
    office, team = opened(site, browser, "manager"), opened(site, browser, "startup")
    try:
        office.goto(f"/facilities/{site.world.ids['facilities']['villigen-neutron-source']}/board")
        form = (
            office.get_by_role("form")
            .or_(office.locator("form"))
            .filter(has=office.get_by_role("button", name="Begin"))
        )
        form.get_by_label("Name").fill("A round in a browser")
        form.get_by_label("First day").fill("2026-04-06")
        form.get_by_label("Last day").fill("2026-04-26")
        form.get_by_role("button", name="Begin").press("Enter")
        office.get_by_role("button", name="Suggest times for all that waits").press("Enter")
        drafted = office.get_by_role("region", name="Sessions", exact=True).locator("li")
        expect(drafted.filter(has_text="Steel")).to_have_count(SESSIONS)
        expect(office.locator("main")).to_contain_text("Nothing is in the way.")
        team.goto("/me")
        expect(team.locator("main")).not_to_contain_text("Steel, proposed")
        office.get_by_role("button", name="Publish", exact=True).click()
        office.get_by_label("Answer by").fill(f"{NOW + timedelta(days=7):%Y-%m-%d}")
        office.get_by_role("button", name="Publish to the teams").press("Enter")
        answers = drafted.filter(has_text="Steel").get_by_role("link", name="See the booking")
        expect(answers).to_have_count(SESSIONS)
        expect(office.get_by_role("button", name="Publish", exact=True)).to_have_count(0)
        for number, path in enumerate([one.get_attribute("href") for one in answers.all()]):
            team.goto(str(path))
            if number % 5:
                team.get_by_role("button", name="Accept", exact=True).press("Enter")
                expect(team.locator("main")).to_contain_text("Confirmed")
            else:
                team.get_by_text("Decline", exact=True).press("Enter")
                team.get_by_label("Why").fill("We are at sea.")
                team.get_by_role("button", name="Decline it").press("Enter")
                expect(team.locator("main")).to_contain_text("We are at sea.")
        office.reload()
        expect(drafted.filter(has_text="Confirmed")).to_have_count(SESSIONS - 2)
        expect(drafted.filter(has_text="We are at sea.")).to_have_count(2)
    finally:
        office.context.close()
        team.context.close()


def grant_teams(site: Site) -> None:
    """Grant the startup, that many times, another day at the instrument where it was granted some before."""
    with site.world.database.writer() as session:
        known = session.query(AccessRequest).filter_by(title="Water in the seals of sensors").one()
        route = session.get_one(AccessRoute, known.route_id)
        for _number in range(SESSIONS):
            asked = create_access_request(
                session,
                actor=load_actor(session, known.requester_id, now=NOW),
                now=NOW,
                route=route.public_id,
                title="Steel",
                regime=known.regime,
                instruments=[site.world.ids["instruments"]["sinq-imaging"]],
                quantity=1,
                access_unit=known.access_unit,
                period=(NOW, NOW + timedelta(days=60)),
                access_type=known.access_type,
                acting_for=session.get_one(Organisation, known.acting_for_id).public_id,
            )
            agreements.offer(session, asked, route, NOW)
            terms = agreement_of(session, asked).agreement
            for side in (APPLICANT, HOST):  # as if both had read them
                session.add(
                    AgreementAcceptance(
                        agreement_id=terms.id,
                        side=side,
                        account_id=known.requester_id,
                        accepted_at=NOW,
                        text_hash=terms.text_hash,
                    )
                )
            allocations.activate(session, asked)
