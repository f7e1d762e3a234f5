"""A newcomer writes a request on a phone with the keys of a keyboard alone, and without any script."""

from playwright.sync_api import Browser, Page, expect

from infra_access.http.sessions import LOGIN_COOKIE
from tests.browser.conftest import Site

FAR = 40
"""Nobody should have to press a key more often to reach a field."""


def test_a_request_is_written_by_keyboard_on_a_phone(site: Site, browser: Browser) -> None:
    key = site.world.ids["instruments"]["sls-micro-xas"]
    route = site.world.ids["routes"]["swiss-light-source Rapid access, open research"]
    with browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False) as context:
        context.add_cookies([{"name": LOGIN_COOKIE, "value": site.world.cookies["startup"], "url": site.url}])
        page = context.new_page()
        page.goto(f"{site.url}/instruments/{key}/request/steps?route={route}")
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        reach(page, "title", "Iron in soils")
        reach(page, "quantity", "2")
        reach(page, "period.start", "03092026")
        reach(page, "period.end", "06012026")
        press_on(page, "Your team")
        reach(page, "participants.0.name")
        press_on(page, "Samples")
        reach(page, "samples.0.kind", "soil")
        press_on(page, "Check and send")
        expect(page.locator("main")).to_contain_text("soil")
        expect(page.locator("[aria-current=step]")).to_contain_text("4")


def reach(page: Page, name: str, typed: str = "") -> None:
    """Press the tab key until a field has the focus, then type."""
    field = page.locator(f"[name='{name}']")
    for _step in range(FAR):
        page.keyboard.press("Tab")
        if page.locator(f"[name='{name}']:focus").count():
            break
    expect(field).to_be_focused()
    page.keyboard.type(typed)


def press_on(page: Page, title: str) -> None:
    """Press Enter in the field at hand; the next step begins at its heading."""
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=title)).to_be_focused()
