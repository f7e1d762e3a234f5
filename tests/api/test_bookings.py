"""Bookings over the API: short form and lines, moved and cancelled under If-Match, as a calendar file."""

from typing import Any

import icalendar
import pytest

from infra_access.policy.templates import rules_from
from tests.api.conftest import Caller
from tests.api.test_access_requests import at
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import copies_of, make_companion, make_place, set_rules
from tests.statements import count_statements


@pytest.fixture
def place(stored) -> Any:
    """Return a bookable instrument with two copies that everybody may book."""
    stored(make_policy, rules=[raw_rule("all", {"type": "permit"})])
    return stored(make_place, copies=2)


def test_it_books_moves_and_cancels(caller, place):
    program = caller()
    body = {"instrument": place.instrument.public_id, "start": at(2), "end": at(2, 10), "title": "Run 7"}
    made = program.call("POST", "/bookings", body, status=201)
    path = made.headers["Location"].partition("/api/v1")[2]
    assert (made.json["start"], made.json["timezone"]) == (at(2), "Europe/Berlin")
    assert program.get(path) == made.json
    tag = made.headers["ETag"]
    moved = program.patch(path, {"start": at(3), "end": at(3, 10)}, If_Match=tag)
    assert (moved["start"], moved["id"]) == (at(3), made.json["id"])
    program.patch(path, {"start": at(4), "end": at(4, 10)}, status=412, If_Match=tag)
    program.post(f"{path}/check-in", status=409)
    program.post(f"{path}/complete", status=409)
    program.post(f"{path}/cancel", {"reason": "Ill."}, status=412, If_Match=tag)
    cancelled = program.post(f"{path}/cancel", {"reason": "Ill."}, status=200, Idempotency_Key="k")
    assert (cancelled["state"], cancelled["state_reason"]) == ("cancelled", "Ill.")
    assert program.post(f"{path}/cancel", {"reason": "Ill."}, status=200, Idempotency_Key="k") == cancelled
    assert program.get("/bookings?state=confirmed")["items"] == []


def test_it_books_several_lines_or_none(caller, stored, database, place):
    program = caller()
    with database.reader() as session:
        copies = [copy.public_id for copy in copies_of(session, place)]
    lines = [{"start": at(2), "end": at(2, 10), "resource": copy} for copy in copies]
    body = {"instrument": place.instrument.public_id, "lines": lines}
    assert {line["resource"] for line in program.post("/bookings", body)["lines"]} == set(copies)
    later = [{"start": at(2, 12), "end": at(2, 13), "resource": copies[0]}, lines[0]]
    refused = program.post("/bookings", {**body, "lines": later}, status=409)
    assert refused["alternatives"]
    assert len(program.get("/bookings")["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"start": at(2)}, "end"),
        ({}, "start"),
        ({"start": at(2), "end": at(1)}, "end"),
        ({"lines": []}, "lines"),
        ({"start": at(2), "end": at(3), "lines": [{"start": at(2), "end": at(3)}]}, "start"),
        ({"lines": [{"start": at(2), "end": at(2)}]}, "lines.0.end"),
        ({"start": at(-2), "end": at(-1)}, "span"),
    ],
)
def test_it_names_the_field_at_fault(caller, place, body: dict[str, Any], field: str):
    body = {"instrument": place.instrument.public_id, **body}
    assert field in caller().post("/bookings", body, status=422)["errors"]


def test_it_names_every_rule_that_a_time_breaks_in_words(caller, stored, place):
    stored(set_rules, subject=place.instrument, max_minutes=60, granularity_minutes=30)
    body = {"instrument": place.instrument.public_id, "start": at(2).replace(":00:00Z", ":07:00Z"), "end": at(2, 20)}
    refused = caller().post("/bookings", body, status=422)
    assert {one["code"] for one in refused["broken"]} == {"granularity", "max_length"}
    assert not any("${" in one["message"] for one in refused["broken"])


def test_equipment_of_a_template_is_not_booked_past_its_approval(caller, stored):
    stored(make_policy, rules=[raw_rule("all", {"type": "permit"}), *rules_from("indigenous-data", {})])
    place = stored(make_place)
    body = {"instrument": place.instrument.public_id, "start": at(2), "end": at(2, 10)}
    refused = caller().post("/bookings", body, status=403)
    (missing,) = refused["decision"]["missing"]
    assert missing["code"] == "allocation"
    assert missing["how"].startswith("Ask for access")


def test_it_explains_a_refusal_by_the_policy(caller, stored):
    stored(make_policy, rules=[raw_rule("trained", {"type": "require", "kind": "training", "code": "laser"})])
    place = stored(make_place)
    body = {"instrument": place.instrument.public_id, "start": at(2), "end": at(3)}
    refused = caller().post("/bookings", body, status=403)
    assert refused["decision"]["outcome"] in {"not_eligible", "conditional"}


def test_it_is_nobody_elses(anyone: Caller, caller, place):
    body = {"instrument": place.instrument.public_id, "start": at(2), "end": at(2, 10), "title": "Secret"}
    path = f"/bookings/{caller().post('/bookings', body)['id']}"
    anyone.get(path, status=401)
    for method, below, sent in (
        ("GET", "", None),
        ("GET", ".ics", None),
        ("PATCH", "", {"start": at(3), "end": at(4)}),
        ("POST", "/cancel", {}),
        ("POST", "/check-in", {}),
        ("POST", "/complete", {}),
    ):
        caller().call(method, path + below, sent, status=404)
    window = f"start={at(1)}&end={at(4)}"
    busy = anyone.get(f"/instruments/{place.instrument.public_id}/availability?{window}")["busy"]
    assert [set(one) for one in busy] == [{"start", "end", "kind"}]


def test_it_gives_a_calendar_file(caller, place):
    program = caller()
    body = {"instrument": place.instrument.public_id, "start": at(2), "end": at(2, 10), "title": "Run\r\nATTENDEE:x"}
    assert "title" in program.post("/bookings", body, status=422)["errors"]
    made = program.post("/bookings", {**body, "title": "Run 7"})
    response = program.call("GET", f"/bookings/{made['id']}.ics", status=200)
    assert response.content_type == "text/calendar"
    (event,) = icalendar.Calendar.from_ical(response.body).walk("VEVENT")
    assert "Run 7" in event["SUMMARY"]


def test_its_list_costs_the_same_statements_for_one_and_for_eight(caller, place, database):
    program = caller()
    counts = []
    for days in (range(2, 3), range(3, 10)):
        for day in days:
            program.post("/bookings", {"instrument": place.instrument.public_id, "start": at(day), "end": at(day, 9)})
        with count_statements(database) as statements:
            program.get("/bookings")
        counts.append(statements.count)
    assert counts[0] == counts[1] <= 4


def test_a_week_takes_two_statements_of_a_visitor_and_three_of_a_program(anyone, caller, place, database):
    program = caller()
    for day in range(2, 6):
        program.post("/bookings", {"instrument": place.instrument.public_id, "start": at(day), "end": at(day, 9)})
    path = f"/instruments/{place.instrument.public_id}/availability?start={at(1)}&end={at(8)}"
    for who, most in ((anyone, 2), (program, 3)):
        with count_statements(database) as statements:
            assert len(who.get(path)["busy"]) == 4
        assert statements.count == most, "\n".join(statements)


def test_a_week_that_has_not_changed_is_not_sent_again(anyone, caller, place):
    path = f"/instruments/{place.instrument.public_id}/availability?start={at(1)}&end={at(8)}"
    tag = anyone.call("GET", path, status=200).headers["ETag"]
    assert anyone.call("GET", path, status=304, If_None_Match=tag).body == b""
    caller().post("/bookings", {"instrument": place.instrument.public_id, "start": at(2), "end": at(2, 9)})
    anyone.call("GET", path, status=200, If_None_Match=tag)


def test_a_booking_takes_nine_statements_and_six_more_in_process(caller, stored, place, database):
    """SQLite cuts windows and writes records in statements of their own, PostgreSQL in two that do all of that."""
    program = caller()
    stored(lambda session: make_companion(session, place))
    stored(set_rules, subject=place.instrument, buffer_after_minutes=30)
    for day in (2, 3):  # the first one also reads the policy and makes the windows
        body = {"instrument": place.instrument.public_id, "start": at(day), "end": at(day, 9), "title": "Run"}
        with count_statements(database) as statements:
            made = program.post("/bookings", body)
    assert statements.count <= (15 if database.is_sqlite else 9), "\n".join(statements)
    assert program.get(f"/bookings/{made['id']}") == made


def test_the_staff_of_a_facility_list_what_is_booked_and_asked_for(caller, place):
    office = caller(("facility_manager", ("facility", place.facility.public_id)))
    path = f"/facilities/{place.facility.public_id}/bookings"
    rules = f"/instruments/{place.instrument.public_id}/booking-rules"
    assert office.call("PUT", rules, {"ask_for_time": True}, status=200).json["effective"]["ask_for_time"] is True
    guest = caller()
    body = {"instrument": place.instrument.public_id, "start": at(2, 10), "end": at(2, 12)}
    booked = guest.post("/bookings", body)
    asked = guest.post(
        f"/instruments/{place.instrument.public_id}/ask-for-time",
        {"start": at(3, 0), "end": at(4, 0), "minutes": 90},
    )
    assert [one["id"] for one in office.get(path)["items"]] == [booked["id"], asked["id"]]
    (wish,) = office.get(f"{path}?state=requested")["items"]
    assert (wish["id"], wish["wanted_minutes"], wish["title"]) == (asked["id"], 90, "")
    guest.call("POST", f"/bookings/{booked['id']}/cancel", {}, status=200)
    assert [one["id"] for one in office.get(path)["items"]] == [asked["id"]]
    guest.call("GET", path, status=403)
