"""The rooms, persons, plants and copies of a facility over the API, up to a session that needs them all."""

import pytest

from infra_access.catalogue.models import Instrument
from tests.api.test_access_requests import at
from tests.factories.policy import make_policy
from tests.factories.scheduling import make_place


@pytest.fixture
def place(stored):
    """Return a bookable instrument."""
    stored(make_policy)
    return stored(make_place)


@pytest.fixture
def office(caller, place):
    """Return a program of the facility's user office."""
    return caller(("facility_manager", ("facility", place.facility.public_id)))


def body(place, start=10, end=12):
    return {"instrument": place.instrument.public_id, "start": at(2, start), "end": at(2, end)}


def test_a_new_room_a_person_and_a_ring_bind_the_next_session(office, caller, place):
    path = f"/facilities/{place.facility.public_id}/resources"
    ring = office.post(path, {"kind": "plant", "name": "Ring"}, status=201)
    room = office.post(path, {"kind": "room", "name": "Hutch", "plant": ring["id"]}, status=201)
    person = office.post(path, {"kind": "person", "name": "Local contact"}, status=201)
    second = office.post(
        path, {"kind": "instrument", "name": "Two", "instrument": place.instrument.public_id}, status=201
    )
    companions = f"/instruments/{place.instrument.public_id}/companions"
    answer = office.call("PUT", companions, {"resources": [room["id"], person["id"]]}).json
    assert [one["name"] for one in answer["items"]] == ["Hutch", "Local contact"]
    assert office.get(companions)["items"] == answer["items"]
    assert all(one["accompanies"] == [place.instrument.public_id] for one in answer["items"])
    listed = office.get(path)["items"]
    assert [one["kind"] for one in listed] == ["plant", "room", "person", "instrument", "instrument"]

    guest = caller()
    booked = guest.post("/bookings", body(place), status=201)
    assert {line["resource_name"] for line in booked["lines"]} >= {"Hutch", "Local contact"}
    # The second copy is free, but there is one room.
    refused = guest.call("POST", "/bookings", body(place, 11, 13), status=409).json
    assert refused["code"] == "booking.overlap"
    office.call("PUT", companions, {"resources": []})
    assert office.get(companions)["items"] == []
    guest.post("/bookings", body(place, 11, 13), status=201)

    changed = office.call("PATCH", f"/resources/{second['id']}", {"plant": ring["id"], "name": "Second"}).json
    assert (changed["name"], changed["plant"]) == ("Second", ring["id"])
    refused = office.call("PATCH", f"/resources/{room['id']}", {"active": False}, status=409).json
    assert refused["code"] == "resource.in_use"
    assert office.get(f"/resources/{room['id']}")["active"] is True


def test_strangers_see_no_resources_and_bad_ones_are_named(office, caller, anyone, place, stored):
    path = f"/facilities/{place.facility.public_id}/resources"
    ring = office.post(path, {"kind": "plant", "name": "Ring"}, status=201)
    stranger, other = caller(), stored(make_place)
    anyone.call("GET", path, status=401)
    stranger.call("GET", path, status=403)
    stranger.call("POST", path, {"kind": "room", "name": "Mine"}, status=403)
    for method, changes in (("GET", None), ("PATCH", {"name": "Mine"})):
        stranger.call(method, f"/resources/{ring['id']}", changes, status=404)
    wrong = (
        ({"kind": "room"}, "name"),
        ({"kind": "rocket", "name": "A"}, "kind"),
        ({"kind": "instrument", "name": "A"}, "instrument"),
        ({"kind": "room", "name": "A", "plant": "nothing"}, "plant"),
        ({"kind": "plant", "name": "A", "plant": ring["id"]}, "plant"),
        ({"kind": "room", "name": "x" * 201}, "name"),
    )
    for given, field in wrong:
        refused = office.call("POST", path, given, status=422).json
        assert field in refused["errors"], (given, refused)
    foreign: Instrument = other.instrument
    taken = {"kind": "instrument", "name": "A", "instrument": foreign.public_id}
    assert office.call("POST", path, taken, status=409).json["code"] == "resource.elsewhere"
    companions = f"/instruments/{place.instrument.public_id}/companions"
    for given in ([ring["id"]], ["nothing"], "all"):
        office.call("PUT", companions, {"resources": given}, status=422)
    assert [one["kind"] for one in office.get(path)["items"]] == ["plant", "instrument"]
