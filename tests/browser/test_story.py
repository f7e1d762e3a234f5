"""A startup in Kenya finds a beamline, enters itself and books its shift, by clicks and keys, with scripts and without.

What the facility and the host country do meanwhile is done by their programs.
"""

import re
from dataclasses import dataclass
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from webtest import TestApp

from tests.api.conftest import Caller
from tests.browser.conftest import Site
from tests.serving import through
from tests.test_story import PASSWORD, SECRET_TITLE, approve, read_event, wish

BEAMLINE = "Hard X-ray micro-spectroscopy beamline"


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of the demonstration's people."""

    site: Site

    def program(self, token: str | None) -> Caller:
        """Return the program of whoever has this token."""
        host = self.site.url.removeprefix("http://")
        return Caller(TestApp(through(int(host.partition(":")[2])), extra_environ={"HTTP_HOST": host}), token)

    def program_of(self, name: str) -> Caller:
        """Return the program of somebody of the demonstration."""
        return self.program(self.site.world.tokens[name])


@pytest.mark.parametrize(("scripts", "name", "day"), [(True, "Amina", "2026-04-06"), (False, "Baraka", "2026-04-07")])
def test_a_startup_gets_its_shift(site: Site, browser: Browser, scripts: bool, name: str, day: str) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=scripts, timezone_id="Africa/Nairobi")
    context.set_default_timeout(20_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        find_the_beamline(page)
        enter(page, name)
        book(page, granted(page, Programs(site), name), day)
        assert complaints == []
    finally:
        context.close()


def find_the_beamline(page: Page) -> None:
    """Search as a visitor, say who one is, and read when a session is realistic."""
    page.goto("/")
    page.get_by_role("searchbox").first.fill("EXAFS")
    page.keyboard.press("Enter")
    page.get_by_text("I am …").first.click()
    for label, value in (("I work for", "company"), ("In which country", "KE"), ("What comes of it", "proprietary")):
        page.get_by_label(label).select_option(value)
    page.get_by_label("We are a startup").check()
    page.get_by_role("button", name="Show what I may use").click()
    page.get_by_role("link", name=BEAMLINE).first.click()
    decision = page.locator(".decision")
    expect(decision).to_contain_text("By what you said")
    expect(decision).to_contain_text("11 Mar 2026")
    expect(decision).to_contain_text("25 Mar 2026")


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


def granted(page: Page, programs: Programs, name: str) -> tuple[str, str]:
    """Ask, be approved by facility and country, and accept the terms; return the beamline and what was granted."""
    page.goto("/account")
    page.locator("[name=token_name]").fill("laptop")
    page.locator("[name=scope]").select_option("write")
    page.locator("form[action='/account/tokens']").get_by_role("button", name="Make").click()
    program = programs.program(page.locator(".notice code").inner_text())
    (organisation,) = program.get("/me")["organisations"]
    (beamline,) = program.get("/instruments?q=EXAFS&country=CH")["items"]
    ways = program.get(f"/instruments/{beamline['id']}/routes")["items"]
    route = next(one["id"] for one in ways if one["regimes"] == ["proprietary"])
    made = program.post("/access-requests", wish(route, beamline["id"], organisation, first=address(name)))
    path = f"/access-requests/{made['id']}"
    program.post(f"{path}/submit", status=200)
    for officer in ("manager", "administrator"):
        approve(programs, officer, made["id"])
    terms = program.get(f"{path}/agreement")
    program.post(f"{path}/agreement/accept", {"text_hash": terms["text_hash"]}, status=200)
    (allocation,) = program.get("/allocations")["items"]
    return beamline["id"], allocation["id"]


def book(page: Page, grant: tuple[str, str], day: str) -> None:
    """Book a shift with the keyboard alone, and put it into a calendar."""
    page.goto(f"/instruments/{grant[0]}/book?allocation={grant[1]}")
    page.get_by_label("Day", exact=False).first.fill(day)
    page.get_by_label("From").first.fill("08:00")
    page.get_by_label("Until").first.fill("16:00")
    page.get_by_label("Last day, if another").fill("")
    page.get_by_label("What for").fill(SECRET_TITLE)
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
