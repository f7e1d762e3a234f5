"""Every page at a desk and on a phone: no barrier that axe finds (WCAG 2.2 A, AA), nothing wider than the screen,
nothing that the browser complains about.

The pages are found in the application itself; each is opened by somebody who may see it.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page

from infra_access.http.sessions import LOGIN_COOKIE
from tests.browser.conftest import Site
from tests.gates.calls import call_of, key_of
from tests.gates.subjects import Subject, subjects

AXE = (Path(__file__).with_name("vendor") / "axe.min.js").read_text(encoding="utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
WIDTHS = {"desk": 1280, "phone": 390}
READERS = ("visitor", "startup", "manager", "administrator", "company-de")
"""The first of them who may see a page looks at it."""

BUSIEST = {"instrument": "startup"} | dict.fromkeys(
    ("manage", "approvals", "approval", "access_request_exceptions", "overrides", "policies", "policy_new"), "manager"
)
"""Pages that say more to somebody else than to the first who may see them."""

ONLY_FILES = {"my_calendar", "booking_calendar", "facility_ledger_csv", "reciprocity_csv"}
VENDORED = {"api.docs"}
"""Drawn by Redoc, whose page is not ours to change: it is opened, but axe and the width are not asked."""

_CHECK = """async (tags) => {
    const found = await axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]});
    return found.violations.map(each => `${each.id}: ${each.help}: ` + each.nodes.map(
        node => node.target.join(" ") + " " + (node.any[0] || node.all[0] || node.none[0] || {message: ""}).message
    ).slice(0, 4).join(" | "));
}"""
_TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
        .filter(one => one.getBoundingClientRect().right > width + 1)
        .map(one => `${one.tagName}.${one.className}`).slice(0, 5).concat("wider than the screen");
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_has_a_barrier(site: Site, browser: Browser, width: str) -> None:
    found: dict[str, list[str]] = {}
    with ExitStack() as stack:
        screens = {who: stack.enter_context(screen(site, browser, who, WIDTHS[width])) for who in READERS}
        for subject in pages(site):
            first = BUSIEST.get(subject.route)
            for who in (first,) if first else READERS:
                problems = look(screens[who], site, subject)
                if problems is not None:
                    break
            else:
                problems = ["nobody here may see it: name an object in tests/gates/calls.py"]
            if problems:
                found[subject.name] = problems
    assert found == {}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", ["/nothing-here", "/account"])
def test_no_refusal_has_a_barrier(site: Site, browser: Browser, path: str, width: str) -> None:
    with screen(site, browser, "visitor", WIDTHS[width]) as page:
        answer = page.goto(site.url + path)
        assert answer is not None
        assert answer.status >= 400
        assert barriers(page) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_ones_own_sessions_in_a_calendar_are_no_barrier(site: Site, browser: Browser, width: str) -> None:
    path = f"/instruments/{site.world.ids['instruments']['sls-sample-laboratory']}/calendar?on=2026-03-11"
    with screen(site, browser, "startup", WIDTHS[width]) as page:
        page.goto(site.url + path)
        assert page.locator(".slot--mine").count() > 1
        assert barriers(page) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_names_beside_those_on_a_list_are_no_barrier(site: Site, browser: Browser, width: str) -> None:
    key = site.world.ids["approvals"]["finer-gratings export_control_officer"]
    with screen(site, browser, "export", WIDTHS[width]) as page:
        page.goto(f"{site.url}/approvals/{key}")
        assert page.locator("input[name=candidates]").count() == 1
        assert barriers(page) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_asking_for_a_nationality_and_reading_it_are_no_barrier(site: Site, browser: Browser, width: str) -> None:
    key = site.world.ids["approvals"]["wind-housing export_control_officer"]
    with screen(site, browser, "company-de", WIDTHS[width]) as page:
        page.goto(f"{site.url}/approvals/{key}/nationality")
        assert page.locator("select[name=nationalities]").count() == 3
        assert barriers(page) == []
    with screen(site, browser, "export", WIDTHS[width]) as page:
        page.goto(f"{site.url}/approvals/{key}")
        page.get_by_role("button", name="Show nationalities").click()
        assert page.get_by_role("table", name="What they said").count() == 1
        assert barriers(page) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("key", "who"), [("tooth-enamel", "researcher"), ("kelp-metals", "ecologist-de")])
def test_what_came_of_an_access_is_no_barrier(site: Site, browser: Browser, key: str, who: str, width: str) -> None:
    with screen(site, browser, who, WIDTHS[width]) as page:
        page.goto(f"{site.url}/access-requests/{site.world.ids['access-requests'][key]}")
        for form in page.locator("#outcomes ~ details, #outcomes ~ ul details").all():
            form.evaluate("one => { one.open = true }")
        assert page.locator("#outcomes").count() == 1
        assert barriers(page) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_changing_a_rule_in_its_form_or_as_a_document_is_no_barrier(site: Site, browser: Browser, width: str) -> None:
    facility = site.world.ids["facilities"]["villigen-neutron-source"]
    with screen(site, browser, "manager", WIDTHS[width]) as page:
        page.goto(f"{site.url}/policies/new?template=personal-data&scope=facility:{facility}")
        page.get_by_label("Name of these rules").fill(f"For a {width}")
        page.get_by_role("button", name="Make the draft").click()
        assert barriers(page) == []
        page.get_by_role("link", name="Change it: protection-officer").click()
        page.get_by_label("Stage of what has to be done first").fill("first")
        page.get_by_role("button", name="Save the rule").click()
        page.locator("#field-stage-error").wait_for()
        assert barriers(page) == []
        page.get_by_role("link", name="Leave it as it is").click()
        page.get_by_text("Edit all rules as a document").click()
        document = page.locator("#field-document")
        rules = json.loads(document.input_value())
        document.evaluate("(one, text) => { one.value = text }", json.dumps([{**rules[0], "rests_on": ["title"]}]))
        page.get_by_role("button", name="Save the document").click()
        page.get_by_role("link", name="Change it: ethics").click()
        page.get_by_text("in which nothing of it is lost").wait_for()
        assert barriers(page) == []


@contextmanager
def screen(site: Site, browser: Browser, who: str, width: int) -> Iterator[Page]:
    """Give somebody a page of their own; axe is our script, which the policy of the page would refuse."""
    context = browser.new_context(viewport={"width": width, "height": 844}, bypass_csp=True)
    if who != "visitor":
        context.add_cookies([{"name": LOGIN_COOKIE, "value": site.world.cookies[who], "url": site.url}])
    yield context.new_page()
    context.close()


def pages(site: Site) -> list[Subject]:
    found = subjects(site.world.registry).values()
    return [each for each in found if each.method == "GET" and not each.is_api and each.route not in ONLY_FILES]


def address(site: Site, subject: Subject) -> str:
    call = call_of(subject.name)
    return site.url + subject.path(key_of(site.world, subject.kind, call))


def look(page: Page, site: Site, subject: Subject) -> list[str] | None:
    """Return what is wrong with a page as this reader sees it; None where it is not theirs to see."""
    problems: list[str] = []

    def error(error: Error) -> None:
        problems.append(f"error: {error}")

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(f"console: {message.text}")

    page.on("pageerror", error)
    page.on("console", said)
    answer = page.goto(address(site, subject))
    assert answer is not None
    if answer.status == 200 and subject.route not in VENDORED:
        problems += barriers(page)
    page.remove_listener("pageerror", error)
    page.remove_listener("console", said)
    if answer.status in {401, 403, 404}:
        return None
    assert answer.status == 200, f"{subject.name}: {answer.status}"
    return problems


def barriers(page: Page) -> list[str]:
    page.evaluate(AXE)
    return [*page.evaluate(_CHECK, WCAG), *page.evaluate(_TOO_WIDE)]
