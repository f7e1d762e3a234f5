"""Rules in a browser: from a template, one more without JSON, whom they touch, also of the past, and then in force."""

from playwright.sync_api import Browser, expect

from infra_access.access_requests.what_if_runs import work_on_runs
from infra_access.core import clock
from tests.browser.conftest import Site
from tests.browser.test_office import opened


def test_a_manager_tries_rules_out_before_they_hold(site: Site, browser: Browser) -> None:
    page = opened(site, browser, "manager")
    facility = site.world.ids["facilities"]["villigen-neutron-source"]
    try:
        page.goto(f"/facilities/{facility}/access-rules")
        page.get_by_role("link", name="Write new rules").press("Enter")
        page.get_by_role("link", name="Startups and SMEs of countries").press("Enter")
        page.get_by_label("Name of these rules").fill("For startups")
        page.get_by_label("Countries that are served").fill("Everywhere")
        page.get_by_role("button", name="Make the draft").press("Enter")
        expect(page.locator("main")).to_contain_text("Name a group of countries and its date")
        page.get_by_label("Countries that are served").fill("ODA:2024")
        page.get_by_role("button", name="Make the draft").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("For startups")
        form = page.locator("form").filter(has=page.get_by_role("button", name="Add the rule"))
        form.get_by_role("checkbox", name="Company", exact=True).press("Space")
        form.get_by_role("checkbox", name="Large").press("Space")
        form.get_by_role("radio", name="It is closed to them").press("Space")
        form.get_by_label("On which grounds").select_option(label="Capacity")
        form.get_by_label("The sentence that applicants read").fill("Large firms: please ask again next year.")
        form.get_by_role("button", name="Add the rule").press("Enter")
        expect(page.locator("main")).to_contain_text("Large firms: please ask again next year.")
        page.get_by_role("link", name="Change it: closed-1").press("Enter")
        form = page.locator("form").filter(has=page.get_by_role("button", name="Save the rule"))
        expect(form.get_by_role("radio", name="It is closed to them")).to_be_checked()
        form.get_by_text("What few rules need").press("Enter")
        form.get_by_label("Who may make an exception").select_option(label="Manager of the facility")
        form.get_by_role("button", name="Save the rule").press("Enter")
        expect(page.locator("main")).to_contain_text("The rule is changed in the draft.")
        expect(page.locator("main")).to_contain_text("Exceptions by")
        page.get_by_role("link", name="Try it: who could use what?").press("Enter")
        tried = page.get_by_role("region", name="What would change")
        expect(tried).to_contain_text("These rules reach")
        firms = tried.get_by_role("row").filter(has_text="Large companies")
        expect(firms.first).to_be_visible()
        assert all(row.get_by_role("cell").last.inner_text().split()[-1] == "0" for row in firms.all())
        expect(tried.get_by_role("row").filter(has_text="Universities")).to_have_count(0)
        page.get_by_role("button", name="Put these rules in force").press("Enter")
        expect(page.locator("main")).to_contain_text("These rules are in force from now on.")
        expect(page.get_by_role("button", name="Take them out of force")).to_be_visible()
        expect(page.get_by_role("button", name="Add the rule")).to_have_count(0)
    finally:
        page.context.close()


def test_an_administrator_learns_what_past_requests_would_be_answered_before_publishing(
    site: Site, browser: Browser
) -> None:
    page = opened(site, browser, "administrator")
    try:
        page.goto("/policies/new?scope=country:CH")
        page.get_by_label("Name of these rules").fill("Pause for companies")
        page.get_by_role("button", name="Make the draft").press("Enter")
        form = page.locator("form").filter(has=page.get_by_role("button", name="Add the rule"))
        form.get_by_role("checkbox", name="Company", exact=True).press("Space")
        form.get_by_role("radio", name="It is closed to them").press("Space")
        form.get_by_label("On which grounds").select_option(label="Capacity")
        form.get_by_label("The sentence that applicants read").fill("Companies: please ask again next year.")
        form.get_by_role("button", name="Add the rule").press("Enter")
        page.get_by_role("link", name="What it would change for all requests of the past").press("Enter")
        page.get_by_role("button", name="Find out").press("Enter")
        expect(page.locator("main")).to_contain_text("This is being worked out")
        while work_on_runs(site.world.database, now=clock.now()):
            pass
        page.get_by_role("link", name="Load this page again").press("Enter")
        expect(page.locator("main")).to_contain_text("would be answered otherwise")
        answers = page.get_by_role("table", name="Requests by how they would be answered")
        closed = answers.get_by_role("row").filter(has_text="Refused")
        expect(closed.first).to_be_visible()
        assert sum(int(row.get_by_role("cell").last.inner_text().split()[-1]) for row in closed.all()) > 0
        expect(page.locator("main")).not_to_contain_text("Iron in red soils")  # by its id, never by its title
        page.goto("/policies")
        row = page.get_by_role("row").filter(has_text="Pause for companies")
        expect(row).to_contain_text("Draft")
    finally:
        page.context.close()
