"""Instruments: search with facets and badges, one of them with its time, ways in and eligibility."""

from datetime import timedelta

from tests.api.conftest import Caller
from tests.factories.access_requests import OPEN_TO_ALL, make_world
from tests.factories.catalogue import make_facility, make_instrument
from tests.factories.policy import make_policy, raw_rule
from tests.statements import count_statements

COMPANIES = {"fact": "applicant.sector", "op": "eq", "value": "company"}


def test_it_creates_a_draft_in_a_facility_and_publishes_it(anyone: Caller, caller, stored):
    facility = stored(make_facility)
    staff = caller(("facility_manager", ("facility", facility.public_id)))
    made = staff.post(
        "/instruments", {"facility": facility.public_id, "name": "STEM", "copies": 2, "techniques": ["EELS"]}
    )
    assert made["publication"] == "draft"
    assert len(made["resources"]) == 2
    anyone.get(f"/instruments/{made['id']}", status=404)
    shown = staff.patch(f"/instruments/{made['id']}", {"publication": "published", "status": "operating"})
    assert shown["offer"] == "book"
    assert anyone.get(f"/instruments/{made['id']}")["techniques"] == [{"key": "eels", "name": "EELS"}]
    staff.patch(f"/instruments/{made['id']}", {"publication": "retired"})
    assert anyone.get(f"/instruments/{made['id']}", status=410)["code"] == "catalogue.retired"


def test_it_refuses_one_in_a_facility_of_others(caller, stored):
    facility = stored(make_facility)
    stranger = caller(("facility_manager", ("facility", stored(make_facility).public_id)))
    body = {"facility": facility.public_id, "name": "STEM"}
    assert stranger.post("/instruments", body, status=403)["code"] == "permission.missing"
    stranger.post("/instruments", {**body, "facility": "0" * 16}, status=404)


def test_it_finds_by_words_and_counts_facets(anyone: Caller, stored):
    stored(make_instrument, name="Beamline for EXAFS", techniques=["EXAFS"])
    stored(make_instrument, name="Microscope")
    found = anyone.get("/instruments?q=exafs")
    assert [one["name"] for one in found["items"]] == ["Beamline for EXAFS"]
    assert found["facets"]["technique"] == [{"value": "exafs", "label": "EXAFS", "count": 1}]
    assert found["facets"]["country"][0]["label"] == "Germany"
    assert found["items"][0]["eligibility"] is None


def test_it_gives_badges_by_what_a_visitor_says(anyone: Caller, stored):
    stored(make_policy, rules=[raw_rule("firms", {"type": "permit"}, COMPANIES)])
    instrument = stored(make_instrument)
    for sector, outcome in (("company", "permit"), ("academic", "not_eligible")):
        badge = anyone.get(f"/instruments?as=sector:{sector},country:KE")["items"][0]["eligibility"]
        assert (badge["outcome"], badge["by"]) == (outcome, "what you said")
        whole = anyone.get(f"/instruments/{instrument.public_id}/eligibility?as=sector:{sector},country:KE")
        assert (whole["outcome"], whole["by"]) == (outcome, "what you said")
    assert "as.sector" in anyone.get("/instruments?as=sector:circus", status=422)["errors"]


def test_it_gives_badges_by_the_account_of_the_caller(caller, stored):
    stored(make_policy, rules=[raw_rule("all", {"type": "permit"})])
    stored(make_instrument)
    badge = caller().get("/instruments")["items"][0]["eligibility"]
    assert (badge["outcome"], badge["by"], badge["missing"]) == ("permit", "your account", 0)


def test_it_evaluates_dryly(anyone: Caller, caller, stored):
    stored(make_policy, rules=[raw_rule("firms", {"type": "permit"}, COMPANIES)])
    instruments = [stored(make_instrument).public_id for _number in range(2)]
    said = anyone.post("/policies/evaluate?as=sector:company", {"instruments": instruments}, status=200)
    assert said["outcome"] == "permit"
    # A read token may ask, although it is a POST.
    known = caller(scope="read").post("/policies/evaluate", {"instruments": instruments, "action": "book"}, status=200)
    assert (known["outcome"], known["by"]) == ("not_eligible", "your account")
    anyone.post("/policies/evaluate", {"instruments": []}, status=422)


def test_it_shows_free_and_busy_time(anyone: Caller, stored, now):
    instrument = stored(make_instrument)
    start, end = now, now + timedelta(days=1)
    window = f"start={start:%Y-%m-%dT%H:%M:%SZ}&end={end:%Y-%m-%dT%H:%M:%S}%2B00:00"
    found = anyone.get(f"/instruments/{instrument.public_id}/availability?{window}")
    assert found["timezone"] == "Europe/Berlin"
    assert found["free"] == [{"start": "2026-03-02T09:00:00Z", "end": "2026-03-03T09:00:00Z"}]
    assert found["busy"] == []
    path = f"/instruments/{instrument.public_id}/availability"
    assert set(anyone.get(path, status=422)["errors"]) == {"start", "end"}
    assert "start" in anyone.get(f"{path}?start=2026-03-02T09:00:00&end=2026-03-03T09:00:00Z", status=422)["errors"]
    assert "end" in anyone.get(f"{path}?end=2026-03-02T09:00:00Z&start=2026-03-03T09:00:00Z", status=422)["errors"]


def test_it_costs_the_same_statements_for_two_and_for_twenty(anyone: Caller, caller, stored, database):
    stored(make_policy, rules=[raw_rule("all", {"type": "permit"})])
    facility = stored(make_facility)
    program = caller()
    counts = {}
    # Words, since a number may also be part of the name of the facility that a factory made.
    for word, total in (("Pair", 2), ("Score", 20)):
        for number in range(total):
            stored(make_instrument, facility=facility, name=f"{word} {number}")
        program.get("/instruments")
        with count_statements(database) as statements:
            assert len(program.get(f"/instruments?q={word}")["items"]) == total
        counts[total] = statements.count
    assert counts[2] == counts[20] <= 14


def test_its_badge_counts_what_a_request_waits_for(anyone: Caller, stored):
    world = stored(make_world)
    said = "as=sector:company,country:KE"
    (badge,) = (one["eligibility"] for one in anyone.get(f"/instruments?{said}")["items"])
    path = f"/instruments/{world.instrument.public_id}"
    whole = anyone.get(f"{path}/eligibility?action=request&{said}")
    assert (
        badge["earliest_start"]
        == whole["earliest_start"]
        == anyone.get(f"{path}?{said}")["eligibility"]["earliest_start"]
    )
    assert "approval" in badge["earliest_start"]["because"]


def test_no_badge_rests_on_a_way_in_that_does_not_offer_what_is_wanted(anyone: Caller, stored):
    world = stored(make_world)
    stored(
        make_policy, scope=("route", world.route.public_id), rules=[raw_rule("limit", {"type": "limit", "amount": 5})]
    )
    path = f"/instruments/{world.instrument.public_id}/eligibility?action=request"
    offered, other = (anyone.get(f"{path}&as=country:DE,regime:{regime}")["limits"] for regime in ("open", "embargoed"))
    assert (offered, other) == ({"amount": 5}, {})


def test_it_says_what_a_session_needs_after_a_request(anyone: Caller, stored):
    trained = raw_rule("trained", {"type": "require", "kind": "training", "code": "laser"}, applies_to=["book"])
    world = stored(make_world, rules=(OPEN_TO_ALL, trained))
    path = f"/instruments/{world.instrument.public_id}/eligibility?as=country:KE&action="
    asked, booked = anyone.get(f"{path}request"), anyone.get(f"{path}book")
    assert (asked["outcome"], asked["missing"]) == ("permit", [])
    assert asked["afterwards"] == booked["missing"]
    assert (asked["afterwards"][0]["code"], asked["afterwards"][0]["how"]) != ("laser", "")
    assert "afterwards" not in booked


def test_samples_by_mail_are_not_offered_where_no_way_in_takes_them(anyone: Caller, stored):
    by_mail = raw_rule("all", {"type": "permit"}, applies_to=["mail_in"])
    world = stored(make_world, rules=(by_mail,), access_types=["physical", "remote"])
    answer = anyone.get(f"/instruments/{world.instrument.public_id}/eligibility?as=country:KE&action=mail_in")
    assert (answer["outcome"], answer["missing"]) == ("not_eligible", [])
    assert "takes samples by mail" in answer["reasons"][0]["message"]
