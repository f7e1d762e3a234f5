"""Hours and booking rules over the API: read by everybody, set by the facility's office, wrong keys named."""

from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.factories.policy import make_policy
from tests.factories.scheduling import make_place

OFFICE = {
    "weekly": [
        {"weekday": 0, "opens": "09:00", "closes": "24:00"},
        {"weekday": 1, "opens": "00:00", "closes": "06:00"},
    ],
    "exceptions": [
        {"day": "2026-05-01", "hours": [{"opens": "10:00", "closes": "12:00"}], "label": "Visitors' day"},
        {"day": "2026-12-31"},
    ],
    "holidays": {"country": "DE", "region": "BE"},
}


@pytest.fixture
def place(stored) -> Any:
    """Return a bookable instrument."""
    stored(make_policy)
    return stored(make_place)


@pytest.fixture
def office(caller, place) -> Caller:
    """Return a program of the facility's user office."""
    return caller(("facility_manager", ("facility", place.facility.public_id)))


def put(program: Caller, path: str, body: Any, *, status: int = 200, **headers: str) -> Any:
    return program.call("PUT", path, body, status=status, **headers)


def test_the_office_sets_hours_and_everybody_reads_them(anyone, caller, office, place):
    path = f"/facilities/{place.facility.public_id}/hours"
    before = anyone.get(path)
    assert (before["version"], before["exceptions"], before["holidays"]) == (0, [], None)
    assert len(before["weekly"]) == 7
    made = put(office, path, OFFICE)
    shown = made.json
    assert shown["weekly"] == OFFICE["weekly"]
    assert shown["exceptions"] == [
        OFFICE["exceptions"][0],
        {"day": "2026-12-31", "hours": [], "label": ""},
    ]
    assert (shown["holidays"], shown["timezone"], shown["version"]) == (OFFICE["holidays"], "Europe/Berlin", 1)
    names = {one["name"] for one in shown["closed_days"]}
    assert "German Unity Day" in names
    assert anyone.get(path)["weekly"] == OFFICE["weekly"]
    put(caller(), path, OFFICE, status=403)
    put(anyone, path, OFFICE, status=401)


def test_a_change_of_hours_is_bound_to_what_was_seen(office, place):
    path = f"/facilities/{place.facility.public_id}/hours"
    tag = put(office, path, OFFICE).headers["ETag"]
    assert put(office, path, {"weekly": []}, If_Match=tag).json["holidays"] is None
    put(office, path, OFFICE, status=412, If_Match=tag)
    assert office.get(path)["version"] == 2


WRONG_HOURS: list[tuple[dict[str, Any], set[str]]] = [
    ({"weekly": [{"weekday": 7, "opens": "9:00", "closes": "10:00"}]}, {"weekly.0.weekday", "weekly.0.opens"}),
    ({"weekly": [{"weekday": 0, "opens": "10:00", "closes": "09:00"}]}, {"weekly.0"}),
    ({"weekly": [{"weekday": 0, "opens": "25:00", "closes": "09:00"}]}, {"weekly.0.opens"}),
    ({"weekly": [], "colour": 1}, {"colour"}),
    ({}, {"weekly"}),
    ({"weekly": [], "exceptions": [{"day": "2026-02-30"}]}, {"exceptions.0.day"}),
    ({"weekly": [], "exceptions": [{"day": "2026-02-03"}] * 2}, {"exceptions.1.day"}),
    ({"weekly": [], "exceptions": [{"day": "2026-02-03", "label": "x" * 201}]}, {"exceptions.0.label"}),
    ({"weekly": [], "exceptions": [{"day": "2026-02-03", "label": "a\u202eb"}]}, {"exceptions.0.label"}),
    ({"weekly": [], "holidays": {"country": "XX"}}, {"holidays.country"}),
    ({"weekly": [], "holidays": {"country": "DE", "region": "ZZ"}}, {"holidays.region"}),
    ({"weekly": [], "holidays": {"region": "BE"}}, {"holidays.country"}),
]


def test_wrong_hours_are_named_and_not_kept(office, place):
    path = f"/facilities/{place.facility.public_id}/hours"
    for change, fields in WRONG_HOURS:
        assert set(put(office, path, change, status=422).json["errors"]) == fields
    assert office.get(path)["version"] == 0


def test_rules_show_at_which_level_they_are_said(anyone, office, place):
    facility = f"/facilities/{place.facility.public_id}/booking-rules"
    instrument = f"/instruments/{place.instrument.public_id}/booking-rules"
    quota = {"of": "team", "amount": 600, "measure": "minutes", "per": "month", "on": "facility"}
    horizon = {"days": 180, "sector": "company", "startup": True}
    put(office, facility, {"lead_minutes": 60, "max_minutes": 480, "quotas": [quota]})
    said = {"max_minutes": 240, "off_hours": "escort", "horizons": [horizon]}
    tag = put(office, instrument, said).headers["ETag"]
    shown = anyone.get(instrument)
    assert (shown["rules"], shown["version"]) == (said, 1)
    in_force = shown["effective"]
    assert (in_force["max_minutes"], in_force["lead_minutes"], in_force["quotas"]) == (240, 60, [quota])
    assert in_force["horizons"] == [horizon]
    sources = shown["sources"]
    assert (sources["max_minutes"], sources["quotas"], sources["horizon_days"]) == ("instrument", "facility", "default")
    assert anyone.get(facility)["sources"]["lead_minutes"] == "facility"
    put(office, instrument, {}, If_Match=tag)
    put(office, instrument, said, status=412, If_Match=tag)
    assert anyone.get(instrument)["effective"]["max_minutes"] == 480


WRONG_RULES: list[tuple[dict[str, Any], set[str]]] = [
    ({"granularity_minutes": 7, "colour": 1}, {"colour"}),
    ({"granularity_minutes": 7}, {"granularity_minutes"}),
    ({"max_minutes": 60, "min_minutes": 120}, {"max_minutes"}),
    ({"off_hours": True}, {"off_hours"}),
    ({"horizons": [{"days": 0, "sector": "firm"}]}, {"horizons.0.days", "horizons.0.sector"}),
    ({"horizons": [{"days": 5}]}, {"horizons.0"}),
    ({"quotas": [{"of": "person", "amount": 1}]}, {"quotas.0.measure", "quotas.0.per"}),
    (
        {"quotas": [{"of": "dog", "amount": 0, "measure": "m", "per": "year", "on": "x", "y": 1}]},
        {f"quotas.0.{key}" for key in ("of", "amount", "measure", "per", "on", "y")},
    ),
    ({"quotas": {}}, {"quotas"}),
]


def test_wrong_rules_are_named_and_not_kept(office, place):
    for path in (
        f"/facilities/{place.facility.public_id}/booking-rules",
        f"/instruments/{place.instrument.public_id}/booking-rules",
    ):
        for rules, fields in WRONG_RULES:
            assert set(put(office, path, rules, status=422).json["errors"]) == fields
        assert office.get(path)["version"] == 0


def test_a_facility_cannot_contradict_its_instruments(office, place):
    put(office, f"/instruments/{place.instrument.public_id}/booking-rules", {"max_minutes": 60})
    path = f"/facilities/{place.facility.public_id}/booking-rules"
    assert set(put(office, path, {"min_minutes": 120}, status=422).json["errors"]) == {"max_minutes"}


def test_other_people_cannot_set_rules(anyone, caller, place):
    for path in (
        f"/facilities/{place.facility.public_id}/booking-rules",
        f"/instruments/{place.instrument.public_id}/booking-rules",
    ):
        put(caller(), path, {}, status=403)
        put(anyone, path, {}, status=401)
