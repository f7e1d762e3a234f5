"""The pages on which a facility says what it has: rooms, persons, plants and copies."""

from sqlalchemy import select

from infra_access.catalogue.models import Resource
from infra_access.catalogue.resource_queries import companions_of
from tests.factories.scheduling import copies_of, make_booking, span


def form_of(page, field):
    return next(form for form in page.forms.values() if field in form.fields)


def named(database, name):
    with database.reader() as session:
        return session.scalars(select(Resource).where(Resource.name == name)).one()


def test_a_ring_a_room_and_what_they_go_with(office, database, place):
    console = office.get(f"/manage?facility={place.facility.public_id}")
    page = console.click("Rooms, persons, plants and copies")
    for kind, name in (("plant", "Ring"), ("room", "Hutch 7")):
        form = form_of(page, "kind")
        form["kind"], form["name"] = kind, name
        page = form.submit().follow()
        assert f"{name} is saved" in page.text
    page = form_of(page.click(href="/companions"), "resources")
    page["resources"] = [named(database, "Hutch 7").public_id]
    page = page.submit().follow()
    with database.reader() as session:
        assert [one.name for one in companions_of(session, place.instrument)] == ["Hutch 7"]
    form = form_of(office.get(f"/resources/{named(database, 'Hutch 7').public_id}"), "active")
    form["plant"], form["name"] = named(database, "Ring").public_id, "Hutch 8"
    page = form.submit().follow()
    assert named(database, "Hutch 8").plant_id == named(database, "Ring").id
    ring = form_of(office.get(f"/resources/{named(database, 'Ring').public_id}"), "active")
    assert "plant" not in ring.fields
    ring["active"] = False
    refused = ring.submit(status=409)
    assert "Other resources depend on" in refused.text
    assert named(database, "Ring").active


def test_what_is_wrong_stands_beside_its_field(office, database, place):
    path = f"/facilities/{place.facility.public_id}/resources"
    form = form_of(office.get(path), "kind")
    form["kind"], form["name"] = "instrument", "A second one"
    refused = form.submit(status=422)
    assert refused.html.select("#field-instrument-error")
    assert form_of(refused, "kind")["name"].value == "A second one"
    with database.writer() as session:
        (copy,) = copies_of(session, place)
        make_booking(session, place, span(10, 12))
    form = form_of(office.get(f"/resources/{copy.public_id}"), "active")
    form["name"] = "Renamed"
    form["active"] = False
    # What was booked in the past does not hinder: the clock of the pages runs past it.
    form.submit().follow()
    assert not named(database, "Renamed").active
