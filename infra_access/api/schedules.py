"""/schedules: drafts of a facility's office, seen by it alone until they are published to the teams."""

from datetime import datetime
from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.schedule_shapes import (
    FindingsOut,
    PublishBody,
    ScheduleBody,
    ScheduleChangeBody,
    ScheduleOut,
    ScheduleQuery,
    ScheduleSummaryOut,
    SessionBody,
    SessionChangeBody,
    SuggestedOut,
    left_over,
    summary,
    whole,
)
from infra_access.api.schemas import page_of
from infra_access.api.serving import Created
from infra_access.catalogue.queries import facility_by_public_id
from infra_access.core.authority import Permission
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.paging import Page
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.drafts import schedules, sessions
from infra_access.scheduling.drafts.board_queries import sessions_of
from infra_access.scheduling.drafts.conflicts import conflicts_of
from infra_access.scheduling.drafts.models import SessionDraft, SessionSchedule
from infra_access.scheduling.drafts.publishing import publish_schedule
from infra_access.scheduling.drafts.suggesting import suggest
from infra_access.scheduling.places import place_by_public_id

VERSION = "schedule.version"
OFFICE = Permission.SCHEDULE_WRITE


@resource(
    "api.schedules",
    "GET",
    permission=Permission.OWN_ACCOUNT,
    query=ScheduleQuery,
    out=page_of(ScheduleSummaryOut),
    errors=(404, 410),
)
def list_of_facility(call: Call) -> Page[dict[str, Any]]:
    """List the schedules of a facility whose office the caller is of, newest first."""
    given = dict(call.query)
    facility = facility_by_public_id(call.db, given.pop("facility"), actor=call.actor)
    page = schedules.schedules_of(call.db, actor=call.actor, facility=facility, **given)
    return Page([summary(row) for row in page.items], page.next)


@resource(
    "api.schedules",
    "POST",
    permission=Permission.OWN_ACCOUNT,
    body=ScheduleBody,
    out=ScheduleOut,
    status=201,
    errors=(404, 410),
)
def create(call: Call) -> Created:
    """Begin a draft for a period."""
    body = call.body
    facility = facility_by_public_id(call.db, body["facility"], actor=call.actor)
    period = _span(body["start"], body["end"])
    made = schedules.create_schedule(
        call.db, actor=call.actor, now=call.now, facility=facility, name=body["name"], period=period
    )
    return Created(_shown(call, made), f"/api/v1/schedules/{made.public_id}")


@resource("api.schedule", "GET", permission=OFFICE, out=ScheduleOut)
def read(call: Call) -> dict[str, Any]:
    """Show a schedule with its sessions, and how the teams answered."""
    return _shown(call, call.row.schedule)


@resource(
    "api.schedule", "PATCH", permission=OFFICE, body=ScheduleChangeBody, out=ScheduleOut, version=VERSION, errors=(409,)
)
def change(call: Call) -> dict[str, Any]:
    """Rename a draft, or give it another period."""
    schedule, body = call.row.schedule, call.body
    start, end = body.get("start", schedule.period_start), body.get("end", schedule.period_end)
    period = _span(start, end) if {"start", "end"} & body.keys() else None
    changed = schedules.change_schedule(
        call.db, schedule=schedule, name=body.get("name"), period=period, **call.changes
    )
    return _shown(call, changed)


@resource("api.schedule_discard", "POST", permission=OFFICE, out=ScheduleOut, version=VERSION)
def discard(call: Call) -> dict[str, Any]:
    """Give a draft up; its time is free again."""
    return _shown(call, schedules.discard(call.db, schedule=call.row.schedule, **call.changes))


@resource("api.schedule_sessions", "POST", permission=OFFICE, body=SessionBody, out=ScheduleOut, version=VERSION)
def add(call: Call) -> dict[str, Any]:
    """Draft a session for what a team was granted."""
    body = call.body
    sessions.draft_session(
        call.db,
        schedule=call.row.schedule,
        allocation=body["allocation"],
        place=place_by_public_id(call.db, body["instrument"], actor=call.actor),
        span=_span(body["start"], body["end"]),
        resource=body.get("resource"),
        remark=body.get("note", ""),
        **call.changes,
    )
    return _shown(call, call.row.schedule)


@resource(
    "api.schedule_session",
    "PATCH",
    permission=OFFICE,
    body=SessionChangeBody,
    out=ScheduleOut,
    version=VERSION,
    errors=(409,),
)
def move(call: Call) -> dict[str, Any]:
    """Move a drafted session."""
    draft, body = _draft(call), call.body
    place = place_by_public_id(call.db, body["instrument"], actor=call.actor) if "instrument" in body else None
    sessions.move_draft(
        call.db,
        schedule=call.row.schedule,
        draft=draft,
        span=_span(body.get("start", draft.starts), body.get("end", draft.ends)),
        place=place,
        resource=body.get("resource"),
        **call.changes,
    )
    return _shown(call, call.row.schedule)


@resource("api.schedule_session", "DELETE", permission=OFFICE, version=VERSION, errors=(409,))
def remove(call: Call) -> None:
    """Take a session out of a draft."""
    sessions.remove_draft(call.db, schedule=call.row.schedule, draft=_draft(call), **call.changes)


@resource("api.schedule_suggest", "POST", permission=OFFICE, out=SuggestedOut, version=VERSION)
def suggest_all(call: Call) -> dict[str, Any]:
    """Draft sessions for all that waits, on days that suit the teams."""
    found = suggest(call.db, schedule=call.row.schedule, **call.changes)
    said = call.request.localize
    left = [{**left_over(one), "reason": said(one.reason)} for one in found.left_over]
    return {**_shown(call, call.row.schedule), "drafted": len(found.drafts), "left_over": left}


@resource("api.schedule_conflicts", "GET", permission=OFFICE, out=FindingsOut)
def conflicts(call: Call) -> dict[str, Any]:
    """Show what would keep a draft from being published, and the wishes that it meets."""
    found = conflicts_of(call.db, call.row.schedule, now=call.now)
    said = call.request.localize
    items = [
        {"session": one.session, "code": one.code, "message": said(one.message), "good": one.good} for one in found
    ]
    return {"items": items, "next": None}


@resource("api.schedule_publish", "POST", permission=OFFICE, body=PublishBody, out=ScheduleOut, version=VERSION)
def publish(call: Call) -> dict[str, Any]:
    """Propose every session to its team: all of them or none, and only once."""
    answer_by = call.body["answer_by"]
    return _shown(call, publish_schedule(call.db, schedule=call.row.schedule, answer_by=answer_by, **call.changes))


def _draft(call: Call) -> SessionDraft:
    return sessions.draft_by_public_id(call.db, call.row.schedule, call.request.matchdict["session"])


def _span(start: datetime, end: datetime) -> TimeSpan:
    if end <= start:
        message = _("The end must lie after the start.")
        raise Invalid("time.order", message, fields={"end": [message]})
    return TimeSpan(start, end)


def _shown(call: Call, schedule: SessionSchedule) -> dict[str, Any]:
    return whole(schedule, sessions_of(call.db, schedule))
