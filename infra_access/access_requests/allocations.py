"""What was granted and how much of it is left; a booking draws on it under the row's lock, never beyond it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Exists, exists, select, update
from sqlalchemy.orm import Session

from infra_access.access_requests.allocation_queries import instruments_of
from infra_access.access_requests.approvals.narrower import granted_of, left_out_by
from infra_access.access_requests.consents import consent_lapsed, first_review, lapsed_at
from infra_access.access_requests.content import content_of
from infra_access.access_requests.facts import facts_of_request, satisfied_by
from infra_access.access_requests.models import (
    AccessRequest,
    AccessRequestInstrument,
    AccessRoute,
    Allocation,
    Approval,
    Participant,
)
from infra_access.access_requests.override_queries import overrides_of
from infra_access.access_requests.standing import team_of
from infra_access.access_requests.terms.agreed import agreed_for
from infra_access.access_requests.vocabularies import AllocationState, ApprovalState, ParticipantRole
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict, Forbidden, NotFound
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.policy.facts import Facts
from infra_access.policy.overrides import Override
from infra_access.policy.rulebook import rulebook


@dataclass(frozen=True, slots=True)
class Granted:
    """A locked allocation as a booking needs it.

    `access_request` is the public id of its request; `facts` and `satisfies` are what that says to the policy.
    `time_given` is who chooses the time, and `overrides` are the exceptions from rules that count for it. A consent
    behind it that nobody renewed in time lapsed at `lapsed_at`.
    """

    id: int
    public_id: str
    access_request: str
    access_unit: str
    acting_for_id: int | None
    route: str
    booking_rules: dict[str, Any]
    satisfies: frozenset[str]
    time_given: str
    facts: Facts = field(compare=False, repr=False)
    overrides: tuple[Override, ...] = ()
    lapsed_at: datetime | None = None


def activate(session: Session, access_request: AccessRequest) -> Allocation:
    """Create the allocation of a request, or bring it up to what it asks for now and all who approved it grant.

    Raises Conflict `allocation.used` where more was drawn already.
    """
    found = _locked(session, Allocation.access_request_id == access_request.id)
    given = _given(session, access_request)
    amount, until = granted_of(access_request, given)
    if found is None:
        found = Allocation(access_request_id=access_request.id, access_unit=access_request.access_unit, used=Decimal(0))
        session.add(found)
    elif amount < found.used:
        raise Conflict(
            "allocation.used",
            _(
                "${used} access units are booked or used already. Ask for at least as many, or cancel bookings first.",
                mapping={"used": str(found.used)},
            ),
        )
    found.amount = amount
    found.valid_from, found.valid_until = access_request.period_start, until
    found.review_at = first_review(given)
    found.conditions = "\n\n".join(one.conditions for one in given if one.conditions) or None
    found.state = AllocationState.ACTIVE
    session.flush()
    _leave_out(session, access_request, left_out_by(given))
    return found


def set_state(session: Session, access_request: AccessRequest, state: AllocationState) -> None:
    """Suspend or end what a request was granted, if it was granted anything yet."""
    found = _locked(session, Allocation.access_request_id == access_request.id)
    if found is not None:
        found.state = state
        session.flush()


def note_reviews(session: Session, access_request: AccessRequest) -> None:
    """Bring what a request was granted, if anything yet, up to when its consents are looked at again."""
    found = _locked(session, Allocation.access_request_id == access_request.id)
    if found is not None:
        found.review_at = first_review(_given(session, access_request))
        session.flush()


def is_granted(session: Session, access_request: AccessRequest) -> bool:
    """Tell whether a request was granted something that has not ended, also where a change of it waits."""
    found = allocation_of(session, access_request)
    return found is not None and found.state != AllocationState.ENDED


def lock(session: Session, public_id: str, *, actor: Actor, now: datetime) -> Granted:
    """Lock an allocation for a booking of the actor.

    Raises NotFound for whoever is not on its team, Forbidden for who takes part in the data only, Conflict
    `allocation.inactive`.
    """
    allocation, access_request = _for_booking(session, public_id, actor=actor, now=now, locked=True)
    return _granted(session, allocation, access_request, now)


@dataclass(frozen=True, slots=True)
class Bookable:
    """What an allocation allows to book now: on which instruments, within which time, and how many units are left."""

    granted: Granted
    instruments: tuple[Instrument, ...]
    span: TimeSpan
    left: Decimal


def bookable(session: Session, public_id: str, *, actor: Actor, now: datetime) -> Bookable:
    """Return what the actor can book on an allocation, without keeping others from it. Raises what `lock` raises."""
    allocation, access_request = _for_booking(session, public_id, actor=actor, now=now, locked=False)
    return Bookable(
        granted=_granted(session, allocation, access_request, now, locked=False),
        instruments=tuple(instruments_of(session, [access_request.id]).get(access_request.id, ())),
        span=TimeSpan(allocation.valid_from, allocation.valid_until),
        left=allocation.amount - allocation.used,
    )


def _for_booking(
    session: Session, public_id: str, *, actor: Actor, now: datetime, locked: bool
) -> tuple[Allocation, AccessRequest]:
    allocation = _found(session, Allocation.public_id == public_id, locked=locked)
    access_request = session.get(AccessRequest, allocation.access_request_id) if allocation is not None else None
    if allocation is None or access_request is None or actor.account_id not in team_of(session, access_request):
        raise NotFound("allocation.unknown", _("There is no such allocation, or it is not your team's."))
    role = session.scalar(
        select(Participant.role).where(
            Participant.access_request_id == access_request.id, Participant.account_id == actor.account_id
        )
    )
    if role == ParticipantRole.DATA_ONLY and actor.account_id != access_request.requester_id:
        raise Forbidden("allocation.data_only", _("You take part in the data only. Ask another of the team to book."))
    _refuse_inactive(allocation, now)
    return allocation, access_request


def lock_by_key(session: Session, key: int, *, now: datetime) -> Granted:
    """Lock an allocation that a booking drew on already, whatever its state: units can always be given back."""
    allocation = _locked(session, Allocation.id == key)
    if allocation is None:
        raise NotFound("allocation.unknown", _("There is no such allocation."))
    return _granted(session, allocation, session.get_one(AccessRequest, allocation.access_request_id), now)


def refuse_standstill(session: Session, key: int, instrument_id: int) -> None:
    """Refuse to begin a session on what has ended, while a change of it waits, or on what it does not cover any more.

    One statement; what is active stays so until the transaction ends. Raises Conflict `allocation.inactive`, which says
    which, or `allocation.outside`.
    """
    state, covered = session.execute(
        select(Allocation.state, _covers(Allocation.access_request_id, instrument_id))
        .where(Allocation.id == key)
        .with_for_update(read=True, of=Allocation)
    ).one()
    if state == AllocationState.ACTIVE and covered:
        return
    if state == AllocationState.ACTIVE:
        raise not_covered()
    message = _("The access for this session has ended, so it cannot begin. The request's page says why.")
    if state == AllocationState.SUSPENDED:
        message = _(
            "A change of the access request is being looked at, so the session cannot begin before that is decided. "
            "The request's page says who decides."
        )
    raise Conflict("allocation.inactive", message, details={"state": state})


def _covers(access_request_id: Any, instrument_id: int) -> Exists:
    """Return the condition that a request was granted an instrument."""
    return exists().where(
        AccessRequestInstrument.access_request_id == access_request_id,
        AccessRequestInstrument.instrument_id == instrument_id,
        AccessRequestInstrument.left_out.is_(False),
    )


def seen_by_key(session: Session, key: int, *, at: datetime) -> tuple[Granted, AccessRequest]:
    """Return an allocation and its request as they will be at an instant, by what is known now; nothing is locked."""
    allocation = session.get_one(Allocation, key)
    access_request = session.get_one(AccessRequest, allocation.access_request_id)
    return _granted(session, allocation, access_request, at, locked=False), access_request


def draw(session: Session, granted: Granted, *, instrument_id: int, span: TimeSpan, units: Decimal) -> None:
    """Take units of a locked allocation for a span on an instrument.

    Raises Conflict `allocation.inactive`, `allocation.outside` or `allocation.overdrawn`, which says what is left.
    """
    allocation = refuse_outside(session, granted, instrument_id=instrument_id, span=span)
    left = allocation.amount - allocation.used
    if units > left:
        raise overdrawn(granted, units, left)
    allocation.used += units
    session.flush()


def overdrawn(granted: Granted, units: Decimal, left: Decimal) -> Conflict:
    """Return the refusal of more than is left of a grant."""
    return Conflict(
        "allocation.overdrawn",
        _(
            "This takes ${units} access units (${unit}), and ${left} are left of what you were granted. Choose a "
            "shorter time, or amend your request.",
            mapping={"units": str(units), "unit": granted.access_unit, "left": str(left)},
        ),
        details={"left": str(left), "units": str(units)},
    )


def not_covered() -> Conflict:
    """Return the refusal of an instrument that a grant is not for."""
    message = _("What you were granted is for other instruments. Amend your request to use this one too.")
    return Conflict("allocation.outside", message)


def refuse_outside(session: Session, granted: Granted, *, instrument_id: int, span: TimeSpan) -> Allocation:
    """Return the row of a locked allocation. Raises Conflict where the instrument or the span is not of the grant."""
    allocation = session.get_one(Allocation, granted.id)
    _refuse_inactive(allocation, None)
    if not session.scalar(select(_covers(allocation.access_request_id, instrument_id))):
        raise not_covered()
    if not TimeSpan(allocation.valid_from, allocation.valid_until).contains(span):
        raise Conflict(
            "allocation.outside",
            _("What you were granted is for another period. Choose a time within it, or amend your request."),
            details={"start": allocation.valid_from.isoformat(), "end": allocation.valid_until.isoformat()},
        )
    return allocation


def give_back(session: Session, granted: Granted, units: Decimal) -> None:
    """Give back units of a locked allocation."""
    allocation = session.get_one(Allocation, granted.id)
    allocation.used = max(allocation.used - units, Decimal(0))
    session.flush()


def allocation_of(session: Session, access_request: AccessRequest) -> Allocation | None:
    """Return what a request was granted, if anything yet."""
    return session.scalars(select(Allocation).where(Allocation.access_request_id == access_request.id)).one_or_none()


def request_behind(session: Session, allocation_id: int | None) -> AccessRequest | None:
    """Return the request that a booking or an order draws on by its allocation, if it does. One statement."""
    if allocation_id is None:
        return None
    return session.scalars(
        select(AccessRequest)
        .join(Allocation, Allocation.access_request_id == AccessRequest.id)
        .where(Allocation.id == allocation_id)
    ).one()


def _leave_out(session: Session, access_request: AccessRequest, public_ids: Collection[str]) -> None:
    """Mark the instruments of a request that nothing is granted for, and no others. One statement."""
    left_out = select(Instrument.id).where(Instrument.public_id.in_(public_ids))
    session.execute(
        update(AccessRequestInstrument)
        .where(AccessRequestInstrument.access_request_id == access_request.id)
        .values(left_out=AccessRequestInstrument.instrument_id.in_(left_out)),
        execution_options={"synchronize_session": False},
    )


def _found(session: Session, condition: Any, *, locked: bool) -> Allocation | None:
    session.flush()
    query = select(Allocation).where(condition).execution_options(populate_existing=True)
    return session.scalars(query.with_for_update(key_share=True) if locked else query).one_or_none()


def _locked(session: Session, condition: Any) -> Allocation | None:
    return _found(session, condition, locked=True)


def _refuse_inactive(allocation: Allocation, now: datetime | None) -> None:
    if allocation.state != AllocationState.ACTIVE or (now is not None and allocation.valid_until <= now):
        raise Conflict(
            "allocation.inactive",
            _(
                "Nothing can be booked on this at present: it has ended, or a change is being looked at. "
                "The request's page says which."
            ),
            details={"state": allocation.state, "until": allocation.valid_until.isoformat()},
        )
    since = lapsed_at(allocation, now) if now is not None else None
    if since is not None:
        raise consent_lapsed(since)


def _granted(
    session: Session, allocation: Allocation, access_request: AccessRequest, now: datetime, *, locked: bool = True
) -> Granted:
    route = session.get_one(AccessRoute, access_request.route_id)
    content = content_of(session, access_request)
    met = {"gate:allocation", *satisfied_by(content), *agreed_for(session, access_request, at=now)}
    book = rulebook(session, share_lock=locked)
    return Granted(
        id=allocation.id,
        public_id=allocation.public_id,
        access_request=access_request.public_id,
        access_unit=allocation.access_unit,
        acting_for_id=access_request.acting_for_id,
        route=route.public_id,
        booking_rules=route.booking_rules,
        satisfies=frozenset(met),
        time_given=route.time_given,
        facts=facts_of_request(
            session,
            content,
            route=route,
            book=book,
            now=now,
            by=access_request.public_id,
            access_request_id=access_request.id,
        ),
        overrides=overrides_of(session, access_request.id, book, now=now, share_lock=locked),
        lapsed_at=lapsed_at(allocation, now),
    )


def _given(session: Session, access_request: AccessRequest) -> Sequence[Approval]:
    return session.scalars(
        select(Approval)
        .where(
            Approval.subject_kind == "access_request",
            Approval.subject_id == access_request.id,
            Approval.state == ApprovalState.APPROVED,
        )
        .order_by(Approval.id)
    ).all()
