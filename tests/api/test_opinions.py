"""Opinions from outside over the API: for those who decide alone."""

from collections.abc import Callable
from typing import Any

from tests.api.conftest import Caller
from tests.factories.access_requests import make_submitted, make_world, pending
from tests.factories.opinions import QUESTION


def _asked(session: Any, world: Any) -> str:
    return pending(session, make_submitted(session, world))["facility_manager"].public_id


def test_they_are_asked_listed_and_withdrawn_by_whoever_decides(
    caller: Callable[..., Caller], stored: Callable[..., Any]
) -> None:
    world = stored(make_world)
    manager, applicant = caller(actor=world.manager), caller(actor=world.applicant)
    path = f"/approvals/{stored(_asked, world=world)}/opinions"
    assert manager.get(path) == {"items": []}
    wrong = manager.call("POST", path, {**QUESTION, "days": 61, "title": "?"}, status=422).json
    assert set(wrong["errors"]) == {"days", "title"}
    asked = manager.post(path, QUESTION, status=200)
    (one,) = asked["items"]
    assert (one["state"], one["name"], one["recommendation"]) == ("open", "Ada Nwosu", None)
    assert manager.call("POST", path, QUESTION, status=409).json["code"] == "opinion.asked_already"
    for other, status in ((applicant, 403), (caller(actor=world.administrator), 404), (caller(), 404)):
        other.call("GET", path, status=status)
        other.call("POST", path, QUESTION, status=status)
        other.call("POST", f"{path}/{one['id']}/withdraw", {}, status=status)
    (waiting,) = (
        each
        for request in applicant.get("/access-requests")["items"]
        for each in applicant.get(f"/access-requests/{request['id']}")["waiting"]
        if each["role"] == "facility_manager"
    )
    assert waiting["opinions"] == [{"since": one["asked_at"], "until": one["expires_at"]}]
    assert manager.post(f"{path}/{one['id']}/withdraw", status=200)["items"][0]["state"] == "withdrawn"
    assert manager.call("POST", f"{path}/{one['id']}/withdraw", {}, status=409).json["code"] == "opinion.closed"
    manager.call("POST", f"{path}/{'0' * 16}/withdraw", {}, status=404)
