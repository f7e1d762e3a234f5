"""Trainings as programs record, read and withdraw them."""

from datetime import timedelta

import pytest

from infra_access.core import clock
from tests.factories.catalogue import make_facility
from tests.factories.people import make_account


@pytest.fixture
def facility(stored):
    return stored(make_facility)


@pytest.fixture
def staff(caller, facility):
    return caller(("user_officer", ("facility", facility.public_id)))


def test_a_training_is_recorded_read_by_its_owner_and_withdrawn(caller, stored, facility, staff):
    person = stored(make_account, name="Ada")
    owner, path = caller(account=person), f"/facilities/{facility.public_id}/trainings"
    day = (clock.now() - timedelta(days=3)).date().isoformat()
    body = {"email": person.email, "code": "laser-safety", "completed_on": day}
    made = staff.call("POST", path, body, status=201)
    place = made.headers["Location"].partition("/api/v1")[2]
    assert {name: made.json[name] for name in ("person", "person_name", "code", "issuer", "withdrawn_at")} == {
        "person": person.public_id,
        "person_name": "Ada",
        "code": "laser-safety",
        "issuer": facility.name,
        "withdrawn_at": None,
    }
    assert owner.get(place) == staff.get(place) == owner.get("/me/trainings")["items"][0]
    assert staff.get(path)["items"] == [made.json]
    assert staff.get("/me/trainings")["items"] == []

    other = caller(("user_officer", ("facility", stored(make_facility).public_id)))
    for stranger in (caller(), other):
        stranger.get(path, status=403)
        stranger.get(place, status=404)
        stranger.post(path, body, status=403)
        stranger.post(f"{place}/withdraw", {"reason": "No."}, status=404)
    owner.post(f"{place}/withdraw", {"reason": "No."}, status=403)
    assert "reason" in staff.post(f"{place}/withdraw", {}, status=422)["errors"]
    gone = staff.post(f"{place}/withdraw", {"reason": "Mixed up."}, status=200)
    assert (gone["withdrawn_reason"], bool(gone["withdrawn_at"])) == ("Mixed up.", True)
    assert staff.post(f"{place}/withdraw", {"reason": "Again."}, status=409)["code"] == "training.withdrawn"
    assert owner.get("/me/trainings")["items"] == [gone]


def test_what_is_wrong_is_told_by_its_field_and_nothing_is_recorded(caller, stored, facility):
    account = stored(make_account)
    staff = caller(("facility_manager", ("facility", facility.public_id)), account=account)
    path, day = f"/facilities/{facility.public_id}/trainings", clock.now().date().isoformat()
    right = {"email": stored(make_account).email, "code": "laser-safety", "completed_on": day}
    for field, value in (("email", "nobody@else.example"), ("expires_on", day), ("completed_on", "2099-01-01")):
        assert field in staff.post(path, right | {field: value}, status=422)["errors"]
    assert staff.post(path, right | {"email": account.email}, status=403)["code"] == "training.own"
    assert staff.get(path)["items"] == []
