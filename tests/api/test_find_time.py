"""POST /find-time: a reader that offers slots with their decision, and refuses questions that make no sense."""

from datetime import timedelta

import pytest

from infra_access.core import clock
from tests.factories.catalogue import make_facility
from tests.factories.find_time import make_windows
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import make_place
from tests.statements import count_statements


def made(session, places=2):
    make_policy(session)
    make_policy(
        session, raw_rule("closed", {"type": "deny"}, {"op": "eq", "fact": "applicant.sector", "value": "company"})
    )
    facility = make_facility(session)
    ids = [make_place(session, facility=facility).instrument.public_id for _number in range(places)]
    make_windows(session, now=clock.now())
    return ids


def body(**values):
    start = (clock.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    end = start + timedelta(days=10)
    return {"duration_minutes": 60, "start": start.isoformat(), "end": end.isoformat()} | values


def test_each_slot_can_be_booked_as_it_was_offered(caller, stored):
    stored(made)
    mine = caller()
    found = mine.post("/find-time", body(), status=200)
    assert len(found["items"]) == 2
    for slot in found["items"]:
        assert slot["decision"]["outcome"] == "permit"
        assert (slot["next"], slot["only_if_quick"]) == ("book", False)
        mine.post("/bookings", {key: slot[key] for key in ("instrument", "start", "end")})
    again = mine.post("/find-time", body(), status=200)["items"]
    assert not {(one["instrument"], one["start"]) for one in found["items"]} & {
        (one["instrument"], one["start"]) for one in again
    }


def test_a_visitor_is_answered_by_what_they_say(anyone, stored):
    named = stored(made)
    assert len(anyone.post("/find-time?as=sector:academic", body(), status=200)["items"]) == 2
    refused = anyone.post("/find-time?as=sector:company", body(instruments=named), status=200)
    assert refused["items"] == []
    assert {one["outcome"] for one in refused["refused"].values()} == {"deny"}
    assert refused["by"] == "what you said"


def test_a_set_that_was_found_is_booked_together(caller, stored):
    named = stored(made)
    mine = caller()
    question = body(instruments=named, together={"order": "sequence", "min_gap_minutes": 30})
    one = mine.post("/find-time", question, status=200)["sets"][0]
    items = [{key: slot[key] for key in ("instrument", "start", "end")} for slot in one["items"]]
    bundle = mine.post("/bookings/together", {"items": items, "title": "Both"})
    assert [each["bundle"] for each in bundle["items"]] == [bundle["bundle"]] * 2
    taken = mine.call("POST", "/bookings/together", {"items": items}, status=409).json
    assert taken["instrument"] == items[0]["instrument"]
    assert taken["alternatives"]


@pytest.mark.parametrize(
    "values",
    [
        {"duration_minutes": 0},
        {"duration_minutes": 10**12},
        {"count": 0},
        {"instruments": ["0" * 16]},
        {"end": "2000-01-01T00:00:00Z"},
        {"near": {"lat": 1, "lon": 2}},
        {"filters": {"country": "XX"}},
        {"nothing": 1},
        {"together": {"order": "same"}},
    ],
)
def test_a_question_that_makes_no_sense_names_the_field(anyone, stored, values):
    stored(made)
    assert anyone.post("/find-time", body(**values), status=422)["errors"]


def test_statements_do_not_grow_with_the_instruments(anyone, stored, database):
    stored(made, places=30)
    anyone.post("/find-time?as=sector:academic", body(), status=200)
    with count_statements(database) as few:
        anyone.post("/find-time?as=sector:academic", body(), status=200)
    stored(lambda session: [make_place(session) for _number in range(60)] and make_windows(session, now=clock.now()))
    anyone.post("/find-time?as=sector:academic", body(), status=200)
    with count_statements(database) as many:
        found = anyone.post("/find-time?as=sector:academic", body(), status=200)
    assert len(found["items"]) == 10
    assert many.count <= few.count + 1 <= 12
