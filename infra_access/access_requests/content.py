"""What a request asks for, apart from where it stands: the value that drafts, amendments and the policy work on."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from infra_access.access_requests.models import AccessRequest, AccessRequestInstrument, Participant

CONTACT = "participants.contact"
"""The name and telephone of a participant, which no approval rests on."""
NAMES = "participants.names"
"""The names alone, which only an approval rests on that compared them with sanction lists."""

PAPERS = "samples.documents"
"""The documents of samples, which no approval rests on: a session waits for them."""


@dataclass(frozen=True, slots=True)
class Member:
    """One participant; `account_id` is that of the account with this address, where there is one."""

    email: str
    name: str
    role: str
    country_of_work: str
    presence: str
    remote_from: str | None = None
    organisation_id: int | None = None
    phone: str | None = None
    account_id: int | None = None

    @property
    def essence(self) -> tuple[object, ...]:
        """Return what approvals look at: who, for whom, in which role, from where."""
        return (
            self.email,
            self.role,
            self.country_of_work,
            self.presence,
            self.remote_from or "",
            self.organisation_id or 0,
        )


@dataclass(frozen=True, slots=True)
class Content:
    """What a request asks for. `instruments` are keys in ascending order; `project` holds `samples` too."""

    title: str
    summary: str
    regime: str
    access_type: str
    quantity: Decimal
    acting_for: int | None
    instruments: tuple[int, ...]
    period: tuple[datetime, datetime]
    project: dict[str, Any]
    participants: tuple[Member, ...]


_PLAIN = ("title", "summary", "regime", "access_type", "quantity", "acting_for", "instruments", "period")


def changed_fields(before: Content, after: Content) -> frozenset[str]:
    """Return the names of the fields that differ, as fine as approvals rest on them."""
    changed = {name for name in _PLAIN if getattr(before, name) != getattr(after, name)}
    if _without_samples(before) != _without_samples(after):
        changed.add("project")
    if _samples(before) != _samples(after):
        changed.add("samples")
    elif before.project.get("samples", []) != after.project.get("samples", []):
        changed.add(PAPERS)
    if _essences(before) != _essences(after):
        changed.add("participants")
    if _contacts(before) != _contacts(after):
        changed.add(CONTACT)
    if {one.email: one.name for one in before.participants} != {one.email: one.name for one in after.participants}:
        changed.add(NAMES)
    return frozenset(changed)


def content_of(session: Session, access_request: AccessRequest) -> Content:
    """Return the content of a stored request, in two statements."""
    instruments = session.scalars(
        select(AccessRequestInstrument.instrument_id)
        .where(AccessRequestInstrument.access_request_id == access_request.id)
        .order_by(AccessRequestInstrument.instrument_id)
    ).all()
    return Content(
        title=access_request.title,
        summary=access_request.summary,
        regime=access_request.regime,
        access_type=access_request.access_type,
        quantity=access_request.quantity,
        acting_for=access_request.acting_for_id,
        instruments=tuple(instruments),
        period=(access_request.period_start, access_request.period_end),
        project=access_request.project,
        participants=members_of(session, access_request.id),
    )


def members_of(session: Session, access_request_id: int) -> tuple[Member, ...]:
    """Return the team of a request in the order in which it was entered. One statement."""
    rows = session.execute(
        select(
            Participant.email,
            Participant.name,
            Participant.role,
            Participant.country_of_work,
            Participant.presence,
            Participant.remote_from,
            Participant.organisation_id,
            Participant.phone,
            Participant.account_id,
        )
        .where(Participant.access_request_id == access_request_id)
        .order_by(Participant.id)
    )
    return tuple(Member(*row) for row in rows)


def columns_of(content: Content) -> dict[str, Any]:
    """Return the part of the content that stands in the request's own row."""
    return {
        "title": content.title,
        "summary": content.summary,
        "regime": content.regime,
        "access_type": content.access_type,
        "quantity": content.quantity,
        "acting_for_id": content.acting_for,
        "period_start": content.period[0],
        "period_end": content.period[1],
        "project": content.project,
    }


def store(session: Session, access_request: AccessRequest, content: Content) -> None:
    """Write the content into a request that has its key, which makes a new version of it."""
    for name, value in columns_of(content).items():
        setattr(access_request, name, value)
    flag_modified(access_request, "title")  # a change of the team alone is a new version too
    key = access_request.id
    of_request = AccessRequestInstrument.access_request_id == key
    # What was left out of a grant stays so until it is decided again, whatever else changes.
    left_out = select(AccessRequestInstrument.instrument_id).where(of_request, AccessRequestInstrument.left_out)
    not_granted = frozenset(session.scalars(left_out))
    session.execute(delete(AccessRequestInstrument).where(of_request))
    session.execute(
        insert(AccessRequestInstrument),
        [
            {"access_request_id": key, "instrument_id": one, "left_out": one in not_granted}
            for one in content.instruments
        ],
    )
    session.execute(delete(Participant).where(Participant.access_request_id == key))
    session.execute(insert(Participant), [_row(key, member) for member in content.participants])


def _row(access_request_id: int, member: Member) -> dict[str, object]:
    return {
        "access_request_id": access_request_id,
        "account_id": member.account_id,
        "email": member.email,
        "name": member.name,
        "phone": member.phone,
        "role": member.role,
        "organisation_id": member.organisation_id,
        "country_of_work": member.country_of_work,
        "presence": member.presence,
        "remote_from": member.remote_from,
    }


def _without_samples(content: Content) -> dict[str, Any]:
    return {name: value for name, value in content.project.items() if name != "samples"}


def _samples(content: Content) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in sample.items() if name != "documents"}
        for sample in content.project.get("samples", [])
    ]


def _essences(content: Content) -> list[tuple[object, ...]]:
    return sorted((member.essence for member in content.participants), key=repr)


def _contacts(content: Content) -> set[tuple[str, str, str | None]]:
    return {(member.email, member.name, member.phone) for member in content.participants}
