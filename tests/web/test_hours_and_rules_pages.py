"""The pages on which a facility's office sets hours and booking rules, and what the public pages make of them."""

from infra_access.scheduling.hours import all_hours
from infra_access.scheduling.opening_hours import ALWAYS_OPEN, WeeklyHours
from infra_access.scheduling.public_holidays import HolidayCalendar
from infra_access.scheduling.rule_sets import rules_at
from tests.factories.people import make_account
from tests.factories.scheduling import set_rules


def form_at(page, path):
    return next(form for form in page.get(path).forms.values() if "version" in form.fields)


def again(refused):
    return next(form for form in refused.forms.values() if "version" in form.fields)


def hours_in(database, place):
    with database.reader() as session:
        return all_hours(session, place.facility)


def test_the_office_sets_hours_dates_and_holidays(office, database, place):
    path = f"/facilities/{place.facility.public_id}/hours"
    form = form_at(office, path)
    assert form["always"].checked
    form["always"].checked = False
    form["weekly.0"], form["weekly.5"] = "08:00-12:00, 13:00–17:00", "22:00-24:00"
    form["exceptions.2.day"], form["exceptions.2.label"] = "2031-12-24", "Inventory"
    form["holidays.country"], form["holidays.region"] = "DE", "be"
    shown = form.submit().follow()
    assert "The hours are saved" in shown.text
    form = again(shown)
    assert form["weekly.0"].value == "08:00-12:00, 13:00-17:00"
    assert form["exceptions.0.label"].value == "Inventory"
    hours = hours_in(database, place)
    assert hours.weekly == (WeeklyHours(0, 480, 720), WeeklyHours(0, 780, 1020), WeeklyHours(5, 1320, 1440))
    assert [(one.label, one.hours) for one in hours.exceptions] == [("Inventory", ())]
    assert hours.holidays == HolidayCalendar("DE", "BE")
    public = office.get(f"/facilities/{place.facility.public_id}")
    assert "Closed on the public holidays of Germany (BE)" in public.text
    form["exceptions.0.day"], form["exceptions.0.label"], form["always"] = "", "", True
    form.submit().follow()
    hours = hours_in(database, place)
    assert (hours.weekly, hours.exceptions, hours.version) == (ALWAYS_OPEN, (), 2)


def test_wrong_hours_stand_at_their_fields_with_what_was_typed(office, database, place):
    form = form_at(office, f"/facilities/{place.facility.public_id}/hours")
    refused = form_with(form, always=False).submit(status=422)
    assert refused.html.select("#field-always-error")
    form = again(refused)
    form["weekly.1"], form["weekly.2"] = "nine to five", "25:00-26:00"
    form["exceptions.1.label"] = "A day without a date"
    refused = form.submit(status=422)
    found = {one["id"] for one in refused.html.select(".field__error")}
    assert found == {"field-weekly.1-error", "field-weekly.2-error", "field-exceptions.0.day-error"}
    form = again(refused)
    assert (form["weekly.1"].value, form["exceptions.0.label"].value) == ("nine to five", "A day without a date")
    form["weekly.1"], form["weekly.2"], form["exceptions.0.label"] = "08:00-10:00", "09:00-12:00, 11:00-13:00", "x"
    form["exceptions.0.day"], form["exceptions.0.hours"] = "2031-01-02", "10:00-09:00"
    refused = form.submit(status=422)
    found = {one["id"] for one in refused.html.select(".field__error")}
    assert found == {"field-weekly.2-error", "field-exceptions.0.hours-error"}
    form = again(refused)
    form["weekly.2"], form["exceptions.0.hours"], form["holidays.region"] = "", "", "BE"
    refused = form.submit(status=422)
    assert refused.html.select("[id='field-holidays.country-error']")
    assert hours_in(database, place).version == 0


def form_with(form, **values):
    for name, value in values.items():
        form[name] = value
    return form


def test_whoever_was_slower_sees_that_and_loses_nothing(office, database, place):
    path = f"/facilities/{place.facility.public_id}/hours"
    first, second = form_at(office, path), form_at(office, path)
    form_with(first, **{"always": False, "weekly.0": "08:00-12:00"}).submit().follow()
    refused = form_with(second, **{"always": False, "weekly.0": "10:00-12:00"}).submit(status=412)
    assert "have changed since you looked" in refused.text
    form = again(refused)
    assert form["weekly.0"].value == "10:00-12:00"
    form.submit().follow()
    assert hours_in(database, place).weekly == (WeeklyHours(0, 600, 720),)


def test_the_office_sets_rules_and_the_public_pages_tell_them(office, browser, database, place):
    with database.writer() as session:
        set_rules(session, place.facility, quotas=[{"of": "team", "amount": 60, "measure": "minutes", "per": "day"}])
    path = f"/instruments/{place.instrument.public_id}/booking-rules"
    form = form_at(office, path)
    form["max_minutes"], form["lead_minutes"], form["off_hours"] = "240", "60", "escort"
    form["quotas.1.of"], form["quotas.1.amount"], form["quotas.1.measure"] = "person", "3", "bookings"
    form["quotas.1.per"] = "week"
    form["horizons.0.days"], form["horizons.0.sector"], form["horizons.0.startup"] = "180", "company", "yes"
    shown = form.submit().follow()
    assert "The rules are saved" in shown.text
    with database.reader() as session:
        said = rules_at(session, place.instrument).said()
    assert said == {
        "max_minutes": 240,
        "lead_minutes": 60,
        "off_hours": "escort",
        "quotas": [{"of": "person", "amount": 3, "measure": "bookings", "per": "week", "on": "instrument"}],
        "horizons": [{"days": 180, "sector": "company", "startup": True}],
    }
    public = browser().get(f"/instruments/{place.instrument.public_id}").text
    for sentence in (
        "One person may have at most 3 bookings on the instrument a week.",
        "Outside the opening hours a person of the facility must be part of the booking all the time.",
        "Other applicants up to 180 days ahead: Company, startup.",
    ):
        assert sentence in public
    assert (
        "One team may have at most 1 hour on the instrument a day."
        in browser().get(f"/facilities/{place.facility.public_id}").text
    )
    form = again(shown)
    form["quotas.0.amount"], form["no_quotas"] = "", True
    form.submit().follow()
    with database.reader() as session:
        assert rules_at(session, place.instrument).effective().quotas == ()


def test_wrong_rules_stand_at_their_fields_with_what_was_typed(office, database, place):
    form = form_at(office, f"/facilities/{place.facility.public_id}/booking-rules")
    form["granularity_minutes"], form["lead_minutes"] = "7", "soon"
    form["quotas.0.amount"], form["horizons.1.days"] = "many", "30"
    refused = form.submit(status=422)
    found = {one["id"] for one in refused.html.select(".field__error")}
    assert found == {
        f"field-{name}-error" for name in ("granularity_minutes", "lead_minutes", "quotas.0.amount", "horizons.0.days")
    }
    form = again(refused)
    assert (form["lead_minutes"].value, form["quotas.0.amount"].value) == ("soon", "many")
    with database.reader() as session:
        assert rules_at(session, place.facility).version == 0


def test_other_people_are_not_let_in(browser, database, place):
    with database.writer() as session:
        account = make_account(session)
    for path in (
        f"/facilities/{place.facility.public_id}/hours",
        f"/facilities/{place.facility.public_id}/booking-rules",
        f"/instruments/{place.instrument.public_id}/booking-rules",
    ):
        browser().get(path, status=401)
        browser(account).get(path, status=403)
