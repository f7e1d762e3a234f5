"""Completing a request over the API, what came of it, and what everybody sees at the instrument."""

from datetime import timedelta
from typing import Any

import pytest

from infra_access.core import clock
from infra_access.core.authority import NETWORK
from tests.api.conftest import Caller
from tests.factories.access_requests import World
from tests.factories.outcomes import DATASET, make_free_world, make_granted


@pytest.fixture
def world(stored) -> World:
    """Return a facility that grants access at once."""
    return stored(make_free_world)


@pytest.fixture
def team(caller, world: World) -> Caller:
    """Return the applicant's program."""
    return caller(actor=world.applicant)


def granted(stored, world: World, **overrides: Any) -> str:
    """Return the path of an active request."""
    return f"/access-requests/{stored(make_granted, world=world, **overrides).public_id}"


def test_a_team_completes_its_request_and_reports_later(stored, team: Caller, anyone: Caller, world: World):
    path, place = granted(stored, world), f"/instruments/{world.instrument.public_id}/outcomes"
    assert team.get(f"{path}/outcomes") == {"items": [], "next": None, "report": None}
    done = team.post(f"{path}/complete", {}, status=200)
    assert (done["state"], done["next_step"]) == (
        "completed",
        "The work is done. Report its outcomes where the route asks for it.",
    )
    again = team.call("POST", f"{path}/complete", {}, status=409).json
    assert again["code"] == "access_request.state"
    report = team.get(f"{path}/outcomes")["report"]
    assert (report["overdue"], report["met_at"], report["nothing_to_report"]) == (False, None, None)
    said = team.post(f"{path}/nothing-to-report", {"reason": "The samples broke."}, status=200)
    assert said["nothing_to_report"] == "The samples broke."

    added = team.post(f"{path}/outcomes", {**DATASET, "credit": "The beamline's staff"})
    assert (added["identifier"], added["instrument"]) == (
        "https://doi.org/10.5555/rust.1",
        world.instrument.public_id,
    )
    assert anyone.get(place)["items"] == [
        {"kind": "dataset", "title": DATASET["title"], "identifier": added["identifier"], "licence": "CC-BY-4.0"}
    ]
    removed = team.post(f"{path}/outcomes/{added['id']}/remove", {"reason": "Withdrawn."}, status=200)
    assert removed["removed_reason"] == "Withdrawn."
    assert anyone.get(place)["items"] == []
    listed = team.get(f"{path}/outcomes")
    assert ([one["id"] for one in listed["items"]], listed["report"]["met_at"]) == ([added["id"]], None)


def test_what_is_wrong_is_named_and_nothing_is_kept(stored, team: Caller, caller, world: World):
    path = granted(stored, world)
    faults = {
        "identifier": {**DATASET, "identifier": "10.1/short"},
        "licence": {**DATASET, "licence": "CC-BY-9.0"},
        "embargo_until": {**DATASET, "embargo_until": f"{clock.now() + timedelta(days=9):%Y-%m-%d}"},
    }
    for field, body in faults.items():
        assert list(team.call("POST", f"{path}/outcomes", body, status=422).json["errors"]) == [field]
    refused = team.call("POST", f"{path}/complete", {"outcomes": [DATASET, faults["licence"]]}, status=422).json
    assert list(refused["errors"]) == ["outcomes.1.licence"]
    assert team.get(path)["state"] == "active"
    assert team.get(f"{path}/outcomes")["items"] == []
    manager = caller(actor=world.manager)
    assert list(manager.call("POST", f"{path}/complete", {}, status=422).json["errors"]) == ["reason"]
    assert manager.post(f"{path}/complete", {"reason": "No answer."}, status=200)["state_reason"] == "No answer."


def test_what_is_private_is_seen_by_team_and_staff_alone(stored, team: Caller, anyone: Caller, caller, world: World):
    path = granted(stored, world, regime="proprietary")
    team.post(f"{path}/complete", {"outcomes": [{**DATASET, "title": "Kanarienbefund"}]}, status=200)
    for reader in (team, caller(actor=world.manager)):
        assert "Kanarienbefund" in reader.call("GET", f"{path}/outcomes", status=200).text
    for reader in (anyone, caller()):
        assert reader.call("GET", f"{path}/outcomes").status_int in (401, 404)
        for address in (f"/instruments/{world.instrument.public_id}/outcomes", "/instruments"):
            assert "Kanarienbefund" not in reader.call("GET", address, status=200).text
    assert (
        "Kanarienbefund"
        not in caller(("auditor", NETWORK)).call("GET", f"/audit?object={path.rpartition('/')[2]}", status=200).text
    )
