"""What an event is about: the facts that its mail names, where the reader finds it, and who is told by default."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.models import PolicyOverride
from infra_access.access_requests.approvals.queries import find_approval
from infra_access.access_requests.approvals.queries import view_of as view_of_approval
from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import (
    AccessRequest,
    AccessRequestInstrument,
    AccessRoute,
    Approval,
    Conversation,
    Message,
)
from infra_access.access_requests.override_queries import OVERSEER, view_of
from infra_access.access_requests.standing import team_of
from infra_access.accounting.models import Quote
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import instrument_scopes
from infra_access.core.roles import ROLES
from infra_access.core.zones import parse_instant
from infra_access.notifications.agreements import framework, to_sign
from infra_access.notifications.consents import consent
from infra_access.notifications.decisions import decided, proposed
from infra_access.notifications.kinds import (
    FOR_THE_OFFICE,
    OF_A_CONSENT,
    OF_A_DECISION,
    OF_A_PERSON,
    OF_AN_APPROVAL,
    Kind,
)
from infra_access.notifications.opinions import opinion_answered, opinion_asked
from infra_access.notifications.subject import Subject
from infra_access.notifications.times import series, status, wait
from infra_access.notifications.vouching import vouched_for
from infra_access.orders.models import ServiceOrder
from infra_access.orders.standing import team_of_order
from infra_access.people.models import Account, RoleGrant
from infra_access.people.roles import holders, resolve_scope
from infra_access.policy.rulebook import rulebook
from infra_access.scheduling.booking_queries import BookingView, entry_of
from infra_access.scheduling.models import Booking

ANSWERING_ROLES = ("facility_manager", "user_officer", "instrument_scientist")
"""Who is told of a question about an instrument."""

MANY_INSTRUMENTS = 3
ORDERS_FOR_STAFF = frozenset({Kind.ORDER_PLACED, Kind.ORDER_ACCEPTED, Kind.ORDER_DISPUTED})
ORDERS_FOR_BOTH = frozenset({Kind.ORDER_CANCELLED, Kind.ORDER_ACCESS_ENDED})
"""Whom an order's steps are told to; all others are told to its team."""


def subject_of(
    session: Session, kind: Kind, payload: Mapping[str, Any], *, now: datetime, base_url: str
) -> Subject | None:
    """Return what the event is about, or None if that no longer exists."""
    if kind in {Kind.SIGNED_UP, Kind.CONFIRM_ADDRESS}:
        return Subject("/confirm-address/")
    if kind is Kind.SIGN_UP_REPEATED:
        return Subject("/sign-in")
    if kind is Kind.LINK:
        return Subject("/set-password/")
    if kind is Kind.ROLE_HANDED_OVER:
        return _stand_in(session, payload)
    if kind in OF_A_PERSON:
        return vouched_for(session, kind, payload)
    if kind is Kind.MESSAGE:
        return _conversation(session, payload, now)
    if kind is Kind.INSTRUMENT_STATUS:
        return status(session, payload, now)
    if kind.startswith("framework_agreement."):
        return framework(session, payload, now)
    if kind.startswith("service_order."):
        return _order(session, kind, payload, now)
    if kind in {Kind.SERIES_MADE, Kind.SERIES_CHANGED}:
        return series(session, payload, base_url)
    if kind is Kind.WAITED_IN_VAIN:
        return wait(session, payload)
    if kind.startswith("booking."):
        found = _booking(session, payload, base_url)
        return _for_office(session, found, payload, now) if found and kind in FOR_THE_OFFICE else found
    if kind is Kind.OVERRIDE_ASKED:
        return _override(session, payload, now)
    if kind is Kind.SCHEDULE_PROPOSED:
        return _sessions(session, payload)
    if kind is Kind.NATIONALITY_ASKED:
        return _nationality(session, payload)
    if kind in OF_AN_APPROVAL:
        return _approval(session, kind, payload, now)
    if kind in OF_A_CONSENT:
        return consent(session, kind, payload, now)
    if kind is Kind.OPINION_ASKED:
        return opinion_asked(session, payload, now)
    if kind is Kind.OPINION_ANSWERED:
        return opinion_answered(session, payload, now)
    found = _request(session, payload)
    if found and kind is Kind.OVERRIDE_WANTED:
        return replace(found, path=f"{found.path}/exceptions", reason="")
    if found and kind is Kind.AGREEMENT_OFFERED:
        return to_sign(session, found, payload, now)
    if found and kind in OF_A_DECISION:
        return decided(session, kind, found, payload)
    if found and kind is Kind.CORRECTION_PROPOSED:
        return proposed(session, found, payload)
    # Why an access ended says nothing of why its report is due.
    return replace(found, reason="") if found and kind is Kind.REPORT_DUE else found


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
    before = payload.get("before")
    return Subject(
        f"/bookings/{booking.public_id}",
        {"instrument": instrument.name, "facility": facility.name},
        (booking.account_id,),
        booking.state_reason or "",
        # Mail is read on its way: what is measured stays in the service, the calendar file too names the instrument.
        replace(entry, summary=instrument.name),
        replace(entry, start=parse_instant(before["start"]), end=parse_instant(before["end"])) if before else None,
    )


def _stand_in(session: Session, payload: Mapping[str, Any]) -> Subject | None:
    row = session.execute(
        select(RoleGrant, Account.name)
        .join(Account, Account.id == RoleGrant.delegated_by_id)
        .where(RoleGrant.public_id == payload.get("grant"), RoleGrant.revoked_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    grant, name = row
    values = {"from": name, "since": str(grant.valid_from.date()), "until": f"{grant.valid_until:%Y-%m-%d}"}
    return Subject("/account", values, (grant.account_id,), words={"role": ROLES.get(grant.role, grant.role)})


def _for_office(session: Session, found: Subject, payload: Mapping[str, Any], now: datetime) -> Subject:
    """Return the same to be told to those who answer for the instrument."""
    instrument = session.scalars(
        select(Instrument)
        .join(Booking, Booking.instrument_id == Instrument.id)
        .where(Booking.public_id == payload.get("booking"))
    ).one()
    return replace(found, account_ids=tuple(sorted(_staff(session, instrument, now))))


def _sessions(session: Session, payload: Mapping[str, Any]) -> Subject | None:
    """Return the sessions that a published schedule proposes to a team, each of whom is told once."""
    found = session.scalars(
        select(AccessRequest).where(AccessRequest.public_id == payload.get("access_request"))
    ).one_or_none()
    if found is None:
        return None
    return Subject("/me", _request_values(session, found), tuple(sorted(team_of(session, found))))


def _request(session: Session, payload: Mapping[str, Any]) -> Subject | None:
    found = session.scalars(
        select(AccessRequest).where(AccessRequest.public_id == payload.get("access_request"))
    ).one_or_none()
    if found is None:
        return None
    # A mail that comes late speaks of what was: the reason that stands there now is that of where it stands now.
    stands = payload.get("state", found.state) == found.state
    return Subject(
        f"/access-requests/{found.public_id}",
        _request_values(session, found),
        (found.requester_id,),
        found.state_reason or "" if stands else "",
    )


_OVER_ALL = ("access_administrator", "platform_admin")
"""Who see to it that somebody decides what is overdue."""


def _approval(session: Session, kind: Kind, payload: Mapping[str, Any], now: datetime) -> Subject | None:
    asked = select(Approval).where(Approval.state == "pending")
    if "approval" in payload:
        asked = asked.where(Approval.public_id == payload["approval"])
    else:
        request_id = (
            select(AccessRequest.id).where(AccessRequest.public_id == payload.get("access_request")).scalar_subquery()
        )
        asked = asked.where(Approval.subject_kind == "access_request", Approval.subject_id == request_id)
    approvals = session.scalars(asked.order_by(Approval.due_at, Approval.id)).all()
    if not approvals:
        return None
    path = f"/approvals/{approvals[0].public_id}" if len(approvals) == 1 else "/approvals"
    values = {**_approval_values(session, approvals[0]), "due": f"{approvals[0].due_at:%Y-%m-%d %H:%M}"}
    people: set[int] = set()
    for approval in approvals:
        view = view_of_approval(session, approval)
        _key, scopes = resolve_scope(session, approval.scope_kind, approval.scope_key)
        roles = (approval.role, *_OVER_ALL) if kind is Kind.APPROVAL_OVERDUE else (approval.role,)
        for role in roles:
            # Nobody who could not decide: of the team, or having stepped back.
            people |= set(holders(session, role, scopes, now)) - {approval.applicant_id} - view.team - view.barred
    return Subject(path, values, tuple(sorted(people)))


def _nationality(session: Session, payload: Mapping[str, Any]) -> Subject | None:
    """Return an approval that asks the whole team for their nationality, to be told to them."""
    found = find_approval(session, payload.get("approval", ""))
    if found is None or not found.is_open:
        return None
    path = f"/approvals/{found.approval.public_id}/nationality"
    return Subject(path, _approval_values(session, found.approval), tuple(sorted(found.team)))


def _approval_values(session: Session, approval: Approval) -> Mapping[str, str]:
    if approval.subject_kind != "booking":
        return _request_values(session, session.get_one(AccessRequest, approval.subject_id))
    booking = session.get_one(Booking, approval.subject_id)
    instrument = session.get_one(Instrument, booking.instrument_id)
    return {"case": booking.case or booking.public_id, "instruments": instrument.name}


def _override(session: Session, payload: Mapping[str, Any], now: datetime) -> Subject | None:
    """Return an exception that waits, to be told to those who can confirm it."""
    found = session.scalars(
        select(PolicyOverride).where(
            PolicyOverride.public_id == payload.get("override"),
            PolicyOverride.confirmed_at.is_(None),
            PolicyOverride.withdrawn_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        return None
    view = view_of(session, found, book=rulebook(session), now=now)
    able = {one for role in (found.role, OVERSEER) for one in holders(session, role, view.scopes, now)}
    people = able - view.circle.team - view.circle.barred - {found.asked_by_id}
    return Subject("/overrides", _request_values(session, view.access_request), tuple(sorted(people)))


def _request_values(session: Session, request: AccessRequest) -> Mapping[str, str]:
    names = session.scalars(
        select(Instrument.name)
        .join(AccessRequestInstrument, AccessRequestInstrument.instrument_id == Instrument.id)
        .where(AccessRequestInstrument.access_request_id == request.id, AccessRequestInstrument.left_out.is_(False))
        .order_by(Instrument.id)
    ).all()
    shown = [*names[:MANY_INSTRUMENTS], *(["…"] if len(names) > MANY_INSTRUMENTS else [])]
    return {"case": request.case or request.public_id, "instruments": ", ".join(shown)}


def _order(session: Session, kind: Kind, payload: Mapping[str, Any], now: datetime) -> Subject | None:
    row = session.execute(
        select(ServiceOrder, Instrument, Facility.name, Quote.number)
        .join(Instrument, Instrument.id == ServiceOrder.instrument_id)
        .join(Facility, Facility.id == Instrument.facility_id)
        .join(Quote, Quote.id == ServiceOrder.quote_id)
        .where(ServiceOrder.public_id == payload.get("service_order"))
    ).one_or_none()
    if row is None:
        return None
    order, instrument, facility, number = row
    people = set() if kind in ORDERS_FOR_STAFF else set(team_of_order(session, order))
    if kind in ORDERS_FOR_STAFF | ORDERS_FOR_BOTH:
        people |= _staff(session, instrument, now)
    values = {"number": number, "instrument": instrument.name, "facility": facility}
    return Subject(f"/service-orders/{order.public_id}", values, tuple(sorted(people)), order.state_reason or "")


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
    if found.with_id is not None and found.visibility != "staff":
        people.add(found.with_id)
    people |= _staff(session, instrument, now)
    if instrument is None and request is not None:
        people |= _staff_for(session, request, now)
        people |= team_of(session, request) if found.visibility != "staff" else set()
    # The conversation's own subject may hold a title that only the team knows.
    about = instrument.name if instrument else _request_values(session, request)["case"] if request else ""
    return Subject(
        f"/conversations/{found.public_id}", {"about": about, "author": author}, tuple(sorted(people - {author_id}))
    )


def _staff(session: Session, instrument: Instrument | None, now: datetime) -> set[int]:
    if instrument is None:
        return set()
    scopes = instrument_scopes(session, instrument)[:2]
    return {one for role in ANSWERING_ROLES for one in holders(session, role, scopes, now)}


def _staff_for(session: Session, request: AccessRequest, now: datetime) -> set[int]:
    """Return who answers on a request; of a draft the facility knows nothing."""
    if request.state == RequestState.DRAFT:
        return set()
    facility = session.scalar(
        select(Facility.public_id)
        .join(AccessRoute, AccessRoute.facility_id == Facility.id)
        .where(AccessRoute.id == request.route_id)
    )
    scopes = (("facility", str(facility)),)
    return {one for role in ANSWERING_ROLES for one in holders(session, role, scopes, now)}
