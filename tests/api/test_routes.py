"""The ways in to a facility over the API: opened, changed, with calls, and their booking rules checked."""

import pytest

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


def way(place, **overrides):
    values = {
        "name": "Walk in",
        "access_mode": "wide",
        "entry": "continuous",
        "time_given": "team_picks",
        "operated_by": "self",
        "access_unit": "hour",
        "access_types": ["physical"],
        "regimes": ["open"],
        "instruments": [place.instrument.public_id],
    }
    return values | overrides


def all_of(place):
    return f"/facilities/{place.facility.public_id}/routes"


def test_an_office_opens_a_way_changes_its_rules_and_closes_it(office, anyone, caller, place):
    made = office.call("POST", all_of(place), way(place, booking_rules={"max_minutes": 120}), status=201)
    path = f"/routes/{made.json['id']}"
    assert (made.json["booking_rules"], made.json["version"], made.json["active"]) == ({"max_minutes": 120}, 1, True)
    public = anyone.get(f"/instruments/{place.instrument.public_id}/routes")["items"]
    assert [one["name"] for one in public] == ["Walk in"]

    guest = caller()
    body = {"instrument": place.instrument.public_id, "start": at(2, 10), "end": at(2, 13)}
    refused = guest.call("POST", "/bookings", body, status=422).json
    assert [one["code"] for one in refused["broken"]] == ["max_length"]
    tag = office.call("GET", path).headers["ETag"]
    changed = office.call("PATCH", path, {"booking_rules": {"max_minutes": 240}}, status=200, If_Match=tag).json
    assert (changed["booking_rules"], changed["version"]) == ({"max_minutes": 240}, 2)
    guest.post("/bookings", body, status=201)
    office.call("PATCH", path, {"name": "Late"}, status=412, If_Match=tag)

    office.call("PATCH", path, {"active": False})
    assert anyone.get(f"/instruments/{place.instrument.public_id}/routes")["items"] == []
    assert [one["active"] for one in office.get(all_of(place))["items"]] == [False]


def test_rules_that_contradict_the_instruments_are_refused_from_either_side(office, place):
    rules = f"/instruments/{place.instrument.public_id}/booking-rules"
    office.call("PUT", rules, {"min_minutes": 60})
    wrong = (
        ({"max_minutes": 30}, "max_minutes"),
        ({"max_minutes": 0}, "max_minutes"),
        ({"granularity_minutes": 7}, "granularity_minutes"),
        ({"longest": 3}, "longest"),
    )
    for given, key in wrong:
        refused = office.call("POST", all_of(place), way(place, booking_rules=given), status=422).json
        assert any(name.endswith(key) for name in refused["errors"]), refused
    assert office.get(all_of(place))["items"] == []
    made = office.call("POST", all_of(place), way(place, booking_rules={"max_minutes": 90}), status=201).json
    refused = office.call("PATCH", f"/routes/{made['id']}", {"booking_rules": {"max_minutes": 30}}, status=422).json
    assert list(refused["errors"]) == ["booking_rules.max_minutes"]
    assert office.get(f"/routes/{made['id']}")["booking_rules"] == {"max_minutes": 90}
    office.call("PUT", rules, {"min_minutes": 120}, status=422)
    office.call("PUT", rules, {}, status=200)
    office.call("PUT", f"/facilities/{place.facility.public_id}/booking-rules", {"min_minutes": 120}, status=422)
    office.call("PUT", rules, {"min_minutes": 90}, status=200)


def test_calls_are_announced_on_a_way_of_rounds(office, anyone, place):
    rounds = office.call("POST", all_of(place), way(place, entry="rounds"), status=201).json
    path = f"/routes/{rounds['id']}/rounds"
    call = {"name": "Autumn", "opens_at": at(1), "closes_at": at(30), "decided_by": at(40), "period_start": at(60)}
    made = office.post(path, call, status=201)
    assert made["name"] == "Autumn"
    assert [one["id"] for one in office.get(path)["items"]] == [made["id"]]
    shown = office.get(f"/routes/{rounds['id']}")
    assert (shown["open_round"], shown["next_round"]["id"]) == (None, made["id"])
    for wrong, field in ((call | {"closes_at": at(1)}, "closes_at"), (call | {"decided_by": at(3)}, "decided_by")):
        assert field in office.call("POST", path, wrong, status=422).json["errors"]
    assert made["units_offered"] is None
    stated = office.call("PATCH", f"{path}/{made['id']}", {"units_offered": "12.5"}, status=200).json
    assert stated == made | {"units_offered": 12.5}
    assert anyone.get(f"/instruments/{place.instrument.public_id}/routes")["items"][0]["next_round"] == stated
    for wrong in (0, -1, "1.005", "much", 10**11, True):
        refused = office.call("PATCH", f"{path}/{made['id']}", {"units_offered": wrong}, status=422).json
        assert "units_offered" in refused["errors"]
    assert "units_offered" in office.call("PATCH", f"{path}/{made['id']}", {}, status=422).json["errors"]
    always = office.call("POST", all_of(place), way(place, name="Always"), status=201).json
    # A call is one of its own way in only.
    assert office.call("PATCH", f"/routes/{always['id']}/rounds/{made['id']}", {"units_offered": 1}, status=404)
    assert office.get(path)["items"] == [stated]
    refused = office.call("POST", f"/routes/{always['id']}/rounds", call, status=409).json
    assert refused["code"] == "route.continuous"


def test_others_neither_see_nor_change_them(office, caller, anyone, place, stored):
    made = office.call("POST", all_of(place), way(place), status=201).json
    other = stored(make_place)
    rival = caller(("facility_manager", ("facility", other.facility.public_id)))
    anyone.call("GET", all_of(place), status=401)
    rival.call("POST", all_of(place), way(place), status=403)
    for method, given in (("GET", None), ("PATCH", {"name": "Mine"})):
        rival.call(method, f"/routes/{made['id']}", given, status=404)
    foreign = way(place, instruments=[other.instrument.public_id])
    assert "instruments" in office.call("POST", all_of(place), foreign, status=422).json["errors"]
    wrong = way(place, turnaround_days=3)
    assert "turnaround_days" in office.call("POST", all_of(place), wrong, status=422).json["errors"]
    office.call("PATCH", f"/routes/{made['id']}", {"entry": "rounds"}, status=422)
