"""Approvals over the API: together, in part, ahead, by a stand-in, appealed, revoked, corrected."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from infra_access.access_requests.models import Allocation, Approval
from infra_access.core import clock
from infra_access.core.db import Database
from infra_access.core.paging import encode_cursor
from infra_access.people.models import Account
from tests.api.conftest import Caller
from tests.api.test_access_requests import body_of
from tests.factories.access_requests import COMMUNITY, OPEN_TO_ALL, World, make_authority, make_route, make_world
from tests.factories.catalogue import make_instrument
from tests.factories.people import make_account


@pytest.fixture
def world(stored: Callable[..., Any]) -> World:
    """Return a facility with a route, and who decides there."""
    return stored(make_world)


def ahead(days: int) -> str:
    """Return an instant so many days from now."""
    return (clock.now() + timedelta(days=days)).isoformat()


def sent(startup: Caller, world: World, **changes: Any) -> dict[str, Any]:
    """Send a request and return it."""
    made = startup.post("/access-requests", body_of(world, **changes))
    return startup.post(f"/access-requests/{made['id']}/submit", status=200)


def waiting(office: Caller) -> list[dict[str, Any]]:
    """Return what waits for somebody."""
    return office.get("/approvals")["items"]


def test_one_verdict_decides_all_that_one_rule_asks_for_or_none(world: World, caller: Callable[..., Caller]) -> None:
    startup, manager = caller(actor=world.applicant), caller(actor=world.manager)
    country = caller(actor=world.administrator)
    for number in range(3):
        sent(startup, world, title=f"Request {number}")
    keys = [one["id"] for one in waiting(manager)]
    unlike = [keys[0], waiting(country)[0]["id"]]
    answer = manager.call("POST", "/approvals/decisions", {"approvals": unlike, "verdict": "approve", "reason": "Yes."})
    assert answer.status_int == 404
    wrong = {"approvals": keys, "verdict": "pause", "reason": "Yes."}
    manager.call("POST", "/approvals/decisions", wrong, status=422)
    assert {one["state"] for one in waiting(manager)} == {"pending"}
    done = manager.post("/approvals/decisions", {"approvals": keys, "verdict": "approve", "reason": "Yes."}, status=200)
    assert [one["state"] for one in done["items"]] == ["approved"] * 3
    assert waiting(manager) == []
    again = {"approvals": keys[:1], "verdict": "approve", "reason": "Yes."}
    assert manager.call("POST", "/approvals/decisions", again, status=409).json["code"] == "approval.decided"


def test_a_request_granted_in_part_shows_it_and_what_a_standing_authorisation_gave(
    world: World, caller: Callable[..., Caller]
) -> None:
    startup, manager = caller(actor=world.applicant), caller(actor=world.manager)
    wish = {
        "role": "facility_manager",
        "scope": world.facility.public_id,
        "organisation": world.startup.public_id,
        "reason": "Known and careful users.",
        "until": ahead(300),
    }
    startup.call("POST", "/standing-authorisations", wish, status=403)
    given = manager.post("/standing-authorisations", wish)
    assert (given["live"], given["answered"], given["scope"]) == (True, 0, f"facility:{world.facility.public_id}")
    asked = sent(startup, world)
    assert [one["role"] for one in asked["waiting"]] == ["access_administrator"]
    assert startup.get("/standing-authorisations")["items"][0]["answered"] == 1
    country = caller(actor=world.administrator)
    (waits,) = waiting(country)
    verdict = {"verdict": "approve", "reason": "A part of it.", "most_units": "1", "until": asked["period"]["end"]}
    decided = country.post(f"/approvals/{waits['id']}/decision", verdict, status=200)
    assert (decided["most_units"], decided["state"]) == (1, "approved")
    quoted = manager.get("/approvals?state=decided")["items"]
    assert [one["authorisation"] for one in quoted] == [given["id"]]
    end = f"/standing-authorisations/{given['id']}/revoke"
    startup.call("POST", end, {"reason": "Mine."}, status=403)
    manager.call("POST", end, {"reason": "Moved."}, status=412, If_Match='"9"')
    assert manager.post(end, {"reason": "The team moved."}, status=200)["live"] is False
    assert [one["role"] for one in sent(startup, world, title="Next")["waiting"]] == [
        "facility_manager",
        "access_administrator",
    ]


def test_a_yes_leaves_out_an_instrument_with_a_reason(
    world: World, caller: Callable[..., Caller], stored: Callable[..., Any]
) -> None:
    second = stored(make_instrument, facility=world.facility, name="Second")
    route = stored(make_route, facility=world.facility, instruments=[world.instrument, second])
    both = [world.instrument.public_id, second.public_id]
    sent(caller(actor=world.applicant), world, route=route.public_id, instruments=both)
    manager = caller(actor=world.manager)
    (waits,) = waiting(manager)
    decision = f"/approvals/{waits['id']}/decision"
    verdict = {"verdict": "approve", "left_out": [second.public_id]}
    assert list(manager.call("POST", decision, verdict, status=422).json["errors"]) == ["reason"]
    decided = manager.post(decision, verdict | {"reason": "It is in repair."}, status=200)
    assert decided["left_out"] == [{"id": second.public_id, "name": "Second"}]


def test_a_role_is_handed_over_and_taken_back(
    world: World, caller: Callable[..., Caller], stored: Callable[..., Any]
) -> None:
    startup, manager = caller(actor=world.applicant), caller(actor=world.manager)
    sent(startup, world)
    (waits,) = waiting(manager)
    colleague: Account = stored(make_account)
    scope = f"facility:{world.facility.public_id}"
    wish = {"role": "facility_manager", "scope": scope, "to": colleague.email, "until": ahead(7)}
    startup.call("POST", "/me/delegations", wish, status=404)
    manager.call("POST", "/me/delegations", wish | {"until": ahead(-1)}, status=422)
    (handed,) = manager.post("/me/delegations", wish, status=200)["items"]
    assert (handed["stands_in"], handed["scope"]) == (colleague.name, scope)
    refused = manager.call("POST", f"/approvals/{waits['id']}/decision", {"verdict": "approve"}, status=403)
    assert refused.json["code"] == "approval.handed_over"
    assert colleague.name in refused.json["detail"]
    assert manager.get("/me")["roles"] == []
    assert manager.post(f"/me/delegations/{handed['id']}/end", status=200)["items"] == []
    manager.post(f"/approvals/{waits['id']}/decision", {"verdict": "approve"}, status=200)


def test_corrections_appeals_and_revocations(world: World, caller: Callable[..., Caller]) -> None:
    startup, manager = caller(actor=world.applicant), caller(actor=world.manager)
    country = caller(actor=world.administrator)
    other = caller(("facility_manager", ("facility", world.facility.public_id)))
    asked = sent(startup, world)
    path = f"/access-requests/{asked['id']}"
    period = {"start": ahead(30), "end": ahead(60)}
    wish = {"changes": {"quantity": {"amount": "1", "access_unit": "shift"}, "period": period}, "reason": "Enough."}
    startup.call("POST", f"{path}/corrections", wish, status=403)
    manager.call("POST", f"{path}/corrections", wish | {"changes": {"colour": "red"}}, status=422)
    partly = manager.call("POST", f"{path}/corrections", wish | {"changes": {"quantity": {}}}, status=422)
    assert set(partly.json["errors"]) == {"changes.quantity.amount", "changes.quantity.access_unit"}
    (proposed,) = manager.post(f"{path}/corrections", wish, status=200)["items"]
    answer = f"{path}/corrections/{proposed['id']}"
    manager.call("POST", answer, {"accept": True}, status=403)
    changed = startup.post(answer, {"accept": True}, status=200)
    assert (changed["quantity"]["amount"], changed["period"]["end"][:16]) == (1, period["end"][:16])
    # Whoever wrote a part of it decides on nothing of it; another manager does.
    assert waiting(manager) == []
    assert [one["role"] for one in waiting(other)] == ["facility_manager"]
    (waits,) = waiting(country)
    step = f"/approvals/{waits['id']}/step-back"
    assert country.call("POST", step, {"reason": "My student."}, status=409).json["code"] == "approval.nobody"
    country.post(f"/approvals/{waits['id']}/decision", {"verdict": "refuse", "reason": "No."}, status=200)
    startup.call("POST", f"{path}/appeal", {"reason": " "}, status=422)
    network = caller(("access_administrator", ("network", "")))
    assert startup.post(f"{path}/appeal", {"reason": "A misprint."}, status=200)["state"] == "appealed"
    (appeal,) = waiting(network)
    assert appeal["subject"] == {"kind": "appeal", "id": asked["id"]}
    startup.call("POST", f"{path}/revoke", {"reason": "Mine."}, status=403)
    country.call("POST", f"{path}/revoke", {"reason": "Stop."}, status=409)
    network.post(f"/approvals/{appeal['id']}/decision", {"verdict": "refuse", "reason": "It stands."}, status=200)
    assert startup.get(path)["state"] == "upheld"


def test_a_cursor_beyond_the_calendar_is_none(world: World, caller: Callable[..., Caller]) -> None:
    cursor = encode_cursor(["0001-01-01T00:00:00+14:00", 1])
    answer = caller(actor=world.manager).call("GET", f"/approvals?cursor={cursor}", status=422)
    assert list(answer.json["errors"]) == ["cursor"]


def test_a_community_consents_until_it_looks_again_and_renews(
    stored: Callable[..., Any], caller: Callable[..., Caller], database: Database
) -> None:
    world = stored(make_world, rules=[OPEN_TO_ALL, COMMUNITY], terms={})
    startup, authority = caller(actor=world.applicant), caller(actor=stored(make_authority, world=world))
    request = sent(startup, world)
    (waits,) = waiting(authority)
    assert (waits["takes_review"], waits["needs_review"], waits["review_at"]) == (True, True, None)
    path = f"/approvals/{waits['id']}"
    for wrong in ({}, {"review_at": ahead(-1)}):
        refused = authority.call("POST", f"{path}/decision", {"verdict": "approve", **wrong}, status=422).json
        assert list(refused["errors"]) == ["review_at"]
    given = authority.post(f"{path}/decision", {"verdict": "approve", "review_at": ahead(200)}, status=200)
    (grant,) = startup.get("/allocations")["items"]
    assert grant["review_at"] == given["review_at"] is not None
    with database.writer() as session:  # the day comes
        past = clock.now() - timedelta(days=1)
        session.execute(update(Approval).values(review_at=past))
        session.execute(update(Allocation).values(review_at=past))
    start = (clock.now() + timedelta(days=30)).replace(hour=9, minute=0, second=0, microsecond=0)
    slot = {
        "instrument": world.instrument.public_id,
        "lines": [{"start": start.isoformat(), "end": (start + timedelta(hours=8)).isoformat()}],
        "allocation": grant["id"],
    }
    stopped = startup.call("POST", "/bookings", slot, status=409).json
    assert (stopped["code"], "renew it" in stopped["detail"]) == ("allocation.consent_lapsed", True)
    startup.call("POST", f"{path}/renewal", {"review_at": ahead(90)}, status=403)
    caller(actor=world.manager).call("POST", f"{path}/renewal", {"review_at": ahead(90)}, status=404)
    wrong = authority.call("POST", f"{path}/renewal", {"review_at": ahead(-1)}, status=422).json
    assert list(wrong["errors"]) == ["review_at"]
    renewed = authority.post(f"{path}/renewal", {"review_at": ahead(90), "reason": "It serves us."}, status=200)
    assert startup.get("/allocations")["items"][0]["review_at"] == renewed["review_at"]
    startup.post("/bookings", slot)
    ended = f"/access-requests/{request['id']}/revoke"
    assert authority.post(ended, {"reason": "Not as agreed."}, status=200)["state"] == "revoked"
    assert authority.call("POST", f"{path}/renewal", {"review_at": ahead(90)}, status=409).json["code"] == (
        "approval.no_review"
    )


def test_an_approval_of_a_rule_that_is_not_disclosed_tells_the_team_nothing_of_whose_it_is(
    stored: Callable[..., Any], caller: Callable[..., Caller]
) -> None:
    rule = COMMUNITY | {"disclosure": "generic", "rests_on": ["quantity"]}
    world = stored(make_world, rules=[OPEN_TO_ALL, rule], terms={})
    startup, authority = caller(actor=world.applicant), caller(actor=stored(make_authority, world=world))
    sent(startup, world)
    (waits,) = waiting(authority)
    assert waits["rests_on"] == ["quantity"]
    read = startup.get(f"/approvals/{waits['id']}")
    assert (read["role"], read["scope"], read["rests_on"], read["takes_review"]) == ("withheld", "withheld", [], False)
