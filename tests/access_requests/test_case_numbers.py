"""A request has one case number, whatever is decided of it, and promises what the catalogue did."""

from datetime import timedelta

from sqlalchemy.orm import Session

from infra_access.access_requests import drafting, submitting
from infra_access.access_requests.needed import needed
from infra_access.access_requests.request_queries import requests_by_case
from infra_access.policy.applicants import facts_of
from infra_access.policy.decisions import decisions_about, record_decision, replay
from infra_access.policy.eligibility import eligibility
from infra_access.policy.rulebook import rulebook
from infra_access.policy.ruling import rule_on
from tests.factories.access_requests import (
    FEASIBILITY,
    HOST_COUNTRY,
    NOW,
    OPEN_TO_ALL,
    make_request,
    make_rules,
    make_world,
)
from tests.factories.people import make_actor
from tests.factories.policy import raw_rule

LATER = NOW + timedelta(days=2)
VISA = raw_rule(
    "visa",
    {"type": "require", "kind": "gate", "code": "visa"},
    applies_to=["book"],
    expected_days=20,
    latest_days=60,
    message={"en": "Whoever comes from abroad has a visa."},
)
QUIET = {**FEASIBILITY, "id": "quiet", "disclosure": "generic"}


def test_a_request_promises_what_the_catalogue_did(session: Session):
    world = make_world(session, rules=(OPEN_TO_ALL, FEASIBILITY, VISA))
    known = facts_of(session, world.applicant, acting_for_id=None, now=NOW, book=rulebook(session))
    promised = eligibility(
        session, world.instrument.id, applicant=known, action="request", now=NOW, routes=[world.route.public_id]
    )
    start = promised.earliest_start
    assert start is not None
    assert (start.safe - NOW.date()).days == 70
    asked = make_request(session, world)
    looked = needed(session, actor=world.applicant, route=world.route, instrument_ids=(), now=NOW, access_request=asked)
    assert looked.decision.earliest_start == start
    assert [one.code for one in looked.decision.afterwards] == ["visa"]
    sent = submitting.submit(session, actor=world.applicant, now=NOW, access_request=asked)
    assert sent.decision["earliest_start"]["safe"] == start.safe.isoformat()
    assert [one["code"] for one in sent.decision["afterwards"]] == ["visa"]
    (record,) = decisions_about(session, subject_kind="access_request", subject_id=asked.public_id)
    assert replay(record) == record.decision.encode()


def test_a_request_keeps_its_number_through_all_that_is_decided_of_it(session: Session):
    world = make_world(session, rules=(OPEN_TO_ALL, QUIET, HOST_COUNTRY))
    asked = make_request(session, world)
    looked = needed(session, actor=world.applicant, route=world.route, instrument_ids=(), now=NOW, access_request=asked)
    submitting.submit(session, actor=world.applicant, now=NOW, access_request=asked)
    number = asked.case
    assert number == looked.decision.case
    make_rules(session, [{**QUIET, "id": "quieter"}], name="More")
    changes = {"quantity": "1"}
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=asked, changes=changes)
    assert (asked.case, asked.decision["case"]) == (number, number)
    assert f"(case {number})" in str(asked.decision["approvals"])
    records = decisions_about(session, subject_kind="access_request", subject_id=asked.public_id)
    assert [one.case for one in records] == [number, number]
    assert all(replay(one) == one.decision.encode() for one in records)


def test_whoever_may_read_a_request_finds_it_by_its_number_and_by_those_of_before(session: Session):
    world = make_world(session)
    asked = make_request(session, world)
    keys = [world.instrument.id]
    before = rule_on(session, action="request", instrument_ids=keys, applicant=facts_of(
        session, world.applicant, acting_for_id=None, now=NOW, book=rulebook(session)), now=NOW)  # fmt: skip
    record_decision(
        session, subject_kind="access_request", subject_id=asked.public_id, action="request", ruling=before, now=NOW
    )
    number = before.decision.case
    assert requests_by_case(session, actor=world.manager, case=number).items == ()
    submitting.submit(session, actor=world.applicant, now=NOW, access_request=asked)
    stranger = make_actor(session)
    for told in (number, str(asked.case), f" {str(asked.case).lower().replace('-', '')}"):
        for reader in (world.applicant, world.manager):
            (found,) = requests_by_case(session, actor=reader, case=told).items
            assert found.access_request is asked
        assert requests_by_case(session, actor=stranger, case=told).items == ()
    assert requests_by_case(session, actor=world.manager, case="ZZZZ-ZZZZ").items == ()
