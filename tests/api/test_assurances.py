"""Staff note over the API that somebody vouches for a person, who sees it and requests by it."""

from tests.api.conftest import Caller

IDENTITY = {"code": "identity-high", "source": "Passport seen on site", "scope": "network"}


def test_staff_note_and_withdraw_what_its_person_sees(anyone: Caller, caller) -> None:
    officer, person = caller(("access_administrator", ("network", ""))), caller()
    given = {**IDENTITY, "person": person.get("/me")["email"]}
    anyone.post("/assurances", given, status=401)
    person.post("/assurances", {**given, "person": "nobody@example.org"}, status=403)
    assert "person" in officer.post("/assurances", IDENTITY, status=422)["errors"]
    officer.post("/assurances", {**given, "person": "nobody@example.org"}, status=404)
    officer.post("/assurances", {**given, "person": officer.get("/me")["email"]}, status=403)
    noted = officer.post("/assurances", given, status=200)
    assert person.get("/me/assurances")["items"] == [noted]
    assert officer.get("/me/assurances")["items"] == []
    search = f"/assurances?person={given['person']}"
    assert (officer.get(search)["items"], caller().get(search)["items"]) == ([noted], [])
    path = f"/assurances/{noted['id']}/withdraw"
    person.post(path, {"reason": "Mine."}, status=404)
    assert "reason" in officer.post(path, {}, status=422)["errors"]
    assert officer.post(path, {"reason": "Forged."}, status=200)["withdrawn_at"]
    officer.post(path, {"reason": "Forged."}, status=409)
    assert person.get("/me/assurances")["items"] == officer.get(search)["items"] == []
