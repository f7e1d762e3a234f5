"""What is known of whoever asks: the organisation acted for, its dated facts, trainings and assurances that count.

A stated affiliation lets a person ask in the organisation's name; only a confirmed one makes them internal, or lets
them use how far the organisation has been verified.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Row,
    Select,
    String,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Organisation, OrganisationFact
from infra_access.catalogue.vocabularies import Sector, Trust
from infra_access.core.authority import Actor
from infra_access.core.columns import UtcDateTime
from infra_access.people.models import Account, Affiliation, Assurance, OwedReport, Training
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.kinds import Value
from infra_access.policy.rulebook import RuleBook
from infra_access.policy.rules import issued_by
from infra_access.policy.visitor import parse_statement
from infra_access.policy.vocabulary import VOCABULARY

RECORDS = "our records"
_STATED = "stated by the applicant"
_ALONE = "booking without a team"
_PARSED: Mapping[str, Callable[[str], Value | None]] = {
    "sector": str,
    "size": str,
    "startup": lambda text: {"yes": True, "no": False}.get(text),
}
"""The facts of an organisation that rules read as `applicant.*`, from the text in which they are stored."""


_Row = Row[*tuple[Any, ...]]
_Select = Select[*tuple[Any, ...]]

# What is read, all in one statement, which is built once. The first part says of which type each column is.
_TRAININGS = select(
    literal_column("'training'", String).label("kind"),
    cast(null(), BigInteger).label("key"),
    Training.code.label("name"),
    Training.issuer.label("value"),
    cast(null(), String).label("source"),
    cast(null(), String).label("by"),
    cast(null(), UtcDateTime).label("at"),
    cast(null(), UtcDateTime).label("until"),
).where(
    Training.account_id == bindparam("account"),
    Training.withdrawn_at.is_(None),
    Training.completed_on <= bindparam("today"),
    or_(Training.expires_on.is_(None), Training.expires_on > bindparam("today")),
)
_ASSURANCES: _Select = select(
    literal_column("'assurance'"), null(), Assurance.code, null(), null(), null(), null(), null()
).where(
    Assurance.account_id == bindparam("account"),
    Assurance.noted_at <= bindparam("now"),
    or_(Assurance.valid_until.is_(None), Assurance.valid_until > bindparam("now")),
    or_(Assurance.withdrawn_at.is_(None), Assurance.withdrawn_at > bindparam("now")),
)
_MEMBERSHIPS: _Select = select(
    literal_column("'member'"), Affiliation.organisation_id, null(), null(), null(), null(), null(), null()
).where(
    Affiliation.account_id == bindparam("account"),
    Affiliation.confirmed_at <= bindparam("now"),
    Affiliation.valid_from <= bindparam("now"),
    or_(Affiliation.valid_until.is_(None), Affiliation.valid_until > bindparam("now")),
)
_PERSON: _Select = select(
    literal_column("'person'"), null(), Account.country_of_work, null(), null(), null(), null(), null()
).where(Account.id == bindparam("account"))
_ORGANISATION: _Select = select(
    literal_column("'organisation'"),
    Organisation.id,
    Organisation.country,
    Organisation.trust,
    null(),
    Organisation.trust_by,
    Organisation.created_at,
    Organisation.trust_at,
).where(Organisation.id == bindparam("organisation"))
_FACTS: _Select = select(
    literal_column("'fact'"),
    OrganisationFact.id,
    OrganisationFact.name,
    OrganisationFact.value,
    OrganisationFact.source,
    OrganisationFact.asserted_by,
    OrganisationFact.asserted_at,
    OrganisationFact.expires_at,
).where(OrganisationFact.organisation_id == bindparam("organisation"), OrganisationFact.asserted_at <= bindparam("now"))
_UNMET = (
    OwedReport.due_at <= bindparam("now"),
    or_(OwedReport.met_at.is_(None), OwedReport.met_at > bindparam("now")),
)
_OWED: _Select = select(
    literal_column("'reports'"), func.count(OwedReport.id), null(), null(), null(), null(), null(), null()
).where(*_UNMET)
_OWN = OwedReport.account_id == bindparam("account")
_OF_PERSON = (_TRAININGS, _ASSURANCES, _MEMBERSHIPS, _PERSON)
_OF_MEMBER = (*_OF_PERSON, _ORGANISATION, _FACTS)
_STATEMENTS: Mapping[tuple[bool, bool], CompoundSelect[*tuple[Any, ...]]] = {
    (False, False): union_all(*_OF_PERSON),
    (False, True): union_all(*_OF_PERSON, _OWED.where(_OWN)),
    (True, False): union_all(*_OF_MEMBER),
    (True, True): union_all(
        *_OF_MEMBER, _OWED.where(or_(_OWN, OwedReport.organisation_id == bindparam("organisation")))
    ),
}
"""By whether somebody acts for an organisation, and whether any rule reads of overdue reports."""
_OF_REPORTS = frozenset({"applicant.reports_overdue", "project.report_overdue"})


@dataclass(frozen=True, slots=True)
class Applicant(Facts):
    """Facts about whoever asks, and the organisations that confirmed them: `applicant.relation` follows from these.

    `person` are the facts that they would have as a participant; a visitor has none.
    """

    member_of: frozenset[int] = frozenset()
    person: Mapping[str, Fact] = field(default_factory=dict)

    def joined(self, other: Facts) -> "Applicant":
        """Return the same applicant with the facts of `other`, which win, added."""
        known = Facts.joined(self, other)
        return Applicant(known.values, known.collections, self.member_of, self.person)

    def alone(self) -> "Applicant":
        """Return the facts of somebody who comes without a team: the one participant, on site, at the controls.

        Whoever books without a request names nobody else, so rules about each participant are about this person.
        """
        if not self.person or "participants" in self.collections:
            return self
        return self.joined(Facts.of({}, {"participants": [self.person]}))


def facts_of(session: Session, actor: Actor, *, acting_for_id: int | None, now: datetime, book: RuleBook) -> Applicant:
    """Return what is known of the actor as an applicant, in one statement.

    `acting_for_id` None means the actor's own organisation (the first, if there are several), and a private person
    where there is none.
    """
    if acting_for_id is None:
        acting_for_id = min(actor.organisation_ids, default=None)
    asked: dict[str, Any] = {"account": actor.account_id, "now": now, "today": now.astimezone(UTC).date()}
    if acting_for_id is not None:
        asked["organisation"] = acting_for_id
    told_of_reports = not book.reads.isdisjoint(_OF_REPORTS)
    rows = session.execute(_STATEMENTS[acting_for_id is not None, told_of_reports], asked).all()
    trainings = frozenset(row.name for row in rows if row.kind == "training")
    member_of = frozenset(row.key for row in rows if row.kind == "member")
    values = {"satisfied": Fact(_satisfied(rows), RECORDS, RECORDS, now)}
    if acting_for_id is None:
        values |= _person(rows, now)
    else:
        values |= _organisation(rows, confirmed=acting_for_id in member_of)
    if told_of_reports:
        values |= _reports(rows, now)
    country = next((row.name for row in rows if row.kind == "person"), None)
    return _applicant(values, member_of, book, now, _as_participant(country, trainings, values, book, now))


def _satisfied(rows: Sequence[_Row]) -> frozenset[str]:
    """Return what a person's trainings meet, by their code and by who issued them, and what staff vouch for."""
    # A rule's code has no spaces; one with "by psi" at its end would pass for a training that PSI issued.
    named = [row for row in rows if row.kind == "training" and " " not in row.name]
    held = [(f"training:{row.name}", row.value) for row in named]
    vouched = frozenset(f"assurance:{row.name}" for row in rows if row.kind == "assurance")
    return vouched | {key for key, _issuer in held} | {issued_by(key, issuer) for key, issuer in held}


def visitor_facts(text: str, book: RuleBook, now: datetime) -> Applicant:
    """Return what a visitor says of themselves (`sector:company,country:KE`). Raises Invalid `visitor.invalid`."""
    stated = parse_statement(text, now=now, groups_of=book.groups_of)
    return Applicant(stated.values, stated.collections)


def _as_participant(
    country: str | None, trainings: frozenset[str], values: Mapping[str, Fact], book: RuleBook, now: datetime
) -> dict[str, Fact]:
    person = {
        "trainings": Fact(trainings, RECORDS, RECORDS, now),
        "role": Fact("operator", _ALONE, RECORDS, now),
        "presence": Fact("on-site", _ALONE, RECORDS, now),
    }
    if country:
        person["country_of_work"] = Fact(country, "country of work", _STATED, now)
        person["country_groups"] = Fact(book.groups_of(country), "groups of countries", _STATED, now)
    if "applicant.sector" in values:
        person["sector"] = values["applicant.sector"]
    return person


def _applicant(
    values: dict[str, Fact], member_of: frozenset[int], book: RuleBook, now: datetime, person: Mapping[str, Fact]
) -> Applicant:
    country = values.get("applicant.country")
    if country is not None and isinstance(country.value, str):
        groups = book.groups_of(country.value)
        values["applicant.country_groups"] = Fact(groups, "groups of countries", country.asserted_by, now)
    checked = Facts.of(values)
    return Applicant(checked.values, checked.collections, member_of, person)


def _organisation(rows: Sequence[_Row], *, confirmed: bool) -> dict[str, Fact]:
    """Return the facts of the organisation, none where it is gone."""
    first = next((row for row in rows if row.kind == "organisation"), None)
    if first is None:
        return {}
    by = RECORDS if confirmed else _STATED
    trust = first.value if confirmed else Trust.SELF_DECLARED.value
    values = {
        "applicant.country": Fact(first.name, "organisation", by, first.at),
        "applicant.organisation_trust": Fact(
            trust, "organisation", (first.by if confirmed else None) or by, first.until or first.at
        ),
    }
    # Oldest first, so the latest statement stands, even where it has expired.
    for row in sorted((row for row in rows if row.kind == "fact"), key=lambda row: (row.at, row.key)):
        path = f"applicant.{row.name}"
        value = _PARSED[row.name](row.value) if row.name in _PARSED else None
        if value is not None and VOCABULARY[path].admits(value):
            values[path] = Fact(value, row.source, row.by, row.at, row.until)
    return values


def _reports(rows: Sequence[_Row], now: datetime) -> dict[str, Fact]:
    """Return how many reports are overdue, of the person's own accesses or of the organisation's."""
    overdue = next(row.key for row in rows if row.kind == "reports")
    return {
        "applicant.reports_overdue": Fact(overdue, RECORDS, RECORDS, now),
        "project.report_overdue": Fact(overdue > 0, RECORDS, RECORDS, now),
    }


def _person(rows: Sequence[_Row], now: datetime) -> dict[str, Fact]:
    values = {"applicant.sector": Fact(Sector.PERSON.value, "no organisation named", RECORDS, now)}
    for name in ("size", "startup", "organisation_trust"):
        values[f"applicant.{name}"] = Fact(None, "no organisation named", RECORDS, now)
    country = next((row.name for row in rows if row.kind == "person"), None)
    if country:
        values["applicant.country"] = Fact(country, "country of work", _STATED, now)
    return values
