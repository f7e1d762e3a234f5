"""An administrator in a browser: rules from a template, one more without JSON, who is touched, and then in force."""

from playwright.sync_api import Browser, expect

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
