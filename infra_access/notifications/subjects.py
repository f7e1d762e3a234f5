"""What an event is about: the facts that its mail names, where the reader finds it, and who is told by default."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import (
    AccessRequest,
    AccessRequestInstrument,
    Approval,
    Conversation,
    Message,
)
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import instrument_scopes
from infra_access.notifications.kinds import Kind
from infra_access.people.models import Account
from infra_access.people.roles import holders, resolve_scope
from infra_access.scheduling.booking_queries import BookingView, entry_of
from infra_access.scheduling.calendars import CalendarEntry
from infra_access.scheduling.models import Booking

ANSWERING_ROLES = ("facility_manager", "user_officer", "instrument_scientist")
"""Who is told of a question about an instrument."""

MANY_INSTRUMENTS = 3


@dataclass(frozen=True, slots=True)
class Subject:
    """The facts of one event; `account_ids` are told unless the event names its people itself."""

    path: str
    values: Mapping[str, str] = field(default_factory=dict)
    account_ids: tuple[int, ...] = ()
    reason: str = ""
    entry: CalendarEntry | None = None


def subject_of(
    session: Session, kind: Kind, payload: Mapping[str, Any], *, now: datetime, base_url: str
) -> Subject | None:
    """Return what the event is about, or None if that no longer exists."""
    if kind in {Kind.SIGNED_UP, Kind.SIGN_UP_REPEATED}:
        return Subject("/sign-in")
    if kind is Kind.LINK:
        return Subject("/set-password/")
    if kind is Kind.MESSAGE:
        return _conversation(session, payload, now)
    if kind.startswith("booking."):
        return _booking(session, payload, base_url)
    return _approval(session, payload, now) if kind is Kind.APPROVAL_ASKED else _request(session, payload)


def _booking(session: Session, payload: Mapping[str, Any], base_url: str) -> Subject | None:
    row = session.execute(
        select(Booking, Instrument, Facility, Account.name)
        .join(Instrument, Instrument.id == Booking.instrument_id)
        .join(Facility, Facility.id == Instrument.facility_id)
        .join(Account, Account.id == Booking.account_id)
        .where(Booking.public_id == payload.get("booking"))
    ).one_or_none()
    if row is None:
        return None
    booking, instrument, facility, owner = row
    entry = entry_of(BookingView(booking, instrument, facility, owner), base_url=base_url)
    return Subject(
        f"/bookings/{booking.public_id}",
        {"instrument": instrument.name, "facility": facility.name},
        (booking.account_id,),
        booking.state_reason or "",
        # Mail is read on its way: what is measured stays in the service, the calendar file too names the instrument.
        replace(entry, summary=instrument.name),
    )


def _request(session: Session, payload: Mapping[str, Any]) -> Subject | None:
    found = session.scalars(
        select(AccessRequest).where(AccessRequest.public_id == payload.get("access_request"))
    ).one_or_none()
    if found is None:
        return None
    return Subject(
        f"/access-requests/{found.public_id}",
        _request_values(session, found),
        (found.requester_id,),
        found.state_reason or "",
    )


def _approval(session: Session, payload: Mapping[str, Any], now: datetime) -> Subject | None:
    asked = select(Approval).where(Approval.state == "pending")
    if "approval" in payload:
        asked = asked.where(Approval.public_id == payload["approval"])
    else:
        request_id = (
            select(AccessRequest.id).where(AccessRequest.public_id == payload.get("access_request")).scalar_subquery()
        )
        asked = asked.where(Approval.subject_kind == "access_request", Approval.subject_id == request_id)
    approvals = session.scalars(asked).all()
    if not approvals:
        return None
    people: set[int] = set()
    for approval in approvals:
        _key, scopes = resolve_scope(session, approval.scope_kind, approval.scope_key)
        people |= set(holders(session, approval.role, scopes, now)) - {approval.applicant_id}
    return Subject("/approvals", _approval_values(session, approvals[0]), tuple(sorted(people)))


def _approval_values(session: Session, approval: Approval) -> Mapping[str, str]:
    if approval.subject_kind == "access_request":
        return _request_values(session, session.get_one(AccessRequest, approval.subject_id))
    booking = session.get_one(Booking, approval.subject_id)
    instrument = session.get_one(Instrument, booking.instrument_id)
    return {"case": booking.case or booking.public_id, "instruments": instrument.name}


def _request_values(session: Session, request: AccessRequest) -> Mapping[str, str]:
    names = session.scalars(
        select(Instrument.name)
        .join(AccessRequestInstrument, AccessRequestInstrument.instrument_id == Instrument.id)
        .where(AccessRequestInstrument.access_request_id == request.id)
        .order_by(Instrument.id)
    ).all()
    shown = [*names[:MANY_INSTRUMENTS], *(["…"] if len(names) > MANY_INSTRUMENTS else [])]
    return {"case": request.case or request.public_id, "instruments": ", ".join(shown)}


def _conversation(session: Session, payload: Mapping[str, Any], now: datetime) -> Subject | None:
    found = session.scalars(
        select(Conversation).where(Conversation.public_id == payload.get("conversation"))
    ).one_or_none()
    if found is None:
        return None
    rows = session.execute(
        select(Message.author_id, Account.name)
        .join(Account, Account.id == Message.author_id)
        .where(Message.conversation_id == found.id)
        .order_by(Message.id)
    ).all()
    if not rows:
        return None
    author_id, author = rows[-1]
    instrument = session.get(Instrument, found.instrument_id) if found.instrument_id else None
    request = session.get(AccessRequest, found.access_request_id) if found.access_request_id else None
    people = {found.opened_by_id, *(row.author_id for row in rows)} if found.visibility != "staff" else set()
    people |= _staff(session, instrument, now)
    # The conversation's own subject may hold a title that only the team knows.
    about = _request_values(session, request)["case"] if request else instrument.name if instrument else ""
    return Subject(
        f"/conversations/{found.public_id}", {"about": about, "author": author}, tuple(sorted(people - {author_id}))
    )


def _staff(session: Session, instrument: Instrument | None, now: datetime) -> set[int]:
    if instrument is None:
        return set()
    scopes = instrument_scopes(session, instrument)[:2]
    return {one for role in ANSWERING_ROLES for one in holders(session, role, scopes, now)}
