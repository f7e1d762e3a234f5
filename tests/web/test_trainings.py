"""Trainings on pages: recorded by a facility's staff, withdrawn with a reason, and read by whose they are."""

from typing import Any

from tests.factories.people import make_account


def form_with(page: Any, field: str) -> Any:
    """Return the form with this field."""
    return next(form for form in page.forms.values() if field in form.fields)


def test_a_training_is_recorded_withdrawn_and_seen_on_ones_own_page(browser, office, place, database):
    with database.writer() as session:
        person = make_account(session, name="Ada Lovelace")
    own, path = browser(person), f"/facilities/{place.facility.public_id}/trainings"
    page = office.get("/manage").click("Trainings", href=path)
    assert "No training recorded yet" in page.text
    form = form_with(page, "completed_on")
    assert form["issuer"].value == place.facility.name
    form["email"], form["code"], form["completed_on"] = "nobody@else.example", "laser-safety", "2026-02-02"
    refused = form.submit(status=422)
    assert "There is no account with the address nobody@else.example." in refused.text
    form = form_with(refused, "completed_on")
    assert form["code"].value == "laser-safety"
    form["email"] = person.email
    page = form.submit().follow()
    assert "Ada Lovelace" in page.text
    assert form.submit().follow().text.count("<td>Ada") == page.text.count("<td>Ada")  # sent twice, recorded once
    assert "laser-safety" in own.get("/account").text

    form = form_with(page, "reason")
    assert "training" in form.submit("withdraw", status=422).text
    form["reason"] = "It was her colleague."
    assert "It was her colleague." in form.submit("withdraw").follow().text
    assert "Withdrawn, so that they count no longer" in own.get("/account").text
    own.get(path, status=403)
