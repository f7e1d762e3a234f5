"""What is known of whoever asks: the organisation acted for, its dated facts, and the trainings that count today.

A stated affiliation lets a person ask in the organisation's name; only a confirmed one makes them internal, or lets
them use how far the organisation has been verified.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Row, String, and_, cast, literal, or_, select, union_all
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Organisation, OrganisationFact
from infra_access.catalogue.vocabularies import Sector, Trust
from infra_access.core.authority import Actor
from infra_access.people.models import Account, Affiliation, Training
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.kinds import Value
from infra_access.policy.rulebook import RuleBook
from infra_access.policy.visitor import parse_statement
from infra_access.policy.vocabulary import VOCABULARY

RECORDS = "our records"
_STATED = "stated by the applicant"
_PARSED: Mapping[str, Callable[[str], Value | None]] = {
    "sector": str,
    "size": str,
    "startup": lambda text: {"yes": True, "no": False}.get(text),
}
"""The facts of an organisation that rules read as `applicant.*`, from the text in which they are stored."""


@dataclass(frozen=True, slots=True)
class Applicant(Facts):
    """Facts about whoever asks, and the organisations that confirmed them: `applicant.relation` follows from these."""

    member_of: frozenset[int] = frozenset()


def facts_of(session: Session, actor: Actor, *, acting_for_id: int | None, now: datetime, book: RuleBook) -> Applicant:
    """Return what is known of the actor as an applicant, in two statements.

    `acting_for_id` None means the actor's own organisation (the first, if there are several), and a private person
    where there is none.
    """
    if acting_for_id is None:
        acting_for_id = min(actor.organisation_ids, default=None)
    trainings, member_of = _proofs(session, actor.account_id, now)
    rows = _organisation_rows(session, actor.account_id, acting_for_id, now)
    values = {"satisfied": Fact(frozenset(f"training:{code}" for code in trainings), RECORDS, RECORDS, now)}
    if acting_for_id is None:
        values |= _person(rows, now)
    elif rows:
        values |= _organisation(rows, now, confirmed=acting_for_id in member_of)
    return _applicant(values, member_of, book, now)


def visitor_facts(text: str, book: RuleBook, now: datetime) -> Applicant:
    """Return what a visitor says of themselves (`sector:company,country:KE`). Raises Invalid `visitor.invalid`."""
    stated = parse_statement(text, now=now, groups_of=book.groups_of)
    return Applicant(stated.values, stated.collections)


def _applicant(values: dict[str, Fact], member_of: frozenset[int], book: RuleBook, now: datetime) -> Applicant:
    country = values.get("applicant.country")
    if country is not None and isinstance(country.value, str):
        groups = book.groups_of(country.value)
        values["applicant.country_groups"] = Fact(groups, "groups of countries", country.asserted_by, now)
    checked = Facts.of(values)
    return Applicant(checked.values, checked.collections, member_of)


def _organisation_rows(
    session: Session, account_id: int | None, organisation_id: int | None, now: datetime
) -> list[Row[Any]]:
    """Return the organisation once for each of its facts, oldest first; without one, the person's country of work."""
    if organisation_id is None:
        return list(session.execute(select(Account.country_of_work).where(Account.id == account_id)))
    facts = and_(OrganisationFact.organisation_id == Organisation.id, OrganisationFact.asserted_at <= now)
    return list(
        session.execute(
            select(
                Organisation.country,
                Organisation.trust,
                Organisation.trust_by,
                Organisation.trust_at,
                Organisation.created_at,
                OrganisationFact.name,
                OrganisationFact.value,
                OrganisationFact.source,
                OrganisationFact.asserted_by,
                OrganisationFact.asserted_at,
                OrganisationFact.expires_at,
            )
            .outerjoin(OrganisationFact, facts)
            .where(Organisation.id == organisation_id)
            .order_by(OrganisationFact.asserted_at, OrganisationFact.id)
        )
    )


def _organisation(rows: list[Row[Any]], now: datetime, *, confirmed: bool) -> dict[str, Fact]:
    first = rows[0]
    by = RECORDS if confirmed else _STATED
    trust = first.trust if confirmed else Trust.SELF_DECLARED.value
    values = {
        "applicant.country": Fact(first.country, "organisation", by, first.created_at),
        "applicant.organisation_trust": Fact(
            trust, "organisation", (first.trust_by if confirmed else None) or by, first.trust_at or first.created_at
        ),
    }
    for row in rows:
        path = f"applicant.{row.name}"
        value = _PARSED[row.name](row.value) if row.name in _PARSED else None
        if value is not None and VOCABULARY[path].admits(value):
            # Oldest first, so the latest statement stands, even where it has expired.
            values[path] = Fact(value, row.source, row.asserted_by, row.asserted_at, row.expires_at)
    return values


def _person(rows: list[Row[Any]], now: datetime) -> dict[str, Fact]:
    values = {"applicant.sector": Fact(Sector.PERSON.value, "no organisation named", RECORDS, now)}
    for name in ("size", "startup", "organisation_trust"):
        values[f"applicant.{name}"] = Fact(None, "no organisation named", RECORDS, now)
    if rows and rows[0].country_of_work:
        values["applicant.country"] = Fact(rows[0].country_of_work, "country of work", _STATED, now)
    return values


def _proofs(session: Session, account_id: int | None, now: datetime) -> tuple[frozenset[str], frozenset[int]]:
    """Return the codes of the trainings that count today and the organisations that confirmed the person."""
    today = now.astimezone(UTC).date()
    trainings = select(Training.code, cast(literal(None), BigInteger).label("organisation_id")).where(
        Training.account_id == account_id,
        Training.completed_on <= today,
        or_(Training.expires_on.is_(None), Training.expires_on > today),
    )
    affiliations = select(cast(literal(None), String), Affiliation.organisation_id).where(
        Affiliation.account_id == account_id,
        Affiliation.confirmed_at <= now,
        Affiliation.valid_from <= now,
        or_(Affiliation.valid_until.is_(None), Affiliation.valid_until > now),
    )
    rows = session.execute(union_all(trainings, affiliations)).all()
    return (
        frozenset(row.code for row in rows if row.code is not None),
        frozenset(row.organisation_id for row in rows if row.organisation_id is not None),
    )
