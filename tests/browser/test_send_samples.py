"""A firm in Kenya sends eight samples by mail, from the quote to the results, in a browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from infra_access.http.sessions import LOGIN_COOKIE
from tests.browser.conftest import Site


@pytest.mark.parametrize("scripts", [True, False])
def test_eight_samples_are_measured_with_no_slot_chosen(site: Site, browser: Browser, scripts: bool) -> None:
    title = f"Salt on sensors, {'with' if scripts else 'without'} scripts"
    team, staff = (opened(site, browser, who, scripts) for who in ("startup", "manager"))
    try:
        team.goto(f"/instruments/{site.world.ids['instruments']['sls-micro-xas']}")
        expect(team.locator("main")).to_contain_text("Results within 10 days from the arrival of your samples.")
        team.get_by_role("link", name="Send samples").first.click()
        team.get_by_label("Title").fill(title)
        team.get_by_label("How many samples").fill("8")
        team.get_by_label("What they are").fill("Coated steel")
        team.get_by_role("button", name="Get the price").click()
        expect(team).to_have_url(re.compile("/service-orders/"))
        expect(team.locator("main")).to_contain_text("Free of charge")
        team.get_by_label("I have read these terms").check()
        team.get_by_role("button", name="Order", exact=True).press("Enter")
        order = team.url
        team.get_by_role("link", name="Label for the parcel").first.click()
        expect(team.locator("main")).to_contain_text("Switzerland")
        for button in ("All arrived", "Begin the work", "Quality is checked"):
            staff.goto(f"/facilities/{site.world.ids['facilities']['swiss-light-source']}/queue")
            staff.get_by_role("row", name=title).get_by_role("button", name=button).press("Enter")
        staff.get_by_role("row", name=title).get_by_role("link", name="Deliver").click()
        staff.get_by_label("The results, in words and links").fill("See https://data.example/salt.")
        staff.get_by_role("button", name="Deliver").click()
        team.goto(order)
        expect(team.get_by_role("link", name="https://data.example/salt")).to_be_visible()
        team.get_by_role("button", name="Accept the results").click()
        expect(team.locator("main")).to_contain_text("You accepted the results.")
    finally:
        team.context.close()
        staff.context.close()


def opened(site: Site, browser: Browser, who: str, scripts: bool) -> Page:
    """Return a page of somebody who is signed in, on a phone."""
    context = browser.new_context(
        base_url=site.url, java_script_enabled=scripts, viewport={"width": 390, "height": 844}
    )
    context.add_cookies([{"name": LOGIN_COOKIE, "value": site.world.cookies[who], "url": site.url}])
    context.set_default_timeout(20_000)
    return context.new_page()
