"""The pages on which an office opens and changes its ways in."""

from infra_access.access_requests.facility_routes import rounds_of, routes_run_at
from infra_access.core import clock


def form_of(page, field):
    return next(form for form in page.forms.values() if field in form.fields)


def stored(database, place):
    with database.reader() as session:
        return routes_run_at(session, place.facility, now=clock.now())


def opened(office, place, **overrides):
    form = form_of(office.get(f"/facilities/{place.facility.public_id}/ways-in"), "entry")
    values = {
        "name": "Walk in",
        "access_mode": "wide",
        "entry": "rounds",
        "access_unit": "hour",
        "time_given": "team_picks",
        "operated_by": "self",
        "price.open": "25",
    }
    for name, value in (values | overrides).items():
        form[name] = value
    form.set("access_types", True, index=0)
    form.set("regimes", True, index=0)
    form.set("instruments", True, index=0)
    return form


def test_an_office_opens_a_way_with_a_price_its_rules_and_a_call(office, database, place):
    console = office.get(f"/manage?facility={place.facility.public_id}")
    assert "Ways in" in console.click("^Ways in$").text
    page = opened(office, place).submit().follow()
    assert "Walk in is open" in page.text
    (one,) = stored(database, place)
    assert one.view.route.tariff == {"open": {"amount": "25", "currency": "EUR", "per": "hour"}}
    assert [row.public_id for row in one.instruments] == [place.instrument.public_id]

    rules = form_of(page, "max_minutes")
    rules["max_minutes"], rules["ask_for_time"] = "120", "yes"
    page = rules.submit("save", value="rules").follow()
    call = form_of(page, "call_name")
    call["call_name"], call["closes_at"] = "Autumn", "2099-10-31"
    page = call.submit("save", value="call").follow()
    assert "Autumn is announced" in page.text
    form = form_of(page, "active")
    form["name"], form["price.open"], form["active"] = "Come in", "", False
    page = form.submit("save", value="way").follow()
    (one,) = stored(database, place)
    route = one.view.route
    assert (route.name, route.tariff, route.active) == ("Come in", {}, False)
    assert route.booking_rules == {"max_minutes": 120, "ask_for_time": True}
    with database.reader() as session:
        (made,) = rounds_of(session, route)
    # The last day counts to its end, at the facility in Berlin.
    assert (made.name, made.closes_at.isoformat()) == ("Autumn", "2099-10-31T23:00:00+00:00")
    assert form_of(page, "max_minutes")["ask_for_time"].value == "yes"


def test_what_is_wrong_stands_beside_its_field_and_changes_nothing(office, database, place):
    refused = opened(office, place, **{"price.open": "much", "name": "  "}).submit(status=422)
    assert refused.html.select("#field-name-error")
    assert form_of(refused, "entry")["price.open"].value == "much"
    assert stored(database, place) == []
    page = opened(office, place).submit().follow()
    rules = form_of(page, "max_minutes")
    rules["min_minutes"], rules["max_minutes"] = "60", "30"
    refused = rules.submit("save", value="rules", status=422)
    assert refused.html.select("#field-max_minutes-error")
    assert form_of(refused, "max_minutes")["max_minutes"].value == "30"
    call = form_of(page, "call_name")
    call["call_name"], call["opens_at"], call["closes_at"] = "Autumn", "2099-10-31", "2099-10-01"
    assert call.submit("save", value="call", status=422).html.select("#field-closes_at-error")
    late = form_of(page, "active")
    late["name"] = "First"
    late.submit("save", value="way").follow()
    late["name"] = "Second"
    late.submit("save", value="way", status=412)
    (one,) = stored(database, place)
    assert (one.view.route.name, one.view.route.booking_rules) == ("First", {})


def test_a_call_states_what_it_has_to_give(office, browser, database, place):
    page = opened(office, place, entry="continuous").submit().follow()
    form = form_of(page, "units_offered")
    assert form["units_offered"].value == ""
    form["units_offered"] = "much"
    refused = form.submit("save", value="units", status=422)
    (error,) = refused.html.select(".field__error")
    assert error["id"].startswith("units-")
    form = form_of(refused, "units_offered")
    assert form["units_offered"].value == "much"
    form["units_offered"] = "40.50"
    page = form.submit("save", value="units").follow()
    assert form_of(page, "units_offered")["units_offered"].value == "40.5"
    shown = browser().get(f"/instruments/{place.instrument.public_id}").text
    assert "To give in a calendar year:" in shown
    assert "40.5</span> hours" in shown
