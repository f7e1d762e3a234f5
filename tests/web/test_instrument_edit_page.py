"""Changing an instrument on its page: what is typed comes back, and a new status is told to those who have booked."""

import pytest
from sqlalchemy import select

from infra_access.catalogue.models import Instrument
from infra_access.core import clock
from infra_access.outbox.models import OutboxEvent


@pytest.fixture
def form(office, place):
    """Return the form of the place's instrument."""
    address = f"/instruments/{place.instrument.public_id}/edit"
    return next(one for one in office.get(address).forms.values() if "status_note" in one.fields)


def stored(database, place):
    with database.reader() as session:
        return session.get_one(Instrument, place.instrument.id)


def _saved(form):
    return form.submit().follow()


def test_the_page_of_the_instrument_leads_to_it(office, place):
    assert "How it runs" in office.get(f"/instruments/{place.instrument.public_id}").click("Change it, or how").text


def test_a_status_is_told_to_those_who_have_booked(database, place, form):
    form["status"], form["status_note"] = "degraded", "Half the flux until Friday."
    page = form.submit().follow()
    assert "is now: Operating with limits" in page.text
    assert stored(database, place).status == "degraded"
    with database.reader() as session:
        told = session.scalars(select(OutboxEvent.payload).where(OutboxEvent.kind == "instrument.status_changed")).one()
    assert (told["status"], told["note"]) == ("degraded", "Half the flux until Friday.")


def test_what_is_saved_unchanged_changes_nothing(database, place, form):
    before = {column.key: getattr(stored(database, place), column.key) for column in Instrument.__table__.columns}
    form.submit().follow()
    after = {column.key: getattr(stored(database, place), column.key) for column in Instrument.__table__.columns}
    assert {key for key in before if before[key] != after[key]} <= {"version"}


def test_faults_stand_beside_their_fields_and_nothing_typed_is_lost(database, place, form):
    form["website"], form["techniques"], form["name"] = "no address", "Cryo-EM, SAXS", ""
    form["control_codes"] = "2B350, see annex"
    page = form.submit(status=422)
    assert 'id="field-control_codes-error"' in page.text
    assert 'id="field-website-error"' in page.text
    assert 'id="field-name-error"' in page.text
    again = next(one for one in page.forms.values() if "status_note" in one.fields)
    assert again["techniques"].value == "Cryo-EM, SAXS"
    again["website"], again["name"] = "https://example.org/x", "Renamed"
    again["control_codes"] = "2b350"
    again.submit().follow()
    assert (stored(database, place).name, stored(database, place).control_codes) == ("Renamed", ["2B350"])


def test_what_another_changed_meanwhile_is_not_overwritten(database, place, form):
    with database.writer() as session:
        session.get_one(Instrument, place.instrument.id).description = f"Changed at {clock.now()}"
    form["description"] = "Mine"
    form.submit(status=412)
    assert stored(database, place).description.startswith("Changed at")


def test_a_retired_one_is_gone(browser, place, form):
    form["publication"] = "retired"
    assert "is saved" in form.submit().follow().text
    browser().get(f"/instruments/{place.instrument.public_id}", status=410)


def test_a_label_is_added_but_not_taken_off_by_those_whom_its_rules_bind(database, place, form):
    form["tags"] = "dual-use, laser"
    again = next(one for one in _saved(form).click("Change it, or how").forms.values() if "tags" in one.fields)
    assert stored(database, place).tags == ["dual-use", "laser"]
    again["tags"] = "laser"
    again["description"] = "What was typed"
    refused = again.submit(status=403)
    assert "What was typed" in refused.text
    assert stored(database, place).tags == ["dual-use", "laser"]
