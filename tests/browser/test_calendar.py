"""Choosing hours and moving a session in the calendar, by pointer and by keyboard alone."""

import itertools
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from infra_access.http.sessions import LOGIN_COOKIE
from tests.browser.conftest import Site


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 1600})
    context.add_cookies([{"name": LOGIN_COOKIE, "value": site.world.cookies["startup"], "url": site.url}])
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"/instruments/{site.world.ids['instruments']['sls-sample-laboratory']}/calendar?on=2026-03-11")
    yield page
    context.close()


def cell(page: Page, start: str) -> Locator:
    return page.locator(f'td[data-start="{start}"]')


def drag(page: Page, one: Locator, other: Locator) -> None:
    one.hover()
    page.mouse.down()
    other.hover()
    page.mouse.up()


def test_a_span_is_dragged_into_the_form(page: Page) -> None:
    drag(page, cell(page, "2026-03-13T08:00:00Z"), cell(page, "2026-03-13T10:00:00Z"))
    expect(page).to_have_url(re.compile("/book"))
    assert (page.get_by_label("From").input_value(), page.get_by_label("Until").input_value()) == ("09:00", "12:00")


def test_a_span_is_chosen_by_keyboard_alone(page: Page) -> None:
    cell(page, "2026-03-13T08:00:00Z").get_by_role("link").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_role("status").filter(has_text="Chosen")).to_contain_text("10:00–13:00")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/book"))
    assert (page.get_by_label("From").input_value(), page.get_by_label("Until").input_value()) == ("10:00", "13:00")


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_ones_own_session_is_carried_to_the_form_that_moves_it(page: Page, by: str) -> None:
    own, target = page.locator("td[data-move]").first, cell(page, "2026-03-13T08:00:00Z")
    if by == "pointer":
        drag(page, own, target)
    else:
        own.get_by_role("link").focus()
        page.keyboard.press("m")
        target.get_by_role("link").focus()
        page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/move"))
    assert page.locator("[name=date]").input_value() == "2026-03-13"
    assert page.get_by_label("From").input_value() == "09:00"


def test_the_table_is_one_stop_for_the_tabulator(page: Page) -> None:
    """The arrow keys go through it: nobody has to press Tab a hundred times to leave it."""
    stops = page.locator("table[data-pick] :is(a, button):not([tabindex='-1'])")
    assert stops.count() == 1
    stops.focus()
    page.keyboard.press("ArrowRight")
    assert stops.count() == 1
    assert page.evaluate("document.activeElement.tabIndex") == 0
    page.keyboard.press("Tab")
    assert not page.evaluate("!!document.activeElement.closest('table')")


@pytest.fixture
def month(page: Page, site: Site) -> Page:
    page.goto(
        f"/instruments/{site.world.ids['instruments']['sls-sample-laboratory']}/calendar?on=2026-03-11&view=month"
    )
    return page


def day(page: Page, date: str) -> Locator:
    return page.locator(f'td[data-day="{date}"]')


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_a_session_is_carried_to_another_day_of_the_month_at_its_hour(month: Page, by: str) -> None:
    own, target = month.locator("[data-move]").first, day(month, "2026-03-19")
    at = own.inner_text().strip().partition("–")[0]
    if by == "pointer":
        drag(month, own, target)
    else:
        own.get_by_role("link").focus()
        month.keyboard.press("m")
        target.locator("[data-take]").focus()
        month.keyboard.press("Enter")
    expect(month).to_have_url(re.compile("/move"))
    assert month.locator("[name=date]").input_value() == "2026-03-19"
    assert month.get_by_label("From").input_value() == at


def test_days_that_follow_each_other_are_dragged_into_one_session(page: Page, site: Site) -> None:
    """Where nights are closed one day is as far as a session goes; where they are not, it goes on."""
    page.goto(f"/instruments/{site.world.ids['instruments']['sls-micro-xas']}/calendar?on=2026-05-11&view=month")
    days = page.locator("td[data-day]")
    dates = [days.nth(n).get_attribute("data-day") for n in range(days.count())]
    follow = [
        (one, other)
        for one, other in itertools.pairwise(dates)
        if day(page, one).get_attribute("data-end") == day(page, other).get_attribute("data-start")
    ]
    first, last = follow[0]
    drag(page, day(page, first), day(page, last))
    expect(page).to_have_url(re.compile("/book"))
    assert page.locator("[name=date]").input_value() == first
    assert page.locator("[name=end_date]").input_value() > first
