"""Times that the facility proposes: the office proposes one, the team accepts or declines it by a date."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.models import AccessRequest, AccessRoute, Allocation
from infra_access.catalogue.models import Resource
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Invalid, NotFound, PreconditionFailed
from infra_access.core.i18n import _
from infra_access.core.input_text import clean_text
from infra_access.core.timespan import TimeSpan, merge
from infra_access.outbox.events import publish
from infra_access.people.actors import load_actor
from infra_access.scheduling.booking_audit import record_act
from infra_access.scheduling.booking_queries import relations_of
from infra_access.scheduling.changes import owner_of
from infra_access.scheduling.lifecycle import BookingState, BookingTransition
from infra_access.scheduling.lifecycle import move as transition
from infra_access.scheduling.making import Ready, create, described, ready, remake
from infra_access.scheduling.models import Booking, BookingLine
from infra_access.scheduling.places import LockedPlace, Place, locked_place
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.releasing import let_go


def propose(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    booking: Booking,
    wishes: Sequence[Wish],
    answer_by: datetime,
    expected_version: int | None = None,
) -> Booking:
    """Propose a time for what a team asked for, under every rule of a booking; it is taken until `answer_by`.

    Raises Forbidden for whoever is not of the facility's office, and what making a booking raises.
    """
    booking = _locked(session, booking, expected_version)
    place = locked_place(session, booking.instrument_id)
    require(actor, Permission.SCHEDULE_WRITE, place.scopes)
    transition(BookingState(booking.state), BookingTransition.PROPOSE)
    granted = allocations.lock_by_key(session, booking.allocation_id, now=now) if booking.allocation_id else None
    owner = load_actor(session, booking.account_id, now=now)
    made = ready(
        session, owner=owner, place=place, wishes=wishes, granted=granted, now=now, booking=booking, given=True
    )
    check_answer_by(made, answer_by, now)
    remake(session, made, booking, now=now, state=BookingState.PROPOSED, answer_by=answer_by)
    record_act(session, actor, booking, "booking.proposed", now, described(booking, place, made.planned))
    publish(session, "booking.proposed", {"booking": booking.public_id}, now=now)
    return booking


def propose_to_team(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    place: Place,
    allocation: str,
    wishes: Sequence[Wish],
    answer_by: datetime,
) -> Booking:
    """Propose a time to a team that was granted access, without its asking; it draws on what was granted."""
    place = place if isinstance(place, LockedPlace) else locked_place(session, place.instrument.id)
    require(actor, Permission.SCHEDULE_WRITE, place.scopes)
    found = session.execute(
        select(AccessRequest.requester_id, AccessRequest.title)
        .join(Allocation, Allocation.access_request_id == AccessRequest.id)
        .join(AccessRoute, AccessRoute.id == AccessRequest.route_id)
        .where(Allocation.public_id == allocation, AccessRoute.facility_id == place.facility.id)
    ).one_or_none()
    if found is None:
        raise NotFound("allocation.unknown", _("There is no such allocation at this facility."))
    owner = load_actor(session, found.requester_id, now=now)
    granted = allocations.lock(session, allocation, actor=owner, now=now)
    made = ready(session, owner=owner, place=place, wishes=wishes, granted=granted, now=now, given=True)
    check_answer_by(made, answer_by, now)
    booking = create(session, made, now=now, title=found.title, state=BookingState.PROPOSED, answer_by=answer_by)
    record_act(session, actor, booking, "booking.proposed", now, described(booking, place, made.planned))
    publish(session, "booking.proposed", {"booking": booking.public_id}, now=now)
    return booking


def accept(
    session: Session, *, actor: Actor, now: datetime, booking: Booking, expected_version: int | None = None
) -> Booking:
    """Accept a proposed time for the team. It is judged again: confirmed, or waiting for the approvals it needs.

    Raises Conflict `booking.lapsed` where the time to answer has passed.
    """
    booking = _proposed(session, actor, booking, now, expected_version)
    place = locked_place(session, booking.instrument_id)
    granted = allocations.lock_by_key(session, booking.allocation_id, now=now) if booking.allocation_id else None
    owner = owner_of(session, booking, actor, now)
    wishes = wishes_of(session, booking)
    made = ready(
        session, owner=owner, place=place, wishes=wishes, granted=granted, now=now, booking=booking, given=True
    )
    remake(session, made, booking, now=now)
    record_act(session, actor, booking, "booking.accepted", now, described(booking, place, made.planned))
    pending = booking.state == BookingState.PENDING_APPROVAL
    publish(session, "booking.pending" if pending else "booking.confirmed", {"booking": booking.public_id}, now=now)
    return booking


def decline(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    booking: Booking,
    reason: str,
    expected_version: int | None = None,
) -> Booking:
    """Decline a proposed time for the team, and say why; its time and units go back.

    What the team had asked for is asked for still, so that the office proposes another time; else it is released.
    """
    reason = clean_text(reason, field="reason", max_length=2_000, required=True)
    booking = _proposed(session, actor, booking, now, expected_version)
    asked = booking.wanted_minutes is not None
    let_go(session, booking, BookingTransition.DECLINE if asked else BookingTransition.RELEASE, reason, now)
    if asked:
        session.execute(delete(BookingLine).where(BookingLine.booking_id == booking.id))
        booking.starts, booking.ends = booking.wanted_from or booking.starts, booking.wanted_until or booking.ends
    record_act(session, actor, booking, "booking.declined", now, {"asked_still": asked})
    publish(session, "booking.declined", {"booking": booking.public_id}, now=now)
    return booking


def check_answer_by(made: Ready, answer_by: datetime, now: datetime) -> None:
    """Raise Invalid unless there is time to answer, and enough between the answer and the session for the rules."""
    last = made.whole.start - timedelta(minutes=made.rules.lead_minutes)
    if not now < answer_by <= last:
        message = _(
            "The answer must be due after now, and by ${last} at the latest, so that an accepted session can be kept.",
            mapping={"last": f"{last:%Y-%m-%d %H:%M} UTC"},
        )
        raise Invalid("proposal.answer_by", message, fields={"answer_by": [message]})


def _proposed(session: Session, actor: Actor, booking: Booking, now: datetime, expected_version: int | None) -> Booking:
    booking = _locked(session, booking, None)
    require(actor, Permission.BOOKING_ANSWER, (), relations_of(session, booking, actor))
    _refuse_stale(booking, expected_version)
    transition(BookingState(booking.state), BookingTransition.DECLINE)
    if booking.answer_by is None or booking.answer_by <= now:
        message = _("The time to answer has passed, so the time went back. Ask the facility for another one.")
        raise Conflict("booking.lapsed", message)
    return booking


def _locked(session: Session, booking: Booking, expected_version: int | None) -> Booking:
    found = session.scalars(
        select(Booking)
        .where(Booking.id == booking.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    _refuse_stale(found, expected_version)
    return found


def _refuse_stale(booking: Booking, expected_version: int | None) -> None:
    if expected_version is not None and expected_version != booking.version:
        raise PreconditionFailed("version.stale", _("This booking has changed since you looked. Load it again."))


def wishes_of(session: Session, booking: Booking) -> list[Wish]:
    """Return the lines as they were asked for; what each session also takes, at the same time, comes by itself."""
    rows = session.execute(
        select(Resource.public_id, Resource.instrument_id, BookingLine.starts, BookingLine.ends)
        .join(Resource, Resource.id == BookingLine.resource_id)
        .where(BookingLine.booking_id == booking.id)
        .order_by(BookingLine.id)
    )
    lines = [
        (key, instrument == booking.instrument_id, TimeSpan(starts, ends)) for key, instrument, starts, ends in rows
    ]
    sessions = merge(span for _key, own, span in lines if own)
    return [Wish(span, key) for key, own, span in lines if own or span not in sessions]
