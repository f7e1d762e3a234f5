"""The acts on one request, each done by several at the same moment over HTTP: one counts, the others are told so."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.api.conftest import Caller, api_app, caller, stored  # noqa: F401 - fixtures
from tests.api.test_access_requests import at, body_of
from tests.factories.access_requests import World, make_world
from tests.factories.outcomes import make_free_world
from tests.races.crowd import all_at_once

Callers = Callable[..., Caller]


@pytest.fixture
def world(stored: Callable[..., Any]) -> World:  # noqa: F811
    """Return all that a request from Kenya to Germany needs."""
    made: World = stored(make_world)
    return made


def outcomes(jobs: Sequence[Callable[[], Any]]) -> Counter[int]:
    """Return how often each status was answered; a defect of ours is raised by the caller."""
    answers = all_at_once(jobs)
    failed = [one for one in answers if isinstance(one, BaseException)]
    assert not failed, failed
    return Counter(one.status_int for one in answers)


def waiting(*programs: Caller) -> list[tuple[Caller, str]]:
    """Return the address of each verdict that waits, with the program whose it is."""
    return [
        (program, f"/approvals/{one['id']}/decision")
        for program in programs
        for one in program.get("/approvals")["items"]
    ]


def test_each_step_of_a_request_counts_once(world: World, caller: Callers) -> None:  # noqa: F811
    startup, manager, administrator = (
        caller(actor=actor) for actor in (world.applicant, world.manager, world.administrator)
    )
    path = f"/access-requests/{startup.post('/access-requests', body_of(world))['id']}"
    assert outcomes([lambda: startup.call("POST", f"{path}/submit", {})] * 6)[200] == 1
    yes = {"verdict": "approve"}
    verdicts = [
        lambda program=program, place=place: program.call("POST", place, yes)
        for program, place in waiting(manager, administrator)
        for _again in range(3)
    ]
    assert outcomes(verdicts) == {200: 2, 409: 4}
    assert startup.get(path)["state"] == "agreement_pending"
    read = {"text_hash": startup.get(f"{path}/agreement")["text_hash"]}
    assert outcomes([lambda: startup.call("POST", f"{path}/agreement/accept", read)] * 6)[200] == 1

    # Two shifts were granted: four times four hours, whoever comes first.
    (allocation,) = startup.get("/allocations")["items"]
    wish = {"instrument": world.instrument.public_id, "allocation": allocation["id"]}
    bookings = [
        lambda day=day: startup.call("POST", "/bookings", {**wish, "start": at(day), "end": at(day, 12)})
        for day in range(3, 13)
    ]
    assert outcomes(bookings) == {201: 4, 409: 6}
    assert startup.get("/allocations")["items"][0]["left"] == 0

    booked = f"/bookings/{startup.get('/bookings')['items'][0]['id']}"
    changes: list[Callable[[], Any]] = [lambda: startup.call("POST", f"{booked}/cancel", {})] * 3
    changes += [
        lambda day=day: startup.call("PATCH", booked, {"start": at(day), "end": at(day, 12)}) for day in (20, 21, 22)
    ]
    outcomes(changes)
    assert startup.get(booked)["state"] == "cancelled"
    assert startup.get("/allocations")["items"][0]["left"] == 0.5


def test_a_withdrawal_ends_a_request_whatever_else_happens_to_it(world: World, caller: Callers) -> None:  # noqa: F811
    startup, manager, administrator = (
        caller(actor=actor) for actor in (world.applicant, world.manager, world.administrator)
    )
    path = f"/access-requests/{startup.post('/access-requests', body_of(world))['id']}"
    startup.post(f"{path}/submit", status=200)
    acts: list[Callable[[], Any]] = [
        lambda program=program, place=place: program.call("POST", place, {"verdict": "approve"})
        for program, place in waiting(manager, administrator)
    ]
    acts += [lambda: startup.call("POST", f"{path}/withdraw", {})] * 2
    acts.append(lambda: startup.call("PATCH", path, {"quantity": {"amount": 1, "access_unit": "shift"}}))
    outcomes(acts)
    assert startup.get(path)["state"] == "withdrawn"
    assert waiting(manager, administrator) == []
    assert startup.get("/allocations")["items"] == []


def test_several_enter_the_same_organisation_at_once(caller: Callers) -> None:  # noqa: F811
    firm = {"name": "Pwani Sensors", "country": "KE", "identifiers": [{"scheme": "registry", "value": "PVT-2025-0417"}]}
    programs = [caller() for _number in range(6)]
    entries = [lambda program=program: program.call("POST", "/organisations", firm) for program in programs]
    assert outcomes(entries) == {201: 1, 409: 5}


def test_an_access_is_completed_or_booked_never_both(stored: Callable[..., Any], caller: Callers) -> None:  # noqa: F811
    world = stored(make_free_world)
    startup = caller(actor=world.applicant)
    for day in (3, 4, 5):
        path = f"/access-requests/{startup.post('/access-requests', body_of(world))['id']}"
        startup.post(f"{path}/submit", status=200)
        allocation = startup.get(path)["allocation"]
        wish = {
            "instrument": world.instrument.public_id,
            "allocation": allocation,
            "start": at(day),
            "end": at(day, 12),
        }
        book = [lambda wish=wish: startup.call("POST", "/bookings", wish)] * 3
        end = [lambda path=path: startup.call("POST", f"{path}/complete", {})] * 3
        told = outcomes([*book, *end])
        assert told[200] + told[201] == 1, told
        assert startup.get(path)["state"] == ("completed" if told[200] else "active")
