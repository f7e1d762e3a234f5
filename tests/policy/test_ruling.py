"""Rulings on instruments: their rules, the strictest of several, what is kept, and how few statements they take."""

import json
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from infra_access.core.decision import Outcome
from infra_access.core.errors import NotFound
from infra_access.people.actors import load_actor
from infra_access.policy.applicants import facts_of
from infra_access.policy.decisions import decisions_about, record_decision, replay
from infra_access.policy.facts import Facts
from infra_access.policy.rulebook import rulebook
from infra_access.policy.ruling import rule_on
from tests.factories.catalogue import make_facility, make_instrument, make_organisation
from tests.factories.people import make_account, make_affiliation
from tests.factories.policy import facts, make_policy, raw_rule
from tests.policy.statements import counted

NOBODY = Facts.of()
TRAINING = {"type": "require", "kind": "training", "code": "laser-safety"}


@pytest.fixture
def open_network(session: Session) -> None:
    make_policy(session)


@pytest.mark.usefixtures("open_network")
def test_the_rules_of_each_scope_decide_together(session: Session, now: datetime) -> None:
    facility = make_facility(session)
    here, elsewhere = make_instrument(session, facility=facility), make_instrument(session)
    make_policy(session, raw_rule("laser", TRAINING), scope=("facility", facility.public_id))

    def outcome(instrument_id: int, **more) -> Outcome:
        ruling = rule_on(session, action="book", instrument_ids=[instrument_id], applicant=NOBODY, now=now, **more)
        return ruling.decision.outcome

    assert outcome(elsewhere.id) is Outcome.PERMIT
    assert outcome(here.id) is Outcome.CONDITIONAL
    assert outcome(here.id, satisfied=["training:laser-safety"]) is Outcome.PERMIT
    assert outcome(here.id, extra=facts({"satisfied": frozenset({"training:laser-safety"})})) is Outcome.PERMIT


def test_without_a_permit_nothing_is_open(session: Session, now: datetime) -> None:
    ruling = rule_on(session, action="book", instrument_ids=[make_instrument(session).id], applicant=NOBODY, now=now)
    assert ruling.decision.outcome is Outcome.NOT_ELIGIBLE
    assert ruling.decision.policy_version == "0.3"


@pytest.mark.usefixtures("open_network")
def test_the_strictest_of_several_instruments_counts(session: Session, now: datetime) -> None:
    free = make_instrument(session)
    laser = make_instrument(session, tags=["laser"])
    asked = make_instrument(session, tags=["asked"])
    shut = make_instrument(session, tags=["shut"])
    make_policy(session, raw_rule("laser", TRAINING), scope=("tag", "laser"))
    make_policy(
        session,
        raw_rule("asked", {"type": "approve", "role": "facility_manager", "scope": "facility"}, latest_days=40),
        raw_rule("cap", {"type": "limit", "amount": 4}),
        scope=("tag", "asked"),
    )
    make_policy(session, raw_rule("shut", {"type": "deny"}), scope=("tag", "shut"))

    def ruling(*instruments):
        keys = [instrument.id for instrument in instruments]
        return rule_on(session, action="book", instrument_ids=keys, applicant=NOBODY, now=now).decision

    together = ruling(free, laser, asked)
    assert together.outcome is Outcome.CONDITIONAL
    assert [entry.code for entry in together.missing] == ["laser-safety"]
    assert [due.rule for due in together.approvals] == ["asked"]
    assert together.limits == {"amount": 4}
    assert together.earliest_start is not None
    assert (together.earliest_start.safe - now.date()).days == 40
    assert {reason.rule for reason in together.reasons} == {"open", "laser", "asked", "cap"}
    denied = ruling(free, laser, shut, asked)
    assert denied.outcome is Outcome.DENY
    assert [reason.rule for reason in denied.reasons] == ["shut"]
    assert denied.missing == denied.approvals == ()


@pytest.mark.usefixtures("open_network")
def test_only_a_confirmed_member_of_the_facilitys_organisation_is_internal(session: Session, now: datetime) -> None:
    organisation = make_organisation(session)
    instrument = make_instrument(session, facility=make_facility(session, organisation=organisation))
    outside = {"op": "ne", "fact": "applicant.relation", "value": "internal"}
    make_policy(session, raw_rule("outside", TRAINING, outside))
    outcomes = []
    for confirmed in (True, False):
        account = make_account(session)
        make_affiliation(session, account=account, organisation=organisation, confirmed=confirmed)
        actor = load_actor(session, account.id, now=now)
        applicant = facts_of(session, actor, acting_for_id=None, now=now, book=rulebook(session))
        ruling = rule_on(session, action="book", instrument_ids=[instrument.id], applicant=applicant, now=now)
        outcomes.append(ruling.decision.outcome)
    assert outcomes == [Outcome.PERMIT, Outcome.CONDITIONAL]


@pytest.mark.usefixtures("open_network")
def test_the_rules_of_a_route_count_only_on_it(session: Session, now: datetime) -> None:
    instrument = make_instrument(session)
    make_policy(session, raw_rule("route", {"type": "deny"}), scope=("route", "r1"))
    outcomes = [
        rule_on(
            session, action="book", instrument_ids=[instrument.id], applicant=NOBODY, now=now, route=route
        ).decision.outcome
        for route in (None, "r1", "r2")
    ]
    assert outcomes == [Outcome.PERMIT, Outcome.DENY, Outcome.PERMIT]


@pytest.mark.usefixtures("open_network")
def test_without_instruments_the_network_and_the_route_decide(session: Session, now: datetime) -> None:
    make_policy(session, raw_rule("route", TRAINING), scope=("route", "r1"))
    ruling = rule_on(session, action="request", instrument_ids=[], applicant=NOBODY, now=now, route="r1")
    assert ruling.decision.outcome is Outcome.CONDITIONAL


def test_an_unknown_instrument_is_refused(session: Session, now: datetime) -> None:
    with pytest.raises(NotFound):
        rule_on(session, action="book", instrument_ids=[12_345], applicant=NOBODY, now=now)


@pytest.mark.usefixtures("open_network")
def test_the_applicant_reads_less_than_the_officer_under_one_case(session: Session, now: datetime) -> None:
    instrument = make_instrument(session)
    make_policy(session, raw_rule("secret", TRAINING, disclosure="generic"))
    ruling = rule_on(session, action="book", instrument_ids=[instrument.id], applicant=NOBODY, now=now)
    assert "secret" not in [reason.rule for reason in ruling.decision.reasons]
    assert "secret" in [reason.rule for reason in ruling.officer.reasons]
    assert ruling.decision.case == ruling.officer.case


@pytest.mark.usefixtures("open_network")
def test_only_the_facts_that_rules_read_are_kept(session: Session, now: datetime) -> None:
    instrument = make_instrument(session)
    make_policy(session, raw_rule("sector", TRAINING, {"op": "eq", "fact": "applicant.sector", "value": "company"}))
    applicant = facts(
        {
            "applicant.sector": "company",
            "applicant.country": "KE",
            "satisfied": frozenset({"training:laser-safety", "training:other"}),
        }
    )
    ruling = rule_on(session, action="book", instrument_ids=[instrument.id], applicant=applicant, now=now)
    kept = json.loads(ruling.facts)
    assert list(kept[0]["values"]) == ["applicant.sector", "satisfied"]
    assert kept[0]["values"]["satisfied"]["value"] == ["training:laser-safety"]
    assert ruling.decision.outcome is Outcome.PERMIT


@pytest.mark.usefixtures("open_network")
def test_a_warm_ruling_takes_two_statements(session: Session, now: datetime) -> None:
    instrument = make_instrument(session)
    book = rulebook(session)
    with counted(session) as statements:
        rule_on(session, action="book", instrument_ids=[instrument.id], applicant=NOBODY, now=now, share_lock=True)
    assert len(statements) == 2
    with counted(session) as statements:
        rule_on(session, action="book", instrument_ids=[instrument.id], applicant=NOBODY, now=now, book=book)
    assert len(statements) == 1


@pytest.mark.usefixtures("open_network")
def test_a_recorded_decision_is_made_again_byte_for_byte(session: Session, now: datetime) -> None:
    plain, laser = make_instrument(session), make_instrument(session, tags=["laser"])
    crossing = {
        "some": {
            "over": "participants",
            "when": {"op": "ne", "fact": "participants[].country_of_work", "other": "facility.country"},
        }
    }
    make_policy(session, raw_rule("laser", TRAINING, disclosure="none"), scope=("tag", "laser"))
    make_policy(
        session,
        raw_rule("crossing", {"type": "approve", "role": "access_administrator", "scope": "country"}, crossing),
        raw_rule("cap", {"type": "limit", "amount": "2.5"}, {"op": "gte", "fact": "request.quantity", "value": 3}),
    )
    extra = facts({"request.quantity": 4}, participants=[{"country_of_work": "KE", "role": "member"}])
    ruling = rule_on(
        session,
        action="request",
        instrument_ids=[plain.id, laser.id],
        applicant=NOBODY,
        now=now,
        extra=extra,
        route="r",
    )
    with counted(session) as statements:
        record_decision(
            session, subject_kind="access_request", subject_id="abc", action="request", ruling=ruling, now=now
        )
    assert len(statements) == 1
    make_policy(session, raw_rule("later", {"type": "deny"}))
    session.expire_all()
    (kept,) = decisions_about(session, subject_kind="access_request", subject_id="abc")
    assert kept.outcome == "conditional"
    assert kept.case == ruling.decision.case
    assert "laser" in kept.decision
    assert "role" not in json.loads(kept.facts)[0]["collections"]["participants"][0]
    assert replay(kept) == kept.decision.encode()
