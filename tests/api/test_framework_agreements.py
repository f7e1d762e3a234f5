"""Framework agreements over HTTP: both sides' steps, what covers a request and says so, and two who press at once."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.api.conftest import Caller
from tests.api.test_access_requests import body_of
from tests.factories.access_requests import OPEN_TO_ALL, TERMS, World, make_world
from tests.factories.frameworks import Sides, make_sides
from tests.factories.people import make_actor
from tests.races.crowd import all_at_once

PLAIN = {"project": {"purpose": "research"}}
MTA = {"title": "Samples", "version": "1", "text": "Samples stay the sender's."}


def _made(session: Session) -> tuple[World, Sides]:
    world = make_world(session, rules=[OPEN_TO_ALL], terms=TERMS | {"mta": MTA})
    return world, make_sides(session, world)


@pytest.fixture
def made(stored: Callable[..., Any]) -> tuple[World, Sides]:
    found: tuple[World, Sides] = stored(_made)
    return found


def draft_of(sides: Sides, **more: Any) -> dict[str, Any]:
    return {
        "host": sides.host.public_id,
        "partner": sides.partner.public_id,
        "kind": "framework",
        "title": "Frame",
        "text_version": "1",
        "text": "What holds for all.",
        "regimes": ["open"],
        "points": {"cost_shares": [{"party": "host", "percent": "100"}]},
        **more,
    }


def test_from_a_draft_to_a_request_that_it_covers(made: tuple[World, Sides], caller: Callable[..., Caller]) -> None:
    world, sides = made
    host, partner, startup = (caller(actor=one) for one in (sides.for_host, sides.for_partner, world.applicant))
    drafted = host.post("/framework-agreements", draft_of(sides))
    path = f"/framework-agreements/{drafted['id']}"
    assert (drafted["state"], drafted["host_name"], drafted["accepted"]) == ("draft", sides.host.name, [])
    partner.call("GET", path, status=404)
    host.post(f"{path}/accept", {"text_hash": drafted["text_hash"]}, status=409)
    assert host.post(f"{path}/offer", status=200)["may_accept"] == ["host"]
    assert partner.get("/framework-agreements")["items"][0]["may_accept"] == ["partner"]
    assert partner.post(f"{path}/accept", {"text_hash": "0" * 64}, status=409)["code"] == "framework.changed"
    for side in (host, partner):
        agreed = side.post(f"{path}/accept", {"text_hash": drafted["text_hash"]}, status=200)
    assert (agreed["state"], [one["side"] for one in agreed["accepted"]]) == ("in_force", ["host", "partner"])

    asked = f"/access-requests/{startup.post('/access-requests', body_of(world, **PLAIN))['id']}"
    assert startup.post(f"{asked}/submit", status=200)["state"] == "active"
    terms = startup.get(f"{asked}/agreement")
    assert (terms["complete"], terms["accepted"], terms["may_accept"]) == (True, [], [])
    assert terms["covered_by"] == {
        "id": drafted["id"],
        "title": "Frame",
        "text_version": "1",
        "text_hash": drafted["text_hash"],
        "in_force_at": agreed["in_force_at"],
        "accepted": agreed["accepted"],
    }
    assert terms["points"] == drafted["points"]
    assert terms["sources"]["cost_shares"]["holds"] == "framework"

    assert partner.post(f"{path}/end", {"reason": "We moved."}, status=200)["state"] == "ended"
    assert startup.get(asked)["state"] == "active"
    later = f"/access-requests/{startup.post('/access-requests', body_of(world, **PLAIN))['id']}"
    assert startup.post(f"{later}/submit", status=200)["state"] == "agreement_pending"
    assert startup.get(f"{later}/agreement")["covered_by"] is None


def test_samples_bring_a_text_of_their_own_and_what_is_wrong_is_named(
    made: tuple[World, Sides], caller: Callable[..., Caller]
) -> None:
    world, sides = made
    partner, host, startup = (caller(actor=one) for one in (sides.for_partner, world.manager, world.applicant))
    asked = f"/access-requests/{startup.post('/access-requests', body_of(world))['id']}"
    startup.post(f"{asked}/submit", status=200)
    terms = startup.get(f"{asked}/agreement")
    assert (terms["kind"], terms["material_transfer"]["kind"]) == ("terms", "mta")
    for text in (terms["material_transfer"], terms):
        for side in (partner, host):
            side.post(f"{asked}/agreement/accept", {"text_hash": text["text_hash"]}, status=200)
        assert startup.get(asked)["state"] == ("active" if text is terms else "agreement_pending")

    agreeing = caller(actor=sides.for_host)
    shares = [{"party": "host", "percent": "50"}, {"party": "applicant", "percent": "49.99"}]
    wrong = agreeing.post("/framework-agreements", draft_of(sides, points={"risk_shares": shares}), status=422)
    assert wrong["code"] == "shares.sum"
    assert list(wrong["errors"]) == ["points.risk_shares"]
    agreeing.post("/framework-agreements", draft_of(sides, regimes=[]), status=422)
    agreeing.post("/framework-agreements", draft_of(sides, partner="0" * 16), status=404)
    caller(actor=world.applicant).post("/framework-agreements", draft_of(sides), status=403)
    assert agreeing.get("/framework-agreements") == {"items": [], "next": None}


def test_of_several_who_accept_at_once_one_counts_for_each_side(
    made: tuple[World, Sides], caller: Callable[..., Caller], stored: Callable[..., Any]
) -> None:
    _world, sides = made

    def _more(session: Session) -> list[Any]:
        scopes = [("organisation", one.public_id) for one in (sides.host, sides.partner)]
        return [make_actor(session, ("signatory", scope)) for scope in scopes for _again in range(2)]

    people = [sides.for_host, sides.for_partner, *stored(_more)]
    host, *others = [caller(actor=one) for one in people]
    drafted = host.post("/framework-agreements", draft_of(sides))
    path = f"/framework-agreements/{drafted['id']}"
    host.post(f"{path}/offer", status=200)
    read = {"text_hash": drafted["text_hash"]}
    answers = all_at_once([lambda one=one: one.call("POST", f"{path}/accept", read) for one in (host, *others)])
    assert Counter(one.status_int for one in answers) == {200: 2, 409: 4}
    agreed = host.get(path)
    assert (agreed["state"], len(agreed["accepted"])) == ("in_force", 2)
