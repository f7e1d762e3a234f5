"""Names on sanction lists over the API: the officer decides, then approves; nobody else is told of anything."""

import pytest
from sqlalchemy import select

from infra_access.audit.models import AuditEvent
from infra_access.core.authority import NETWORK
from tests.api.conftest import Caller
from tests.api.test_access_requests import at
from tests.factories.access_requests import OPEN_TO_ALL
from tests.factories.policy import make_policy
from tests.factories.scheduling import make_place
from tests.factories.screening import EXPORT_CONTROL, Screened, make_list, make_screened


@pytest.fixture
def screened(stored) -> Screened:
    """Return a request that waits for the export control officer."""
    return stored(make_screened)


@pytest.fixture
def officer(caller, screened: Screened) -> Caller:
    """Return the officer's program."""
    return caller(actor=screened.officer)


def test_undecided_names_hold_back_a_yes_and_a_decision_lets_it_go(screened: Screened, officer: Caller, database):
    path = f"/approvals/{screened.approval.public_id}"
    refusal = officer.post(f"{path}/decision", {"verdict": "approve"}, status=409)
    assert (refusal["code"], refusal["undecided"]) == ("screening.undecided", 1)
    told = officer.get(f"{path}/screening")
    (listed,) = told["lists"]
    assert (listed["name"], listed["sha256"], listed["entries"]) == ("OpenSanctions", screened.list.sha256, 4)
    (candidate,) = told["candidates"]
    assert candidate["party"] == {
        "kind": "person",
        "part": "participant",
        "name": "Omer Testmann",
        "country": "KE",
        "organisation": None,
    }
    assert candidate["entry"] == {
        "list": "OpenSanctions",
        "reference": "T-1",
        "kind": "person",
        "name": "Ömer Testmann",
        "names": ["Ömer Testmann", "Omar Testman", "Тестманн Омер"],
        "born": "1961-05-04",
        "countries": "zz",
        "programme": "Regulation 1 of Nowhere",
        "remarks": "",
    }
    assert (candidate["decision"], told["undecided"], told["decisions"]) == (None, 1, [])
    body = {"candidates": [candidate["id"]], "verdict": "same", "reason": "The same passport."}
    for changed, field in (
        ({"candidates": []}, "candidates"),
        ({"candidates": [candidate["id"], "0" * 32]}, "candidates.1"),
        ({"verdict": "perhaps"}, "verdict"),
        ({"reason": ""}, "reason"),
        ({"list": "OpenSanctions"}, "list"),
    ):
        assert field in officer.post(f"{path}/screening", body | changed, status=422)["errors"]
    assert officer.post(f"{path}/screening", body, status=200)["candidates"][0]["decision"] == "same"
    assert officer.post(f"{path}/decision", {"verdict": "approve"}, status=409)["code"] == "screening.same"
    body |= {"verdict": "different", "reason": "Another year of birth."}
    decided = officer.post(f"{path}/screening", body, status=200)
    assert (decided["undecided"], [one["verdict"] for one in decided["decisions"]]) == (0, ["same", "different"])
    assert decided["decisions"][1]["by"] == screened.officer.name
    assert officer.post(f"{path}/decision", {"verdict": "approve"}, status=200)["state"] == "approved"
    after = officer.get(f"{path}/screening")
    assert (after["lists"], after["candidates"]) == ([listed], [])
    with database.reader() as session:
        recorded = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id.desc()).limit(3)).all()
    assert recorded == ["access_request.decided", "screening.decided", "screening.decided"]


def test_nobody_else_is_told_of_anything(screened: Screened, officer: Caller, caller, anyone: Caller, stored):
    path = f"/approvals/{screened.approval.public_id}"
    candidate = officer.get(f"{path}/screening")["candidates"][0]["id"]
    body = {"candidates": [candidate], "verdict": "different", "reason": "A secret of the officer."}
    officer.post(f"{path}/screening", body, status=200)
    world = screened.world
    anyone.get(f"{path}/screening", status=401)
    applicant, manager = caller(actor=world.applicant), caller(actor=world.manager)
    for other in (applicant, manager, caller(actor=world.administrator), caller(("platform_admin", NETWORK))):
        other.get(f"{path}/screening", status=404)
        other.post(f"{path}/screening", body, status=404)
    told = [applicant.get(path), applicant.get(f"/access-requests/{screened.request.public_id}")]
    told.append(manager.get(f"/access-requests/{screened.request.public_id}"))
    for secret in ("Ömer", "T-1", "secret of the officer", "screening", "OpenSanctions", candidate):
        assert secret not in str(told)
    auditor = caller(("auditor", NETWORK))
    assert auditor.get(f"{path}/screening")["decisions"][0]["reason"] == "A secret of the officer."
    auditor.post(f"{path}/screening", body, status=403)


def test_a_booking_waits_for_a_decision_on_its_owner_too(caller, stored, database):
    stored(make_policy, rules=[OPEN_TO_ALL, EXPORT_CONTROL])
    place = stored(make_place)
    stored(make_list)
    home = next(key for kind, key in place.scopes if kind == "organisation")
    officer = caller(("export_control_officer", ("organisation", home)))
    person = caller()
    person.patch("/me", {"name": "TESTMANN Ömer"})
    booking = {"instrument": place.instrument.public_id, "start": at(8, 10), "end": at(8, 12)}
    assert person.post("/bookings", booking)["state"] == "pending_approval"
    (approval,) = officer.get("/approvals")["items"]
    path = f"/approvals/{approval['id']}"
    assert officer.post(f"{path}/decision", {"verdict": "approve"}, status=409)["code"] == "screening.undecided"
    (candidate,) = officer.get(f"{path}/screening")["candidates"]
    body = {"candidates": [candidate["id"]], "verdict": "different", "reason": "Another person."}
    officer.post(f"{path}/screening", body, status=200)
    assert officer.post(f"{path}/decision", {"verdict": "approve"}, status=200)["state"] == "approved"
