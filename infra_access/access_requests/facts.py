"""What rules may look at of a request: what it asks for, who takes part, and what crosses a border.

A leg is one thing that moves between two countries: the organisation's interest, each person on site, each remote
session, the data of those who are not present or will have the results, each sample, the funder's money. It crosses if
the two differ.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.content import Content, Member
from infra_access.access_requests.end_use import documents_of
from infra_access.access_requests.exchange import facts_of_exchange
from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.programme import totals
from infra_access.access_requests.vocabularies import Presence
from infra_access.catalogue.models import Facility, Organisation, OrganisationFact
from infra_access.catalogue.scopes import scopes_of_facility
from infra_access.catalogue.vocabularies import Sector
from infra_access.core.authority import Scopes
from infra_access.people.models import Training
from infra_access.policy.applicants import RECORDS
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.rulebook import RuleBook
from infra_access.policy.vocabulary import END_USE_DECLARATION

STATED = "the request"
_PROJECT = {
    "purpose": "request.purpose",
    "funding": "project.funding",
    "funder_country": "project.funder_country",
    "field": "project.field",
    "dual_use": "project.dual_use",
    "ethics_approved": "project.ethics_approved",
}

Leg = tuple[str, str, str]


def facts_of_request(
    session: Session,
    content: Content,
    *,
    route: AccessRoute,
    book: RuleBook,
    now: datetime,
    by: str,
    access_request_id: int | None = None,
    in_turn: bool = False,
    asked_at: datetime | None = None,
) -> Facts:
    """Return the facts of a request; `by` names who states them, and lead time counts from `asked_at`, or `now`.

    At most four statements. One more where a rule reads a total of the programme, in which the request of
    `access_request_id` counts once; with `in_turn` it stays as it is until the transaction ends. One or two more where
    a rule reads the ledger.
    """
    scopes = _scopes_of(session, route)
    place = dict(scopes)
    host = place["country"]
    organisations = _organisations(session, content)
    sectors = _sectors(session, content, now)
    trainings = _trainings(session, content, now)

    def fact(value: Any) -> Fact:
        return Fact(value, STATED, by, now)

    members = [
        {
            "country_of_work": fact(member.country_of_work),
            "country_groups": fact(book.groups_of(member.country_of_work)),
            "presence": fact(member.presence),
            "role": fact(member.role),
            "trainings": fact(trainings.get(member.account_id or 0, frozenset())),
            "organisation": fact(organisations.get(member.organisation_id or 0, (None, ""))[0]),
            **_sector(member, sectors, fact),
        }
        for member in content.participants
    ]
    acting_for = organisations.get(content.acting_for or 0)
    legs = [
        {"kind": fact(kind), "from": fact(origin), "to": fact(to), "crosses": fact(origin != to)}
        for kind, origin, to in legs_of(content, acting_for_country=acting_for[1] if acting_for else None, host=host)
    ]
    samples = [
        {"kind": fact(sample.get("kind")), "country": fact(sample.get("country"))}
        | {"hazards": fact(frozenset(sample.get("hazards", ())))}
        # What nobody said of a sample is unknown, so that a rule which reads it asks.
        | {name: fact(sample[name]) for name in ("biosafety", "fate") if name in sample}
        for sample in content.project.get("samples", [])
    ]
    values = {path: fact(value) for path, value in _values(content, asked_at or now).items()}
    found = totals(
        session,
        content,
        route=route,
        host=host,
        scopes=scopes,
        book=book,
        now=now,
        access_request_id=access_request_id,
        in_turn=in_turn,
    )
    values |= {name: Fact(total, RECORDS, RECORDS, now) for name, total in found.items()}
    values |= facts_of_exchange(
        session,
        route=route,
        regime=content.regime,
        host=(place["organisation"], host),
        acting_for=acting_for,
        scopes=scopes,
        book=book,
        now=now,
        access_request_id=access_request_id,
    )
    return Facts.of(values, {"participants": members, "legs": legs, "samples": samples})


def satisfied_by(content: Content) -> frozenset[str]:
    """Return the requirements that a request itself meets, by what its team states in it.

    An assurance is none of them: it counts once somebody else has noted it (see `people.assurances`).
    """
    project = content.project
    met = {f"document:{code}" for code in documents_of(project) | _of_every_sample(project) - {END_USE_DECLARATION}}
    if project.get("funding"):
        met.add(f"funding:{project['funding']}")
    if content.acting_for is not None:
        met.add("document:organisation-named")
    return frozenset(met)


def _of_every_sample(project: Mapping[str, Any]) -> frozenset[str]:
    """Return the codes of the documents that each sample names for itself."""
    named = [frozenset(sample.get("documents", {})) for sample in project.get("samples", [])]
    return frozenset.intersection(*named) if named else frozenset()


def legs_of(content: Content, *, acting_for_country: str | None, host: str) -> list[Leg]:
    """Return what moves, as (kind, from, to), each once."""
    legs: list[Leg] = []
    if acting_for_country:
        legs.append(("organisation", acting_for_country, host))
    legs.extend(_leg(member, host) for member in content.participants)
    legs.extend(
        ("sample", sample["country"], host) for sample in content.project.get("samples", []) if "country" in sample
    )
    legs.extend(("data", host, country) for country in content.project.get("end_use", {}).get("countries", ()))
    if content.project.get("funder_country"):
        legs.append(("funder", content.project["funder_country"], host))
    return list(dict.fromkeys(legs))


def _scopes_of(session: Session, route: AccessRoute) -> Scopes:
    row = session.execute(
        select(Facility.public_id, Organisation.public_id, Facility.country)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(Facility.id == route.facility_id)
    ).one()
    return (("route", route.public_id), *scopes_of_facility(row[0], row[1], row[2]))


def _leg(member: Member, host: str) -> Leg:
    if member.presence == Presence.ON_SITE:
        return ("participant", member.country_of_work, host)
    if member.presence == Presence.REMOTE:
        return ("session", member.remote_from or member.country_of_work, host)
    return ("data", host, member.country_of_work)


def _values(content: Content, asked_at: datetime) -> dict[str, Any]:
    start = content.period[0]
    values: dict[str, Any] = {
        "request.regime": content.regime,
        "request.access_type": content.access_type,
        "request.quantity": content.quantity,
        "time.start": start.astimezone(UTC).date(),
        "time.lead_days": max((start - asked_at).days, 0),
        "satisfied": satisfied_by(content),
    }
    values |= {path: content.project[name] for name, path in _PROJECT.items() if name in content.project}
    if "sdgs" in content.project:
        values["project.sdgs"] = frozenset(content.project["sdgs"])
    return values


def _sector(member: Member, sectors: Mapping[int, str], fact: Any) -> dict[str, Fact]:
    # Without an organisation a person takes part for themselves; where nobody has said, it stays unknown.
    known = sectors.get(member.organisation_id or 0) if member.organisation_id else Sector.PERSON.value
    return {} if known is None else {"sector": fact(known)}


def _organisations(session: Session, content: Content) -> dict[int, tuple[str, str]]:
    rows = session.execute(
        select(Organisation.id, Organisation.public_id, Organisation.country).where(
            Organisation.id.in_(_named(content))
        )
    )
    return {row.id: (row.public_id, row.country) for row in rows}


def _sectors(session: Session, content: Content, now: datetime) -> dict[int, str]:
    rows = session.execute(
        select(OrganisationFact.organisation_id, OrganisationFact.value)
        .where(
            OrganisationFact.organisation_id.in_(_named(content)),
            OrganisationFact.name == "sector",
            OrganisationFact.asserted_at <= now,
            or_(OrganisationFact.expires_at.is_(None), OrganisationFact.expires_at > now),
        )
        .order_by(OrganisationFact.asserted_at, OrganisationFact.id)
    )
    return {row.organisation_id: row.value for row in rows if row.value in frozenset(Sector)}


def _named(content: Content) -> list[int]:
    keys: Iterable[int | None] = (content.acting_for, *(member.organisation_id for member in content.participants))
    return sorted({key for key in keys if key is not None})


def _trainings(session: Session, content: Content, now: datetime) -> dict[int, frozenset[str]]:
    today = now.astimezone(UTC).date()
    people = sorted({member.account_id for member in content.participants if member.account_id is not None})
    rows = session.execute(
        select(Training.account_id, Training.code).where(
            Training.account_id.in_(people),
            Training.withdrawn_at.is_(None),
            Training.completed_on <= today,
            or_(Training.expires_on.is_(None), Training.expires_on > today),
        )
    )
    found: dict[int, set[str]] = {}
    for row in rows:
        found.setdefault(row.account_id, set()).add(row.code)
    return {key: frozenset(codes) for key, codes in found.items()}
