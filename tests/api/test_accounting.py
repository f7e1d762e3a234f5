"""Quotes, sources, pools and the ledger over the API: from a price to a closed month."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from infra_access.accounting.models import FundingSource
from infra_access.scheduling.attendance import check_in, complete
from infra_access.scheduling.places import place_of
from tests.api.test_access_requests import at
from tests.factories.access_requests import OPEN_TO_ALL
from tests.factories.accounting import make_funding, make_priced_world, make_usage
from tests.factories.scheduling import make_booking, span


@pytest.fixture
def world(stored) -> Any:
    return stored(make_priced_world, rules=[OPEN_TO_ALL])


def test_a_price_is_quoted_and_paid_by_a_source(caller, stored, world):
    program = caller(actor=world.applicant)
    asked = {
        "instrument": world.instrument.public_id,
        "route": world.route.public_id,
        "regime": "proprietary",
        "units": "0.25",
        "acting_for": world.startup.public_id,
    }
    made = program.call("POST", "/quotes", asked, status=201)
    quote = made.json
    assert quote["number"].endswith("-0001")
    assert (quote["price"], quote["reduction"], quote["acting_for_name"]) == (250, 0, world.startup.name)
    assert program.get(made.headers["Location"].partition("/api/v1")[2]) == quote
    assert program.get("/quotes")["items"] == [quote]
    caller().get(f"/quotes/{quote['id']}", status=404)

    source = {
        "kind": "voucher",
        "name": "Voucher",
        "currency": "EUR",
        "limit": "300.50",
        "valid_from": "2026-01-01",
        "valid_until": "2190-12-31",
    }
    funding = program.post("/funding-sources", source)
    assert (funding["limit"], funding["left"], funding["organisation"]) == (300.5, 300.5, None)
    program.post("/funding-sources", source | {"organisation": world.startup.public_id})
    time = {"instrument": world.instrument.public_id, "start": at(2), "end": at(2, 10)}
    program.post("/bookings", time | {"funding": funding["id"]}, status=422)
    booking = program.post("/bookings", time | {"quote": quote["id"], "funding": funding["id"]})
    assert [booking[name] for name in ("quote", "price", "currency", "funding", "allocation", "pool")] == [
        quote["id"], 250, "EUR", funding["id"], None, None
    ]  # fmt: skip
    assert [one["left"] for one in program.get("/funding-sources")["items"]] == [300.5, 50.5]
    again = program.post("/bookings", time | {"start": at(3), "end": at(3, 10), "quote": quote["id"]}, status=409)
    assert again["code"] == "quote.used"


@pytest.mark.parametrize(
    ("change", "field"), [({"units": 0}, "units"), ({"regime": "embargoed"}, "regime"), ({"colour": "red"}, "colour")]
)
def test_a_quote_names_what_is_wrong(caller, world, change, field):
    asked = {
        "instrument": world.instrument.public_id,
        "route": world.route.public_id,
        "regime": "open",
        "units": 1,
    }
    refused = caller(actor=world.applicant).post("/quotes", asked | change, status=422)
    assert list(refused["errors"]) == [field]


def test_a_facility_shares_out_a_period(caller, stored, world):
    manager = caller(actor=world.manager)
    facility = f"/facilities/{world.facility.public_id}"
    period = manager.post(f"{facility}/periods", {"name": "Spring", "start": at(0), "end": at(60)})
    manager.post(f"{facility}/periods", {"name": "Again", "start": at(59), "end": at(80)}, status=409)
    pool = {
        "period": period["id"],
        "name": "Open call",
        "purpose": "open-call",
        "access_unit": "hour",
        "amount": 1,
        "instruments": [world.instrument.public_id],
    }
    heir = manager.post(f"{facility}/pools", pool)
    aside = pool | {
        "name": "Startups",
        "purpose": "set-aside",
        "serves": {"startup": True},
        "falls_back_on": at(50)[:10],
        "falls_back_to": heir["id"],
    }
    made = manager.call("POST", f"{facility}/pools", aside, status=201)
    path = made.headers["Location"].partition("/api/v1")[2]
    day = at(40)[:10]
    change = {"amount": "2.5", "falls_back_on": day, "falls_back_to": heir["id"]}
    assert manager.patch(path, change, If_Match=made.headers["ETag"])["left"] == 2.5
    manager.patch(path, change, status=412, If_Match=made.headers["ETag"])
    assert set(manager.patch(path, change | {"falls_back_on": "2026-04-01"}, status=422)["errors"]) == {"falls_back_on"}
    kept = manager.patch(path, {"amount": "2.5"})
    assert (kept["falls_back_on"], kept["falls_back_to"]) == (day, heir["id"])
    caller().patch(path, change, status=404)
    pools = manager.get(f"{facility}/pools")["items"][0]["pools"]
    assert [(one["name"], one["amount"], one["falls_back_on"]) for one in pools] == [
        ("Open call", 1, None),
        ("Startups", 2.5, day),
    ]
    program = caller(actor=world.applicant)
    program.get(f"{facility}/pools", status=403)
    program.post(f"{facility}/pools", pool, status=403)
    long = {"instrument": world.instrument.public_id, "start": at(2), "end": at(2, 11)}
    refused = program.post("/bookings", long, status=409)
    assert (refused["code"], refused["left"], refused["falls_back_on"]) == ("pool.empty", "1.00", [day])


def test_prices_and_pools_name_alternatives_and_bad_ones_are_refused_with_their_place(caller, world):
    manager, facility = caller(actor=world.manager), f"/facilities/{world.facility.public_id}"
    small = {"country_group": "ODA:2024", "any": [{"startup": True}, {"size": "small"}]}
    price = {"amount": "1000", "currency": "EUR", "per": "shift"}

    def tariff(when: Any) -> dict[str, Any]:
        return {"tariff": {"open": {**price, "reductions": [{"when": when, "percent": "100", "ground": "Small"}]}}}

    route = f"/routes/{world.route.public_id}"
    assert manager.patch(route, tariff(small))["tariff"]["open"]["reductions"][0]["when"] == small
    refused = manager.patch(route, tariff({"any": [{"startup": True}, {"size": "tiny"}]}), status=422)
    assert set(refused["errors"]) == {"tariff.open.reductions.0.when.any.1.size"}

    period = manager.post(f"{facility}/periods", {"name": "Spring", "start": at(0), "end": at(60)})
    pool = {
        "period": period["id"],
        "name": "Small",
        "purpose": "set-aside",
        "access_unit": "hour",
        "amount": 1,
        "instruments": [world.instrument.public_id],
    }
    refused = manager.post(f"{facility}/pools", pool | {"serves": {"any": [{"country": "XX"}]}}, status=422)
    assert set(refused["errors"]) == {"serves.any.0.country"}
    assert manager.post(f"{facility}/pools", pool | {"serves": small})["serves"] == small


def test_the_ledger_is_corrected_closed_and_exported(caller, stored, world):
    def used(session: Any) -> Any:
        place = place_of(session, world.instrument.id)
        booking = make_booking(session, place, span(8, 9), actor=world.applicant)
        return make_usage(session, world, booking.id).public_id

    line = stored(used)
    manager, facility = caller(actor=world.manager), f"/facilities/{world.facility.public_id}"
    wrong = {"line": line, "units": -0.5, "price": "-250.10", "note": "=The detector was off"}
    assert manager.post(f"{facility}/usage", wrong)["corrects"] == line
    manager.post(f"{facility}/usage", wrong | {"price": "-900"}, status=422)

    page = manager.get(f"{facility}/usage?month=2026-03")
    assert page["totals"] == [{"currency": "EUR", "lines": 1, "list_value": 2000, "price": 1000}]
    assert ([one["id"] for one in page["items"]], page["closed"]) == ([line], False)
    running = manager.get(f"{facility}/usage")
    assert running["totals"] == [{"currency": "EUR", "lines": 1, "list_value": -500, "price": -250.1}]

    text = manager.call("GET", f"{facility}/usage.csv", status=200).text
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (Decimal(row["price"]), row["note"]) == (Decimal("-250.10"), "'=The detector was off")

    manager.post(f"{facility}/months/{running['month']}/close", status=409)
    assert manager.post(f"{facility}/months/2026-03/close", status=200)["lines"] == 1
    manager.post(f"{facility}/months/2026-03/close", status=409)
    manager.post(f"{facility}/months/2026-99/close", status=422)
    assert manager.get(f"{facility}/usage?month=2026-03")["closed"] is True
    program = caller(actor=world.applicant)
    program.get(f"{facility}/usage", status=403)
    program.get(f"{facility}/usage.csv", status=403)
    program.post(f"{facility}/months/2026-02/close", status=403)


def test_a_line_names_what_it_is_of_and_when_that_was(caller, stored, world):
    def used(session: Any) -> Any:
        place = place_of(session, world.instrument.id)
        booking = make_booking(session, place, span(8, 9), actor=world.applicant)
        check_in(session, actor=world.applicant, now=booking.starts, booking=booking)
        complete(session, actor=world.applicant, now=booking.starts + timedelta(minutes=30), booking=booking)
        return booking.public_id, booking.starts.isoformat(), booking.ended_at.isoformat()

    key, start, end = stored(used)
    manager, facility = caller(actor=world.manager), f"/facilities/{world.facility.public_id}"
    (line,) = manager.get(f"{facility}/usage?month=2026-03")["items"]
    assert (line["booking"], line["service_order"]) == (key, None)
    assert [line["start"], line["end"]] == [one.replace("+00:00", "Z") for one in (start, end)]
    added = manager.post(f"{facility}/usage", {"line": line["id"], "units": 1, "price": 0, "note": "More"})
    assert [added[name] for name in ("booking", "start", "end")] == [line[name] for name in ("booking", "start", "end")]
    text = manager.call("GET", f"{facility}/usage.csv?month=2026-03", status=200).text
    (row, *_rest) = csv.DictReader(io.StringIO(text, newline=""))
    assert [row[name] for name in ("of", "subject", "used_from", "used_until")] == ["booking", key, start, end]


def test_a_source_is_put_right_and_never_below_what_is_spent(caller, stored, world):
    program = caller(actor=world.applicant)
    key = stored(lambda session: make_funding(session, world.applicant, limit_amount=Decimal(500)).public_id)
    stored(lambda session: session.execute(update(FundingSource).values(used=Decimal("120.5"))))
    path = f"/funding-sources/{key}"
    was = program.call("GET", path, status=200)
    assert was.json["left"] == 379.5
    changed = program.patch(path, {"limit": 200, "name": "Voucher 2", "active": False}, If_Match=was.headers["ETag"])
    assert (changed["left"], changed["name"], changed["active"]) == (79.5, "Voucher 2", False)
    program.patch(path, {"limit": 300}, status=412, If_Match=was.headers["ETag"])
    assert program.patch(path, {"limit": 120}, status=409)["code"] == "funding.used"
    program.patch(path, {"valid_until": "2020-01-01"}, status=422)
    program.patch(path, {"currency": "CHF"}, status=422)
    caller(actor=world.manager).patch(path, {"limit": 300}, status=404)


def test_a_period_is_put_right_and_a_used_one_only_becomes_longer(caller, stored, world):
    manager, facility = caller(actor=world.manager), f"/facilities/{world.facility.public_id}"
    period = manager.post(f"{facility}/periods", {"name": "Spring", "start": at(1), "end": at(60)})
    path = f"/periods/{period['id']}"
    assert manager.patch(path, {"end": at(50)})["end"] == at(50)
    manager.post(f"{facility}/periods", {"name": "Next", "start": at(60), "end": at(80)})
    assert manager.patch(path, {"end": at(61)}, status=409)["code"] == "period.overlap"
    manager.patch(path, {"end": at(0)}, status=422)
    pool = {
        "period": period["id"],
        "name": "Open call",
        "purpose": "open-call",
        "access_unit": "hour",
        "amount": 10,
        "instruments": [world.instrument.public_id],
    }
    made = manager.post(f"{facility}/pools", pool)
    assert manager.get(f"/pools/{made['id']}")["left"] == 10
    taken = {"instrument": world.instrument.public_id, "start": at(2), "end": at(2, 11)}
    booking = caller(actor=world.applicant).post("/bookings", taken)
    assert (booking["pool"], booking["pool_units"]) == (made["id"], 3)
    assert manager.patch(path, {"end": at(40)}, status=409)["code"] == "period.used"
    assert manager.patch(path, {"end": at(60), "name": "Long spring"})["name"] == "Long spring"
    assert manager.get(path)["pools"][0]["used"] == 3
    caller(actor=world.applicant).get(path, status=404)
