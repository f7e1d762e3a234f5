"""The sessions of a draft: each takes its time at once, so that nobody else can, and shows nobody whose it is."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRequestInstrument, AccessRoute, Allocation
from infra_access.access_requests.vocabularies import TimeGiven
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict, Invalid, NotFound
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling import plan
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.scheduling.drafts.judging import Grant
from infra_access.scheduling.drafts.models import SessionDraft, SessionSchedule
from infra_access.scheduling.drafts.schedules import note, open_schedule, touch
from infra_access.scheduling.making import refuse_unbookable
from infra_access.scheduling.occupancies import Taking, give_back, take
from infra_access.scheduling.places import LockedPlace, Place, locked_place
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.rule_parts import OffHours
from infra_access.scheduling.terms import terms_of

DRAFT = "draft"
"""The kind of a draft's occupancy."""


def draft_session(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    schedule: SessionSchedule,
    allocation: str,
    place: Place,
    span: TimeSpan,
    resource: str | None = None,
    remark: str = "",
    expected_version: int | None = None,
) -> SessionDraft:
    """Draft a session for what a team was granted; `resource` names a copy, else any free one is taken.

    What would keep it from being published, such as days on which the team cannot come, is told by `conflicts_of`.
    Raises Conflict with the nearest alternatives where the time is taken, Invalid where it is off the grid.
    """
    schedule = open_schedule(session, actor, schedule, expected_version)
    locked = locked_place(session, place.instrument.id)
    drafted = drafted_for(session, schedule, allocation, locked)
    remark = clean_line(remark, field="note", max_length=200)
    draft = put(session, schedule, drafted, locked, Wish(span, resource), now=now, remark=remark)
    touch(session, schedule)
    note(session, actor, schedule, "schedule.session_added", now, of=draft.public_id)
    return draft


def move_draft(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    schedule: SessionSchedule,
    draft: SessionDraft,
    span: TimeSpan,
    place: Place | None = None,
    resource: str | None = None,
    expected_version: int | None = None,
) -> SessionDraft:
    """Move a drafted session to another time, or to another instrument that was granted; its own is not in its way."""
    schedule = open_schedule(session, actor, schedule, expected_version)
    locked = locked_place(session, place.instrument.id if place else draft.instrument_id)
    public_id = session.get_one(Allocation, draft.allocation_id).public_id
    drafted = drafted_for(session, schedule, public_id, locked)
    with session.begin_nested():
        give_back(session, draft_id=draft.id)
        put(session, schedule, drafted, locked, Wish(span, resource), now=now, remark=draft.note, draft=draft)
    touch(session, schedule)
    note(session, actor, schedule, "schedule.session_moved", now, of=draft.public_id)
    return draft


def remove_draft(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    schedule: SessionSchedule,
    draft: SessionDraft,
    expected_version: int | None = None,
) -> None:
    """Take a session out of a draft; its time is free again."""
    schedule = open_schedule(session, actor, schedule, expected_version)
    give_back(session, draft_id=draft.id)
    session.delete(draft)
    touch(session, schedule)
    note(session, actor, schedule, "schedule.session_removed", now, of=draft.public_id)


def draft_by_public_id(session: Session, schedule: SessionSchedule, public_id: str) -> SessionDraft:
    """Return a session of a schedule. Raises NotFound."""
    found = session.scalars(
        select(SessionDraft).where(SessionDraft.public_id == public_id, SessionDraft.schedule_id == schedule.id)
    ).one_or_none()
    if found is None:
        raise NotFound("schedule.session_unknown", _("There is no such session in this schedule."))
    return found


def drafted_for(session: Session, schedule: SessionSchedule, allocation: str, place: Place) -> Grant:
    """Lock what was granted and return it.

    Raises NotFound for an allocation of another facility, Conflict where its team chooses the time, or its samples
    are queued, or it is for other instruments.
    """
    row = session.execute(
        select(Allocation, AccessRequest, AccessRoute)
        .join(AccessRequest, AccessRequest.id == Allocation.access_request_id)
        .join(AccessRoute, AccessRoute.id == AccessRequest.route_id)
        .where(Allocation.public_id == allocation, AccessRoute.facility_id == schedule.facility_id)
        .with_for_update(key_share=True, of=Allocation)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("allocation.unknown", _("There is no such allocation at this facility."))
    drafted = Grant(*row)
    if drafted.route.time_given != TimeGiven.FACILITY_SCHEDULES:
        message = _("The facility does not choose the time on this way in.")
        raise Conflict("schedule.not_given", message, details={"time_given": drafted.route.time_given})
    covered = session.get(AccessRequestInstrument, (drafted.access_request.id, place.instrument.id))
    if covered is None or covered.left_out:
        raise Conflict("allocation.outside", _("What was granted is for other instruments."))
    return drafted


def put(
    session: Session,
    schedule: SessionSchedule,
    drafted: Grant,
    place: LockedPlace,
    wish: Wish,
    *,
    now: datetime,
    remark: str = "",
    draft: SessionDraft | None = None,
) -> SessionDraft:
    """Write a session of a locked schedule and take its time, with companions and change-over as a booking would."""
    refuse_unbookable(place.instrument, given=True)
    if not TimeSpan(schedule.period_start, schedule.period_end).contains(wish.span):
        message = _("The session lies outside the period of the schedule.")
        raise Invalid("schedule.outside", message, fields={"start": [message]})
    terms = terms_of(session, place, plan.reach_of([wish], now))
    planned = plan.make(
        session,
        instrument=place.instrument,
        facility=place.facility,
        wishes=[wish],
        rules=lenient(terms.rules(drafted.route.booking_rules)),
        now=now,
        hours=terms.hours,
    )
    line = planned.lines[0]
    if draft is None:
        draft = SessionDraft(public_id=new_public_id(), schedule_id=schedule.id, allocation_id=drafted.allocation.id)
        session.add(draft)
    draft.instrument_id, draft.resource_id = place.instrument.id, line.resource_id
    draft.starts, draft.ends, draft.note = wish.span.start, wish.span.end, remark
    session.flush()  # the occupancy needs its key
    for lapsed in planned.lapsed:
        give_back(session, lapsed)
    # A change-over stays one: strangers, to whom a draft looks like a booking, see it like that of any other.
    lines = [Taking(one.resource_id, one.span, DRAFT) for one in planned.lines]
    taken = [*lines, *planned.change_overs]
    take(session, taken, booking_id=None, draft_id=draft.id)
    return draft


def lenient(rules: BookingRules) -> BookingRules:
    """Return the rules that a draft has to keep: the grid and the lengths; of the others it is only told."""
    return replace(rules, lead_minutes=0, horizon_days=3660, off_hours=OffHours.ALLOWED, quotas=(), horizons=())
