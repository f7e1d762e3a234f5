"""Exceptions from rules over the API: asked for, confirmed by another, counted, booked on, listed, ended."""

from typing import Any

import pytest

from infra_access.core.authority import NETWORK
from tests.api.conftest import Caller
from tests.api.test_access_requests import at, body_of
from tests.factories.access_requests import OPEN_TO_ALL, World, make_world
from tests.factories.overrides import VERIFIED_ONLY, administrators
from tests.factories.people import make_actor

REASON = {"rule": "verified-only", "reason": "The registry is closed for a month."}


@pytest.fixture
def world(stored) -> World:
    """Return a world in which only verified organisations may ask and book; the startup is none."""
    return stored(make_world, rules=[OPEN_TO_ALL, VERIFIED_ONLY], terms={})


@pytest.fixture
def two(stored, caller) -> list[Caller]:
    """Return the programs of two access administrators of the network."""
    return [caller(actor=actor) for actor in stored(administrators)]


def refused(startup: Caller, world: World) -> str:
    made = startup.post("/access-requests", body_of(world))
    assert startup.post(f"/access-requests/{made['id']}/submit", status=200)["state"] == "refused"
    return str(made["id"])


def test_it_leads_from_a_refusal_to_a_booking(caller, stored, world: World, two: list[Caller]) -> None:
    startup, (first, second) = caller(actor=world.applicant), two
    key = refused(startup, world)
    answer = first.call("POST", f"/access-requests/{key}/overrides", REASON, status=201)
    path = answer.headers["Location"].partition("/api/v1")[2]
    assert answer.json["state"] == "waiting"
    assert first.get(path) == {**answer.json, "may_confirm": False, "may_withdraw": True}
    assert first.post(f"{path}/confirm", status=403)["code"] == "override.own"
    assert second.get(path)["may_confirm"] is True
    assert second.post(f"{path}/confirm", status=200)["state"] == "in_force"

    sent = startup.post(f"/access-requests/{key}/submit", status=200)
    assert sent["state"] == "active"
    assert sent["decision"]["reasons"][-1]["message"].startswith("An exception from this rule was granted on")
    [allocation] = startup.get("/allocations")["items"]
    book = {"instrument": world.instrument.public_id, "start": at(2), "end": at(2, 16)}
    booked = startup.post("/bookings", {**book, "allocation": allocation["id"]})
    assert booked["state"] == "confirmed"
    assert startup.post("/bookings", {**book, "start": at(3), "end": at(3, 16)}, status=403)["code"] == "policy.refused"

    ended = second.post(f"{path}/withdraw", {"reason": "It was a mistake."}, status=200)
    assert (ended["state"], ended["withdrawn_reason"]) == ("withdrawn", "It was a mistake.")
    later = {**book, "start": at(3), "end": at(3, 16), "allocation": allocation["id"]}
    assert startup.post("/bookings", later, status=403)["code"] == "policy.refused"
    auditor = caller(actor=stored(lambda session: make_actor(session, ("auditor", NETWORK))))
    [item] = auditor.get("/overrides?state=withdrawn")["items"]
    assert (item["access_request"], item["rule"], item["reason"]) == (key, "verified-only", REASON["reason"])
    assert auditor.get("/overrides?state=in_force")["items"] == []
    assert auditor.post(f"{path}/withdraw", {"reason": "No."}, status=403)["code"] == "permission.missing"


def test_what_is_wrong_is_named_and_the_team_neither_asks_nor_sees_it(caller, world: World, two: list[Caller]) -> None:
    startup = caller(actor=world.applicant)
    key = refused(startup, world)
    assert startup.post(f"/access-requests/{key}/overrides", REASON, status=403)["code"] == "override.own"
    path = f"/access-requests/{key}/overrides"
    wrong: list[dict[str, Any]] = [
        {**REASON, "rule": "all"}, {"rule": "verified-only"}, {**REASON, "valid_until": "2020-01-01T00:00:00Z"},
        {**REASON, "more": 1},
    ]  # fmt: skip
    fields = [two[0].post(path, body, status=422)["errors"] for body in wrong]
    assert [next(iter(one)) for one in fields] == ["rule", "reason", "valid_until", "more"]
    assert two[0].get("/overrides?state=lost", status=422)["errors"].keys() == {"state"}
    assert two[0].get("/overrides")["items"] == []
    made = two[0].post(f"/access-requests/{key}/overrides", REASON)
    assert startup.get("/overrides")["items"] == []
    startup.get(f"/overrides/{made['id']}", status=404)
