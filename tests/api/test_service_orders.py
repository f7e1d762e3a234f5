"""The story: a firm in Kenya sends eight samples by mail, from the quote to its acceptance, with no slot chosen."""

import pytest
from sqlalchemy import func, select

from infra_access.core import clock
from infra_access.ledger.models import UsageLine
from infra_access.scheduling.models import Booking, Occupancy
from tests.factories.orders import make_order, make_queue


@pytest.fixture
def world(stored):
    return stored(make_queue)


def body_of(world, **changes):
    wish = {
        "route": world.route.public_id,
        "instrument": world.instrument.public_id,
        "samples": 8,
        "sample_description": "Coated sensors of steel",
        "hazards": "Sharp edges",
        "title": "Corrosion of sensors",
        "regime": "open",
        "acting_for": world.startup.public_id,
        "return_samples": True,
    }
    return wish | changes


def test_a_firm_in_kenya_sends_eight_samples_by_mail_with_no_slot_chosen(caller, database, world):
    startup, staff = caller(actor=world.applicant), caller(actor=world.manager)
    (way,) = startup.get(f"/instruments/{world.instrument.public_id}/routes")["items"]
    assert (way["time_given"], way["turnaround_days"]) == ("queue", 10)
    made = startup.call("POST", "/service-orders", body_of(world), status=201, Idempotency_Key="once")
    again = startup.call("POST", "/service-orders", body_of(world), status=201, Idempotency_Key="once")
    assert again.json == made.json
    path = made.headers["Location"].partition("/api/v1")[2]
    quoted = startup.get(path)
    assert (quoted["state"], quoted["quote"]["price"], quoted["quote"]["currency"]) == ("quoted", 200, "EUR")
    assert quoted["quote"]["number"].endswith("-0001")
    startup.post(f"{path}/order", {}, status=409)
    staff.post(f"{path}/order", {"text_hash": quoted["terms"]["text_hash"]}, status=403)
    placing = {"text_hash": quoted["terms"]["text_hash"]}
    ordered = startup.call("POST", f"{path}/order", placing, status=200, If_Match=made.headers["ETag"])
    assert (ordered.json["state"], ordered.json["ahead"], ordered.json["promised_at"]) == ("ordered", 0, None)
    (waiting,) = staff.get(f"/service-orders?instrument={world.instrument.public_id}")["items"]
    assert waiting["id"] == quoted["id"]
    startup.post(f"{path}/samples-received", {"count": 8}, status=403)
    staff.post(f"{path}/samples-received", {"count": 8}, status=412, If_Match=made.headers["ETag"])
    received = staff.post(f"{path}/samples-received", {"count": 8, "tracking": "DHL 4711"}, status=200)
    assert received["promised_at"] is not None
    assert staff.post(f"{path}/start", status=200)["state"] == "in_work"
    assert staff.post(f"{path}/quality-checked", status=200)["ahead"] is None
    delivered = staff.post(f"{path}/deliver", {"deliverable": "https://data.example/8"}, status=200)
    assert delivered["possible"] == ["accept", "dispute"]
    assert startup.post(f"{path}/dispute", {"reason": "Spectrum 3 is empty."}, status=200)["state"] == "disputed"
    for step, sent in (("start", None), ("quality-checked", None), ("deliver", {"deliverable": "Now whole."})):
        staff.post(f"{path}/{step}", sent, status=200)
    accepted = startup.post(f"{path}/accept", status=200)
    assert (accepted["state"], accepted["possible"]) == ("accepted", [])
    with database.reader() as session:
        counted = [session.scalar(select(func.count()).select_from(table)) for table in (Booking, Occupancy, UsageLine)]
    assert counted == [0, 0, 1]


def test_it_is_hidden_from_everybody_else(caller, stored, world):
    order = stored(make_order, world=world, state="ordered")
    for other in (caller(), caller(actor=world.administrator), caller(actor=stored(make_queue).manager)):
        hidden = other.call("GET", f"/service-orders/{order.public_id}", status=404)
        assert hidden.json == {**other.call("GET", f"/service-orders/{'0' * 16}", status=404).json}
        other.post(f"/service-orders/{order.public_id}/start", status=404)
        assert other.get(f"/service-orders?instrument={world.instrument.public_id}")["items"] == []


def test_it_names_the_field_at_fault(caller, world):
    startup = caller(actor=world.applicant)
    for changes in ({"samples": 0}, {"samples": 10**9}, {"samples": "8"}, {"sample_description": "x" * 5_001},
                    {"slot": "9:00"}, {"title": ""}):  # fmt: skip
        refused = startup.post("/service-orders", body_of(world, **changes), status=422)
        assert set(changes) <= set(refused["errors"])


def test_priority_changes_the_queue_and_lists_filter_by_state(caller, stored, world):
    staff, startup = caller(actor=world.manager), caller(actor=world.applicant)
    first, second = (stored(make_order, world=world, state="ordered", now=clock.now()) for _each in range(2))
    assert startup.get(f"/service-orders/{second.public_id}")["ahead"] == 1
    staff.post(f"/service-orders/{second.public_id}/priority", {"priority": 3, "reason": "It thaws."}, status=200)
    queue = staff.get(f"/service-orders?instrument={world.instrument.public_id}")["items"]
    assert [one["id"] for one in queue] == [second.public_id, first.public_id]
    assert len(startup.get("/service-orders?state=ordered")["items"]) == 2
    assert startup.get("/service-orders?state=delivered")["items"] == []
