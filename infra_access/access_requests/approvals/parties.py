"""Whose names an export control officer looks into: the team, whom it acts for, who will have the results.

Of a booking, which lies in a higher layer, its team and the organisation that it acts for are given.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.content import NAMES, Content, content_of
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.catalogue.models import Organisation
from infra_access.people.models import Account
from infra_access.screening.deciding import Subject, clear, uses_by
from infra_access.screening.matching import Party
from infra_access.screening.names import Kind

OFFICER = "export_control_officer"
_WITH_NAMES = ("acting_for", "participants", "project")


class Part(StrEnum):
    """How somebody takes part."""

    REQUESTER = "requester"
    PARTICIPANT = "participant"
    ACTED_FOR = "acted-for"
    ORGANISATION = "organisation"
    END_USER = "end-user"
    FUNDER = "funder"


def rests_on_names(role: str) -> tuple[str, ...]:
    """Return the fields with the names that an officer's yes rests on, whatever the rule says; none for other roles."""
    return (*_WITH_NAMES, NAMES) if role == OFFICER else ()


def subject_of(approval: Approval) -> Subject:
    """Return what is screened under an approval."""
    return Subject(approval.subject_kind, approval.subject_public_id, approval.public_id)


def parties_of(
    session: Session, approval: Approval, *, team: Collection[int] = (), acting_for: int | None = None
) -> list[Party]:
    """Return everybody who takes part in what an approval is about, each once. At most four statements."""
    if approval.subject_kind == "access_request":
        access_request = session.get_one(AccessRequest, approval.subject_id)
        content = content_of(session, access_request)
        return [*_people(session, content, access_request.requester_id), *_others(session, content)]
    accounts = session.scalars(select(Account).where(Account.id.in_(sorted({*team, approval.applicant_id}))))
    people = [_person(one, approval.applicant_id) for one in accounts]
    return [*people, *_organisations(session, acting_for, set())]


def clear_names(
    session: Session, approval: Approval, *, now: datetime, team: Collection[int], acting_for: int | None
) -> None:
    """Look into the lists before an officer's yes. Raises Conflict `screening.undecided` or `screening.same`."""
    if approval.role == OFFICER:
        parties = parties_of(session, approval, team=team, acting_for=acting_for)
        clear(session, subject_of(approval), parties, now=now)


def lists_looked_into(session: Session, approval: Approval) -> dict[str, list[dict[str, str]]]:
    """Return for the record which lists a yes rests on, with the hash of each; nothing for other roles."""
    if approval.role != OFFICER:
        return {}
    used = uses_by(session, approval.public_id)
    return {"lists": [{"name": source.name, "sha256": use.sha256} for use, source in used]}


def _people(session: Session, content: Content, requester_id: int) -> Iterator[Party]:
    keys = {requester_id, *(one.account_id for one in content.participants if one.account_id is not None)}
    accounts = {one.id: one for one in session.scalars(select(Account).where(Account.id.in_(sorted(keys))))}
    named = {one.organisation_id for one in content.participants if one.organisation_id is not None}
    rows = session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(sorted(named))))
    homes = {row.id: row.name for row in rows}
    for one in content.participants:
        account = accounts.get(one.account_id or 0)
        yield Party(
            kind=Kind.PERSON,
            key=one.email,
            part=Part.REQUESTER if one.account_id == requester_id else Part.PARTICIPANT,
            # Whoever signs in may be called otherwise than the team calls them.
            names=(one.name, account.name) if account is not None else (one.name,),
            country=one.country_of_work,
            organisation=homes.get(one.organisation_id or 0),
        )
    if requester_id not in {one.account_id for one in content.participants}:
        yield _person(accounts[requester_id], requester_id)


def _person(account: Account, requester_id: int | None) -> Party:
    part = Part.REQUESTER if account.id == requester_id else Part.PARTICIPANT
    return Party(Kind.PERSON, account.email, part, (account.name,), account.country_of_work)


def _others(session: Session, content: Content) -> Iterator[Party]:
    homes = {one.organisation_id for one in content.participants if one.organisation_id is not None}
    yield from _organisations(session, content.acting_for, homes)
    project = content.project
    if user := project.get("end_use", {}).get("user"):
        yield Party(Kind.EITHER, "end-user", Part.END_USER, (user,), project["end_use"].get("user_country"))
    if funder := project.get("funder"):
        yield Party(Kind.EITHER, "funder", Part.FUNDER, (funder,), project.get("funder_country"))


def _organisations(session: Session, acting_for: int | None, others: set[int]) -> Iterator[Party]:
    keys = others | ({acting_for} if acting_for is not None else set())
    rows = session.scalars(select(Organisation).where(Organisation.id.in_(sorted(keys))).order_by(Organisation.id))
    for one in sorted(rows, key=lambda row: row.id != acting_for) if keys else ():
        part = Part.ACTED_FOR if one.id == acting_for else Part.ORGANISATION
        names = tuple(dict.fromkeys([one.name, *one.names.values()]))
        yield Party(Kind.ORGANISATION, one.public_id, part, names, one.country)
