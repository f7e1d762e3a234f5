"""What a session waits for, as programs read and clear it."""

from datetime import timedelta

import pytest

from infra_access.core import clock
from tests.factories.people import make_account
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import make_place

WALK = raw_rule(
    "walk",
    {"type": "require", "kind": "gate", "code": "safety-walk"},
    applies_to=["book"],
    message={"en": "The safety officer walks through it with you."},
)


@pytest.fixture
def place(stored):
    stored(make_policy, rules=[raw_rule("open", {"type": "permit"}), WALK])
    return stored(make_place)


@pytest.fixture
def staff(caller, place):
    return caller(("facility_manager", ("facility", place.facility.public_id)))


def booked(program, place) -> str:
    start = (clock.now() + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    times = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
    return program.post("/bookings", {"instrument": place.instrument.public_id, **times})["id"]


def test_it_lists_clears_and_reopens_the_gates_of_a_booking(caller, stored, place, staff):
    owner = caller(account=stored(make_account, name="Ada"))
    path = f"/bookings/{booked(owner, place)}"
    (gate,) = owner.get(f"{path}/gates")["items"]
    wanted = {
        "gate": "gate:safety-walk",
        "state": "open",
        "owner": "role",
        "role": "safety_officer",
        "mine": False,
        "may_clear": False,
        "message": "The safety officer walks through it with you.",
        "person": None,
        "clearance": None,
    }
    assert {name: gate[name] for name in wanted} == wanted
    assert gate["link"].endswith("/ask")
    assert gate["due"] < owner.get(path)["start"]
    (seen,) = staff.get(f"{path}/gates")["items"]
    assert (seen["mine"], seen["may_clear"], seen["link"]) == (True, True, f"{path}#gates")
    owner.post(f"{path}/gates", {"gate": gate["gate"], "note": "Walked."}, status=403)
    cleared = {"gate": gate["gate"], "title": "Record", "number": "W-1", "note": "Walked."}
    (met,) = staff.post(f"{path}/gates", cleared, status=200)["items"]
    assert (met["state"], met["clearance"]["number"]) == ("met", "W-1")
    assert owner.get(path)["state"] == "ready"
    assert staff.post(f"{path}/gates", cleared, status=409)["code"] == "gate.met"
    (again,) = staff.post(f"{path}/gates/reopen", {"gate": gate["gate"]}, status=200)["items"]
    assert (again["state"], owner.get(path)["state"]) == ("open", "confirmed")


def test_it_names_the_field_at_fault_and_says_nothing_to_strangers(place, caller, staff):
    path = f"/bookings/{booked(caller(), place)}/gates"
    assert "gate" in staff.post(path, {"note": "Walked."}, status=422)["errors"]
    assert "gate" in staff.post(path, {"gate": "gate:tea", "note": "Had."}, status=422)["errors"]
    assert "note" in staff.post(path, {"gate": "gate:safety-walk"}, status=422)["errors"]
    staff.post(path, {"gate": "gate:safety-walk", "note": "Walked."}, status=412, If_Match='"7"')
    caller().get(path, status=404)
    caller().post(path, {"gate": "gate:safety-walk", "note": "Walked."}, status=404)
