"""Badges for many instruments: one evaluation for each class, and the answer each would get alone."""

from datetime import datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Instrument
from infra_access.core.decision import Outcome
from infra_access.core.errors import NotFound
from infra_access.core.ids import new_public_id
from infra_access.policy import ruling
from infra_access.policy.eligibility import badges, eligibility
from infra_access.policy.rulebook import rulebook
from infra_access.policy.ruling import rule_on
from tests.factories.catalogue import make_facility, make_instrument
from tests.factories.policy import facts, make_policy, raw_rule
from tests.policy.statements import counted

APPLICANT = facts({"applicant.sector": "company", "applicant.country": "KE", "applicant.relation": "external"})
TRAINING = {"type": "require", "kind": "training", "code": "laser-safety"}


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each evaluation, and let it happen."""
    made: list[str] = []
    evaluate = ruling.evaluate

    def noting(rules, known, **more):
        made.append(more["case"])
        return evaluate(rules, known, **more)

    monkeypatch.setattr(ruling, "evaluate", noting)
    return made


def fill(session: Session, facility_id: int, *, count: int, **values) -> list[int]:
    """Write many instruments at once; one by one through the command they would take half a minute."""
    common = {
        "facility_id": facility_id,
        "name": "Laser",
        "name_key": "laser",
        "names": {},
        "capabilities": [],
        "hazards": [],
        "control_codes": [],
        "tags": [],
        "source": {},
        "status": "operating",
        "publication": "published",
        "created_at": datetime.fromisoformat("2026-03-01T00:00:00+00:00"),
        "version": 1,
        **values,
    }
    before = set(session.scalars(select(Instrument.id)))
    session.execute(insert(Instrument), [{**common, "public_id": new_public_id()} for _number in range(count)])
    return [key for key in session.scalars(select(Instrument.id).order_by(Instrument.id)) if key not in before]


def test_a_thousand_instruments_in_five_classes_take_five_evaluations(
    session: Session, now: datetime, evaluations: list[str]
) -> None:
    here = make_facility(session)
    abroad = make_facility(session, country="PT", timezone="Europe/Lisbon")
    make_policy(
        session,
        raw_rule("open", {"type": "permit"}, {"op": "eq", "fact": "instrument.status", "value": "operating"}),
        raw_rule("one", {"type": "permit"}, applies_to=["view_details"]),
    )
    make_policy(session, raw_rule("laser", TRAINING), scope=("tag", "laser"))
    make_policy(session, raw_rule("abroad", {"type": "deny"}), scope=("facility", abroad.public_id))
    keys = [
        *fill(session, here.id, count=300),
        *fill(session, here.id, count=200, status="down"),
        *fill(session, here.id, count=200, tags=["laser"]),
        *fill(session, here.id, count=100, tags=["laser"], status="down"),
        *fill(session, abroad.id, count=200, tags=["unruled"], control_codes=["2B350"]),
    ]
    rulebook(session)
    with counted(session) as statements:
        found = badges(session, keys, applicant=APPLICANT, action="book", now=now)
    assert len(evaluations) == 5
    assert len(statements) == 2
    assert list(found) == keys
    expected = {0: "permit", 300: "not_eligible", 500: "conditional", 700: "not_eligible", 800: "deny"}
    assert {at: found[keys[at]].outcome for at in expected} == expected
    for at in (0, 299, 300, 499, 500, 699, 700, 799, 800, 999):
        assert eligibility(session, keys[at], applicant=APPLICANT, action="book", now=now) == found[keys[at]]


def test_a_rule_that_names_an_instrument_gives_it_a_class_of_its_own(
    session: Session, now: datetime, evaluations: list[str]
) -> None:
    facility = make_facility(session)
    keys = fill(session, facility.id, count=6)
    named = session.scalars(select(Instrument.public_id).where(Instrument.id == keys[2])).one()
    make_policy(session)
    make_policy(session, raw_rule("named", {"type": "deny"}), scope=("instrument", named))
    found = badges(session, keys, applicant=APPLICANT, action="book", now=now)
    assert [decision.outcome for decision in found.values()].count(Outcome.DENY) == 1
    assert found[keys[2]].outcome is Outcome.DENY
    assert len(evaluations) == 2


def test_each_badge_is_the_ruling_on_the_instrument_alone(session: Session, now: datetime) -> None:
    facility = make_facility(session)
    make_policy(session, raw_rule("open", {"type": "permit"}, {"op": "eq", "fact": "facility.country", "value": "DE"}))
    make_policy(session, raw_rule("laser", TRAINING), scope=("tag", "laser"))
    keys = [make_instrument(session, facility=facility, tags=tags).id for tags in ([], ["laser"], ["x-ray"])]
    found = badges(session, keys, applicant=APPLICANT, action="book", now=now)
    for key in keys:
        alone = rule_on(session, action="book", instrument_ids=[key], applicant=APPLICANT, now=now)
        assert alone.decision == found[key]


def test_what_only_a_request_tells_leaves_a_badge_open(session: Session, now: datetime) -> None:
    make_policy(
        session,
        raw_rule("open", {"type": "permit"}),
        raw_rule("regime", {"type": "deny"}, {"op": "eq", "fact": "request.regime", "value": "proprietary"}),
    )
    decision = eligibility(session, make_instrument(session).id, applicant=APPLICANT, action="book", now=now)
    assert decision.outcome is Outcome.CONDITIONAL
    assert [entry.code for entry in decision.missing] == ["request.regime"]


def test_unknown_instruments_have_no_badge(session: Session, now: datetime) -> None:
    assert badges(session, [98_765], applicant=APPLICANT, action="book", now=now) == {}
    with pytest.raises(NotFound):
        eligibility(session, 98_765, applicant=APPLICANT, action="book", now=now)


def test_the_best_way_in_answers_where_rules_stand_with_routes(session: Session, now: datetime) -> None:
    instrument = make_instrument(session)
    make_policy(session, raw_rule("wide", {"type": "permit"}), scope=("route", "wide-route"))
    session.flush()

    def outcome(*routes: str | None) -> str:
        return eligibility(session, instrument.id, applicant=APPLICANT, action="book", now=now, routes=routes).outcome

    assert outcome() == Outcome.NOT_ELIGIBLE
    assert outcome("another") == Outcome.NOT_ELIGIBLE
    assert outcome("another", "wide-route") == Outcome.PERMIT


def test_a_way_in_that_a_missing_fact_may_open_goes_before_one_that_nothing_opens(
    session: Session, now: datetime
) -> None:
    instrument = make_instrument(session)
    companies = {"op": "eq", "fact": "applicant.sector", "value": "academic"}
    regime = {"op": "eq", "fact": "request.regime", "value": "open"}
    make_policy(session, raw_rule("hopeless", {"type": "permit"}, companies), scope=("route", "first"))
    make_policy(session, raw_rule("hopeful", {"type": "permit"}, regime), scope=("route", "second"))
    session.flush()
    decision = eligibility(
        session, instrument.id, applicant=APPLICANT, action="book", now=now, routes=["first", "second"]
    )
    assert decision.outcome == Outcome.NOT_ELIGIBLE
    assert [one.code for one in decision.missing] == ["request.regime"]


def test_who_asks_for_access_is_told_when_a_session_is_realistic_terms_and_all(session: Session, now: datetime) -> None:
    instrument = make_instrument(session)
    approve = {"type": "approve", "role": "facility_manager", "scope": "facility"}
    terms = {"type": "require", "kind": "agreement", "code": "access-terms"}
    make_policy(
        session,
        raw_rule("open", {"type": "permit"}),
        raw_rule("asked", approve, applies_to=["request"], expected_days=5, latest_days=10),
        raw_rule("terms", terms, applies_to=["book"], expected_days=4, latest_days=9),
    )
    session.flush()
    start = eligibility(session, instrument.id, applicant=APPLICANT, action="request", now=now).earliest_start
    assert start is not None
    today = now.date()
    assert ((start.likely - today).days, (start.safe - today).days) == (9, 19)


def test_who_asks_for_access_is_told_what_a_session_needs_afterwards(session: Session, now: datetime) -> None:
    instrument = make_instrument(session)
    terms = {"type": "require", "kind": "agreement", "code": "access-terms"}
    course = {"type": "require", "kind": "training", "code": "laser"}
    check = {"type": "require", "kind": "gate", "code": "medical"}
    other = {"type": "require", "kind": "gate", "code": "allocation"}
    seen = {"op": "eq", "fact": "request.purpose", "value": "research"}
    make_policy(
        session,
        raw_rule("open", {"type": "permit"}),
        raw_rule("terms", terms, applies_to=["request", "book"]),
        raw_rule("course", course, applies_to=["book"], disclosure="generic"),
        raw_rule("check", check, applies_to=["book"], disclosure="none"),
        raw_rule("granted", other, applies_to=["book"]),
        raw_rule("purpose", {"type": "deny"}, seen, applies_to=["book"]),
    )
    session.flush()
    asked, booked = (
        eligibility(session, instrument.id, applicant=APPLICANT, action=action, now=now)
        for action in ("request", "book")
    )
    # What is missing already is named once; of a rule that is not disclosed nothing is said.
    assert [one.code for one in asked.missing] == ["access-terms"]
    assert [one.code for one in asked.afterwards] == ["laser"]
    assert asked.case in str(asked.afterwards[0].message.interpolate())
    assert booked.afterwards == ()
