"""The schedules of a facility: begun, changed, discarded; only its office knows of them before they are published."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from infra_access.audit.record import record
from infra_access.catalogue.fields import check_version
from infra_access.catalogue.models import Facility
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, Scopes, may, require
from infra_access.core.errors import Conflict, Invalid, NotFound
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line
from infra_access.core.paging import Page, clean_limit, decode_cursor, page_of
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.drafts.models import SessionDraft, SessionSchedule
from infra_access.scheduling.drafts.states import ScheduleState
from infra_access.scheduling.occupancies import give_back
from infra_access.scheduling.plan import LONGEST


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule with the facility that it is of."""

    schedule: SessionSchedule
    facility: Facility
    scopes: Scopes

    @property
    def period(self) -> TimeSpan:
        """Return the time that it is for."""
        return TimeSpan(self.schedule.period_start, self.schedule.period_end)


def create_schedule(
    session: Session, *, actor: Actor, now: datetime, facility: Facility, name: str, period: TimeSpan
) -> SessionSchedule:
    """Begin a schedule of a facility for a period of at most a year."""
    require(actor, Permission.SCHEDULE_WRITE, facility_scopes(session, facility))
    _check_period(period, now)
    schedule = SessionSchedule(
        public_id=new_public_id(),
        facility_id=facility.id,
        name=clean_line(name, field="name", max_length=200, required=True),
        period_start=period.start,
        period_end=period.end,
        state=ScheduleState.DRAFT,
        created_by_id=actor.account_id,
        created_at=now,
    )
    session.add(schedule)
    session.flush()
    note(session, actor, schedule, "schedule.created", now)
    return schedule


def change_schedule(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    schedule: SessionSchedule,
    name: str | None = None,
    period: TimeSpan | None = None,
    expected_version: int | None = None,
) -> SessionSchedule:
    """Rename a schedule, or give it another period, in which all its sessions must lie."""
    schedule = open_schedule(session, actor, schedule, expected_version)
    if name is not None:
        schedule.name = clean_line(name, field="name", max_length=200, required=True)
    if period is not None:
        _check_period(period, now)
        outside = select(SessionDraft.id).where(
            SessionDraft.schedule_id == schedule.id,
            (SessionDraft.starts < period.start) | (SessionDraft.ends > period.end),
        )
        if session.scalars(outside.limit(1)).first() is not None:
            message = _("Some sessions lie outside this period. Move or remove them first.")
            raise Conflict("schedule.period", message)
        schedule.period_start, schedule.period_end = period.start, period.end
    touch(session, schedule)
    note(session, actor, schedule, "schedule.changed", now)
    return schedule


def discard(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    schedule: SessionSchedule,
    expected_version: int | None = None,
) -> SessionSchedule:
    """Give a draft up: the time of all its sessions is free again."""
    schedule = open_schedule(session, actor, schedule, expected_version)
    for key in session.scalars(select(SessionDraft.id).where(SessionDraft.schedule_id == schedule.id)):
        give_back(session, draft_id=key)
    schedule.state = ScheduleState.DISCARDED
    session.flush()
    note(session, actor, schedule, "schedule.discarded", now)
    return schedule


def schedule_by_public_id(session: Session, public_id: str, *, actor: Actor | None) -> ScheduleView:
    """Return a schedule of a facility whose office the actor is of. Raises NotFound for everybody else."""
    row = session.execute(
        select(SessionSchedule, Facility)
        .join(Facility, Facility.id == SessionSchedule.facility_id)
        .where(SessionSchedule.public_id == public_id)
    ).one_or_none()
    scopes = facility_scopes(session, row[1]) if row is not None else ()
    if row is None or not may(actor, Permission.SCHEDULE_WRITE, scopes):
        raise NotFound("schedule.unknown", _("There is no such schedule, or it is not yours to see."))
    return ScheduleView(row[0], row[1], scopes)


def schedules_of(
    session: Session, *, actor: Actor, facility: Facility, limit: int | None = None, cursor: str | None = None
) -> Page[SessionSchedule]:
    """Return the schedules of a facility, newest first. Raises Forbidden for whoever is not of its office."""
    require(actor, Permission.SCHEDULE_WRITE, facility_scopes(session, facility))
    size = clean_limit(limit)
    query = select(SessionSchedule).where(SessionSchedule.facility_id == facility.id)
    if cursor:
        query = query.where(SessionSchedule.id < decode_cursor(cursor, (int,))[0])
    rows = session.scalars(query.order_by(SessionSchedule.id.desc()).limit(size + 1)).all()
    return page_of(rows, size, key=lambda row: [row.id])


def open_schedule(
    session: Session, actor: Actor, schedule: SessionSchedule, expected_version: int | None
) -> SessionSchedule:
    """Lock a schedule for a change by its office, first of all locks.

    Raises PreconditionFailed for a version that another has changed, Conflict where it is published or discarded.
    """
    facility = session.get_one(Facility, schedule.facility_id)
    require(actor, Permission.SCHEDULE_WRITE, facility_scopes(session, facility))
    session.flush()
    found = session.scalars(
        select(SessionSchedule)
        .where(SessionSchedule.id == schedule.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if found.state == ScheduleState.PUBLISHED:
        message = _("This schedule is published already: the teams have it, and answer each for themselves.")
        raise Conflict("schedule.published", message)
    if found.state != ScheduleState.DRAFT:
        raise Conflict("schedule.discarded", _("This schedule was discarded. Begin a new one."))
    check_version(found.version, expected_version)
    return found


def touch(session: Session, schedule: SessionSchedule) -> None:
    """Raise the version, so that another who edits the same schedule notices."""
    flag_modified(schedule, "name")
    session.flush()


def note(session: Session, actor: Actor, schedule: SessionSchedule, action: str, now: datetime, **details: Any) -> None:
    """Record what was done to a schedule; no title and no name of a team."""
    record(
        session,
        actor=actor,
        action=action,
        object_kind="schedule",
        object_id=schedule.public_id,
        now=now,
        details=details,
    )


def _check_period(period: TimeSpan, now: datetime) -> None:
    if period.end <= now:
        message = _("The period is over already.")
        raise Invalid("schedule.period", message, fields={"period_end": [message]})
    if period.length > LONGEST:
        message = _("A schedule is for a year at most.")
        raise Invalid("schedule.period", message, fields={"period_end": [message]})
