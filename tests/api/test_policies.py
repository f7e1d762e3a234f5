"""Policies over the API: drafted by whoever has the right in the scope, published, read by the scope's people."""

from tests.api.conftest import Caller
from tests.factories.catalogue import make_facility
from tests.factories.policy import raw_rule
from tests.statements import count_statements

RULES = [raw_rule("open", {"type": "permit"})]


def test_it_drafts_and_publishes(anyone: Caller, caller, stored):
    facility = stored(make_facility)
    manager = caller(("facility_manager", ("facility", facility.public_id)))
    body = {"scope_kind": "facility", "scope_key": facility.public_id, "name": "House rules", "rules": RULES}
    made = manager.call("POST", "/policies", body, status=201)
    path = made.headers["Location"].partition("/api/v1")[2]
    assert (made.json["state"], made.json["number"]) == ("draft", 1)
    assert manager.get(path) == made.json
    published = manager.post(f"{path}/publish", status=200, If_Match=made.headers["ETag"])
    assert published["state"] == "published"
    assert manager.post(f"{path}/publish", status=409)["code"] == "policy.not_draft"
    assert [one["id"] for one in manager.get("/policies?state=published")["items"]] == [made.json["id"]]
    stranger = caller(("facility_manager", ("facility", stored(make_facility).public_id)))
    assert stranger.get("/policies")["items"] == []
    stranger.get(path, status=404)
    stranger.post(f"{path}/publish", status=404)
    stranger.post("/policies", body, status=403)
    anyone.get("/policies", status=401)
    auditor = caller(("auditor", ("country", "DE")))
    assert len(auditor.get("/policies")["items"]) == 1
    assert auditor.post(f"{path}/publish", status=403)["code"] == "permission.missing"


def test_it_names_the_place_of_a_fault(caller):
    administrator = caller(("access_administrator", ("network", "")))
    body = {"scope_kind": "network", "name": "Rules", "rules": [{"id": "x"}, 7]}
    errors = administrator.post("/policies", body, status=422)["errors"]
    assert "rules.1" in errors
    errors = administrator.post("/policies", {**body, "rules": [{"id": "x"}]}, status=422)["errors"]
    assert "rules.0.effect" in errors
    administrator.post("/policies", {**body, "scope_kind": "route", "scope_key": "0" * 16, "rules": RULES}, status=404)


def test_its_list_costs_the_same_statements_for_one_and_for_six(caller, database):
    administrator = caller(("access_administrator", ("network", "")))
    counts = []
    for more in (1, 5):
        for number in range(more):
            body = {"scope_kind": "network", "name": f"Rules {more} {number}", "rules": RULES}
            administrator.post("/policies", body)
        with count_statements(database) as statements:
            administrator.get("/policies")
        counts.append(statements.count)
    assert counts[0] == counts[1] <= 4


def test_auditors_read_what_was_done(anyone: Caller, caller):
    made = caller().post("/organisations", {"name": "Nyota", "country": "KE"})
    auditor = caller(("auditor", ("network", "")))
    (event,) = auditor.get(f"/audit?object={made['id']}")["items"]
    assert (event["action"], event["object"], event["outcome"]) == ("organisation.create", made["id"], "done")
    assert event["request_id"]
    assert auditor.get("/audit", status=422)["errors"]["object"]
    caller().get(f"/audit?object={made['id']}", status=403)
    anyone.get(f"/audit?object={made['id']}", status=401)
