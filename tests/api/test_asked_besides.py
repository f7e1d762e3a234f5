"""Agreements that rules ask for by their code, over HTTP: offered, accepted, and the checklist on the way."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.api.conftest import Caller
from tests.api.test_access_requests import body_of
from tests.factories.access_requests import OPEN_TO_ALL, World, make_world
from tests.factories.frameworks import Sides, make_sides
from tests.factories.policy import raw_rule

CODE, KEY = "data-transfer", "agreement:data-transfer"
ASKS = raw_rule("transfer", {"type": "require", "kind": "agreement", "code": CODE}, applies_to=["book"])
TEXT = {"title": "Data transfer", "version": "1", "text": "${host} and ${applicant} protect the data."}


def _made(session: Session) -> tuple[World, Sides]:
    world = make_world(session, rules=[OPEN_TO_ALL, ASKS], terms={})
    return world, make_sides(session, world)


@pytest.fixture
def made(stored: Callable[..., Any]) -> tuple[World, Sides]:
    found: tuple[World, Sides] = stored(_made)
    return found


def test_from_a_rule_to_an_agreement_of_both_sides(made: tuple[World, Sides], caller: Callable[..., Caller]) -> None:
    world, sides = made
    host, partner, startup, manager = (
        caller(actor=one) for one in (sides.for_host, sides.for_partner, world.applicant, world.manager)
    )
    asked = f"/access-requests/{startup.post('/access-requests', body_of(world))['id']}"
    path = f"{asked}/agreement"
    assert startup.post(f"{asked}/submit", status=200)["state"] == "active"
    assert startup.get(path, status=404)["code"] == "agreement.none"
    assert manager.post(f"{path}/offer", {"code": CODE}, status=422)["errors"].keys() == {"code"}
    assert manager.post(f"{path}/offer", {"code": "nda"}, status=422)["code"] == "agreement.not_asked"
    terms = {KEY: TEXT}
    manager.patch(f"/routes/{world.route.public_id}", {"terms": terms})
    startup.post(f"{path}/offer", {"code": CODE}, status=403)
    manager.post(f"{path}/offer", {"code": CODE}, status=412, If_Match='"999"')
    offered = manager.post(f"{path}/offer", {"code": CODE}, status=200)
    assert (offered["kind"], offered["complete"], offered["besides"]) == (CODE, False, [])
    assert offered["may_accept"] == ["host"]
    told = startup.post(f"{path}/accept", {"text_hash": offered["text_hash"]}, status=403)
    assert (told["code"], told["signatories"]) == ("agreement.signatory", [sides.for_partner.name])
    assert partner.post(f"{path}/accept", {"text_hash": "0" * 64}, status=409)["code"] == "agreement.changed"
    for side in (partner, host):
        done = side.post(f"{path}/accept", {"text_hash": offered["text_hash"]}, status=200)
    assert (done["complete"], [one["side"] for one in done["accepted"]]) == (True, ["applicant", "host"])


def test_a_rule_whose_agreement_nobody_can_offer_is_warned_of(
    made: tuple[World, Sides], caller: Callable[..., Caller]
) -> None:
    world, sides = made
    manager = caller(actor=world.manager)
    draft = {"scope_kind": "facility", "scope_key": world.facility.public_id, "name": "Data", "rules": [ASKS]}
    path = f"/policies/{manager.post('/policies', draft)['id']}"
    warned = manager.get(path)["warnings"]
    assert "has a text for data-transfer" in warned["rules.0.effect.code"][0]
    manager.patch(f"/routes/{world.route.public_id}", {"terms": {KEY: TEXT}})
    assert "rules.0.effect.code" not in manager.get(path)["warnings"]
    of_route = draft | {"scope_kind": "route", "scope_key": world.route.public_id}
    assert manager.post("/policies", of_route)["warnings"].keys() == warned.keys() - {"rules.0.effect.code"}
    named = [{**ASKS, "effect": {**ASKS["effect"], "code": code}} for code in ("nda", "access-terms")]
    agreeing = caller(actor=sides.for_host)
    body = {
        **{"host": sides.host.public_id, "partner": sides.partner.public_id, "kind": "nda", "title": "Secrets"},
        **{"text_version": "1", "text": "Kept.", "regimes": ["open"]},
    }
    framework = agreeing.post("/framework-agreements", body)
    agreeing.post(f"/framework-agreements/{framework['id']}/offer", status=200)
    renamed = [{**one, "id": f"rule-{number}"} for number, one in enumerate(named)]
    said = manager.post("/policies", draft | {"name": "Others", "rules": renamed})["warnings"]
    assert [place for place in said if place.endswith("effect.code")] == ["rules.1.effect.code"]
    wrong = agreeing.post("/framework-agreements", body | {"kind": "unheard-of"}, status=422)
    assert list(wrong["errors"]) == ["kind"]
    assert agreeing.post("/framework-agreements", body | {"kind": CODE})["kind"] == CODE
