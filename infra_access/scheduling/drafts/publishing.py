"""Publishing a draft: every session becomes a proposal to its team, all of them or none, and only once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.allocations import Granted
from infra_access.catalogue.models import InstrumentCompanion, Resource
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict, DomainError, Invalid
from infra_access.core.i18n import Text, _
from infra_access.outbox.events import publish
from infra_access.people.actors import load_actor
from infra_access.scheduling.drafts.board_queries import BoardSession, sessions_of
from infra_access.scheduling.drafts.models import SessionSchedule
from infra_access.scheduling.drafts.schedules import note, open_schedule
from infra_access.scheduling.drafts.states import ScheduleState
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.making import create, ready
from infra_access.scheduling.models import Booking
from infra_access.scheduling.occupancies import give_back, lock_resources
from infra_access.scheduling.places import LockedPlace, locked_place
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.proposals import check_answer_by


@dataclass(frozen=True, slots=True)
class _Locked:
    """What all sessions of a draft rest on, locked, by key."""

    places: Mapping[int, LockedPlace]
    granted: Mapping[int, Granted]
    owners: Mapping[int, Actor]


def publish_schedule(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    schedule: SessionSchedule,
    answer_by: datetime,
    expected_version: int | None = None,
) -> SessionSchedule:
    """Propose every session of a draft to its team, to be answered by `answer_by`. Each team is told once.

    Each is judged as a booking is. Raises Conflict `schedule.conflicts` with what is in the way of each, and changes
    nothing then.
    """
    schedule = open_schedule(session, actor, schedule, expected_version)
    sessions = sessions_of(session, schedule)
    if not sessions:
        raise Conflict("schedule.empty", _("There is no session in this schedule yet. Add some first."))
    if answer_by <= now:
        message = _("Give the teams time to answer: choose a later date.")
        raise Invalid("proposal.answer_by", message, fields={"answer_by": [message]})
    held = _locked(session, sessions, now)
    with session.begin_nested():
        for one in sessions:
            give_back(session, draft_id=one.draft.id)
        problems: list[dict[str, Any]] = []
        told: dict[str, list[str]] = {}
        for one in sessions:
            try:
                booking = _proposed(session, one, held, answer_by, now)
            except DomainError as error:
                problems += _problems(one, error)
            else:
                one.draft.booking_id = booking.id
                told.setdefault(one.access_request.public_id, []).append(booking.public_id)
        if problems:
            raise Conflict(
                "schedule.conflicts",
                _("Nothing was published: some sessions cannot be proposed. Each reason is named."),
                details={"sessions": problems},
            )
    schedule.state, schedule.answer_by, schedule.published_at = ScheduleState.PUBLISHED, answer_by, now
    session.flush()
    note(session, actor, schedule, "schedule.published", now, sessions=len(sessions), teams=len(told))
    for access_request, bookings in told.items():
        publish(session, "schedule.proposed", {"access_request": access_request, "bookings": bookings}, now=now)
    return schedule


def _locked(session: Session, sessions: Sequence[BoardSession], now: datetime) -> _Locked:
    instruments = sorted({one.instrument.id for one in sessions})
    places = {key: locked_place(session, key) for key in instruments}
    granted = {
        key: allocations.lock_by_key(session, key, now=now) for key in sorted({one.allocation.id for one in sessions})
    }
    people = sorted({one.access_request.requester_id for one in sessions})
    owners = {key: load_actor(session, key, now=now) for key in people}
    companions = select(InstrumentCompanion.resource_id).where(InstrumentCompanion.instrument_id.in_(instruments))
    resources = select(Resource.id).where(or_(Resource.instrument_id.in_(instruments), Resource.id.in_(companions)))
    lock_resources(session, session.scalars(resources).all())
    return _Locked(places, granted, owners)


def _proposed(session: Session, one: BoardSession, held: _Locked, answer_by: datetime, now: datetime) -> Booking:
    made = ready(
        session,
        owner=held.owners[one.access_request.requester_id],
        place=held.places[one.instrument.id],
        wishes=[Wish(one.span, one.resource.public_id)],
        granted=held.granted[one.allocation.id],
        now=now,
        given=True,
    )
    check_answer_by(made, answer_by, now)
    return create(
        session,
        made,
        now=now,
        title=one.access_request.title,
        state=BookingState.PROPOSED,
        answer_by=answer_by,
    )


def _problems(one: BoardSession, error: DomainError) -> list[dict[str, Any]]:
    """Return each rule that is broken, or else the one reason."""
    said: list[tuple[str, Text]] = [(each["code"], each["message"]) for each in error.details.get("broken", ())]
    return [
        {"session": one.draft.public_id, "code": code, "message": message}
        for code, message in said or [(error.code, error.message)]
    ]
