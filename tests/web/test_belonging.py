"""What belongs to rules for startups and small firms: shown on their page, and set up in forms that it fills in."""

from typing import Any

import pytest
from sqlalchemy import select

from infra_access.access_requests.models import AccessRoute
from infra_access.accounting.favouring import favoured
from infra_access.accounting.models import AccessPool
from infra_access.core import clock
from tests.factories.access_requests import make_route
from tests.factories.accounting import make_period
from tests.factories.catalogue import make_instrument
from tests.factories.people import make_account, make_grant
from tests.factories.policy import make_country_group

ODA = favoured("ODA:2024")
PRICE = {"amount": "100", "currency": "EUR", "per": "hour"}


@pytest.fixture
def world(database, place):
    """Return a facility with a way in that costs something, and a period that runs."""
    with database.writer() as session:
        make_country_group(session, "ODA:2024", "KE", "BR")
        year = {"starts": clock.now().replace(month=1, day=1), "ends": clock.now().replace(year=clock.now().year + 1)}
        make_period(session, place.facility, name="This year", **year)
        tariff = {"open": PRICE, "proprietary": PRICE}
        route = {"regimes": ["open", "proprietary"], "tariff": tariff, "terms": {}}
        return make_route(session, facility=place.facility, instruments=[place.instrument], **route)


def begin(office: Any, scope: str) -> Any:
    page = office.get(f"/policies/new?template=development&scope={scope}")
    assert "Two steps follow" in page.text
    return last_form(page).submit().follow()


def last_form(page: Any) -> Any:
    return next(form for form in page.forms.values() if "scope" in form.fields)


def form_of(page: Any, field: str) -> Any:
    return next(form for form in page.forms.values() if field in form.fields)


def belongs(page: Any) -> list[str]:
    """Return whether each way in and each period is done, as the page says it."""
    badges = page.html.select("section[aria-labelledby=belongs] .badge")
    return [one.get_text(strip=True) for one in badges]


def test_each_step_is_shown_and_its_form_makes_it_as_filled_in(office, place, world, database):
    page = begin(office, f"facility:{place.facility.public_id}")
    assert belongs(page) == ["Not done", "Not done"]

    way = page.click("Waive the price for them")
    done = form_of(way, "percent").submit("save", value="reduction").follow()
    assert "startups or firms" in " ".join(done.html.select_one("main").get_text(" ").split())
    with database.reader() as session:
        tariff = session.scalars(select(AccessRoute.tariff)).one()
    one = {"when": ODA, "percent": "100", "ground": "Free of charge for startups and SMEs of ODA:2024"}
    assert tariff == {regime: {**PRICE, "reductions": [one]} for regime in ("open", "proprietary")}

    page = office.get(page.request.path)
    assert belongs(page) == ["Done", "Not done"]
    pool = form_of(page.click("Set time aside"), "amount")
    pool["amount"] = "20"
    pool.set("instruments", True, index=0)
    assert "startups or firms" in " ".join(pool.submit().follow().html.select_one("main").get_text(" ").split())
    with database.reader() as session:
        made = session.scalars(select(AccessPool)).one()
    assert (made.name, made.purpose, made.serves) == ("Startups and SMEs of ODA:2024", "set-aside", ODA)
    assert belongs(office.get(page.request.path)) == ["Done", "Done"]

    kept = form_of(form_of(done, "remove_reduction").submit("remove_reduction", index=0).follow(), "remove_reduction")
    assert kept["remove_reduction"].value_if_submitted() == "proprietary.0"
    form_of(done, "remove_reduction").submit("remove_reduction", index=0, status=409)
    page = office.get(page.request.path)
    assert belongs(page) == ["Not done", "Done"]
    assert "They pay for: Open" in " ".join(page.html.select_one("#belongs").parent.get_text(" ").split())


def test_rules_of_one_way_in_or_instrument_tell_of_it_alone(office, place, world, database):
    with database.writer() as session:
        other = make_instrument(session, facility=place.facility)
        make_route(session, facility=place.facility, instruments=[other], name="Another", terms={})
    assert belongs(begin(office, f"route:{world.public_id}")) == ["Not done", "Not done"]
    assert belongs(begin(office, f"instrument:{place.instrument.public_id}")) == ["Not done", "Not done"]


def test_rules_for_more_than_a_facility_leave_it_to_each_and_other_rules_say_nothing(browser, office, place, database):
    with database.writer() as session:
        account = make_account(session)
        make_grant(
            session, account=account, role="organisation_admin", scope_kind="organisation", scope_key=place.organisation
        )
    page = begin(browser(account), f"organisation:{place.organisation}")
    assert "Each facility sets this up for itself" in page.text
    assert belongs(page) == []
    form = last_form(office.get(f"/policies/new?template=wide&scope=facility:{place.facility.public_id}"))
    assert "What belongs to it" not in form.submit().follow().text


def test_what_is_wrong_with_a_reduction_stands_at_its_field_and_changes_nothing(office, world, database):
    form = form_of(office.get(f"/routes/{world.public_id}"), "percent")
    form["percent"], form["ground"] = "0", "Startups"
    refused = form.submit("save", value="reduction", status=422)
    assert refused.html.select("#field-reduced-error")
    form.set("reduced", True, index=0)
    refused = form.submit("save", value="reduction", status=422)
    assert refused.html.select("#field-percent-error")
    form["percent"] = "50"
    refused = form.submit("save", value="reduction", status=422)
    assert refused.html.select("#field-country_group-error")
    assert form_of(refused, "percent")["ground"].value == "Startups"
    with database.reader() as session:
        assert session.scalars(select(AccessRoute.tariff)).one() == {"open": PRICE, "proprietary": PRICE}
