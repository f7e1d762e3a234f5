"""What drafted schedules look like in bodies and answers."""

from collections.abc import Iterable
from typing import Any

from infra_access.api.fields import Amount, Choice, Flag, Instant, Integer, Line, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, PageQuery
from infra_access.scheduling.drafts.board_queries import BoardSession
from infra_access.scheduling.drafts.models import SessionSchedule
from infra_access.scheduling.drafts.states import ScheduleState
from infra_access.scheduling.drafts.suggesting import LeftOver
from infra_access.scheduling.lifecycle import BookingState


class ScheduleQuery(PageQuery):
    """Whose schedules."""

    facility = PublicId(required=True)


class ScheduleChangeBody(Body):
    """What to change of a schedule."""

    name = Line(most=200, filled=True)
    start = Instant()
    end = Instant()


class ScheduleBody(Body):
    """A new schedule."""

    facility = PublicId(required=True)
    name = Line(most=200, filled=True, required=True)
    start = Instant(required=True)
    end = Instant(required=True)


class SessionChangeBody(Body):
    """Where a session goes."""

    start = Instant()
    end = Instant()
    instrument = PublicId()
    resource = PublicId("A copy of the instrument; any free one if left out.")


class SessionBody(Body):
    """A session for what a team was granted."""

    allocation = PublicId(required=True)
    instrument = PublicId(required=True)
    start = Instant(required=True)
    end = Instant(required=True)
    resource = PublicId("A copy of the instrument; any free one if left out.")
    note = Line(most=200)


class PublishBody(Body):
    """By when the teams answer."""

    answer_by = Instant(required=True)


class ScheduleSummaryOut(Out):
    """A schedule in a list."""

    id = PublicId()
    name = Line(most=200)
    start = Instant()
    end = Instant()
    state = Choice(ScheduleState)
    answer_by = Instant(allow_none=True)
    created_at = Instant()
    published_at = Instant(allow_none=True)
    version = Integer(low=1)


class SessionOut(Out):
    """A session; `booking` is what it became when the schedule was published."""

    id = PublicId()
    allocation = PublicId()
    access_request = PublicId()
    title = Line(most=300)
    requester = Line(most=200)
    instrument = PublicId()
    instrument_name = Line(most=300)
    resource = PublicId()
    resource_name = Line(most=200)
    start = Instant()
    end = Instant()
    note = Line(most=200)
    booking = PublicId(allow_none=True)
    booking_state = Choice(BookingState, allow_none=True)


class ScheduleOut(ScheduleSummaryOut):
    """A schedule with its sessions."""

    sessions = ListOf(Part(SessionOut), most=10_000)


class LeftOverOut(Out):
    """What found no place, or not for all of it."""

    allocation = PublicId()
    title = Line(most=300)
    left = Amount("Access units that had no time before.", answered=True)
    reason = Line("Why it got no more.", most=1_000)


class SuggestedOut(ScheduleOut):
    """A schedule after the suggestion."""

    drafted = Integer("How many sessions were added.", low=0)
    left_over = ListOf(Part(LeftOverOut), most=10_000)


class FindingOut(Out):
    """Something to know of a session; `good` where a wish is met."""

    session = PublicId()
    code = Line(most=40)
    message = Line(most=1_000)
    good = Flag()


class FindingsOut(Out):
    """What would keep a draft from being published, and the wishes that it meets."""

    items = ListOf(Part(FindingOut), most=100_000)
    next = Line("Always null: all of it is here.", most=4_000, allow_none=True)


def summary(schedule: SessionSchedule) -> dict[str, Any]:
    """Return a schedule as a list shows it."""
    return {
        "id": schedule.public_id,
        "name": schedule.name,
        "start": schedule.period_start,
        "end": schedule.period_end,
        "state": schedule.state,
        "answer_by": schedule.answer_by,
        "created_at": schedule.created_at,
        "published_at": schedule.published_at,
        "version": schedule.version,
    }


def whole(schedule: SessionSchedule, sessions: Iterable[BoardSession]) -> dict[str, Any]:
    """Return a schedule with its sessions."""
    return {**summary(schedule), "sessions": [session_shown(one) for one in sessions]}


def session_shown(one: BoardSession) -> dict[str, Any]:
    """Return a session."""
    return {
        "id": one.draft.public_id,
        "allocation": one.allocation.public_id,
        "access_request": one.access_request.public_id,
        "title": one.access_request.title,
        "requester": one.requester,
        "instrument": one.instrument.public_id,
        "instrument_name": one.instrument.name,
        "resource": one.resource.public_id,
        "resource_name": one.resource.name,
        "start": one.draft.starts,
        "end": one.draft.ends,
        "note": one.draft.note,
        "booking": one.booking.public_id if one.booking else None,
        "booking_state": one.booking.state if one.booking else None,
    }


def left_over(one: LeftOver) -> dict[str, Any]:
    """Return what found no place, and why."""
    waiting = one.waiting
    return {
        "allocation": waiting.allocation.public_id,
        "title": waiting.access_request.title,
        "left": waiting.left,
        "reason": one.reason,
    }
