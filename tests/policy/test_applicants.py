"""What is known of applicants, and what a stated affiliation does not prove."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from infra_access.catalogue.models import OrganisationFact
from infra_access.core.authority import Actor, system_actor
from infra_access.core.decision import Outcome
from infra_access.people.actors import load_actor
from infra_access.policy.applicants import Applicant, facts_of, visitor_facts
from infra_access.policy.eligibility import eligibility
from infra_access.policy.facts import Gap
from infra_access.policy.rulebook import rulebook
from tests.factories.catalogue import make_instrument, make_organisation
from tests.factories.people import make_account, make_affiliation, make_training
from tests.factories.policy import make_country_group, make_policy, raw_rule
from tests.policy.statements import counted


def known(session: Session, actor: Actor, now: datetime, organisation_id: int | None = None) -> Applicant:
    return facts_of(session, actor, acting_for_id=organisation_id, now=now, book=rulebook(session))


def member(session: Session, now: datetime, *, confirmed: bool = True, **organisation) -> tuple[Actor, int]:
    account = make_account(session, country_of_work="FR")
    values = {"country": "KE", "facts": {"sector": "company", "size": "micro", "startup": True}, **organisation}
    firm = make_organisation(session, **values)
    make_affiliation(session, account=account, organisation=firm, confirmed=confirmed)
    return load_actor(session, account.id, now=now), firm.id


def test_the_organisation_and_its_facts_are_the_applicants(session: Session, now: datetime) -> None:
    make_country_group(session, "ODA:2024", "KE")
    actor, firm = member(session, now)
    facts = known(session, actor, now)
    expected = {
        "applicant.sector": "company",
        "applicant.size": "micro",
        "applicant.startup": True,
        "applicant.country": "KE",
        "applicant.country_groups": {"ODA:2024"},
        "applicant.organisation_trust": "verified",
        "satisfied": frozenset(),
    }
    assert {path: facts.value(path, now) for path in expected} == expected
    assert facts.member_of == {firm}
    assert facts.values["applicant.sector"].source == "self-declared"


def test_a_stated_affiliation_proves_nothing(session: Session, now: datetime) -> None:
    actor, _firm = member(session, now, confirmed=False)
    facts = known(session, actor, now)
    assert facts.member_of == frozenset()
    assert facts.value("applicant.organisation_trust", now) == "self-declared"
    assert facts.value("applicant.country", now) == "KE"


def test_nobody_borrows_the_trust_of_an_organisation_they_do_not_belong_to(session: Session, now: datetime) -> None:
    actor, _firm = member(session, now)
    foreign = make_organisation(session, country="DE")
    facts = known(session, actor, now, foreign.id)
    assert facts.value("applicant.organisation_trust", now) == "self-declared"
    assert facts.value("applicant.sector", now) is Gap.UNKNOWN
    assert foreign.id not in facts.member_of


def test_an_ended_affiliation_no_longer_counts(session: Session, now: datetime) -> None:
    account, firm = make_account(session), make_organisation(session)
    affiliation = make_affiliation(session, account=account, organisation=firm)
    affiliation.valid_until = now
    session.flush()
    facts = known(session, load_actor(session, account.id, now=now), now)
    assert facts.member_of == frozenset()
    assert facts.value("applicant.sector", now) == "person"


def test_somebody_without_organisation_is_a_private_person(session: Session, now: datetime) -> None:
    make_country_group(session, "ODA:2024", "KE")
    actor = load_actor(session, make_account(session, country_of_work="KE").id, now=now)
    facts = known(session, actor, now)
    assert facts.value("applicant.sector", now) == "person"
    assert facts.value("applicant.startup", now) is Gap.ABSENT
    assert facts.value("applicant.country_groups", now) == {"ODA:2024"}


def test_a_country_that_nobody_stated_is_unknown(session: Session, now: datetime) -> None:
    account = make_account(session)
    account.country_of_work = None
    session.flush()
    facts = known(session, load_actor(session, account.id, now=now), now)
    assert facts.value("applicant.country", now) is Gap.UNKNOWN
    assert facts.value("applicant.country_groups", now) is Gap.UNKNOWN


def test_the_latest_statement_counts_until_it_expires(session: Session, now: datetime) -> None:
    actor, firm = member(session, now)
    session.add(
        OrganisationFact(
            organisation_id=firm,
            name="size",
            value="large",
            source="register",
            asserted_by="clerk",
            asserted_at=now,
            expires_at=now + timedelta(days=1),
        )
    )
    session.flush()
    facts = known(session, actor, now)
    assert facts.value("applicant.size", now) == "large"
    assert facts.value("applicant.size", now + timedelta(days=1)) is Gap.UNKNOWN


def test_trainings_count_until_they_expire(session: Session, now: datetime) -> None:
    account = make_account(session)
    today = now.date()
    make_training(session, account=account, code="laser-safety", completed_on=date(2026, 1, 1), expires_on=None)
    make_training(session, account=account, code="old", completed_on=date(2025, 1, 1), expires_on=today)
    facts = known(session, load_actor(session, account.id, now=now), now)
    assert facts.value("satisfied", now) == {"training:laser-safety", "training:laser-safety by safety office"}


@pytest.mark.parametrize(
    ("code", "issuer", "outcome"),
    [
        ("laser-safety", "My own garage", Outcome.CONDITIONAL),
        ("laser-safety by psi", "My own garage", Outcome.CONDITIONAL),
        ("laser-safety", "psi", Outcome.PERMIT),
    ],
)
def test_a_decision_and_its_first_date_count_only_trainings_of_the_issuers_named(
    session: Session, now: datetime, code: str, issuer: str, outcome: Outcome
) -> None:
    training = {"type": "require", "kind": "training", "code": "laser-safety", "issuers": ["PSI", "KEK"]}
    make_policy(session, raw_rule("open", {"type": "permit"}), raw_rule("trained", training))
    account = make_account(session)
    make_training(session, account=account, code=code, issuer=issuer, completed_on=date(2026, 1, 1))
    facts = known(session, load_actor(session, account.id, now=now), now)
    decision = eligibility(session, make_instrument(session).id, applicant=facts, action="book", now=now)
    assert decision.outcome is outcome
    assert decision.earliest_start is not None
    waits = timedelta(days=9) if outcome is Outcome.CONDITIONAL else timedelta()
    assert decision.earliest_start.safe == now.date() + waits


def test_it_takes_one_statement(session: Session, now: datetime) -> None:
    actor, firm = member(session, now)
    book = rulebook(session)
    with counted(session) as statements:
        facts_of(session, actor, acting_for_id=firm, now=now, book=book)
    assert len(statements) == 1


def test_the_command_line_is_nobody_in_particular(session: Session, now: datetime) -> None:
    assert known(session, system_actor("cli"), now).member_of == frozenset()


def test_a_visitor_is_what_they_say_and_member_of_nothing(session: Session, now: datetime) -> None:
    make_country_group(session, "ODA:2024", "KE")
    facts = visitor_facts("sector:company,country:KE", rulebook(session), now)
    assert facts.value("applicant.country_groups", now) == {"ODA:2024"}
    assert facts.value("applicant.organisation_trust", now) is Gap.UNKNOWN
    assert facts.member_of == frozenset()


def test_an_applicant_stays_one_when_more_becomes_known(session: Session, now: datetime) -> None:
    organisation = make_organisation(session)
    account = make_account(session)
    make_affiliation(session, account=account, organisation=organisation)
    session.flush()
    actor = load_actor(session, account.id, now=now)
    known = facts_of(session, actor, acting_for_id=None, now=now, book=rulebook(session))
    more = known.joined(visitor_facts("regime:open", rulebook(session), now))
    assert isinstance(more, Applicant)
    assert more.member_of == {organisation.id}
    assert more.alone().members("participants") is not None
    assert more.value("request.regime", now) == "open"
