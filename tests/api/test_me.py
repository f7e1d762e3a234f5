"""The caller's account and tokens."""

from webtest import TestApp

from tests.api.conftest import Caller


def test_it_shows_and_changes_the_callers_account(anyone: Caller, caller):
    anyone.get("/me", status=401)
    program = caller(("auditor", ("network", "")))
    response = program.call("GET", "/me", status=200)
    assert response.json["roles"] == [{"role": "auditor", "scope": "network"}]
    changed = program.patch("/me", {"locale": "ja", "timezone": "Asia/Tokyo"}, If_Match=response.headers["ETag"])
    assert changed["timezone"] == "Asia/Tokyo"
    program.patch("/me", {"locale": "en"}, status=412, If_Match=response.headers["ETag"])
    assert "email" in program.patch("/me", {"email": "other@example.org"}, status=422)["errors"]
    assert "timezone" in program.patch("/me", {"timezone": "Mars/Base"}, status=422)["errors"]


def test_it_shows_a_new_token_once(api_app: TestApp, caller):
    program = caller()
    made = program.post("/me/tokens", {"name": "robot", "scope": "read", "expires_in_days": 7})
    robot = Caller(api_app, made["token"])
    assert robot.get("/me")["token_scope"] == "read"
    assert "token" not in program.get(f"/me/tokens/{made['id']}")
    assert [one["name"] for one in program.get("/me/tokens")["items"]] == ["robot", "test"]
    robot.call("DELETE", f"/me/tokens/{made['id']}", status=403)
    program.call("DELETE", f"/me/tokens/{made['id']}", status=204)
    robot.get("/me", status=401)
    program.call("DELETE", f"/me/tokens/{made['id']}", status=404)


def test_it_ends_nobody_elses_token(caller):
    made = caller().post("/me/tokens", {"name": "robot", "scope": "write"})
    caller().call("DELETE", f"/me/tokens/{made['id']}", status=404)
