"""Writing rules over the API: from templates, revised, compared, tried out, published and withdrawn."""

from typing import Any

import pytest

from infra_access.access_requests.what_if_runs import work_on_runs
from infra_access.catalogue.models import Organisation
from infra_access.core import clock
from infra_access.policy.countries import COUNTRY_CODES
from infra_access.policy.templates import TEMPLATES
from tests.api.conftest import Caller
from tests.factories.access_requests import make_submitted, make_world
from tests.factories.catalogue import make_facility, make_instrument
from tests.factories.people import make_actor
from tests.factories.policy import make_country_group, make_policy, raw_rule

OPEN = raw_rule("open", {"type": "permit"})
CLOSED = raw_rule("firms", {"type": "deny"}, {"op": "eq", "fact": "applicant.sector", "value": "company"})


@pytest.fixture
def facility(stored) -> Any:
    """Return a facility with two published instruments in Germany."""
    facility = stored(make_facility)
    for _number in range(2):
        stored(make_instrument, facility=facility)
    return facility


@pytest.fixture
def manager(caller, facility) -> Caller:
    """Return the program of whoever runs it."""
    return caller(("facility_manager", ("facility", facility.public_id)))


def draft(manager: Caller, facility: Any, **given: Any) -> tuple[dict[str, Any], str, str]:
    """Store a draft; return it, its path and its tag."""
    body = {"scope_kind": "facility", "scope_key": facility.public_id, "name": "House rules", **given}
    made = manager.call("POST", "/policies", body, status=201)
    return made.json, made.headers["Location"].partition("/api/v1")[2], made.headers["ETag"]


def test_every_template_gives_rules_that_can_be_drafted(anyone: Caller, manager, facility):
    listed = anyone.get("/policy-templates")["items"]
    assert [one["key"] for one in listed] == list(TEMPLATES)
    for one in listed:
        made, _path, _tag = draft(manager, facility, name=one["key"], template=one["key"])
        assert len(made["rules"]) >= 2
        assert all(rule["message"]["en"] for rule in made["rules"])


def test_texts_of_ours_are_told_in_the_readers_language(anyone: Caller):
    known = {"en": "Startups and SMEs", "qps": "⟦Startups and SMEs"}
    for locale, begins in known.items():
        anyone.app.set_cookie("ia_lang", locale)
        items = anyone.get("/policy-templates")["items"]
        assert any(one["title"].startswith(begins) for one in items), locale


def test_the_settings_of_a_template_are_checked_by_name(manager, facility):
    body = {"scope_kind": "facility", "scope_key": facility.public_id, "name": "Rules"}
    wrong = {"percent": "120", "group": "Europe", "role": "king", "days": "-1", "colour": "red"}
    errors = manager.post("/policies", {**body, "template": "transnational", "settings": wrong}, status=422)["errors"]
    assert set(errors) == {f"settings.{name}" for name in wrong}
    assert "template" in manager.post("/policies", {**body, "template": "feudal"}, status=422)["errors"]
    for setting, most in (("terms_days", "1000"), ("days", "1000"), ("funding", "a" * 60)):
        manager.post("/policies", {**body, "name": setting, "template": "market", "settings": {setting: most}})
    for setting, wrong_value in (("terms_days", "1001"), ("funding", "UPPER"), ("funding", "a" * 61)):
        given = {**body, "template": "market", "settings": {setting: wrong_value}}
        assert set(manager.post("/policies", given, status=422)["errors"]) == {f"settings.{setting}"}
    for neither in ({}, {"rules": [], "template": "wide"}):
        assert "rules" in manager.post("/policies", {**body, **neither}, status=422)["errors"]
    assert manager.get("/policies?state=published")["items"] == []


def test_a_draft_is_revised_and_what_was_published_is_not(manager, facility):
    made, path, tag = draft(manager, facility, rules=[OPEN])
    revised = manager.call("PATCH", path, {"rules": [OPEN, CLOSED]}, status=200, If_Match=tag)
    assert [rule["id"] for rule in revised.json["rules"]] == ["open", "firms"]
    manager.patch(path, {"rules": []}, status=412, If_Match=tag)
    assert "rules.0.effect" in manager.patch(path, {"rules": [{"id": "x"}]}, status=422)["errors"]
    manager.post(f"{path}/publish", status=200)
    assert manager.patch(path, {"rules": []}, status=409)["code"] == "policy.not_draft"
    assert manager.get(path)["rules"] == revised.json["rules"]
    assert made["number"] == 1


def test_a_draft_is_compared_with_what_is_in_force_and_a_version_with_the_one_before(manager, facility):
    _first, path, _tag = draft(manager, facility, rules=[OPEN])
    assert manager.get(f"{path}/changes")["against"] is None
    first = manager.post(f"{path}/publish", status=200)
    _second, later, _tag = draft(manager, facility, rules=[{**OPEN, "applies_to": ["request"]}, CLOSED])
    found = manager.get(f"{later}/changes")
    assert found["against"] == first["id"]
    assert [(one["id"], one["difference"], one["keys"]) for one in found["items"]] == [
        ("open", "changed", ["applies_to"]),
        ("firms", "added", []),
    ]
    manager.post(f"{later}/publish", status=200)
    assert manager.get(f"{later}/changes") == found
    assert manager.get(path)["state"] == "superseded"


def test_what_is_probably_not_meant_is_told_with_its_place(manager, facility):
    nobody = {"all": [{"op": "eq", "fact": "applicant.sector", "value": one} for one in ("company", "academic")]}
    training = raw_rule("laser", {"type": "require", "kind": "training", "code": "lazer"})
    narrow = raw_rule("firms-too", {"type": "permit"}, {"op": "eq", "fact": "applicant.sector", "value": "company"})
    ended = {**raw_rule("old", {"type": "deny"}), "valid_to": "2020-01-01"}
    rules = [OPEN, narrow, raw_rule("never", {"type": "deny"}, nobody), training, ended]
    made, _path, _tag = draft(manager, facility, rules=rules)
    assert set(made["warnings"]) == {"rules.1", "rules.2.when", "rules.3.effect.code", "rules.4.valid_to"}
    assert '"open" says the same' in made["warnings"]["rules.1"][0]


def test_roles_that_nobody_holds_where_they_are_asked_are_told(manager, facility, stored):
    def approve(id: str, role: str, scope: str, **more: Any) -> dict[str, Any]:
        effect = {"type": "approve", "role": role, "scope": scope}
        return raw_rule(id, effect, applies_to=["request", "book", "mail_in"], rests_on=["samples"], **more)

    stored(lambda session: make_actor(session, ("safety_officer", ("facility", facility.public_id))))
    rules = [
        approve("here", "facility_manager", "facility"),
        approve("nobody", "export_control_officer", "organisation"),
        approve("too-narrow", "safety_officer", "organisation", overridable_by="finance"),
        approve("at-home", "safety_officer", "home_organisation"),
        approve("nowhere", "signatory", "home_organisation"),
    ]
    made, _path, _tag = draft(manager, facility, rules=rules)
    assert set(made["warnings"]) == {
        "rules.1.effect.role", "rules.2.effect.role", "rules.2.overridable_by", "rules.4.effect.role",
    }  # fmt: skip
    assert "Export control officer (" in made["warnings"]["rules.1.effect.role"][0]


def test_what_if_counts_who_could_use_how_many_and_keeps_nothing(caller, manager, facility, stored, database):
    stored(make_instrument)  # elsewhere: these rules do not reach it
    stored(lambda session: make_country_group(session, "LDC:2024", "TD", "ML"))
    stored(make_policy, rules=[OPEN])
    poor = {"op": "member_of", "fact": "applicant.country_groups", "value": "LDC:2024"}
    firms = {"all": [{"op": "eq", "fact": "applicant.sector", "value": "company"}, {"not": poor}]}
    _made, path, _tag = draft(manager, facility, rules=[raw_rule("firms", {"type": "deny"}, firms)])
    found = manager.post(f"{path}/what-if", status=200)
    assert found["instruments"] == 2
    by_kind: dict[str, set[tuple[str, int, int]]] = {}
    for one in found["reach"]:
        for country in one["countries"]:
            by_kind.setdefault(one["kind"], set()).add((country, one["before"], one["after"]))
    assert {("TD", 2, 2), ("ML", 2, 2), ("DE", 2, 0), ("KE", 2, 0)} <= by_kind["startup"]
    assert {(before, after) for _country, before, after in by_kind["university"]} == {(2, 2)}
    assert len({country for country, _before, _after in by_kind["startup"]}) == len(COUNTRY_CODES)
    assert manager.get(path)["state"] == "draft"
    auditor = caller(("auditor", ("network", "")), scope="read")
    assert auditor.post(f"{path}/what-if", {"months": 60}, status=200)["instruments"] == 2
    manager.post(f"{path}/what-if", {"months": 0}, status=422)
    caller().post(f"{path}/what-if", status=404)


def test_what_if_decides_requests_of_the_past_again(caller, stored):
    world = stored(make_world)
    office = caller(("facility_manager", ("facility", world.facility.public_id)))
    _made, path, _tag = draft(office, world.facility, rules=[raw_rule("shut", {"type": "deny"})])
    assert office.post(f"{path}/what-if", status=200)["of"] == 0
    sent = stored(lambda session: make_submitted(session, world).public_id)
    found = office.post(f"{path}/what-if", {"months": 60}, status=200)
    assert (found["looked_at"], found["of"]) == (1, 1)
    assert [(one["id"], one["before"], one["after"]) for one in found["requests"]] == [(sent, "needs_approval", "deny")]


def test_all_requests_are_tried_by_the_worker_and_the_answer_stays(caller, stored, database):
    world = stored(make_world)
    sent = stored(lambda session: make_submitted(session, world).public_id)
    office = caller(("facility_manager", ("facility", world.facility.public_id)))
    _made, path, tag = draft(office, world.facility, rules=[raw_rule("shut", {"type": "deny"})])
    asked = office.call("POST", f"{path}/what-if-runs", {"months": 60}, status=202)
    place = asked.headers["Location"].partition("/api/v1")[2]
    assert asked.json["state"] == "waiting"
    assert office.post(f"{path}/what-if-runs", {"months": 60}, status=202)["id"] == asked.json["id"]

    while work_on_runs(database, now=clock.now()):
        pass

    found = office.get(place)
    assert (found["state"], found["looked_at"], found["of"], found["changed"]) == ("finished", 1, 1, 1)
    assert found["answers"] == [{"before": "needs_approval", "after": "deny", "requests": 1}]
    assert [one["id"] for one in found["requests"]] == [sent]
    assert found["reach"] == office.post(f"{path}/what-if", status=200)["reach"]
    assert not found["draft_changed"]
    office.call("PATCH", path, {"rules": [OPEN]}, status=200, If_Match=tag)
    assert office.get(place)["draft_changed"]
    for stranger in (caller(), caller(actor=world.applicant)):
        assert stranger.get(place, status=404)["code"] == "what_if.unknown"
        stranger.post(f"{path}/what-if-runs", status=404)
    auditor = caller(("auditor", ("network", "")))
    assert auditor.get(place) == office.get(place)
    office.post(f"{path}/what-if-runs", {"months": 61}, status=422)


def test_why_a_run_failed_is_told_in_words(manager, facility, database, monkeypatch):
    _made, path, _tag = draft(manager, facility, rules=[OPEN, CLOSED])
    asked = manager.call("POST", f"{path}/what-if-runs", status=202)
    monkeypatch.setattr("infra_access.access_requests.what_if.MOST_WORK", 10)
    work_on_runs(database, now=clock.now())
    found = manager.get(asked.headers["Location"].partition("/api/v1")[2])
    assert (found["state"], found["error"]) == ("failed", "what_if.too_much")
    assert "Try them at one facility" in found["detail"]


def test_more_than_can_be_tried_at_once_is_refused_and_not_begun(manager, facility, monkeypatch):
    _made, path, _tag = draft(manager, facility, rules=[OPEN, CLOSED])
    monkeypatch.setattr("infra_access.access_requests.what_if.MOST_WORK", 10)
    assert manager.post(f"{path}/what-if", status=409)["code"] == "what_if.too_much"


@pytest.mark.parametrize("kind", ["facility", "organisation", "country", "route", "instrument", "network"])
def test_what_if_counts_the_requests_that_its_scope_can_reach_and_no_others(caller, stored, kind):
    near = stored(make_world, rules=[])
    far = stored(lambda session: make_facility(session, country="PT", timezone="Europe/Lisbon"))
    stored(make_policy, rules=[OPEN])
    stored(lambda session: make_submitted(session, near))
    administrator = caller(("access_administrator", ("network", "")))
    keys = {
        "facility": (near.facility.public_id, far.public_id),
        "country": ("DE", "PT"),
        "route": (near.route.public_id,),
        "instrument": (
            near.instrument.public_id,
            stored(lambda session: make_instrument(session, facility=far)).public_id,
        ),
        "network": ("",),
        "organisation": (stored(organisation_of, facility=near.facility), stored(organisation_of, facility=far)),
    }[kind]
    for key, of in zip(keys, (1, 0), strict=False):
        body = {"scope_kind": kind, "scope_key": key, "name": "Rules", "rules": [raw_rule("shut", {"type": "deny"})]}
        made = administrator.call("POST", "/policies", body, status=201)
        path = made.headers["Location"].partition("/api/v1")[2]
        found = administrator.post(f"{path}/what-if", {"months": 60}, status=200)
        assert (found["of"], found["looked_at"], len(found["requests"])) == (of, of, of), key


def organisation_of(session, facility):
    """Return the public id of the organisation that runs a facility."""
    return session.get_one(Organisation, facility.organisation_id).public_id


def test_rules_are_withdrawn_with_nothing_in_their_place(manager, facility):
    _made, path, tag = draft(manager, facility, rules=[OPEN])
    assert manager.post(f"{path}/withdraw", status=409)["code"] == "policy.not_published"
    manager.post(f"{path}/publish", status=200)
    manager.post(f"{path}/withdraw", status=412, If_Match=tag)
    assert manager.post(f"{path}/withdraw", status=200)["state"] == "superseded"
    assert manager.get("/policies?state=published")["items"] == []
