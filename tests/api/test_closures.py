"""Maintenance over the API: what was previewed is what is done, and what was lost is recorded."""

from typing import Any

import pytest

from tests.api.test_access_requests import at
from tests.factories.policy import make_policy, raw_rule
from tests.factories.upkeep import make_ring


@pytest.fixture
def ring(stored) -> Any:
    """Return a ring's id and its one beamline, which everybody may book."""
    stored(make_policy, rules=[raw_rule("all", {"type": "permit"})])
    plant, (place,) = stored(make_ring, beamlines=1)
    return plant.public_id, place


@pytest.fixture
def manager(caller, ring) -> Any:
    """Return the program of somebody who runs the facility."""
    return caller(("facility_manager", ("facility", ring[1].facility.public_id)))


def test_what_was_previewed_is_done_and_what_changed_is_shown_again(caller, ring, manager):
    plant, place = ring
    path = f"/facilities/{place.facility.public_id}/closures"
    user = caller()
    first = user.post("/bookings", {"instrument": place.instrument.public_id, "start": at(2, 8), "end": at(2, 10)})
    plan = {"resource": plant, "start": at(2, 7), "end": at(2, 12), "displace": "move"}
    seen = manager.post(f"{path}/preview", plan, status=200)
    assert [(one["booking"], one["outcome"]) for one in seen["bookings"]] == [(first["id"], "moved")]
    assert manager.get(path)["items"] == []
    user.post("/bookings", {"instrument": place.instrument.public_id, "start": at(2, 10), "end": at(2, 11)})
    closing = {**plan, "label": "Leak"}
    changed = manager.post(path, {**closing, "preview": seen["preview"]}, status=409)
    assert changed["code"] == "closure.changed"
    made = manager.post(path, {**closing, "preview": changed["report"]["preview"]})
    assert [one["outcome"] for one in made["report"]["bookings"]] == ["moved", "moved"]
    assert [one["id"] for one in manager.get(path)["items"]] == [made["id"]]
    assert manager.get(f"/closures/{made['id']}")["label"] == "Leak"
    user.get(f"/closures/{made['id']}", status=404)
    user.post(f"{path}/preview", plan, status=403)
    opened = manager.post(f"/closures/{made['id']}/withdraw", status=200)
    assert (opened["state"], opened["occurrences"]) == ("withdrawn", [])
    manager.post(f"/closures/{made['id']}/withdraw", status=409)


@pytest.mark.parametrize(
    "more",
    [
        {"end": at(1)},
        {"rrule": "FREQ=SECONDLY;COUNT=2"},
        {"rrule": "FREQ=DAILY;COUNT=1000000000"},
        {"rrule": "FREQ=DAILY;INTERVAL=0;COUNT=2"},
        {"displace": "forget"},
        {"kind": "party"},
        {"colour": "red"},
    ],
)
def test_a_plan_that_cannot_be_is_refused_and_says_why(ring, manager, more):
    plan = {"resource": ring[0], "start": at(2, 7), "end": at(2, 12), "label": "Leak", **more}
    refused = manager.post(f"/facilities/{ring[1].facility.public_id}/closures", plan, status=422)
    assert refused["errors"]


def test_time_is_lost_only_once_it_is_past(caller, ring, manager):
    plant, place = ring
    made = caller().post("/bookings", {"instrument": place.instrument.public_id, "start": at(2, 8), "end": at(2, 10)})
    ahead = {"start": at(2, 8), "end": at(2, 9), "cause": "beam"}
    manager.post(f"/bookings/{made['id']}/lost-time", ahead, status=422)
    outages = f"/facilities/{place.facility.public_id}/outages"
    manager.post(outages, {**ahead, "resource": plant}, status=422)
    manager.post(outages, {**ahead, "resource": plant, "start": at(-3), "end": at(-2)}, status=409)
    assert manager.get(f"/bookings/{made['id']}/lost-time") == {"items": []}
