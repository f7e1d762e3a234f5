"""The scheduling board of a facility's user office: its drafts, the table of one, and what can be done to it."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.view import view_config

from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, DomainError, Invalid, NotFound, PreconditionFailed
from infra_access.core.i18n import Text, _
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_start, named_zone
from infra_access.http.security import Context
from infra_access.scheduling.booking_queries import facility_bookings
from infra_access.scheduling.drafts import schedules, sessions
from infra_access.scheduling.drafts.board_queries import BoardSession, sessions_of
from infra_access.scheduling.drafts.conflicts import conflicts_of
from infra_access.scheduling.drafts.publishing import publish_schedule
from infra_access.scheduling.drafts.schedules import ScheduleView
from infra_access.scheduling.drafts.states import ScheduleState
from infra_access.scheduling.drafts.suggesting import Suggested, suggest
from infra_access.scheduling.drafts.waiting_list import waiting_at
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.places import place_by_public_id
from infra_access.web.booking_form import filled_in, span_in, version_in
from infra_access.web.corrections import to_correct, to_fill_in
from infra_access.web.forms import days_in, local_instant, to, values_of
from infra_access.web.presenters.board import board_of, parted
from infra_access.web.rendering import flash

_BOARD = {"route_name": "facility_board", "renderer": "facility_board.jinja2", "permission": Permission.SCHEDULE_WRITE}
_ONE = {"route_name": "schedule", "renderer": "schedule.jinja2", "permission": Permission.SCHEDULE_WRITE}
_MOST_TOLD = 5
"""Reasons that are told after a suggestion; the list of what waits shows all that is left over."""
_REFUSED = (Invalid, Conflict, NotFound, PreconditionFailed)


@view_config(**_BOARD, request_method="GET")
def list_all(context: Context, request: Request) -> dict[str, Any]:
    """Show the schedules of a facility."""
    return {**_list(context, request), **to_fill_in()}


@view_config(**_BOARD, request_method="POST")
def begin(context: Context, request: Request) -> dict[str, Any] | Response:
    """Begin a schedule."""
    entered, facility = values_of(request), context.row
    try:
        made = schedules.create_schedule(
            request.db,
            actor=request.actor,
            now=clock.now(),
            facility=facility,
            name=entered.get("name", ""),
            period=_period(entered.get("first", ""), entered.get("last", ""), facility.timezone),
        )
    except _REFUSED as error:
        return {**_list(context, request), **to_correct(request, error)}
    return to(request, "schedule", id=made.public_id)


@view_config(**_ONE, request_method="GET")
def show(context: Context, request: Request) -> dict[str, Any]:
    """Show one schedule as a table."""
    return {**_page(context, request), **to_fill_in()}


@view_config(**_ONE, request_method="POST", request_param="do=add")
def add(context: Context, request: Request) -> dict[str, Any] | Response:
    """Draft a session."""
    entered = values_of(request)

    def command(**common: Any) -> None:
        sessions.draft_session(
            request.db,
            allocation=entered.get("allocation", ""),
            place=place_by_public_id(request.db, entered.get("instrument", ""), actor=request.actor),
            span=span_in(entered, context.row.facility.timezone),
            **common,
        )

    return _done(context, request, command, _("The session is drafted. Only the office sees it."))


@view_config(**_ONE, request_method="POST", request_param="do=move")
def move(context: Context, request: Request) -> dict[str, Any] | Response:
    """Move a drafted session."""
    entered = values_of(request)

    def command(**common: Any) -> None:
        sessions.move_draft(
            request.db,
            draft=sessions.draft_by_public_id(request.db, context.row.schedule, entered.get("session", "")),
            span=span_in(entered, context.row.facility.timezone),
            **common,
        )

    return _done(context, request, command, _("The session is moved."))


@view_config(**_ONE, request_method="POST", request_param="do=remove")
def remove(context: Context, request: Request) -> dict[str, Any] | Response:
    """Take a session out."""
    key = values_of(request).get("session", "")

    def command(**common: Any) -> None:
        draft = sessions.draft_by_public_id(request.db, context.row.schedule, key)
        sessions.remove_draft(request.db, draft=draft, **common)

    return _done(context, request, command, _("The session is taken out, and its time is free again."))


@view_config(**_ONE, request_method="POST", request_param="do=suggest")
def propose_draft(context: Context, request: Request) -> dict[str, Any] | Response:
    """Draft sessions for all that waits."""
    done: list[Suggested] = []

    def command(**common: Any) -> None:
        done.append(suggest(request.db, **common))

    answer = _done(context, request, command, None)
    for found in done:
        values = {"count": len(found.drafts), "left": len(found.left_over)}
        flash(request, "info", _("Drafted: ${count}. Without a time for all of it: ${left}.", mapping=values))
        for one in found.left_over[:_MOST_TOLD]:
            told = {"title": one.waiting.access_request.title, "reason": request.localize(one.reason)}
            flash(request, "info", _("${title}: ${reason}", mapping=told))
    return answer


@view_config(**_ONE, request_method="POST", request_param="do=publish")
def publish(context: Context, request: Request) -> dict[str, Any] | Response:
    """Propose every session to its team."""
    entered = values_of(request)

    def command(**common: Any) -> None:
        zone = context.row.facility.timezone
        day = entered.get("answer_day", "")
        answer_by = local_instant(day, entered.get("answer_time", ""), zone, field="answer_day")
        publish_schedule(request.db, answer_by=answer_by, **common)

    return _done(context, request, command, _("Published. Each team was told once, and answers by the date."))


@view_config(**_ONE, request_method="POST", request_param="do=discard")
def discard(context: Context, request: Request) -> dict[str, Any] | Response:
    """Give the draft up."""

    def command(**common: Any) -> None:
        schedules.discard(request.db, **common)

    return _done(context, request, command, _("The draft is discarded, and its time is free again."))


def _done(
    context: Context, request: Request, command: Callable[..., None], told: Text | None
) -> dict[str, Any] | Response:
    """Run a command on the schedule that the form was about; a refusal shows the board again with the reason."""
    view: ScheduleView = context.row
    version = version_in(values_of(request))
    try:
        command(actor=request.actor, now=clock.now(), schedule=view.schedule, expected_version=version)
    except _REFUSED as error:
        with request.db.no_autoflush:
            page = _page(context, request)
            return {**page, **to_correct(request, error), "in_the_way": _in_the_way(error, page["sessions"])}
    if told is not None:
        flash(request, "success", told)
    return to(request, "schedule", id=view.schedule.public_id)


def _in_the_way(error: DomainError, sessions: Sequence[BoardSession]) -> list[tuple[BoardSession | None, Text]]:
    """Return each reason with the session that it is about, where it is about one that is drafted."""
    named = {one.draft.public_id: one for one in sessions}
    listed = [(named.get(one["session"]), one["message"]) for one in error.details.get("sessions", ())]
    return [*listed, *((None, one["message"]) for one in error.details.get("broken", ()))]


def _list(context: Context, request: Request) -> dict[str, Any]:
    facility = context.row
    found = schedules.schedules_of(request.db, actor=request.actor, facility=facility, limit=200).items
    now = clock.now()
    period = TimeSpan(now, now + timedelta(days=366))
    waiting = waiting_at(request.db, facility, period)
    wishes = facility_bookings(request.db, facility=facility, states=[BookingState.REQUESTED], limit=100)
    return {
        "facility": facility,
        "zone": facility.timezone,
        "schedules": found,
        "wishes": wishes.items,
        "waiting": waiting,
        "parted": parted,
    }


def _page(context: Context, request: Request) -> dict[str, Any]:
    view: ScheduleView = context.row
    schedule, facility, now = view.schedule, view.facility, clock.now()
    drafted = schedule.state == ScheduleState.DRAFT
    listed = sessions_of(request.db, schedule)
    found = conflicts_of(request.db, schedule, listed, now=now) if drafted else []
    waiting = waiting_at(request.db, facility, view.period) if drafted else []
    instruments = [row for one in waiting for row in one.instruments]
    chosen = _day(request.GET.get("from"))
    names = {one.draft.public_id: one for one in listed}
    return {
        "schedule": schedule,
        "facility": facility,
        "zone": facility.timezone,
        "drafted": drafted,
        "sessions": listed,
        "clashes": [(names[one.session], one) for one in found if not one.good],
        "board": board_of(listed, found, instruments, period=view.period, zone=facility.timezone, chosen=chosen),
        "waiting": waiting,
        "parted": parted,
        "filled_in": lambda span: filled_in(span, facility.timezone),
        "in_the_way": [],
        "answer_day": (now.astimezone(named_zone(facility.timezone)) + timedelta(days=7)).date().isoformat(),
    }


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _period(first: str, last: str, zone: str) -> TimeSpan:
    begins, ends = days_in(first, last)
    return TimeSpan(day_start(begins, zone), day_start(ends + timedelta(days=1), zone))
