"""A startup in Kenya finds a beamline, asks and books its shift in a browser, with scripts and without."""

import re
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from infra_access.http.sessions import LOGIN_COOKIE
from tests.browser.conftest import Site
from tests.test_story import PASSWORD, read_event

TEAM = (("colleague1@demo.example", "member", "KE"), ("scientist@demo.example", "local-contact", "CH"))
TITLE = "Iron in the soils of the coast"
BEAMLINE = "Hard X-ray micro-spectroscopy beamline"


@pytest.mark.parametrize(("scripts", "name", "day"), [(True, "Amina", "2026-04-06"), (False, "Baraka", "2026-04-07")])
def test_a_startup_gets_its_shift(site: Site, browser: Browser, scripts: bool, name: str, day: str) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=scripts, timezone_id="Africa/Nairobi")
    context.set_default_timeout(20_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        find_the_beamline(page)
        beamline = page.url.partition("?")[0]
        enter(page, name)
        ask(page, beamline, name)
        request = page.url
        for officer in ("manager", "administrator"):
            approve(site, browser, officer, f"{name} Sensors Ltd")
        page.goto(request)
        page.get_by_label("I have read these terms").check()
        page.get_by_role("button", name="Accept the terms").click()
        book(page, day)
        assert complaints == []
    finally:
        context.close()


def find_the_beamline(page: Page) -> None:
    """Search as a visitor, say who one is, and read when a session is realistic."""
    page.goto("/")
    page.get_by_role("searchbox").first.fill("EXAFS")
    page.keyboard.press("Enter")
    page.get_by_text("I am …").first.click()
    for label, value in (("I work for", "company"), ("In which country", "KE"), ("What comes of it", "open")):
        page.get_by_label(label).select_option(value)
    page.get_by_label("We are a startup").check()
    page.get_by_role("button", name="Show what I may use").click()
    page.get_by_role("link", name=BEAMLINE).first.click()
    decision = page.locator(".decision")
    expect(decision).to_contain_text("By what you said")
    expect(decision).to_contain_text("16 Mar 2026")
    expect(decision).to_contain_text("8 Apr 2026")


def enter(page: Page, name: str) -> None:
    """Sign up, sign in and enter the organisation with its number in the companies' register."""
    page.get_by_role("link", name="Sign up").first.click()
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Mail address").fill(address(name))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Country in which you work").select_option("KE")
    page.locator("form[action='/sign-up']").get_by_role("button", name="Sign up").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text(name).first).to_be_visible()
    page.goto("/organisations/new")
    page.get_by_label("Its full name").fill(f"{name} Sensors Ltd")
    page.get_by_label("Country in which it is registered").select_option("KE")
    page.get_by_label("It is a startup").check()
    page.locator("[name=scheme]").select_option("registry")
    page.get_by_label("Its number there").fill(f"PVT-{name}")
    page.get_by_role("button", name="Enter it").click()
    expect(page.get_by_text("you act for it")).to_be_visible()


def ask(page: Page, beamline: str, name: str) -> None:
    """Ask for two shifts, with a team of three and a sample, step by step."""
    page.goto(beamline)
    way = page.locator(".card", has=page.get_by_role("heading", name="Rapid access, open research"))
    way.get_by_role("link", name="Request access this way").click()
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("How much").fill("2")
    page.get_by_label("Not before").fill("2026-03-09")
    page.get_by_label("Until the end of").fill("2026-06-01")
    go_on(page, "Your team")
    page.locator("[name='participants.0.presence']").select_option("remote")
    for row, (address, role, country) in enumerate(TEAM, 1):
        page.get_by_role("button", name="Add another person").click()
        for field, value in (("name", address.partition("@")[0]), ("email", address)):
            page.locator(f"[name='participants.{row}.{field}']").fill(value)
        for field, value in (("role", role), ("country_of_work", country), ("presence", "on-site")):
            page.locator(f"[name='participants.{row}.{field}']").select_option(value)
    go_on(page, "Samples")
    page.get_by_label("Substance or material").fill("coated steel")
    page.get_by_label("Where it comes from").select_option("KE")
    go_on(page, "Check and send")
    expect(page.locator("main")).to_contain_text("coated steel")
    page.get_by_role("button", name="Send it").click()
    expect(page).to_have_url(re.compile("/access-requests/[a-z0-9]+$"))


def go_on(page: Page, title: str) -> None:
    """Save a step and come to the one of this title."""
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()


def approve(site: Site, browser: Browser, name: str, organisation: str) -> None:
    """Open what waits for an officer and say yes."""
    with browser.new_context(base_url=site.url) as context:
        context.add_cookies([{"name": LOGIN_COOKIE, "value": site.world.cookies[name], "url": site.url}])
        page = context.new_page()
        page.goto("/approvals")
        page.get_by_role("row", name=organisation).or_(page.locator("li", has_text=organisation)).get_by_role(
            "link"
        ).first.click()
        expect(page.locator("main")).to_contain_text(TITLE)
        page.locator("[name=reason]").first.fill("It fits.")
        page.get_by_role("button", name="Approve", exact=True).click()
        expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)


def book(page: Page, day: str) -> None:
    """Book a shift with the keyboard alone, and put it into a calendar."""
    page.get_by_role("link", name="Book a time").click()
    page.get_by_label("Day", exact=False).first.fill(day)
    page.get_by_label("From").first.fill("08:00")
    page.get_by_label("Until").first.fill("16:00")
    page.get_by_label("Last day, if another").fill("")
    page.get_by_label("What for").fill(TITLE)
    for _step in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Book it":
            break
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/bookings/"))
    facts = page.locator("main")
    expect(facts).to_contain_text("Micro-spectroscopy end station")
    expect(facts).to_contain_text("Local contact, micro-spectroscopy")
    with page.expect_download() as download:
        page.get_by_role("link", name="Put it into my calendar").click()
    event = read_event(download.value.path().read_text(encoding="utf-8"))
    assert event["DTSTART"] == datetime.fromisoformat(f"{day}T06:00:00+00:00")


def address(name: str) -> str:
    """Return somebody's mail address."""
    return f"{name.lower()}@mto.example"
