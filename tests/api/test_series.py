"""Series over the API: one rule, a report of every occurrence, and changes of one, following or all."""

from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.api.test_access_requests import at
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import make_place


@pytest.fixture
def place(stored) -> Any:
    """Return a bookable instrument that everybody may book."""
    stored(make_policy, rules=[raw_rule("all", {"type": "permit"})])
    return stored(make_place)


def body_of(place: Any, rrule: str = "FREQ=DAILY;COUNT=4", **recurrence: str) -> dict[str, Any]:
    return {
        "instrument": place.instrument.public_id,
        "start": at(2),
        "end": at(2, 10),
        "recurrence": {"rrule": rrule, **recurrence},
    }


def test_a_series_is_booked_changed_and_booked_again(caller: Any, place: Any) -> None:
    program: Caller = caller()
    other = program.post("/bookings", {"instrument": place.instrument.public_id, "start": at(3), "end": at(3, 10)})
    made = program.post("/bookings", body_of(place))
    report = made["recurrence"]
    assert [(one["state"], one["code"]) for one in report["items"]] == [
        ("booked", None),
        ("skipped", "booking.overlap"),
        ("booked", None),
        ("booked", None),
    ]
    assert made["series"] == report["id"]
    assert (made["id"], made["start"]) == (report["items"][0]["booking"], at(2))
    path = f"/booking-series/{report['id']}"
    read = program.get(path)
    assert [one["recurrence_id"] for one in read["items"]] == [one["recurrence_id"] for one in report["items"]]
    left_out = report["items"][1]["recurrence_id"]
    assert program.post(f"{path}/book", {"recurrence_id": left_out}, status=409)["code"] == "booking.overlap"
    program.post(f"/bookings/{other['id']}/cancel", status=200)
    tag = program.call("GET", path).headers["ETag"]
    again = program.post(f"{path}/book", {"recurrence_id": left_out}, status=200)
    assert [one["state"] for one in again["changed"]] == ["booked"]
    program.patch(
        path,
        {"scope": "all", "recurrence_id": left_out, "start": at(3, 12), "end": at(3, 13)},
        status=412,
        If_Match=tag,
    )
    moved = program.patch(path, {"scope": "following", "recurrence_id": left_out, "start": at(3, 12), "end": at(3, 13)})
    assert [one["start"] for one in moved["items"]] == [at(2), at(3, 12), at(4, 12), at(5, 12)]
    done = program.post(f"{path}/cancel", {"scope": "all", "reason": "No samples."}, status=200)
    assert [one["state"] for one in done["items"]] == ["cancelled"] * 4
    assert program.get(f"/bookings/{made['id']}")["series"] == report["id"]


def test_fail_refuses_all_and_says_what_of_each(caller: Any, place: Any) -> None:
    program: Caller = caller()
    program.post("/bookings", {"instrument": place.instrument.public_id, "start": at(3), "end": at(3, 10)})
    refused = program.post("/bookings", body_of(place, on_conflict="fail"), status=409)
    assert refused["code"] == "series.conflicts"
    assert [one["state"] for one in refused["occurrences"]] == ["booked", "skipped", "booked", "booked"]
    assert len(program.get("/bookings")["items"]) == 1


@pytest.mark.parametrize(
    ("rrule", "code"),
    [
        ("FREQ=DAILY;COUNT=1000000000", "rrule.count"),
        ("FREQ=DAILY;COUNT=2;INTERVAL=0", "rrule.interval"),
        ("FREQ=SECONDLY;COUNT=2", "rrule.freq"),
        ("FREQ=DAILY;UNTIL=20200101T000000Z", "rrule.until"),
        ("FREQ=DAILY;COUNT=2;" + "X" * 8_000, "rrule.length"),
        ("FREQ=WEEKLY;COUNT=2;BYMONTHDAY=3", "rrule.bymonthday"),
    ],
    ids=["count", "interval", "secondly", "until", "long", "misplaced"],
)
def test_a_rule_out_of_bounds_is_named_and_nothing_is_booked(caller: Any, place: Any, rrule: str, code: str) -> None:
    program: Caller = caller()
    refused = program.post("/bookings", body_of(place, rrule), status=422)
    assert (refused["code"], list(refused["errors"])) == (code, ["rrule"])
    assert program.get("/bookings")["items"] == []


def test_only_one_start_and_end_can_be_repeated(caller: Any, place: Any) -> None:
    body = body_of(place)
    lines = [{"start": body.pop("start"), "end": body.pop("end")}]
    assert "lines" in caller().post("/bookings", {**body, "lines": lines}, status=422)["errors"]


@pytest.mark.parametrize("more", [{"quote": "0" * 16}, {"funding": "0" * 16}, {"hold": True}], ids=list)
def test_what_is_for_a_single_booking_cannot_be_repeated(caller: Any, place: Any, more: dict[str, Any]) -> None:
    refused = caller().post("/bookings", body_of(place) | more, status=422)
    assert list(refused["errors"]) == list(more)
