"""A startup's request over the API: drafted, sent, approved by facility and country, agreed, granted, booked."""

from datetime import UTC, timedelta
from typing import Any

import pytest

from infra_access.access_requests.conversations.speaking import ask
from infra_access.core import clock
from tests.api.conftest import Caller
from tests.factories.access_requests import OPEN_TO_ALL, World, make_world
from tests.factories.people import make_actor
from tests.factories.policy import raw_rule
from tests.statements import count_statements


def at(days: int, hour: int = 8) -> str:
    """Return an instant some days from today on a full hour."""
    day = clock.now().astimezone(UTC) + timedelta(days=days)
    return f"{day:%Y-%m-%d}T{hour:02}:00:00Z"


def body_of(world: World, **overrides: Any) -> dict[str, Any]:
    """Return the body of a request for two shifts."""
    body = {
        "route": world.route.public_id,
        "title": "Corrosion of sensors",
        "summary": "Two alloys.",
        "regime": "open",
        "acting_for": world.startup.public_id,
        "instruments": [world.instrument.public_id],
        "quantity": {"amount": 2, "access_unit": "shift"},
        "period": {"start": at(1), "end": at(80)},
        "access_type": "physical",
        "participants": [
            {"email": "amina@nyota.example", "name": "Amina", "role": "member", "country_of_work": "KE"},
            {"email": "jonas@host.example", "name": "Jonas", "role": "local-contact", "country_of_work": "DE"},
        ],
        "project": {"purpose": "research", "samples": [{"kind": "alloy", "country": "KE", "hazards": []}]},
    }
    return body | overrides


@pytest.fixture
def world(stored) -> World:
    """Return all that a request from Kenya to Germany needs."""
    return stored(make_world)


@pytest.fixture
def startup(caller, world: World) -> Caller:
    """Return the applicant's program."""
    return caller(actor=world.applicant)


def test_it_leads_from_a_draft_to_a_booking(caller, world: World, startup: Caller):
    draft = startup.call("POST", "/access-requests", body_of(world), status=201)
    path = draft.headers["Location"].partition("/api/v1")[2]
    assert (draft.json["state"], len(draft.json["participants"])) == ("draft", 3)
    assert draft.json["quantity"] == {"amount": 2, "access_unit": "shift"}
    assert startup.get("/access-requests")["items"][0]["id"] == draft.json["id"]
    manager, administrator = caller(actor=world.manager), caller(actor=world.administrator)
    manager.get(path, status=404)

    sent = startup.post(f"{path}/submit", status=200, If_Match=draft.headers["ETag"])
    assert sent["state"] == "under_review"
    assert {one["role"] for one in sent["waiting"]} == {"facility_manager", "access_administrator"}
    assert sent["decision"]["outcome"] == "needs_approval"
    startup.post(f"{path}/submit", status=412, If_Match=draft.headers["ETag"])

    for program in (manager, administrator):
        (waiting,) = program.get("/approvals?state=pending")["items"]
        assert waiting["subject"] == {"kind": "access_request", "id": draft.json["id"]}
        assert waiting["may_decide"]
        verdict = {"verdict": "approve", "reason": "It fits.", "conditions": "Bring dosimeters."}
        given = program.post(f"/approvals/{waiting['id']}/decision", verdict, status=200)
        assert given["state"] == "approved"
        assert program.get("/approvals")["items"] == []

    agreement = startup.get(f"{path}/agreement")
    assert agreement["may_accept"] == ["applicant"]
    startup.post(f"{path}/agreement/accept", {"text_hash": "0" * 64}, status=409)
    agreed = startup.post(f"{path}/agreement/accept", {"text_hash": agreement["text_hash"]}, status=200)
    assert agreed["complete"]

    (allocation,) = startup.get("/allocations")["items"]
    assert (allocation["granted"], allocation["used"], allocation["left"]) == (2, 0, 2)
    booking = {
        "instrument": world.instrument.public_id,
        "start": at(5),
        "end": at(5, 12),
        "allocation": allocation["id"],
    }
    booked = startup.call("POST", "/bookings", booking, status=201)
    assert booked.json["state"] == "confirmed"
    assert startup.get("/allocations")["items"][0]["left"] == 1.5
    taken = caller(actor=world.applicant).post("/bookings", booking, status=409)
    assert taken["alternatives"]


def test_it_asks_again_what_rests_on_a_changed_field(caller, world: World, startup: Caller):
    made = startup.post("/access-requests", body_of(world))
    path = f"/access-requests/{made['id']}"
    startup.post(f"{path}/submit", status=200)
    (country,) = caller(actor=world.administrator).get("/approvals")["items"]
    (facility,) = caller(actor=world.manager).get("/approvals")["items"]
    team = [one for one in made["participants"] if one["email"] == "amina@nyota.example"]
    team.append({"email": "li@lab.example", "name": "Li", "role": "member", "country_of_work": "CN"})
    changed = startup.patch(path, {"participants": team})
    assert changed["state"] == "under_review"
    assert caller(actor=world.administrator).get("/approvals")["items"][0]["id"] != country["id"]
    assert caller(actor=world.manager).get("/approvals")["items"][0]["id"] == facility["id"]


def test_a_rule_reads_how_dangerous_a_sample_is(caller, stored):
    level = {"op": "in", "fact": "samples[].biosafety", "value": ["bsl-2", "bsl-3", "bsl-4"]}
    officer = {"type": "approve", "role": "safety_officer", "scope": "facility"}
    rule = raw_rule("bsl", officer, {"some": {"over": "samples", "when": level}}, applies_to=["request"])
    world = stored(make_world, rules=(OPEN_TO_ALL, rule))
    stored(lambda session: make_actor(session, ("safety_officer", ("facility", world.facility.public_id))))
    startup = caller(actor=world.applicant)
    plasma = {"kind": "plasma", "country": "KE", "hazards": [], "fate": "destroyed"}
    made = startup.post("/access-requests", body_of(world, project={"samples": [plasma | {"biosafety": None}]}))
    path = f"/access-requests/{made['id']}"
    assert made["project"]["samples"] == [plasma]
    asked = startup.post(f"{path}/submit", status=409)
    assert "samples[0].biosafety" in str(asked)
    plasma["biosafety"] = "bsl-2"
    assert startup.patch(path, {"project": {"samples": [plasma]}})["project"]["samples"] == [plasma]
    sent = startup.post(f"{path}/submit", status=200)
    assert [one["role"] for one in sent["waiting"]] == ["safety_officer"]


def test_it_tells_the_applicant_no_more_of_a_rule_than_the_decision_does(caller, world: World, startup: Caller):
    made = startup.post("/access-requests", body_of(world))
    startup.post(f"/access-requests/{made['id']}/submit", status=200)
    (waiting,) = caller(actor=world.manager).get("/approvals")["items"]
    own = startup.get(f"/approvals/{waiting['id']}")
    assert (own["rule"], own["message"], own["may_decide"]) == ("withheld", {}, False)
    refused = startup.post(f"/approvals/{waiting['id']}/decision", {"verdict": "approve"}, status=403)
    assert refused["code"] == "permission.missing"


def test_staff_find_it_by_its_case_number_and_others_learn_nothing(caller, world: World, startup: Caller):
    path = f"/access-requests/{startup.post('/access-requests', body_of(world))['id']}"
    case = startup.post(f"{path}/submit", status=200)["case"]
    found = f"/access-requests?case={case.lower().replace('-', '+')}"
    for reader in (startup, caller(actor=world.manager)):
        assert [f"/access-requests/{one['id']}" for one in reader.get(found)["items"]] == [path]
        assert reader.get(f"{found}&state=draft")["items"] == []
    assert caller().get(found)["items"] == caller().get("/access-requests?case=ZZZZ-ZZZZ")["items"] == []


def test_it_withdraws(world: World, startup: Caller):
    made = startup.post("/access-requests", body_of(world))
    path = f"/access-requests/{made['id']}"
    assert startup.post(f"{path}/withdraw", {"reason": "No money."}, status=200)["state"] == "withdrawn"
    assert startup.post(f"{path}/submit", status=409)["code"].startswith("access_request")
    startup.get(f"{path}/agreement", status=404)


def test_it_is_nobody_elses(anyone: Caller, caller, world: World, startup: Caller):
    path = f"/access-requests/{startup.post('/access-requests', body_of(world))['id']}"
    anyone.get(path, status=401)
    for method, below, body in (
        ("GET", "", None), ("PATCH", "", {"title": "Mine"}), ("POST", "/submit", {}), ("POST", "/withdraw", {}),
        ("GET", "/agreement", None), ("POST", "/agreement/accept", {"text_hash": "0" * 64}),
    ):  # fmt: skip
        caller().call(method, path + below, body, status=404)


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"quantity": {"amount": 1.234, "access_unit": "shift"}}, "quantity.amount"),
        ({"quantity": {"amount": "0", "access_unit": "shift"}}, "quantity.amount"),
        ({"quantity": {"amount": 2, "access_unit": "furlong"}}, "quantity.access_unit"),
        ({"quantity": {"amount": 2, "access_unit": "day"}}, "access_unit"),
        ({"period": {"start": "2030-01-01T00:00:00", "end": "2030-02-01T00:00:00Z"}}, "period.start"),
        ({"instruments": ["nothing"]}, "instruments.0"),
        ({"instruments": []}, "instruments"),
        ({"route": "0" * 16}, "route"),
        ({"acting_for": "0" * 16}, "acting_for"),
        ({"project": {"colour": "red"}}, "project.colour"),
        ({"participants": [{"email": "x", "name": "X", "role": "boss"}]}, "participants.0.role"),
        ({"project": {"samples": [{"kind": "soil", "fate": "eaten"}]}}, "project.samples.0.fate"),
        ({"project": {"samples": [{"kind": "soil", "biosafety": "2"}]}}, "project.samples.0.biosafety"),
    ],
)
def test_it_names_the_field_at_fault(world: World, startup: Caller, overrides: dict[str, Any], field: str):
    assert field in startup.post("/access-requests", body_of(world, **overrides), status=422)["errors"]


def test_its_lists_cost_the_same_statements_for_two_and_for_nine(caller, world: World, startup: Caller, database):
    manager = caller(actor=world.manager)
    counts: dict[int, list[int]] = {}
    for total, more in ((2, 2), (9, 7)):
        for _number in range(more):
            made = startup.post("/access-requests", body_of(world))
            startup.post(f"/access-requests/{made['id']}/submit", status=200)
        counts[total] = []
        for program, path in ((startup, "/access-requests"), (manager, "/approvals"), (startup, "/allocations")):
            with count_statements(database) as statements:
                assert len(program.get(path)["items"]) == (0 if path == "/allocations" else total)
            counts[total].append(statements.count)
    assert counts[2] == counts[9]
    assert max(counts[9]) <= 7


def test_it_is_made_of_a_conversation_that_the_caller_began(stored, world: World, startup: Caller):
    words = {"subject": "Wet samples?", "text": "Can they be measured?"}
    asked = stored(ask, actor=world.applicant, now=clock.now(), instrument=world.instrument, **words).public_id
    startup.call("POST", "/access-requests", body_of(world, conversation=asked), status=201)
    refused = startup.call("POST", "/access-requests", body_of(world, conversation=asked), status=422)
    assert "conversation" in refused.json["errors"]
    path = f"/access-requests/{startup.get('/access-requests')['items'][0]['id']}"
    startup.call("PATCH", path, {"conversation": asked}, status=422)
